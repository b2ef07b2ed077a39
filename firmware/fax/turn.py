"""A page that is turned or turned over: its rows become columns, or come from the bottom up, or
its columns from right to left (TIFF 6.0, Orientation).

There is no room for a page of dots, so the page is decoded once for every few bands of head lines,
and each time only the dots of those bands are drawn; an A4 sheet has 280 bands. That needs the
page's data within the spool's window. As many bands are drawn at a time as the heap can spare for
so long: decoding is what takes the time. Loaded for such a page, and dropped.

Bounds of `turn`. WIDE is ROWS rows as scaled, rounded up, RS the scale rounded down. A row is
drawn only while ROW < ROWS, so q <= (ROWS - 1) * scale < WIDE and r <= WIDE; the same holds for p
and e within HIGH, for elements are < WIDTH, or the closing words = WIDTH. Flipping keeps both
within. `begin` keeps the axis that lies across, with LEFT, within 8 * STRIDE. What lies along the
paper is cut to 0..LINES, and LINES * STRIDE <= the band. Products stay below 2**30: what ROWS and
WIDTH become is at most 8192 (`begin`), << 15 behind the point. Elements: see plotter.py. `mirror`:
LINES lines of STRIDE octets are within the view.
"""
from __future__ import annotations

import gc
from array import array
from typing import TYPE_CHECKING

import micropython
from micropython import const

from firmware.fax.buffers import BAND_PAD
from firmware.fax.plotter import clear

if TYPE_CHECKING:
    from micropython import ptr8, ptr16, ptr32

    from firmware.fax.buffers import FaxBuffers
    from firmware.fax.coded import Feed
    from firmware.fax.directory import Directory
    from firmware.fax.page import FaxPage, Quality
    from firmware.fax.plotter import Sink
    from firmware.fax.raster import Fit

_INDEX = const(0)  # of the next line's elements
_ROW = const(1)  # number of the next row
_ROWS = const(2)  # rows of the page
_WIDTH = const(3)  # dots of a row
_RS = const(4)  # dots or lines to a row, 15 bits behind the point
_CS = const(5)  # lines or dots to a dot of a row, the same
_LEFT = const(6)
_WIDE = const(7)  # dots or lines that all rows become
_HIGH = const(8)  # lines or dots that a whole row becomes
_STRIDE = const(9)
_TOP = const(10)  # first line of the band
_LINES = const(11)  # lines of the band
_WHITE = const(12)  # 1: the runs said to be black are white
_UP = const(13)  # 1: the first row comes last
_BACK = const(14)  # 1: the first dot of a row comes last
_ACROSS = const(15)  # 1: rows lie across the paper, as usual; 0: along it
_POINT = const(15)
_MOST = const(8192)  # dots or lines
_BANDS = const(8)  # at a time
_SPARE = const(28 * 1024)  # octets of heap that are left to all others

# by Orientation: the first row comes last, the first column comes last
_LAST_ROW = (3, 4, 6, 7)
_LAST_COLUMN = (2, 3, 7, 8)


@micropython.viper
def turn(rows: int, st: ptr32, el: ptr16, band: ptr8) -> int:
    """Draw what `rows` lines of elements have in the band; returns the index behind them."""
    k, row = int(st[_INDEX]), int(st[_ROW])
    width, top, lines = int(st[_WIDTH]), int(st[_TOP]), int(st[_LINES])
    stride, wide, high = int(st[_STRIDE]), int(st[_WIDE]), int(st[_HIGH])
    left, cs = int(st[_LEFT]), int(st[_CS])
    across, back = int(st[_ACROSS]), int(st[_BACK])
    while rows and row < int(st[_ROWS]):
        q = (row * int(st[_RS])) >> _POINT
        r = ((row + 1) * int(st[_RS])) >> _POINT
        if r <= q:
            r = q + 1
        if int(st[_UP]):
            j = wide - r
            r = wide - q
            q = j
        j = k
        if int(st[_WHITE]):
            j = k - 1 if int(el[k]) else k + 1
        a = int(el[j])
        if across and (q >= top + lines or r <= top):
            a = width
        while a < width:
            p = (a * cs) >> _POINT
            e = (int(el[j + 1]) * cs) >> _POINT
            if e <= p:
                e = p + 1
            if back:
                a = high - e
                e = high - p
                p = a
            j += 2
            a = int(el[j])
            i, d = left + q, left + r
            y, n = p - top, e - top
            if across:
                i, d = left + p, left + e
                y, n = q - top, r - top
            elif back:
                if n <= 0:
                    break
            elif y >= lines:
                break
            if y < 0:
                y = 0
            if n > lines:
                n = lines
            while y < n:
                x = i
                while x < d:
                    at = y * stride + (x >> 3)
                    band[at] = int(band[at]) | (128 >> (x & 7))
                    x += 1
                y += 1
        k = int(el[k - 2])
        row += 1
        rows -= 1
    st[_INDEX], st[_ROW] = k, row
    return k


@micropython.viper
def mirror(view: ptr8, lines: int, stride: int, reverse: ptr8) -> int:
    """Turn each line of `stride` octets back to front; `reverse` has the octets turned."""
    at = 0
    while lines:
        i, e = at, at + stride - 1
        while i <= e:
            octet = int(view[i])
            view[i] = int(reverse[int(view[e])])
            view[e] = int(reverse[octet])
            i, e = i + 1, e - 1
        at += stride
        lines -= 1
    return at


