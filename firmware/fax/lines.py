"""What the decoders share: a queue of decoded lines in the array of changing elements (see
ccitt_core.py).
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from micropython import const

from firmware.fax import ccitt_core as core
from firmware.fax import ccitt_rare
from firmware.fax.buffers import AROUND

if TYPE_CHECKING:
    from array import array

    from firmware.fax.buffers import FaxBuffers
    from firmware.fax.coded import Coded

MORE = const(0)  # refill the input
FULL = const(1)  # take the lines, then `recycle`
DONE = const(2)  # take the lines; the strip is over
GO_ON = const(4)  # `judge` only: nothing is to be done before that
DOUBT = const(3)  # the first damage of a page that may be coded otherwise than it says

CROWDED = "a row changes colour too often for the memory that there is"

_A0 = const(3)
_NEXT = const(4)
_BASE = const(5)
_WIDTH = const(7)
_STEP = const(8)
_B1 = const(9)
_REF = const(10)
_STOP = const(11)
_ROWS = const(12)
_LEAST = const(6)  # words of the shortest line
_FIRST = const(21)  # index of the first line that waits
_TAKEN = const(22)  # rows that have not been taken: those that wait, and those still to decode
_DREW = const(23)  # lines that were drawn as soon as they were decoded, and not counted yet
_SIZE = const(24)  # of the array
_NARROW = const(25)  # 1: a line may have more elements than there is room for
_SLACK = const(16)  # see the proof in ccitt_core.py


class LineQueue:
    """Lines lie in `buffers.elements` from index `first` on until they are taken."""

    def __init__(self, buffers: FaxBuffers, coded: Coded) -> None:
        self._state = buffers.state
        self._elements = buffers.elements
        self._input = buffers.input
        self._tables = buffers.tables
        self._coded = coded
        self._rows = 0
        self._any = False  # the page has a line already
        self.suspect = False  # answer DOUBT to the first damage
        self.beyond = False  # decoding behind the rows that the page is said to have
        self.hunting = False  # for the next EOL
        self.judged = 0  # bad lines of which it is known why they are bad,
        self.extensions = 0  # and those of them that are for the code of uncompressed mode
        self.bad_rows = 0
        self.bad_run = 0  # the most of them in a row
        self.reason = ""  # why a strip ended early

    def begin_page(self, width: int) -> None:
        """Begin a page of lines of `width` dots, 1..MAX_WIDTH."""
        state, size = self._state, len(self._elements)
        narrow = width > size - AROUND
        state[_WIDTH], state[_SIZE], state[_NARROW] = width, size, int(narrow)
        state[_STOP] = 0 if narrow else size - width - _SLACK
        self.bad_rows = self.bad_run = self.judged = self.extensions = 0
        self._any = self.suspect = self.beyond = False
        state[_DREW] = 0

    def begin_strip(self, scheme: int, rows: int) -> None:
        """Begin a strip of at most `rows` lines in coding `scheme`, after `coded.begin`."""
        state = self._state
        self._begin(state, self._elements)
        self._rows = state[_TAKEN] = state[_ROWS] = rows
        self.reason = ""

    def _begin(self, state: array[int], elements: array[int]) -> None:
        """Put a white reference line at the front of the array."""
        elements[2] = elements[3] = elements[4] = state[_WIDTH]
        elements[1] = elements[7] = state[_A0] = 0
        state[_REF] = state[_B1] = 2
        state[_FIRST] = state[_BASE] = state[_NEXT] = 8

    def _close(self) -> int:
        """End the current line where it stands and begin the next behind it: READY, or FULL."""
        self._state[_STEP] = core.CLOSE
        return core.decode(0, 0, self._state, self._input, self._elements, self._tables)

    def decode(self) -> int:
        """Go on: MORE, FULL, DONE or DOUBT."""
        return DONE

    def judge(self, _why: int) -> int:
        """What `decode` answers where the core answered so, or GO_ON."""
        return DONE

    @property
    def first(self) -> int:
        """Index of the first line that waits."""
        return self._state[_FIRST]

    def lines(self) -> int:
        """How many lines wait at `first`."""
        return self._state[_TAKEN] - self._state[_ROWS]

    def drew(self) -> int:
        """How many lines were drawn and did not wait, since this was asked last."""
        count = self._state[_DREW]
        self._state[_DREW] = 0
        return count

    def take(self) -> int:
        """Take the waiting lines; returns how many they were."""
        state = self._state
        rows = state[_ROWS]
        count = state[_TAKEN] - rows
        if count:
            self._any = True
        state[_TAKEN] = rows
        state[_FIRST] = state[_BASE]
        return count

    def plain(self) -> bool:
        """True when all waiting lines have one changing element at most."""
        return self._state[_BASE] - self._state[_FIRST] == _LEAST * self.lines()

    def drop(self, count: int) -> int:
        """Forget the first of the waiting lines, `count` of them at most; returns how many."""
        count = min(count, self.lines())
        state = self._state
        for _line in range(count):
            state[_FIRST] = self._elements[state[_FIRST] - 2]
        state[_TAKEN] -= count
        return count

    def extend(self, rows: int) -> None:
        """Go on behind the strip's last row, all lines taken, up to the first thing that is no
        row; `rows` more at most.
        """
        self.beyond = True
        self._rows = self._state[_TAKEN] = self._state[_ROWS] = rows
        self.recycle()

    def recycle(self) -> None:
        """Make room for further lines, once all lines are taken."""
        self._state[_FIRST] = ccitt_rare.recycle(self._state, self._elements)

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
            why = self._close()
