"""The ledger's opening: what is read is used, what was lost is told. Loaded for that."""
from __future__ import annotations

from typing import TYPE_CHECKING

from firmware import on_demand
from firmware.recording.faults import Fault
from firmware.store import ledger_records as records
from firmware.store.ledger import HEALED, HEALING, REBUILT
from firmware.store.mail_index import DOUBT, FINISHED, MailIndex

if TYPE_CHECKING:
    from firmware.store.ledger import Ledger


def opened(ledger: Ledger) -> str:
    """As `Ledger.open`."""
    log = ledger.log
    readable = _read(ledger) or _read(ledger)
    ledger.lost = log.damaged + log.missing + (not readable)
    rebuilt = _is_rebuilt(ledger)
    if ledger.lost or ledger.doubtful or rebuilt:
        _doubt(ledger)
    if not ledger.lost and not log.torn and not rebuilt:
        sick = on_demand.call(HEALING, "is_sick", ledger.storage)
        return HEALED if sick and ledger.heal() else ""
    torn = log.torn
    try:
        ledger.compact()
        if rebuilt:  # the doubt is in the file now
            ledger.storage.remove(REBUILT)
    except (Fault, OSError) as error:
        if ledger.heal():
            return HEALED
        return "the ledger is damaged and could not be written anew (%s)" % error.args[-1]
    if rebuilt:
        return "it was unreadable and is formatted anew"
    if ledger.lost:
        return "the ledger was damaged in %d places" % ledger.lost
    return "the last record of the ledger was cut off" if torn else ""


def _is_rebuilt(ledger: Ledger) -> bool:
    try:
        return REBUILT in ledger.storage.names()
    except OSError:
        return False


def _read(ledger: Ledger) -> bool:
    ledger.index = MailIndex()
    ledger.latest = None
    try:
        for _offset, record in ledger.log.records():
            ledger.latest = records.latest(record, ledger.latest)
            ledger.doubtful = records.apply(ledger.index, record) or ledger.doubtful
    except OSError:
        return False
    return True


def _doubt(ledger: Ledger) -> None:
    """Records were lost: pages of mails unknown or unfinished may be on paper."""
    ledger.doubtful = True
    for slot in ledger.index.slots():
        if not ledger.index.flags(slot) & FINISHED:
            ledger.index.set_flags(slot, DOUBT)
