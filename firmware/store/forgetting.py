"""Mails that the ledger forgets, since their server no longer lists them. Loaded for that."""
from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from micropython import const

from firmware.recording.faults import LEDGER_FULL, Fault
from firmware.store import ledger_records as records
from firmware.store.mail_index import DELETED, FINISHED, GONE, SEEN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from firmware.store.ledger import Ledger
    from firmware.store.mail_index import MailIndex

_GONE_KEPT = const(192)  # finished mails remembered at compaction although no longer listed


def others(ledger: Ledger, live_keys: Iterable[bytes], box: int) -> None:
    """As `Ledger.forget_others`."""
    index, all_known = ledger.index, True
    for key in live_keys:
        slot = index.find(key)
        if slot < 0 and ledger.doubtful:
            if ledger.is_full():
                all_known = False
                continue
            slot = ledger.slot(key)
        if slot >= 0:
            index.set_flags(slot, SEEN)
    for slot in index.slots():
        flags = index.flags(slot)
        if flags & SEEN:
            index.set_flags(slot, 0, SEEN | GONE)
        elif box >= 0 and index.key(slot)[0] >> 6 != box:
            continue
        elif flags & DELETED:
            ledger.later(struct.pack(">B8s", records.FORGET, index.key(slot)))
            index.remove(slot)
        else:
            index.set_flags(slot, GONE)
    if all_known:
        ledger.heard |= 1 << box if box >= 0 else ledger.boxes
    if ledger.doubtful and ledger.heard & ledger.boxes == ledger.boxes:
        ledger.doubtful = False
        ledger.compact()


def make_room(ledger: Ledger) -> None:
    """For another mail in a ledger that has no room for it. Raises `Fault(LEDGER_FULL)`."""
    index = ledger.index
    if not (_gone(index, FINISHED, 0) or _deleted(index) or _gone(index, 0, 0)):
        raise Fault(LEDGER_FULL, "%d mails" % index.count)
    ledger.compact()


def before_compaction(index: MailIndex) -> None:
    """Forget finished mails that the server no longer lists, but the last ones."""
    _gone(index, FINISHED, _GONE_KEPT)


def _deleted(index: MailIndex) -> int:
    """Forget mails that the server said it has deleted, though no listing has shown it yet: a
    maildrop of thousands has no listing of all.
    """
    deleted = [slot for slot in index.slots() if index.flags(slot) & DELETED]
    for slot in deleted:
        index.remove(slot)
    return len(deleted)


def _gone(index: MailIndex, finished: int, keep: int) -> int:
    """Forget mails, finished or not, that the server no longer lists, but the last `keep`; returns
    how many.
    """
    forgotten = -keep
    for slot in index.slots():
        forgotten += index.flags(slot) & (GONE | FINISHED) == GONE | finished
    left = forgotten
    for slot in index.slots():
        if left > 0 and index.flags(slot) & (GONE | FINISHED) == GONE | finished:
            index.remove(slot)
            left -= 1
    return max(0, forgotten)
