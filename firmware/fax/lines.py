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

_NEXT = const(4)
_BASE = const(5)
_WIDTH = const(7)
_STOP = const(11)
_ROWS = const(12)
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
        self.bad_rows = 0
        self.reason = ""  # why a strip ended early

    def begin_page(self, width: int) -> None:
        """Begin a page of lines of `width` dots, 1..4864."""
        self._state[_WIDTH] = width
        self._state[_STOP] = ELEMENTS - width - _SLACK
        self.bad_rows = 0
        self._any = False

    def begin_strip(self, scheme: int, rows: int) -> None:
        """Begin a strip of at most `rows` lines in coding `scheme`, after `coded.begin`."""
        self.first = core.begin(self._state, self._elements)
        self._rows = self._taken = rows
        self._state[_ROWS] = rows
        self.reason = ""

    def decode(self) -> int:
        """Go on: MORE, FULL or DONE."""
        return DONE

    def lines(self) -> int:
        """How many lines wait at `first`."""
        return self._taken - self._state[_ROWS]

    def taken(self) -> None:
        """The waiting lines were taken."""
        self._any = self._any or self.lines() > 0
        self._taken = self._state[_ROWS]
        self.first = self._state[_BASE]

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
