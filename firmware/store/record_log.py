"""An append-only file of checksummed records, over `devices.Storage`.

A record: mark 0xE1 · payload length (1 octet) · sequence number (2 octets) · payload · CRC-32 (4
octets) of all that stands before it. Numbers are big-endian. The sequence starts at 0 with each
rewritten file and wraps at 2^16. Reading skips what does not check and goes on at the next record
that does: a torn end costs nothing but the record that was being written, a corrupt octet costs
one record.
"""

from __future__ import annotations

import binascii
import struct
from typing import TYPE_CHECKING

from micropython import const

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from firmware.devices import Storage

_MARK = const(0xE1)
_HEAD = const(4)
FRAME = const(8)  # octets of a record besides its payload
_LONGEST = const(255)  # payload octets
_WINDOW = const(1024)  # octets read at a time


class RecordLog:
    """One file of records. Counts of the last full read: `damaged` places, `missing` records,
    `torn` end.
    """

    def __init__(self, storage: Storage, name: str) -> None:
        self.size = 0  # octets of the file
        self.damaged = 0  # places before the last good record that hold something else
        self.missing = 0  # records that the sequence numbers show to be lost
        self.torn = False  # something else than a record follows the last good one
        self.rewrites = 0
        self._storage = storage
        self._name = name
        self._next = 0
        self._written = 0

    def records(self) -> Iterator[tuple[int, memoryview]]:
        """(offset, payload) of every good record; the payload is valid until the next one. Raises
        OSError.

        Run to its end it also sets `size`, `damaged`, `missing` and `torn`, and the number of the
        next record.
        """
        window = bytearray(_WINDOW)
        view = memoryview(window)
        base = at = damaged = missing = expected = 0
        have = self._storage.read(self._name, 0, view)
        bad = False
        while True:
            if have - at < _LONGEST + FRAME and have == _WINDOW:
                base += at
                at = 0
                have = self._storage.read(self._name, base, view)
            if at >= have:
                break
            length = _checked(view, at, have)
            if length < 0:
                bad = True
                at = window.find(b"\xe1", at + 1, have)
                at = have if at < 0 else at
                continue
            sequence = view[at + 2] << 8 | view[at + 3]
            damaged += bad
            bad = False
            gap = (sequence - expected) & 0xFFFF
            missing += gap if gap < 0x8000 else 0
            expected = (sequence + 1) & 0xFFFF
            yield base + at, view[at + _HEAD : at + _HEAD + length]
            at += length + FRAME
        self.size = max(0, self._storage.size(self._name))
        self.damaged, self.missing, self.torn, self._next = damaged, missing, bad, expected

    def at(self, offset: int) -> memoryview | None:
        """The payload of the record at `offset`, None when there is none. Raises OSError."""
        view = memoryview(bytearray(_LONGEST + FRAME))
        length = _checked(view, 0, self._storage.read(self._name, offset, view))
        return None if length < 0 else view[_HEAD : _HEAD + length]

    def append(self, payloads: list[bytes]) -> None:
        """Append records with one write; durable on return. Raises OSError, ValueError for a
        payload over 255 octets.
        """
        number = self._next
        data = bytearray()
        for payload in payloads:
            data.extend(_framed(payload, number))
            number = (number + 1) & 0xFFFF
        try:
            self._storage.append(self._name, data)
        except OSError:
            self.size = max(0, self._storage.size(self._name))
            raise
        self._next = number
        self.size += len(data)

    def rewrite(self, payloads: Iterable[bytes]) -> None:
        """Replace the file by these records; the old file stays readable until the end. Raises
        OSError, ValueError.
        """
        self._storage.replace(self._name, self._numbered(payloads))
        self._next = self._written
        self.rewrites += 1
        self.size = max(0, self._storage.size(self._name))
        self.damaged = self.missing = 0
        self.torn = False

    def _numbered(self, payloads: Iterable[bytes]) -> Iterator[bytes]:
        number = 0
        for payload in payloads:
            yield _framed(payload, number)
            number = (number + 1) & 0xFFFF
        self._written = number


def _framed(payload: bytes, number: int) -> bytes:
    if len(payload) > _LONGEST:
        raise ValueError("a record holds at most 255 octets")
    body = struct.pack(">BBH", _MARK, len(payload), number) + payload
    return body + struct.pack(">I", binascii.crc32(body))


def _checked(view: memoryview, at: int, have: int) -> int:
    """Octets of the payload of the record at `at`; -1 when there is no whole and good record
    before `have`.
    """
    if have - at < FRAME or view[at] != _MARK:
        return -1
    end = at + _HEAD + view[at + 1]
    if end + 4 > have:
        return -1
    stored = view[end] << 24 | view[end + 1] << 16 | view[end + 2] << 8 | view[end + 3]
    return view[at + 1] if binascii.crc32(view[at:end]) == stored else -1
