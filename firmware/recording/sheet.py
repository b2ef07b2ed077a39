"""The pages of one mail, each put on paper once: header band, ledger, replay after a restart.

A page is drawn into this sink whether or not it is on paper already: the same octets always give
the same pages, so after a restart the pages that the ledger has are composed and thrown away, and
numbering, notices and totals come out as they did before.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from firmware import on_demand
from firmware.recording.faults import JAM
from firmware.recording.page import BAND_LINES, page_text, time_text
from firmware.recording.recorder import PageInterrupted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from firmware.recording.job import Job
    from firmware.recording.page import HeaderBand
    from firmware.recording.recorder import Recorder
    from firmware.store.ledger import Ledger


class Sheet:
    """A sink for bands of head lines that becomes a sheet of paper at the first of them.

    :param recorded: called with (job, page, total or 0, kind, duplicate) when a sheet is out
    """

    BAND = BAND_LINES

    def __init__(
        self,
        recorder: Recorder,
        ledger: Ledger,
        band: HeaderBand,
        recorded: Callable[[Job, int, int, str, bool], None],
    ) -> None:
        self._recorder = recorder
        self._ledger = ledger
        self._band = band
        self._recorded = recorded
        self.header = True  # parameter record.header
        self.zone_min = 0  # minutes east of UTC, for the header band
        self.stall_s = 0  # seconds that paper may keep the mail waiting; 0 for ever
        self._job: Job
        self.done = 0  # pages of the mail that are on paper
        self.page = 0
        self.lines = 0
        self._kind = ""
        self._total = 0
        self._open = False
        self._waits = False  # the page is done; its completion may go into the mail's last record
        self._waiting: Any = None  # what `recorded` is to be called with when it is out
        self._duplicate = False

    def begin_mail(self, job: Job) -> None:
        """A new mail: pages count from 1. Of one that is withheld now, though some of its pages
        are on paper, the notice follows those.
        """
        self._job = job
        self.done = self._ledger.pages_done(job.key)
        self.page = self.done if job.withheld else 0
        self._open = self._waits = False

    @property
    def is_open(self) -> bool:
        """True between a page's first line and its end."""
        return self._open

    @property
    def band_lines(self) -> int:
        """Lines that the header band of the page takes: the open one, or the next."""
        marked = self._duplicate if self._open else self._is_duplicate(self.page + 1)
        return BAND_LINES if self.header or marked else 0

    @property
    def capacity(self) -> int:
        """Lines of one sheet."""
        return self._recorder.capacity

    def prepare(self, kind: str, total: int) -> None:
        """Say what the next page will be: 'fax', 'text' or 'notice', and how many pages the mail
        has (0 unknown).
        """
        self._kind = kind
        self._total = total

    async def write(self, view: memoryview, lines: int) -> None:
        """Band sink. The first band gets paper. Raises Stalled, PageInterrupted, OSError from the
        ledger.
        """
        if not self._open:
            await self._start()
        self.lines += lines
        if self.on_paper:
            await self._recorder.write(view, lines)
        else:
            self._recorder.beat()  # hundreds of pages may be passed over
            await asyncio.sleep(0)  # the head does so

    async def feed(self, lines: int) -> None:
        """Leave white lines; they count like written ones."""
        if not self._open:
            await self._start()
        self.lines += lines
        if self.on_paper:
            await self._recorder.feed(lines)

    async def finish(self) -> None:
        """The page's last line was written: enter it in the ledger, then move the sheet out.

        When the mail has come whole, another page or the mail's end follows at once. The record
        of the end says it of this page as well, which saves a record; the sheet stays so long.
        """
        if not self._open:
            return
        if self.on_paper:
            await self._recorder.finish_lines()
            self._waiting = (self._job, self.page, self._total, self._kind, self._duplicate)
            if self._job.complete:
                self._waits = True
            else:
                self._ledger.complete(self._job.key, self.page)
            self.done = self.page
            if not self._waits:
                await self._let_out()
        self._open = False

    async def abort(self) -> None:
        """Give the page up where it is; its intent stands in the ledger, so the next copy carries
        the mark.
        """
        self._open = False
        try:
            await self._settle()
        finally:
            await self._recorder.end()

    async def _settle(self) -> None:
        """The page that waits is not the mail's last: its completion gets a record of its own."""
        if self._waits:
            self._waits = False
            self._ledger.complete(self._job.key, self.page)
            await self._let_out()

    async def _let_out(self) -> None:
        """Move the sheet out, its page entered as complete: that it comes proves that it had moved
        with the lines. Raises PageInterrupted.
        """
        if not await self._recorder.end():
            self._open = False
            self._ledger.retract(self._job.key, self.page)
            raise PageInterrupted(JAM)
        self._recorded(*self._waiting)

    def came_out(self) -> None:
        """The mail's last sheet is out, if it was one that waited."""
        if self._waits:
            self._waits = False
            self._recorded(*self._waiting)

    @property
    def on_paper(self) -> bool:
        """False for a page that is on paper already and only counted."""
        return self.page > self.done

    def _is_duplicate(self, page: int) -> bool:
        return page > self.done and self._ledger.may_be_on_paper(self._job.key, page)

    async def _start(self) -> None:
        await self._settle()
        self.page += 1
        self._open = True
        self.lines = 0
        self._duplicate = self._is_duplicate(self.page)
        if self.on_paper:
            await self._recorder.ready(self.stall_s)
            # before a sheet comes to the head: a sheet that is found there after a power cut is
            # then always that of an intent, or of the page that was completed last
            self._ledger.intend(self._job.key, self.page)
            on_demand.forget("g")  # what wrote it may be loaded
            await self._recorder.begin(self.stall_s)
        if self.header:
            await self._band_of_page()
        elif self._duplicate:
            await self._band.record_mark(self)

    def _band_of_page(self) -> Awaitable[None]:
        """No coroutine: its frame would hold the texts as long as the band is recorded."""
        text = page_text(self.page, self._total)
        return self._band.record(self._left(), text, self, self._duplicate)

    def _left(self) -> str:
        job = self._job
        return "%s  %s" % (
            time_text(job.received, self.zone_min),
            job.envelope.sender or "sender unknown",
        )
