"""The ledger's records as octets, and as lines of the journal.

A record: kind (1 octet) · key (8) · and, by kind, a page (2) or time (4) and text or numbers; numbers are big-endian, see
`record_log` for the frame. A kind with the high bit set is history: shown in the journal, not applied.
"""
from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from micropython import const

from firmware.store.mail_index import NOTICE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from firmware.store.record_log import RecordLog

STATE = const(1)  # pages, intent, flags: a mail as it stood at compaction
BEGIN = const(2)  # time, "sender\0subject"
INTEND = const(3)  # page
COMPLETE = const(4)  # page
ADVANCE = const(5)  # page: complete; the one after it: intended
FINISH = const(6)  # time, pages, flags
DELETED = const(7)  # time
FORGET = const(8)
NOTE = const(9)  # time, "kind\0text"
DOUBT_ALL = const(10)  # records were lost; mails unknown here may be on paper
HISTORY = const(0x80)
NO_KEY = b"\0\0\0\0\0\0\0\0"

_OCTETS = b"\xff\x0e\x0d\x0b\x0b\x0b\x10\x0d\x09\x0d\x09"  # the least length of each kind, from 0 on
_TEXT = const(100)  # octets of each of a record's two texts


def is_known(record: memoryview) -> bool:
    """True for a record that is to be applied: not history, of a known kind, and long enough for it."""
    kind = record[0] if record else 0
    return kind < len(_OCTETS) and len(record) >= _OCTETS[kind]


def is_shown(record: memoryview) -> bool:
    """True for a record that the journal shows."""
    kind = (record[0] if record else 0) & ~HISTORY
    return kind in (BEGIN, FINISH, DELETED, NOTE) and len(record) >= _OCTETS[kind]


def timed(kind: int, key: bytes, now: int, rest: bytes) -> bytes:
    """A record with a time."""
    return struct.pack(">B8sI", kind, key, now) + rest


def texts(first: str, second: str) -> bytes:
    """Two texts as octets, each cut to 100 octets, never within a character."""
    return _cut(first) + b"\0" + _cut(second)


def entry(record: bytes) -> tuple[int, str, str]:
    """A record that `is_shown` as (time, kind, text)."""
    kind, key, time = struct.unpack_from(">B8sI", record, 0)
    kind &= ~HISTORY
    first, _nul, second = record[13:].partition(b"\0")
    if kind == NOTE:
        return time, first.decode(), second.decode()
    mail = "%02x%02x" % (key[0], key[1])
    if kind == BEGIN:
        return time, "mail", "%s %s: %s" % (mail, first.decode(), second.decode())
    if kind == DELETED:
        return time, "deleted", mail
    pages = record[13] << 8 | record[14]
    return time, "notice" if record[15] & NOTICE else "recorded", "%s %d page%s" % (mail, pages, "s" * (pages != 1))


def entries(log: RecordLog, newest_first: bool, limit: int) -> Iterator[tuple[int, str, str]]:
    """The last `limit` entries of the log's file; stops early when the file is rewritten meanwhile. Raises OSError."""
    offsets: list[int] = []
    for offset, record in log.records():
        if is_shown(record):
            offsets.append(offset)
            if len(offsets) > limit:
                offsets.pop(0)
    if newest_first:
        offsets.reverse()
    rewrites = log.rewrites
    for offset in offsets:
        found = log.at(offset) if rewrites == log.rewrites else None
        if found is None:
            return
        yield entry(bytes(found))


def _cut(text: str) -> bytes:
    data = text[:_TEXT].replace("\0", " ").encode()
    end = min(len(data), _TEXT)
    while end < len(data) and data[end] & 0xC0 == 0x80:
        end -= 1
    return data[:end]
