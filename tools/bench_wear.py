"""Row W1: what a recorded page wears the flash, and how many years it lasts.

The whole device records on virtual flash of 128 blocks of 4 KiB (the desk's, littlefs), with a
ledger that is compacted on the way; the spool's own area is counted apart. Life: 50 pages a day,
100,000 erases a block (a typical serial NOR flash), spread over the free blocks as littlefs does.
"""

from __future__ import annotations

import random
from functools import partial
from typing import Any

from sim.child import in_child
from sim.pop3_server import Maildrop
from sim.world import Setup, World
from tools.bench import row
from tools.faults_mails import fax, mail

BLOCKS = 128
PAGES_A_DAY = 50
ENDURANCE = 100_000
_MANY = 60  # mails of one page
_LONG = 60  # pages of one mail
_LIMITS = {"erases": 2.0, "octets": 5000.0}


def measure(mails: int, pages: int, seed: int = 1) -> tuple[float, float, float]:
    """(erases, octets programmed, spool erases) for each page, after the ledger has filled up."""
    chance = random.Random(seed)
    contents = [mail(chance, tiffs=(fax(chance, pages),)) for _ in range(mails)]
    world = World(seed, Maildrop(contents), Setup(rows=160, blocks=BLOCKS, sheets=10_000))
    data, spool = world.flash("data"), world.flash("spool")
    before = data.erased, data.programmed, spool.erased
    if not world.run(lambda world: not world.maildrop.mails, 3600):
        raise RuntimeError("the mails were not all recorded")
    count = len(world.observer.sheets)
    return (
        (data.erased - before[0]) / count,
        (data.programmed - before[1]) / count,
        (spool.erased - before[2]) / count,
    )


def _told(mails: int, pages: int) -> str:
    return "%f %f %f" % measure(mails, pages)


def years(erases_a_page: float) -> float:
    """Life of the flash at 50 pages a day."""
    return BLOCKS * ENDURANCE / (erases_a_page * PAGES_A_DAY * 365)


def rows() -> list[dict[str, Any]]:
    """The rows of W1; `theirs` is the limit."""
    found = []
    for what, mails, pages in (
        ("one-page mails", _MANY, 1),
        ("a mail of many pages", 1, _LONG),
    ):
        figures = in_child(partial(_told, mails, pages))
        erases, octets, spool = (float(figure) for figure in figures.split())
        note = "%.0f years at %d pages a day; spool %.2f erases a page" % (
            years(erases), PAGES_A_DAY, spool)
        found.append(row("W1", "erases a page, " + what, "limit", [erases], [_LIMITS["erases"]],
                         "erases", note))
        found.append(row("W1", "octets a page, " + what, "limit", [octets], [_LIMITS["octets"]],
                         "octets"))
    return found
