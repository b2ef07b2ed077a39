"""A landscape page turned by 90 degrees, clockwise: its left edge becomes the top of the sheet.

There is no room for a page of dots, so the page is decoded once for every band of head lines, and
each time only the dots of that band are drawn. That needs the page's data within the spool's
window; an A4 sheet takes some 280 passes. Loaded for such a page, and dropped.

Bounds of `turn`. A row is drawn only while ROW < ROWS, d1 is cut to WIDE and d0 counts up to it,
so d is in 0..WIDE - 1 and i in LEFT..LEFT + WIDE - 1, which `begin` keeps within 8 * STRIDE. y is
cut to 0..LINES - 1, LINES * STRIDE <= BAND. Products stay below 2**30: ROWS * XS < 1729 << 15,
width * YS <= 8192 << 15. Elements: see plotter.py.
"""
from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import micropython
from micropython import const

from firmware.fax.buffers import BAND
from firmware.fax.plotter import clear

if TYPE_CHECKING:
    from micropython import ptr8, ptr16, ptr32

    from firmware.fax.buffers import FaxBuffers
    from firmware.fax.coded import Source
    from firmware.fax.directory import Directory
    from firmware.fax.page import FaxPage, Quality
    from firmware.fax.plotter import Sink
    from firmware.fax.raster import Fit

_INDEX = const(0)  # of the next line's elements
_ROW = const(1)  # number of the next row
_ROWS = const(2)  # rows of the page
_WIDTH = const(3)  # dots of a row
_XS = const(4)  # dots of the head to a row, 15 bits behind the point
_YS = const(5)  # lines to a dot of a row, the same
_LEFT = const(6)
_WIDE = const(7)  # dots of the head that the rows become
_STRIDE = const(8)
_TOP = const(9)  # first line of the band
_LINES = const(10)  # lines of the band
_WHITE = const(11)  # 1: the runs said to be black are white
_POINT = const(15)
_MOST_WIDE = const(1728)
_MOST_HIGH = const(8192)


@micropython.viper
def turn(rows: int, st: ptr32, el: ptr16, band: ptr8) -> int:
    """Draw what `rows` lines of elements have in the band; returns the index behind them."""
    k, row = int(st[_INDEX]), int(st[_ROW])
    width, top, lines = int(st[_WIDTH]), int(st[_TOP]), int(st[_LINES])
    ys, stride, wide = int(st[_YS]), int(st[_STRIDE]), int(st[_WIDE])
    base = int(st[_LEFT]) + wide - 1
    while rows and row < int(st[_ROWS]):
        d0 = (row * int(st[_XS])) >> _POINT
        d1 = ((row + 1) * int(st[_XS])) >> _POINT
        if d1 <= d0:
            d1 = d0 + 1
        if d1 > wide:
            d1 = wide
        j = k
        if int(st[_WHITE]):
            j = k - 1 if int(el[k]) else k + 1
        a = int(el[j])
        while a < width:
            y = ((a * ys) >> _POINT) - top
            e = ((int(el[j + 1]) * ys) >> _POINT) - top
            if e <= y:
                e = y + 1
            if y >= lines:
                break
            if y < 0:
                y = 0
            if e > lines:
                e = lines
            while y < e:
                d = d0
                while d < d1:
                    i = base - d
                    at = y * stride + (i >> 3)
                    band[at] = int(band[at]) | (128 >> (i & 7))
                    d += 1
                y += 1
            j += 2
            a = int(el[j])
        k = int(el[k - 2])
        row += 1
        rows -= 1
    st[_INDEX], st[_ROW] = k, row
    return k


class Turner:
    """Takes a plotter's place in a FaxPage. `top`: the first line of the band that is drawn."""

    def __init__(self, buffers: FaxBuffers) -> None:
        self._band = buffers.band
        self._view = memoryview(buffers.band)
        self._elements = buffers.elements
        self._state = array("I", bytes(4 * 12))
        self.top = 0
        self._left = 0

    def begin(self, fit: Fit, inverted: bool) -> None:
        """Begin a pass. Raises ValueError when the fit would leave the band."""
        state = self._state
        wide = max(1, fit.rows * fit.x_num // fit.x_den)
        if fit.left + wide > 8 * fit.stride or wide > _MOST_WIDE or fit.lines > _MOST_HIGH:
            raise ValueError("the page turned is larger than the sheet")
        if fit.width * fit.y_num > _MOST_HIGH * fit.y_den:
            raise ValueError("the page turned is longer than the sheet")
        state[_XS] = (fit.x_num << _POINT) // fit.x_den
        state[_YS] = (fit.y_num << _POINT) // fit.y_den
        state[_ROWS], state[_WIDTH], state[_LEFT] = fit.rows, fit.width, fit.left
        state[_WIDE], state[_STRIDE], state[_WHITE] = wide, fit.stride, int(inverted)
        state[_TOP] = self.top
        state[_LINES] = max(0, min(BAND // fit.stride, fit.lines - self.top))
        state[_ROW] = state[_INDEX] = 0

    async def start(self, sink: Sink, rows: int) -> None:
        """Before the first row; `rows` white ones lie above it."""
        if not self.top:
            await sink.write(self._view[:0], 0)
        clear(self._band, 0, len(self._band) >> 2)
        self._state[_ROW] = rows

    def point(self, index: int) -> None:
        """Say where the elements of the next line are."""
        self._state[_INDEX] = index

    def draw(self, rows: int) -> int:
        """Draw `rows` lines; there is always room for them."""
        turn(rows, self._state, self._elements, self._band)
        return 0

    def full(self) -> bool:
        """False: every row may have a part in every line."""
        return False

    async def flush(self, sink: Sink, last: bool = False) -> None:
        """Hand the band on when the last row was drawn."""
        lines = self._state[_LINES]
        if last and lines:
            await sink.write(self._view[: lines * self._state[_STRIDE]], lines)


async def render(
    page: FaxPage, source: Source, directory: Directory, fit: Fit, sink: Sink
) -> Quality:
    """As `FaxPage.render`, turned; `fit.x_*` are dots to a row, `fit.y_*` lines to a dot of it."""
    plotter = page.plotter
    page.plotter = turner = Turner(page.buffers)
    try:
        while True:
            quality = await page.render(source, directory, fit, sink)
            turner.top += BAND // fit.stride
            if turner.top >= fit.lines:
                return quality
    finally:
        page.plotter = plotter
