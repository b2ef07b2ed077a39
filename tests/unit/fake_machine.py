"""A machine for unit tests: paper, film and covers as plain numbers, what is recorded on lists."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LINE_OCTETS = 216
KEPT = 300


def _nothing() -> None:
    pass


class FakeMachine:
    """Feeder, path, film, covers and head in one.

    `sheets` holds the first `kept` lines of each sheet that came out, `counts` how many it has.
    """

    width_dots = 1728
    line_octets = LINE_OCTETS
    lines_per_mm_x100 = 1540

    def __init__(self, tray: int = 10, recordable_lines: int = 4543) -> None:
        self.recordable_lines = recordable_lines
        self.tray = tray
        self.at_head = False
        self.jammed_feeds = 0
        self.stuck = 0  # sheets that stay where they are, one try each
        self.film_end = False
        self.cover_open = False
        self.kept = KEPT
        self.lines: list[bytes] = []
        self.count = 0
        self.counts: list[int] = []
        self.sheets: list[list[bytes]] = []
        self.at_line = -1  # when that many lines are on the sheet, `then` is called
        self.then: Callable[[], None] = _nothing
        self.asf = self.film = self.covers = self.head = self

    def paper_present(self) -> bool:
        """Feeder."""
        return self.tray > 0

    def sheet_at_head(self) -> bool:
        """Path."""
        return self.at_head

    async def feed(self) -> bool:
        """Feeder to head."""
        if self.jammed_feeds:
            self.jammed_feeds -= 1
            return False
        if not self.tray:
            return False
        self.tray -= 1
        self.at_head = True
        self.lines = []
        self.count = 0
        return True

    async def eject(self) -> bool:
        """Head to exit."""
        if self.at_head and self.stuck:
            self.stuck -= 1
            return False
        if self.at_head:
            self.at_head = False
            self.sheets.append(self.lines)
            self.counts.append(self.count)
        return True

    async def sample(self) -> bool:
        """Film mark."""
        return self.film_end

    def open(self) -> bool:
        """Covers."""
        return self.cover_open

    async def record(self, view: memoryview, count: int) -> None:
        """Head: lines on paper, which takes its time."""
        await asyncio.sleep(0)
        for number in range(count):
            self._line(bytes(view[number * LINE_OCTETS : (number + 1) * LINE_OCTETS]))

    async def feed_lines(self, count: int) -> None:
        """Head: white lines."""
        for _number in range(count):
            self._line(bytes(LINE_OCTETS))

    def _line(self, line: bytes) -> None:
        if self.at_head:
            self.count += 1
            if len(self.lines) < self.kept:
                same = bool(self.lines) and self.lines[-1] == line
                self.lines.append(self.lines[-1] if same else line)
        if self.count == self.at_line:
            self.at_line = -1
            self.then()
