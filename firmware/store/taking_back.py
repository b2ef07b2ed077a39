"""Pages that the ledger has as complete, and are not. Loaded for that."""
from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.store import ledger_records as records
from firmware.store.mail_index import DOUBT, FINISHED, NOTICE

if TYPE_CHECKING:
    from firmware.store.ledger import Ledger


def over_again(ledger: Ledger, key: bytes) -> None:
    """As `Ledger.over_again`."""
    slot, index = ledger.slot(key), ledger.index
    index.put(slot, key, 0, 0, index.flags(slot) | DOUBT)
    ledger.later(records.state(index, slot))


def retract(ledger: Ledger, key: bytes, page: int, layout: bytes) -> None:
    """As `Ledger.retract`, of a mail that is laid out so."""
    slot, index = ledger.slot(key), ledger.index
    index.put(slot, key, page - 1, page, index.flags(slot) & ~(FINISHED | NOTICE))
    index.set_digest(slot, layout)
    ledger.later(records.state(index, slot))
    ledger.flush()