class Mirrored:
    """A sink that hands lines on back to front."""

    def __init__(self, sink: Sink, buffers: FaxBuffers, stride: int) -> None:
        self._sink = sink
        self._reverse = buffers.reverse
        self._stride = stride

    async def write(self, view: memoryview, lines: int) -> None:
        """Turn them where they are: nobody needs them behind that."""
        mirror(view, lines, self._stride, self._reverse)
        await self._sink.write(view, lines)


class Turner:
    """Takes a plotter's place in a FaxPage. `top`: the first line that is drawn in this pass."""

    straight = False  # lines are not drawn as soon as they are decoded

    def __init__(self, buffers: FaxBuffers, orientation: int) -> None:
        self._bands = [buffers.band]
        self._octets = len(buffers.band) - BAND_PAD
        self._elements = buffers.elements
        self._state = array("I", bytes(4 * 16))
        self._orientation = orientation
        self._lines = 0  # of the page
        self._index = 0
        self.top = 0

    def begin(self, fit: Fit, inverted: bool) -> None:
        """Begin a pass. Raises ValueError when the fit would leave the band."""
        state = self._state
        across = self._orientation < 5
        rows, columns = (fit.y_num, fit.y_den), (fit.x_num, fit.x_den)
        if not across:
            rows, columns = columns, rows
        wide = max(1, -(-fit.rows * rows[0] // rows[1]))
        high = max(1, -(-fit.width * columns[0] // columns[1]))
        if wide > _MOST or high > _MOST:
            raise ValueError("the page turned is longer than the sheet")
        if fit.left + (high if across else wide) > 8 * fit.stride:
            raise ValueError("the page turned is wider than the sheet")
        state[_RS] = (rows[0] << _POINT) // rows[1]
        state[_CS] = (columns[0] << _POINT) // columns[1]
        state[_ROWS], state[_WIDTH], state[_LEFT] = fit.rows, fit.width, fit.left
        state[_WIDE], state[_HIGH], state[_STRIDE] = wide, high, fit.stride
        state[_WHITE], state[_ACROSS] = int(inverted), int(across)
        state[_UP] = int(self._orientation in _LAST_ROW)
        state[_BACK] = int(self._orientation in _LAST_COLUMN)
        state[_ROW] = state[_INDEX] = 0
        self._lines = fit.lines

    async def start(self, sink: Sink, rows: int) -> None:
        """Before the first row; `rows` white ones lie above it."""
        if not self.top:
            await sink.write(memoryview(self._bands[0])[:0], 0)
        for band in self._bands:
            clear(band, 0, len(band) >> 2)
        self._state[_ROW] = rows

    def point(self, index: int) -> None:
        """Say where the elements of the next line are."""
        self._state[_INDEX] = index

    def draw(self, rows: int) -> int:
        """Draw `rows` lines; there is always room for them."""
        state = self._state
        index, row = state[_INDEX], state[_ROW]
        for number, band in enumerate(self._bands):
            if not self._place(number):
                break
            state[_INDEX], state[_ROW] = index, row
            turn(rows, state, self._elements, band)
        return 0

    def full(self) -> bool:
        """True when no row that follows has a part in these bands."""
        state = self._state
        if not state[_ACROSS] or not state[_UP]:
            return False
        return (state[_ROW] * state[_RS] >> _POINT) > state[_WIDE] - self.top

    def more_bands(self, stride: int) -> None:
        """Draw as many at a time as the page has and the heap can spare."""
        free = getattr(gc, "mem_free", None)
        gc.collect()
        try:
            while len(self._bands) < min(_BANDS, self._lines * stride // self._octets + 1):
                if free is not None and free() < _SPARE:
                    break
                self._bands.append(bytearray(len(self._bands[0])))
        except MemoryError:
            return

    def next(self, stride: int) -> bool:
        """Go on to the lines behind those that were drawn; False when there are none."""
        self.top += len(self._bands) * (self._octets // stride)
        return self.top < self._lines

    def _place(self, number: int) -> int:
        """Say which lines band `number` has; how many they are."""
        state = self._state
        each = self._octets // state[_STRIDE]
        top = self.top + number * each
        state[_TOP] = top
        state[_LINES] = lines = max(0, min(each, self._lines - top))
        return lines

    async def flush(self, sink: Sink, last: bool = False) -> None:
        """Hand the bands on when the last row was drawn."""
        if last:
            for number, band in enumerate(self._bands):
                lines = self._place(number)
                if lines:
                    await sink.write(memoryview(band)[: lines * self._state[_STRIDE]], lines)


async def render(
    page: FaxPage,
    source: Feed,
    directory: Directory,
    fit: Fit,
    sink: Sink,
    orientation: int = 6,
) -> Quality:
    """As `FaxPage.render`, turned as the Orientation says, 3 to 8, `fit.rows` rows; from 5 on
    `fit.x_*` are dots to a row, `fit.y_*` lines to a dot of it.
    """
    plotter = page.plotter
    page.plotter = turner = Turner(page.buffers, orientation)
    try:
        turner.begin(fit, False)
        turner.more_bands(fit.stride)
        quality = await page.render(source, directory, fit, sink)
        while getattr(sink, "on_paper", True) and turner.next(fit.stride):
            await page.render(source, directory, fit, sink)
        return quality
    finally:
        page.plotter = plotter
