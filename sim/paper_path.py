"""The paper path: a tray of sheets, the feed roller, the registration sensor at the head, the
platen roller, the exit.

Lengths are counted in lines of 1/15.4 mm, the step of both rollers. Where the machine's own
measures are not in the
manual extract they are assumed; what the firmware may rely on is only that sensors and steps agree
with each other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

LINES_PER_MM = 15.4
LEAD_LINES = 15  # of the sheet's top are past the head when the registration sensor sees it: 1 mm


class Size(NamedTuple):
    """A size of paper."""

    width_mm: float
    height_mm: float

    @property
    def rows(self) -> int:
        """Rows that can lie on one sheet."""
        return round(self.height_mm * LINES_PER_MM) - LEAD_LINES


A4 = Size(210.0, 297.0)
LETTER = Size(215.9, 279.4)
SHEET_ROWS = A4.rows
FEED_PATH_LINES = 385  # from the tray to the registration sensor: 25 mm


class SheetTaker(Protocol):
    """What becomes of a sheet under the head: it is begun, gets rows in order, and comes out."""

    def begin(self) -> None:
        """A sheet's top edge came under the head."""
        ...

    def row(self, dots: bytes | None) -> None:
        """One row moved past the head: packed dots, 1 = black, or None for white."""
        ...

    def end(self) -> None:
        """The sheet is out."""
        ...


class PaperPath:
    """Where the paper is; moved by roller steps, watched by two sensors."""

    def __init__(self, sheets: int, taker: SheetTaker, size: Size = A4) -> None:
        self.sheets = sheets
        self.rows = size.rows
        self.feed_lines = FEED_PATH_LINES
        self.delivered = 0
        self.jammed = False
        self.passed: int | None = (
            None  # lines of the sheet past the sensor; below 0 before it; None: no sheet
        )
        self.on_row: Callable[[int], None] | None = (
            None  # told rows of the sheet past the head, 0 when it is out
        )
        self._taker = taker

    @property
    def at_head(self) -> bool:
        """True while a sheet lies under head and registration sensor."""
        return self.passed is not None and self.passed >= 0

    def step_feeder(self) -> None:
        """One step of the feed roller: picks the next sheet, brings it as far as the registration
        sensor.
        """
        if self.jammed or self.at_head:
            return
        if self.passed is None:
            if not self.sheets:
                return
            self.sheets -= 1
            self.passed = -self.feed_lines
        self.passed += 1
        if self.passed == 0:
            self._taker.begin()

    def step_platen(self, dots: bytes | None) -> bool:
        """One step of the platen roller: carries the row with `dots` past the head. False: nothing
        moved.
        """
        if self.jammed or self.passed is None or self.passed < 0:
            return False
        self._taker.row(dots)
        self.passed += 1
        if self.passed >= self.rows:
            self._let_out()
        if self.on_row is not None:
            self.on_row(self.passed or 0)
        return True

    def pull_out(self) -> None:
        """A person takes the sheet out of the path, jammed or not."""
        self.jammed = False
        if self.at_head:
            self._let_out(whole=False)
        self.passed = None

    def _let_out(self, whole: bool = True) -> None:
        self.passed = None
        self.delivered += whole
        self._taker.end()
