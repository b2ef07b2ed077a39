"""Lines out of TIFF compression 1 (none) and 32773 (PackBits): packed octets to changing elements.

Bounds of the viper code. `unpack`: row[q] only while q < OCTETS <= len(row); buf[p] only while p <
limit <= len(buf); each turn takes an octet of input or of the row. `turns`: positions stored are <
width and strictly increasing, so they are fewer than width + 1; the line begins at base <= size -
width - 16 (see ccitt_core.py). Where the array is too narrow for that, no octet is looked at with
n > `most` = size - 24, and one has eight elements at most.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

import micropython
from micropython import const

from firmware.fax import ccitt_core as core
from firmware.fax.lines import CROWDED, DONE, FULL, MORE, LineQueue

if TYPE_CHECKING:
    from micropython import ptr8, ptr16, ptr32

    from firmware.fax.buffers import FaxBuffers
    from firmware.fax.coded import Coded

NONE = const(0)
PACKBITS = const(1)

_P = const(0)
_NEXT = const(4)
_BASE = const(5)
_LIMIT = const(6)
_WIDTH = const(7)
_ROWS = const(12)
_OCTETS = const(16)  # of a row
_FILLED = const(17)  # octets of the row that have come
_COUNT = const(18)  # octets of the run still to come
_VALUE = const(19)  # octet of the run, or one of these:
_LITERAL = const(256)
_WANTED = const(257)
_ENDLESS = const(1 << 29)
_SIZE = const(24)  # of the array of elements
_NARROW = const(25)


@micropython.viper
def unpack(st: ptr32, buf: ptr8, row: ptr8) -> int:
    """Fill the row (TIFF 6.0 section 9): 1 when it is full, 0 when the input is used up."""
    p, q, count = int(st[_P]), int(st[_FILLED]), int(st[_COUNT])
    limit, octets, value = int(st[_LIMIT]), int(st[_OCTETS]), int(st[_VALUE])
    while q < octets:
        if count and value < 256:
            row[q] = value
            q, count = q + 1, count - 1
            continue
        if p >= limit:
            break
        t = int(buf[p])
        p += 1
        if not count:
            if t < 128:
                count, value = t + 1, _LITERAL
            elif t > 128:
                count, value = 257 - t, _WANTED
        elif value == _WANTED:
            value = t
        else:
            row[q] = t
            q, count = q + 1, count - 1
    st[_P], st[_FILLED], st[_COUNT] = p, q, count
    st[_VALUE] = value
    return 0 if q < octets else 1


@micropython.viper
def turns(row: ptr8, el: ptr16, base: int, width: int, most: int) -> int:
    """Write the changing elements of a packed row, 1 = black, from index `base` on; returns the
    index behind the last, 0 where there are too many.
    """
    n, x, black = base, 0, 0
    while x < width:
        t = int(row[x >> 3])
        if t == black:
            x += 8
            continue
        if n > most:
            return 0
        bit = 128
        while bit:
            if (t ^ black) & bit:
                if x < width:
                    el[n] = x
                    n += 1
                black ^= 255
            x += 1
            bit >>= 1
    return n


class PackedDecoder(LineQueue):
    """Decodes strips of packed rows."""

    def __init__(self, buffers: FaxBuffers, coded: Coded) -> None:
        super().__init__(buffers, coded)
        self._row = buffers.row()
        self._most = 0  # see `turns`
        self._open = False  # the strip is not compressed and ends with the file

    def begin_strip(self, scheme: int, rows: int) -> None:
        """Begin a strip of at most `rows` lines, scheme NONE or PACKBITS, after `coded.begin`."""
        super().begin_strip(scheme, rows)
        state = self._state
        state[_OCTETS] = state[_WIDTH] + 7 >> 3
        self._most = state[_SIZE] - (24 if state[_NARROW] else 0)
        state[_FILLED] = 0
        state[_COUNT] = 0 if scheme else _ENDLESS
        self._open = not (scheme or self._coded.unread())
        state[_VALUE] = _LITERAL

    def decode(self) -> int:
        """Go on: MORE, FULL or DONE."""
        state = self._state
        while True:
            if self._coded.ended:
                state[_LIMIT] = self._coded.tail
            if not unpack(state, self._input, self._row):
                break
            state[_FILLED] = 0
            end = turns(self._row, self._elements, state[_BASE], state[_WIDTH], self._most)
            if not end:
                self.reason = CROWDED
                return DONE
            state[_NEXT] = end
            if self._close() == core.FULL:
                return FULL if state[_ROWS] else DONE
        if not self._coded.ended:
            return MORE
        # where they reach to the file's end, that says how many rows there are
        if not self._open or state[_FILLED]:
            self.reason = "the data end early"
        return DONE
