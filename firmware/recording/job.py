"""One mail on its way from the wire to paper: what the receiving task fills and the recording task
empties.

The parts' octets go through the spool; what is kept here is small and bounded (the mail reader
caps the parts).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from micropython import const

from firmware.mail.header import Envelope
from firmware.store.part_source import PartSource
from firmware.store.spool import rest, ring

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from firmware.mail.header import Part
    from firmware.store.spool import Spool

PENDING = const(0)
ON_PAPER = const(1)  # all of it, as itself
AS_NOTICE = const(2)  # something of it only as a row on a notice sheet
BROKEN_OFF = const(3)  # the mail did not arrive whole
STALLED = const(4)  # paper, film or cover kept the recorder waiting too long, or ended a page
FAILED = const(5)  # a fault of our own: the mail stays where it is
HELD = const(7)  # on paper already, it seems: a person is asked
AGAIN = const(6)  # wanted once more: now it is known where everything in it is


class Slot:
    """A part of the mail and where its octets lie in the spool."""

    def __init__(self, part: Part, source: PartSource) -> None:
        self.part = part
        self.source = source
        self.damage = ""


class Job:
    """The sink of the mail reader on one side, a list of parts that grows on the other.

    :param key: the message's key in the ledger, 8 octets
    :param number: the mail's number in this visit, of `count`
    `envelope` is the mail reader's, filled before the first part begins.
    :param octets: of the mail as the server listed it, 0 when not known
    :param received: time of RETR, seconds UTC, 0 when the clock is not set
    """

    def __init__(
        self, spool: Spool, key: bytes, number: int, count: int, octets: int, received: int
    ) -> None:
        self.key = key
        self.number = number
        self.count = count
        self.octets = octets
        self.received = received
        self.envelope = Envelope()
        self.slots: list[Slot] = []
        self.ended = False  # no part will come any more
        self.complete = False  # and the mail is whole
        self.outcome = PENDING
        self.reason = ""
        self.withheld = ""  # why only the header of the mail was fetched
        self.blamed = False  # the program failed in it
        self.pages = 0  # on paper
        self.spool = spool
        self._changed = asyncio.Event()
        self._finished = asyncio.Event()

    def begin_part(self, part: Part) -> None:
        """Part sink: a leaf part begins here."""
        self.slots.append(Slot(part, PartSource(self.spool, self.spool.written)))
        ring(self.spool.reader, self._changed)

    def data(self, view: memoryview) -> Awaitable[None]:
        """Part sink: octets of the current part. Raises SpoolAbandoned when nobody wants them."""
        return self.spool.append(view)

    def end_part(self, part: Part, damage: str) -> None:
        """Part sink: the part is over; `damage` says in plain words what is wrong with it."""
        slot = self.slots[-1]
        slot.damage = damage
        slot.source.close()
        ring(self.spool.reader, self._changed)

    def end(self, complete: bool) -> None:
        """The receiving side is done; `complete` when the server sent the whole mail."""
        self.spool.finish(complete)
        self.complete = complete
        self.ended = True
        ring(self.spool.reader, self._changed)

    async def slot(self, index: int) -> Slot | None:
        """Wait for part `index` (from 0); None when the mail has no such part."""
        while index >= len(self.slots):
            if self.ended:
                return None
            self._changed.clear()
            await rest(self.spool.reader, self._changed)
        return self.slots[index]

    def settle(self, outcome: int, reason: str = "") -> None:
        """The recording side is done with this mail."""
        self.outcome = outcome
        self.reason = reason
        self.spool.abandon()
        ring(self.spool.writer, self._finished)

    async def settled(self) -> int:
        """Wait for the outcome, which may be waiting for paper."""
        await rest(self.spool.writer, self._finished)
        return self.outcome
