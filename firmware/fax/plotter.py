"""Changing elements to packed head lines: scaled in x by moving the elements, in y by repeating or
merging lines.

A black run keeps one dot at least however small it gets, and lines that merge are ORed, so a thin
line never vanishes. A run smaller than a dot of the head is left out where it would touch the run
before it, or be one of three black dots: with them a picture in single dots comes out black.

Bounds of `draw`. `place` (checked by `begin`) maps a position < width to a dot < 8 * stride and
the width itself to at most 8 * stride; elements are < width, or the closing words = width. So bits
lie within the line, and the octet behind a line is only ORed with 0: behind the last line of the
band that is padding. Of a run < a dot, x < 8 * stride, the octets around are read: `i - 1` lies
within the line for x > 7, `i + 1` in the next one, not drawn yet, or in the padding. A row is
drawn only while `line + most <= lines of the band`, where `most` is the greatest number of lines
that one row becomes, so the lines written stay inside the band.

Bounds of `draw_straight`, which keeps the dots of a window of 32 in a register until it moves on;
`edge` is the window's last dot, `both` that for both ends of a run. Elements are read in pairs,
begin and end of a black run; a line begins at an even index. Elements are <= width, a multiple of
32, and width is the closing word, so the pair that holds the first closing word ends the line at
the latest: either the run ends at the right edge, and then the window does, or it would begin
there. Octets are written only of a window before that edge: `edge` moves to the window of x <
width, or by 32 while the run's end, <= width, lies behind it. Shifts are by 0..31; what they push
beyond 32 bits, where there are more, is not written.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

import micropython
from micropython import const

from firmware.fax.buffers import BAND_PAD
from firmware.fax.ccitt_core import decode, line_2d
from firmware.fax.ccitt_rare import recycle

if TYPE_CHECKING:
    from typing import Protocol

    from micropython import ptr8, ptr16, ptr32

    from firmware.fax.buffers import FaxBuffers
    from firmware.fax.raster import Fit

    class Sink(Protocol):
        """Takes packed lines: MSB leftmost, 1 = black."""

        async def write(self, view: memoryview, lines: int) -> None:
            """Take `lines` lines; the view is valid during the call only."""
            ...


# words of the decoder's state
_ROWS = const(12)
_START = const(13)
_FIRST = const(21)
_TAKEN = const(22)
_DREW = const(23)
_FULL = const(4)  # what `decode` answers when no further line fits
# words of our own
_INDEX = const(0)  # of the next line's elements
_DOWN = const(1)  # next line of the band
_LINES = const(2)  # lines of the band
_MOST = const(3)  # lines that one row becomes at most
_STRIDE = const(4)  # octets of a line
_WIDTH = const(5)  # dots of a row
_SCALE = const(6)  # x scale, fixed point with 15 bits behind the point
_LEFT = const(7)  # left margin, the same
_WHITE = const(8)  # 1: the runs said to be black are white
_Y = const(9)  # y remainder, < _Y_DEN
_Y_NUM = const(10)
_Y_DEN = const(11)
_POINT = const(15)
_DOT = const(32768)  # 1 << _POINT
# of the two dots left (24) and right (3) of one, the sets that make three black ones with it
_CROWDED = const(0xF080C08)


@micropython.viper
def draw(rows: int, st: ptr32, el: ptr16, band: ptr8, words: ptr32) -> int:
    """Draw up to `rows` lines of elements into the band (given twice: octets and words); returns
    how many are left.
    """
    y, down, k = int(st[_Y]), int(st[_DOWN]), int(st[_INDEX])
    width, scale, left = int(st[_WIDTH]), int(st[_SCALE]), int(st[_LEFT])
    stride, last = int(st[_STRIDE]), int(st[_LINES]) - int(st[_MOST])
    while rows and down <= last:
        at = down * stride
        j = k
        if int(st[_WHITE]):  # black is what lies before the first element, if anything does
            j = k - 1 if int(el[k]) else k + 1
        x, edge = int(el[j]), -1
        while x < width:
            e = (int(el[j + 1]) - x) * scale
            x = (x * scale + left) >> _POINT
            end = (int(el[j + 1]) * scale + left) >> _POINT
            if x >= end:
                end = x + 1
            i = at + (x >> 3)
            j += 2
            if e < _DOT:  # of the head
                e = int(band[i]) << 8 | int(band[i + 1])
                if x > 7:
                    e |= int(band[i - 1]) << 16
                if x <= edge or _CROWDED >> (e >> 13 - (x & 7) & 27) & 1:
                    x = int(el[j])
                    continue
            edge = end
            e = at + (end >> 3)
            x = 255 >> (x & 7)
            if i < e:
                band[i] = int(band[i]) | x
                i += 1
                while i < e:
                    band[i] = 255
                    i += 1
                x = 255
            band[e] = int(band[e]) | (x & (255 ^ (255 >> (end & 7))))
            x = int(el[j])
        k = int(el[k - 2])
        rows -= 1
        y += int(st[_Y_NUM])
        while y >= int(st[_Y_DEN]):
            y -= int(st[_Y_DEN])
            down += 1
            if y >= int(st[_Y_DEN]):
                i = (down * stride) >> 2
                e = i + (stride >> 2)
                while i < e:
                    words[i] = int(words[i - (stride >> 2)])
                    i += 1
    st[_Y], st[_DOWN], st[_INDEX] = y, down, k
    return rows


@micropython.viper
def draw_straight(v: int, w: int, rows: int, st: ptr32, el: ptr32, words: ptr32) -> int:
    """As `draw`, for rows of whole 32-bit words that are not scaled in x, merged or inverted.
    (`v` and `w` are any numbers: the first two arguments live in registers.)"""
    y, down, k = int(st[_Y]), int(st[_DOWN]), int(st[_INDEX])
    width, stride = int(st[_WIDTH]), int(st[_STRIDE])
    last = int(st[_LINES]) - int(st[_MOST])
    while rows and down <= last:
        p = ptr8(int(words) + down * stride)
        j = ptr32(int(el) + (k << 1))
        w = 0
        edge = 31
        both = 31 * 65537
        while True:
            v = both - int(j[0])
            if not v & 0x3FE0FFE0:  # both ends of the run lie within the window
                j = ptr32(int(j) + 4)
                w ^= (-2 << (v & 31)) ^ (-2 << (v >> 16))
                continue
            v = int(j[0])
            x = v & 65535
            if x > edge:  # on to the window where the run begins
                if w:
                    p[0] = w >> 24 & 255
                    p[1] = w >> 16 & 255
                    p[2] = w >> 8 & 255
                    p[3] = w & 255
                    w = 0
                if x >= width:
                    break
                p = ptr8(int(p) + (x - edge + 31 >> 5 << 2))
                edge = x | 31
                both = edge * 65537
                continue
            j = ptr32(int(j) + 4)
            v >>= 16
            w ^= (2 << edge - x) - 1
            while v > edge:
                p[0] = w >> 24 & 255
                p[1] = w >> 16 & 255
                p[2] = w >> 8 & 255
                p[3] = w & 255
                p = ptr8(int(p) + 4)
                w = -1
                edge += 32
            w ^= (2 << edge - v) - 1
            if edge >= width:
                break
            both = edge * 65537
        k = int(el[(k >> 1) - 1]) & 65535
        rows -= 1
        y += int(st[_Y_NUM])
        while y >= int(st[_Y_DEN]):
            y -= int(st[_Y_DEN])
            down += 1
            if y >= int(st[_Y_DEN]):
                v = (down * stride) >> 2
                x = v + (stride >> 2)
                while v < x:
                    words[v] = int(words[v - (stride >> 2)])
                    v += 1
    st[_Y], st[_DOWN], st[_INDEX] = y, down, k
    return rows


@micropython.viper
def draw_on(
    state: object, buf: object, elements: object, tables: object, plot: object, band: object
) -> int:
    """As `decode`, and `draw_straight` whatever was decoded; where the band has room for all of
    it, make room for further lines and go on.
    """
    st, at = ptr32(state), ptr32(plot)
    while True:
        if int(st[_START]):
            why = int(decode(0, 0, state, buf, elements, tables))
        else:  # T.6
            why = int(line_2d(0, 0, state, buf, elements, tables))
        rows = int(st[_TAKEN]) - int(st[_ROWS])
        at[_INDEX] = int(st[_FIRST])
        left = int(draw_straight(0, 0, rows, plot, elements, band))
        st[_FIRST], st[_TAKEN] = int(at[_INDEX]), int(st[_ROWS]) + left
        st[_DREW] = int(st[_DREW]) + rows - left
        if left or why != _FULL or not int(st[_ROWS]):
            return why
        st[_FIRST] = int(recycle(state, elements))


@micropython.viper
def clear(words: ptr32, start: int, end: int) -> int:
    """Set words start..end-1 to 0; the caller keeps end within the buffer."""
    p = ptr32(int(words) + (start << 2))
    while start + 3 < end:
        p[0] = 0
        p[1] = 0
        p[2] = 0
        p[3] = 0
        p = ptr32(int(p) + 16)
        start += 4
    while start < end:
        words[start] = 0
        start += 1
    return start


class Plotter:
    """Draws lines into a band and hands full bands on."""

    def __init__(self, buffers: FaxBuffers) -> None:
        self._band = buffers.band
        self._words = len(buffers.band) >> 2
        self._whole = memoryview(buffers.band)
        self.view = self._whole[:0]  # lines that are ready
        self._elements = buffers.elements
        self._state = buffers.plot
        self._left = 0  # lines that the page may still have
        self._lines = -1  # of `view`
        self.straight = False  # `draw_straight` will do

    def begin(self, fit: Fit, inverted: bool) -> None:
        """Begin a page. Raises ValueError when the fit would leave the band."""
        dots = 8 * fit.stride
        left = fit.left << _POINT
        scale = ((fit.x_num << _POINT) + fit.x_den - 1) // fit.x_den
        most = (fit.y_num + fit.y_den - 1) // fit.y_den
        lines = (len(self._band) - BAND_PAD) // fit.stride
        right = fit.width * scale + left
        if right >> _POINT > dots or right - scale >> _POINT >= dots:
            raise ValueError("lines of the page are wider than the head's")
        if most > lines or (fit.y_num != fit.y_den and fit.stride & 3):
            raise ValueError("its resolution is too low")
        state = self._state
        for index in range(len(state)):
            state[index] = 0
        state[_LINES], state[_MOST], state[_STRIDE] = lines, most, fit.stride
        state[_WIDTH], state[_SCALE], state[_LEFT] = fit.width, scale, left
        state[_WHITE], state[_Y_NUM], state[_Y_DEN] = int(inverted), fit.y_num, fit.y_den
        self._left = fit.lines
        self._lines = -1
        whole = scale == _DOT and fit.y_num >= fit.y_den
        self.straight = whole and not (left or inverted or fit.width & 31)

    async def start(self, sink: Sink, rows: int) -> None:
        """Give the sink an empty band before the first line is drawn: what it puts above the page
        it may make in the very same buffer. Then leave `rows` white rows.
        """
        state = self._state
        await sink.write(self._whole[:0], 0)
        clear(self._band, 0, self._words)
        lines = rows * state[_Y_NUM] // state[_Y_DEN]
        state[_Y] = rows * state[_Y_NUM] % state[_Y_DEN]
        while lines > 0:
            state[_DOWN] = min(lines, state[_LINES])
            lines -= state[_DOWN]
            await self.flush(sink)

    def point(self, index: int) -> None:
        """Say where the elements of the next line are."""
        self._state[_INDEX] = index

    def draw(self, rows: int) -> int:
        """Draw up to `rows` lines; returns how many did not fit into the band."""
        if self.straight:
            return draw_straight(0, 0, rows, self._state, self._elements, self._band)
        return draw(rows, self._state, self._elements, self._band, self._band)

    def full(self) -> bool:
        """True when no further line is wanted: the page is as long as it may be."""
        return self._left <= 0

    def ready(self, last: bool = False) -> int:
        """How many lines are finished, and with `last` one that others could still have merged
        into: they are `view`. None behind the last of the page.
        """
        state = self._state
        lines = state[_DOWN]
        if last and self._is_open():
            lines += 1
        if lines > self._left:
            lines = self._left
        if lines != self._lines:
            self._lines = lines
            self.view = self._whole[: lines * state[_STRIDE]]
        return lines

    def _is_open(self) -> bool:
        state = self._state
        return state[_Y] > 0 and state[_Y_NUM] < state[_Y_DEN] and state[_DOWN] < state[_LINES]

    def go_on(self, lines: int, rows: int) -> int:
        """So many lines were handed on: empty the band and draw up to `rows` lines, as `draw`;
        0 as well when the page is full.
        """
        self._left -= lines
        if self.straight:  # no line is open
            clear(self._band, 0, self._words)
            self._state[_DOWN] = 0
        else:
            self._keep(self._is_open())
        return self.draw(rows) if self._left > 0 else 0

    async def flush(self, sink: Sink, last: bool = False) -> None:
        """Hand the finished lines on; `last` as in `ready`."""
        lines = self.ready(last)
        if lines:
            await sink.write(self.view, lines)
            self._left -= lines
        self._keep(not last and self._is_open())

    def _keep(self, open_line: bool) -> None:
        """Empty the band but for a line that isn't finished."""
        state = self._state
        stride, down = state[_STRIDE], state[_DOWN]
        if open_line and down:
            self._whole[:stride] = self._whole[down * stride : (down + 1) * stride]
        clear(self._band, stride >> 2 if open_line else 0, self._words)
        state[_DOWN] = 0
