"""An append-only log of checksummed records, over `devices.Storage`.

A record: mark 0xE1 · payload length (1 octet) · sequence number (2 octets) · payload · CRC-32 (4
octets) of all that stands before it. Numbers are big-endian. The sequence goes on when the file is
rewritten, and wraps at 2^16. Reading skips what does not check and goes on at the next record
that does: a torn end costs nothing but the record that was being written, a corrupt octet costs
one record.

New records go into a second file as long as that is so small that the filesystem keeps it within
its directory, where appending costs no erase; then all of them are moved to the end of the large
file at once. After a cut in between they are in both: the small file's are known by their numbers.
"""

from __future__ import annotations

import binascii
import errno
import struct
from typing import TYPE_CHECKING

from micropython import const

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from firmware.devices import Storage

SMALL = ".new"  # what the small file's name has more than the large one's

_MARK = const(0xE1)
_HEAD = const(4)
FRAME = const(8)  # octets of a record besides its payload
_LONGEST = const(255)  # payload octets
_WINDOW = const(1024)  # octets read at a time


class RecordLog:
    """One log. Counts of the last full read: `damaged` places, `missing` records, `torn` end.

    :param marks: the number of the next record is kept apart from the files as well, so that
        records missing at the end are noticed; one log may
    """

    def __init__(self, storage: Storage, name: str, marks: bool = False) -> None:
        self.damaged = 0  # places before the last good record that hold something else
        self.missing = 0  # records that the sequence numbers show to be lost
        self.torn = False  # something else than a record follows the last good one
        self.rewrites = 0
        self._storage = storage
        self._name = name
        self._marks = marks
        self._large = 0  # octets of the large file
        self._small = 0  # of the small one,
        self._stale = 0  # and of its first records, which the large one has as well
        self._next = 0
        self._written = 0

    @property
    def size(self) -> int:
        """Octets of the log."""
        return self._large + self._small

    def records(self) -> Iterator[tuple[int, memoryview]]:
        """(offset, payload) of every good record; the payload is valid until the next one. Raises
        OSError.

        Run to its end it also sets `size`, `damaged`, `missing` and `torn`, and the number of the
        next record.
        """
        window = bytearray(_WINDOW)
        view = memoryview(window)
        damaged = missing = large = stale = 0
        self._large = max(0, self._storage.size(self._name))
        expected = -1
        bad = False
        for name in (self._name, self._name + SMALL):
            base = at = 0
            have = self._storage.read(name, 0, view)
            while True:
                if have - at < _LONGEST + FRAME and have == _WINDOW:
                    base += at
                    at = 0
                    have = self._storage.read(name, base, view)
                if at >= have:
                    break
                length = _checked(view, at, have)
                if length < 0:
                    bad = True
                    at = window.find(b"\xe1", at + 1, have)
                    at = have if at < 0 else at
                    continue
                sequence = view[at + 2] << 8 | view[at + 3]
                gap = (sequence - expected) & 0xFFFF if expected >= 0 else 0
                if gap >= 0x8000 and name != self._name:
                    at += length + FRAME
                    stale = base + at
                    continue
                damaged += bad
                bad = False
                missing += gap if gap < 0x8000 else 0
                expected = (sequence + 1) & 0xFFFF
                yield large + base + at, view[at + _HEAD : at + _HEAD + length]
                at += length + FRAME
            large = self._large
        self._small, self._stale = base + have, stale
        self.damaged, self.missing, self.torn, self._next = damaged, missing, bad, max(expected, 0)
        self._heed_mark()

    def _heed_mark(self) -> None:
        number = self._storage.marked() if self._marks else self._next
        if number >= 0 and 0 < (number - self._next) & 0xFFFF < 0x8000:
            self.missing += 1
            self._next = number
        elif number != self._next:
            self._storage.mark(self._next)

    def at(self, offset: int) -> memoryview | None:
        """The payload of the record at `offset`, None when there is none. Raises OSError."""
        view = memoryview(bytearray(_LONGEST + FRAME))
        if offset < self._large:
            have = self._storage.read(self._name, offset, view)
        else:
            have = self._storage.read(self._name + SMALL, offset - self._large, view)
        length = _checked(view, 0, have)
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
            if self._small + len(data) <= self._storage.small:
                self._storage.append(self._name + SMALL, data)
                self._small += len(data)
            else:
                self._gather(data)
        except OSError:
            self._look_again(number)
            raise
        self._next = number
        if self._marks:
            self._storage.mark(number)

    def _gather(self, data: bytearray) -> None:
        """Append what the small file holds and `data` to the large one."""
        kept = self._small - self._stale
        if kept:
            block = bytearray(kept + len(data))
            view = memoryview(block)
            if self._storage.read(self._name + SMALL, self._stale, view[:kept]) != kept:
                raise OSError(errno.EIO, "flash")
            view[kept:] = data
            data = block
        self._storage.append(self._name, data)
        self._large += len(data)
        if self._small:
            self._drop_small()

    def _drop_small(self) -> None:
        """The large file has all: the small one has done its work."""
        self.rewrites += self._stale > 0  # offsets have changed
        self._stale = self._small
        try:
            self._storage.remove(self._name + SMALL)
        except OSError:
            return  # its records are known as old ones
        self._small = self._stale = 0

    def _look_again(self, number: int) -> None:
        """After a failure: what of it is in the files, and what number is next?"""
        try:
            for _record in self.records():
                continue
        except OSError:
            self._next = number  # none that may have been used

    def rewrite(self, payloads: Iterable[bytes]) -> None:
        """Replace the log by these records; the old one stays readable until the end. Raises
        OSError, ValueError.
        """
        self._storage.replace(self._name, self._numbered(payloads))
        self._next = self._written
        if self._marks:
            self._storage.mark(self._next)
        self.rewrites += 1
        self._large = max(0, self._storage.size(self._name))
        self.damaged = self.missing = 0
        self.torn = False
        if self._small:
            self._drop_small()

    def _numbered(self, payloads: Iterable[bytes]) -> Iterator[bytes]:
        number = self._next
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
