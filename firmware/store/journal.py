"""The journal: a view of the ledger's file. Loaded when it is asked for."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from firmware.store import ledger_records as records
from firmware.store.mail_index import NOTICE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from firmware.store.record_log import RecordLog


def entries(log: RecordLog, newest_first: bool, limit: int) -> Iterator[tuple[int, str, str]]:
    """The last `limit` entries of the log's file; stops early when the file is rewritten
    meanwhile. Raises OSError.
    """
    offsets: list[int] = []
    for offset, record in log.records():
        if records.is_shown(record):
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
        yield _entry(bytes(found))


def _entry(record: bytes) -> tuple[int, str, str]:
    """A record that `is_shown` as (time, kind, text)."""
    kind, key, time = struct.unpack_from(">B8sI", record, 0)
    kind &= ~records.HISTORY
    first, _nul, second = record[13:].partition(b"\0")
    if kind == records.NOTE:
        return time, first.decode(), second.decode()
    mail = "%02x%02x" % (key[0], key[1])
    if kind == records.BEGIN:
        return time, "mail", "%s %s: %s" % (mail, first.decode(), second.decode())
    if kind == records.DELETED:
        return time, "deleted", mail
    pages = record[13] << 8 | record[14]
    return (
        time,
        "notice" if record[15] & NOTICE else "recorded",
        "%s %d page%s" % (mail, pages, "s" * (pages != 1)),
    )
