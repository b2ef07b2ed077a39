"""Mails that stay on the server for some days after they were recorded. Loaded when a mailbox
keeps them so long.

A file a mailbox: rows of key (8 octets) and day since 1970 (2), behind them the CRC-32 of all.
Mails that the server does not list any more drop out.
"""
from __future__ import annotations

import struct
from binascii import crc32
from typing import TYPE_CHECKING

from micropython import const

from firmware.pop3.maildrop import DUE, KEYED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from firmware.devices import Storage
    from firmware.pop3.mailbox import Ledger
    from firmware.pop3.maildrop import MailWindow

_ROW = const(10)
_ROWS = const(100)  # read at a time
_DAY_S = const(86400)


def mark_due(storage: Storage, name: str, window: MailWindow, ledger: Ledger, now: int,
             days: int) -> None:
    """Flag as DUE the finished mails that were first seen so `days` days ago or longer.

    While the clock is not set (`now` is 0) none is. Raises OSError.
    """
    if not now:
        return
    today = now // _DAY_S
    kept = _read(storage, name, window)
    changed = False
    for number in window.numbers(KEYED):
        if ledger.is_finished(window.key(number)):
            changed = changed or number not in kept
            if today - kept.setdefault(number, today) >= days:
                window.set(number, DUE)
    if changed:
        storage.replace(name, _rows(kept, window))


def _read(storage: Storage, name: str, window: MailWindow) -> dict[int, int]:
    """Mail number -> day. A file that does not check counts for nothing: mails stay longer."""
    rows = max(storage.size(name) - 4, 0) // _ROW
    block = bytearray(_ROWS * _ROW)
    view = memoryview(block)
    kept: dict[int, int] = {}
    checksum = 0
    for start in range(0, rows, _ROWS):
        count = min(rows - start, _ROWS) * _ROW
        storage.read(name, start * _ROW, view[:count])
        checksum = crc32(view[:count], checksum)
        for at in range(0, count, _ROW):
            number = window.find(bytes(view[at:at + 8]))
            if number:
                kept[number] = struct.unpack_from("<H", block, at + 8)[0]
    storage.read(name, rows * _ROW, view[:4])
    return kept if struct.unpack_from("<I", block, 0)[0] == checksum else {}


def _rows(kept: dict[int, int], window: MailWindow) -> Iterator[bytes]:
    checksum = 0
    for number, day in kept.items():
        row = struct.pack("<8sH", window.key(number), day)
        checksum = crc32(row, checksum)
        yield row
    yield struct.pack("<I", checksum)
