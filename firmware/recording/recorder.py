"""The recorder: paper in, lines on, paper out. It owns paper, film and covers, and tells what is
wrong with them.

A sheet that can't be finished (cover opened, sheet lost, film at its end) ends in
`PageInterrupted`; the page is then recorded again as a whole, from the mail that is still on the
server, with the mark of a possible duplicate.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from micropython import const

from firmware.recording import faults

if TYPE_CHECKING:
    from collections.abc import Callable

    from firmware.devices import Board
    from firmware.recording.faults import FaultList

_CHECK_LINES = const(64)  # sensors are read once in so many lines: 4 mm of paper
_CONDITIONS = (faults.COVER_OPEN, faults.FILM_END, faults.NO_PAPER, faults.JAM)


class PageInterrupted(Exception):
    """The page in the machine can't be finished; its code is the fault that ended it."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Stalled(Exception):
    """The recorder could not get ready within the time allowed; the fault stands in the fault
    list.
    """


class Recorder:
    """One sheet at a time: `begin`, `write` (bands of packed lines), `end`.

    :param beat: called at every sign of progress (the supervisor's pulse of the recording task)
    """

    def __init__(self, board: Board, fault_list: FaultList, beat: Callable[[], None]) -> None:
        self._board = board
        self._faults = fault_list
        self.beat = beat
        self._cover_was_open = False
        self._unchecked_lines = 0
        self.sheet_in = False
        self.shorter_lines = 0  # than an A4 sheet
        self.lines = 0  # lines of the current sheet, recorded or fed
        self.sheets = 0  # sheets recorded to the end since power on

    @property
    def capacity(self) -> int:
        """Lines that fit on one sheet."""
        return self._board.head.recordable_lines - self.shorter_lines

    async def check(self) -> bool:
        """Read cover, film and feeder; enter and clear their faults. True when a page could be
        recorded now.
        """
        self._set(faults.COVER_OPEN, self._board.covers.open())
        if faults.COVER_OPEN in self._faults:
            self._cover_was_open = True
            return False
        if self._cover_was_open:
            self._cover_was_open = False
            await self._clear_path()
        self._set(faults.FILM_END, await self._board.film.sample())
        self._set(faults.NO_PAPER, not self._board.asf.paper_present())
        return not self.hindrance()

    def hindrance(self) -> int:
        """Code of what kept `check` from saying True, 0 for nothing."""
        return next((code for code in _CONDITIONS if code in self._faults), 0)

    async def ready(self, limit_s: int, waiting: Callable[[], None] | None = None) -> None:
        """Wait until a page can be recorded.

        :param limit_s: seconds to wait at most; 0 waits for ever
        :param waiting: called once a second while waiting
        Raises Stalled past the limit.
        """
        waited = 0
        while not await self.check():
            if limit_s and waited >= limit_s:
                raise Stalled
            self.beat()
            if waiting is not None:
                waiting()
            await asyncio.sleep(1)
            waited += 1

    async def sheet_sticks(self) -> bool:
        """At power-on: let out what lies in the machine. True when it does not come."""
        if self._board.covers.open() or not self._board.asf.sheet_at_head():
            return False
        await self._clear_path()
        return faults.JAM in self._faults

    def retry(self) -> None:
        """A person has looked after the machine (start key): forget the jam and try again."""
        self._faults.clear(faults.JAM)

    async def begin(self, limit_s: int = 0) -> None:
        """Get ready and bring a sheet to the head. Raises Stalled."""
        while True:
            await self.ready(limit_s)
            if await self._board.asf.feed():
                break
            # an empty feeder is seen by the next check; a sheet that lies there and does not come
            # is a jam
            if self._board.asf.paper_present():
                self._faults.enter(faults.JAM, "no sheet came from the feeder")
        self.sheet_in = True
        self.lines = 0
        self._unchecked_lines = 0

    async def write(self, view: memoryview, lines: int) -> None:
        """Record `lines` packed lines (MSB leftmost, 1 = black) and feed as many. Raises
        PageInterrupted.

        Lines past the sheet's recordable length are dropped: whoever composes the page has fitted
        it before.
        """
        lines = min(lines, self.capacity - self.lines)
        if lines <= 0:
            return
        await self._supervise(lines)
        await self._board.head.record(view, lines)
        self.lines += lines
        self.beat()

    async def feed(self, lines: int) -> None:
        """Leave `lines` white lines. Raises PageInterrupted."""
        lines = min(lines, self.capacity - self.lines)
        if lines <= 0:
            return
        await self._supervise(lines)
        await self._board.head.feed_lines(lines)
        self.lines += lines
        self.beat()

    async def finish_lines(self) -> None:
        """After the page's last line: prove that the sheet was there to the end. Raises
        PageInterrupted.
        """
        await self._look()
        self.sheets += 1

    async def end(self) -> bool:
        """Move the sheet out. False when it stays, which is a jam: nobody knows when it stopped
        moving, and so how much of the page is on it.
        """
        if self.sheet_in:
            self.sheet_in = False
            if self._cover_was_open:
                return False  # it goes out when the cover is closed
            if not await self._board.asf.eject():
                self._faults.enter(faults.JAM, "the sheet did not come out")
                return False
        return True

    async def _supervise(self, lines: int) -> None:
        self._unchecked_lines += lines
        if self._unchecked_lines >= _CHECK_LINES:
            self._unchecked_lines = 0
            await self._look()

    async def _look(self) -> None:
        """In the middle of a sheet: cover, sheet and film. Raises PageInterrupted."""
        code = 0
        if self._board.covers.open():
            code = faults.COVER_OPEN
        elif not self._board.asf.sheet_at_head():
            code = faults.JAM if self._board.asf.paper_present() else faults.NO_PAPER
        elif await self._board.film.sample():
            code = faults.FILM_END
        if code:
            self._faults.enter(code, "in the middle of a page")
            self._cover_was_open = code == faults.COVER_OPEN
            raise PageInterrupted(code)

    async def _clear_path(self) -> None:
        """The cover was open and is closed again: whatever lies in the path goes out, and a jam is
        over.
        """
        if self._board.asf.sheet_at_head() and not await self._board.asf.eject():
            self._faults.enter(faults.JAM, "a sheet lies in the paper path")
            return
        self._faults.clear(faults.JAM)

    def _set(self, code: int, stands: bool) -> None:
        if not stands:
            self._faults.clear(code)
        elif code not in self._faults:
            self._faults.enter(code)
