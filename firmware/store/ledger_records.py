"""The ledger's records: as octets, applied to the index, written anew.

A record: kind (1 octet) · key (8) · and, by kind, a page (2) or time (4) and text or numbers;
numbers are big-endian, see `record_log` for the frame. A kind with the high bit set is history:
shown in the journal, not applied.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from micropython import const

from firmware.store.mail_index import DELETED as WAS_DELETED
from firmware.store.mail_index import DOUBT, FINISHED, NOTICE
from firmware.store.record_log import FRAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from firmware.store.mail_index import MailIndex
    from firmware.store.record_log import RecordLog

STATE = const(1)  # pages, intent, flags, digest: a mail as it stood at compaction
BEGIN = const(2)  # time, "sender\0subject"
INTEND = const(3)  # page
COMPLETE = const(4)  # page
FINISH = const(6)  # time, pages, flags, digest
DELETED = const(7)  # time
FORGET = const(8)
NOTE = const(9)  # time, "kind\0text"
DOUBT_ALL = const(10)  # records were lost; mails unknown here may be on paper
LAYOUT = const(11)  # 4 octets: how the pages of a mail that is not finished are laid out
HISTORY = const(0x80)
NO_KEY = b"\0\0\0\0\0\0\0\0"

# the least length of each kind, from 0 on
_OCTETS = b"\xff\x0e\x0d\x0b\x0b\xff\x10\x0d\x09\x0d\x09\x0d"
_LASTING = FINISHED | NOTICE | WAS_DELETED | DOUBT
_TEXT = const(100)  # octets of each of a record's two texts


def is_known(record: memoryview) -> bool:
    """True for a record that is to be applied: not history, of a known kind, and long enough for
    it.
    """
    kind = record[0] if record else 0
    return kind < len(_OCTETS) and len(record) >= _OCTETS[kind]


def is_shown(record: memoryview) -> bool:
    """True for a record that the journal shows."""
    kind = (record[0] if record else 0) & ~HISTORY
    return kind in (BEGIN, FINISH, DELETED, NOTE) and len(record) >= _OCTETS[kind]


def apply(index: MailIndex, record: memoryview) -> bool:
    """Bring one record read from the file to the index; one that is not known changes nothing.

    Returns True when the record says that others were lost.
    """
    if not is_known(record):
        return False
    kind = record[0]
    key = bytes(record[1:9])
    slot = index.find(key)
    if kind == FORGET:
        if slot >= 0:
            index.remove(slot)
    elif kind != NOTE and kind != DOUBT_ALL:
        _apply_to(index, index.add(key) if slot < 0 else slot, kind, record)
    return kind == DOUBT_ALL


def _apply_to(index: MailIndex, slot: int, kind: int, record: memoryview) -> None:
    if kind == STATE:
        _kind, key, pages, intent, flags = struct.unpack_from(">B8sHHB", record, 0)
        index.put(slot, key, pages, intent, flags)
        _take_digest(index, slot, record[14:18])
    elif kind == FINISH:
        index.set_pages(slot, record[13] << 8 | record[14])
        index.set_flags(slot, record[15])
        _take_digest(index, slot, record[16:20])
    elif kind == DELETED:
        index.set_flags(slot, WAS_DELETED)
    elif kind == LAYOUT:
        index.set_digest(slot, bytes(record[9:13]))
    elif kind != BEGIN:
        page = record[9] << 8 | record[10]
        if kind == INTEND:
            index.set_intent(slot, page)
        elif kind == COMPLETE:
            index.set_pages(slot, page)


def latest(record: memoryview, before: tuple[bytes, int] | None) -> tuple[bytes, int] | None:
    """(mail, page) that was entered last as complete, after this record; None when a page was
    begun since. `before`: the same before it.
    """
    kind = record[0] if is_known(record) else 0
    if kind == COMPLETE:
        return bytes(record[1:9]), record[9] << 8 | record[10]
    if kind == FINISH:
        return bytes(record[1:9]), record[13] << 8 | record[14]
    return None if kind in (INTEND, STATE) else before


def _take_digest(index: MailIndex, slot: int, digest: memoryview) -> None:
    if len(digest) == 4:  # older records have none
        index.set_digest(slot, bytes(digest))


def state(index: MailIndex, slot: int) -> bytes:
    """The record of a mail as it stands."""
    return struct.pack(
        ">B8sHHB4s",
        STATE,
        index.key(slot),
        index.pages(slot),
        index.intent(slot),
        index.flags(slot) & _LASTING,
        index.digest(slot),
    )


def standing(log: RecordLog, index: MailIndex, doubtful: bool, keep: int) -> Iterator[bytes]:
    """The records of the compacted file: the journal's last `keep` octets, then what stands."""
    skip = sum(len(record) + FRAME for record in _shown(log)) - keep
    for record in _shown(log):
        skip -= len(record) + FRAME
        if skip < 0:
            yield bytes([record[0] | HISTORY]) + bytes(record[1:])
    if doubtful:
        yield struct.pack(">B8s", DOUBT_ALL, NO_KEY)
    for slot in index.slots():
        yield state(index, slot)


def _shown(log: RecordLog) -> Iterator[memoryview]:
    """The journal's records, as far as the file can be read."""
    try:
        for _offset, record in log.records():
            if is_shown(record):
                yield record
    except OSError:
        return


def texts(first: str, second: str) -> bytes:
    """Two texts as octets, each cut to 100 octets, never within a character."""
    return _cut(first) + b"\0" + _cut(second)


def _cut(text: str) -> bytes:
    data = text[:_TEXT].replace("\0", " ").encode()
    end = min(len(data), _TEXT)
    while end < len(data) and data[end] & 0xC0 == 0x80:
        end -= 1
    return data[:end]
