"""What the decoders share: a queue of decoded lines in the array of changing elements (see
ccitt_core.py).
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from micropython import const

from firmware.fax import ccitt_core as core
from firmware.fax.buffers import ELEMENTS

if TYPE_CHECKING:
    from firmware.fax.buffers import FaxBuffers
    from firmware.fax.coded import Coded

MORE = const(0)  # refill the input
FULL = const(1)  # take the lines, then `recycle`
DONE = const(2)  # take the lines; the strip is over
DOUBT = const(3)  # the first damage of a page that may be coded otherwise than it says

_NEXT = const(4)
_BASE = const(5)
_WIDTH = const(7)
_STOP = const(11)
_ROWS = const(12)
_LEAST = const(6)  # words of the shortest line
_SLACK = const(16)  # see the proof in ccitt_core.py


class LineQueue:
    """Lines lie in `buffers.elements` from index `first` on until they are taken."""

    def __init__(self, buffers: FaxBuffers, coded: Coded) -> None:
        self._state = buffers.state
        self._elements = buffers.elements
        self._input = buffers.input
        self._coded = coded
        self._rows = 0
        self._taken = 0
        self._any = False  # the page has a line already
        self.first = 0
        self.suspect = False  # answer DOUBT to the first damage
        self.beyond = False  # decoding behind the rows that the page is said to have
        self.extension = False  # the code of uncompressed mode was seen
        self.bad_rows = 0
        self.bad_run = 0  # the most of them in a row
        self.reason = ""  # why a strip ended early

    def begin_page(self, width: int) -> None:
        """Begin a page of lines of `width` dots, 1..4864."""
        self._state[_WIDTH] = width
        self._state[_STOP] = ELEMENTS - width - _SLACK
        self.bad_rows = self.bad_run = 0
        self._any = self.suspect = self.beyond = self.extension = False

    def begin_strip(self, scheme: int, rows: int) -> None:
        """Begin a strip of at most `rows` lines in coding `scheme`, after `coded.begin`."""
        self.first = core.begin(self._state, self._elements)
        self._rows = self._taken = rows
        self._state[_ROWS] = rows
        self.reason = ""

    def decode(self) -> int:
        """Go on: MORE, FULL, DONE or DOUBT."""
        return DONE

    def lines(self) -> int:
        """How many lines wait at `first`."""
        return self._taken - self._state[_ROWS]

    def taken(self) -> None:
        """The waiting lines were taken."""
        self._any = self._any or self.lines() > 0
        self._taken = self._state[_ROWS]
        self.first = self._state[_BASE]

    def plain(self) -> bool:
        """True when all waiting lines have one changing element at most."""
        return self._state[_BASE] - self.first == _LEAST * self.lines()

    def drop(self, count: int) -> int:
        """Forget the first of the waiting lines, `count` of them at most; returns how many."""
        count = min(count, self.lines())
        for _line in range(count):
            self.first = self._elements[self.first - 2]
        self._taken -= count
        return count

    def extend(self, rows: int) -> None:
        """Go on behind the strip's last row, all lines taken, up to the first thing that is no
        row; `rows` more at most.
        """
        self.beyond = True
        self._rows = self._taken = self._state[_ROWS] = rows
        self.recycle()

    def recycle(self) -> None:
        """Make room for further lines, once all lines are taken."""
        self.first = core.recycle(self._state, self._elements, ELEMENTS)

    def rows_left(self) -> int:
        """Lines of the strip that have not come."""
        return self._state[_ROWS]

    def blank(self, first_run: int) -> None:
        """Append blank lines while they fit and the strip has rows left; `first_run` 1 where black
        and white are exchanged.
        """
        state = self._state
        why = core.READY
        while why == core.READY and state[_ROWS]:
            state[_NEXT] = state[_BASE]
            if first_run:
                self._elements[state[_BASE]] = 0
                state[_NEXT] += 1
            why = core.close_line(state, self._elements)
