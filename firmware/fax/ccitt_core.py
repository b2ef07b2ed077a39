"""Decoder core for ITU-T T.4 (MH, MR) and T.6 (MMR): coded octets to changing elements.

A line is a row of strictly increasing changing elements (positions where the colour turns, black
first) in an array of 16-bit words, its first element at an even index:

    [at - 2] index of the next line
    [at - 1] 0
    [at ...] elements, then the line's width, three times at least

Lines follow each other in the array until no further one is sure to fit; then the last one, which
is the reference line of the next, moves to the front. Where front and next line can't both fit
(wide and dense), it moves to the end of the array and the next line, written from the front,
chases it. Why nothing is ever read or written outside a buffer:

- Input: two octets at p are read only when p < limit; p and limit are even, limit <= len(buf).
- Tables: each index is masked to the size of its table. `nb` is at least 16 at the head of each
  loop and one turn takes at most 13 bits, so it never falls below 0; `acc` holds at most 31 bits.
  Every turn takes bits or ends the loop.
- Elements stored are <= width and strictly increasing within a line (a run of 0 inside a line is
  an error or takes the element before it back; the one exception, a run of 0 at the right edge,
  ends the line). So n <= base + width + 2, and what `close_line` writes behind a line reaches
  n + 5 <= base + width + 7. A line begins only at base <= STOP = size - width - 16.
- Reference line: b1 > a0 or b1 = width. bi grows only from elements < width, by at most 2, so it
  stops at the second of the three closing words at the latest, and bi + 1 is the third. bi - 1 may
  be the 0 before the line; the search steps on from it.
- Chasing: elements still to be used are > a0, so there are at most width - a0 of them, then three
  closing words and at most three words of padding: all at indices >= size - 6 - width + a0, while
  n <= 3 + a0, which is smaller, since size > width + 16. An overwritten element holds a value <=
  a0 from then on, and that is what bi - 1 may meet.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

import micropython
from micropython import const

if TYPE_CHECKING:
    from micropython import ptr8, ptr16, ptr32

MORE = const(0)  # the input is used up
READY = const(1)  # the step is done
BAD = const(2)  # no code begins like this, or the line does not fit the width
NO_EOL = const(3)  # a line ended, and what follows is no EOL
FULL = const(4)  # rows done, or no room for a further line
EXTENSION = const(5)  # the code that begins uncompressed mode (T.4 §4.2.1.3.4, T.6 §2.2.2)

# the state, 32-bit words (ccitt.py and packed.py name those that they use, with the same numbers)
_P = const(0)  # next octet of the input
_BITS = const(1)  # how many bits of ACC are still to decode
_ACC = const(2)  # bits taken from the input
_A0 = const(3)
_NEXT = const(4)  # index of the next element to write
_BASE = const(5)  # where the elements of the current line begin, even
_LIMIT = const(6)  # end of the input, even
_WIDTH = const(7)
_STEP = const(8)  # what comes: 0 a T.6 mode, 1 or 2 as many runs of horizontal mode, or:
_LINE = const(16)  # a line of runs
_EOL = const(32)  # an EOL
_TAG = const(64)  # the tag bit behind an EOL of MR
_B1 = const(9)  # index of b1 in the reference line
_REF = const(10)  # where the elements of the reference line begin
_STOP = const(11)  # no line begins behind this index
_ROWS = const(12)  # rows still to decode
_START = const(13)  # STEP at the start of a line
_AFTER = const(14)  # STEP behind an EOL
_ALIGN = const(15)  # 7: each line begins with an octet; else 0

_LONG = const(512)
_BLACK = const(1024)
_MODE = const(1088)


@micropython.viper
def line_2d(st: ptr32, buf: ptr8, el: ptr16, tab: ptr16) -> int:
    """A line of modes (T.4 §4.2, T.6 §2.2): READY, MORE; BAD, EXTENSION: the state as before."""
    acc, nb, n = int(st[_ACC]), int(st[_BITS]), int(st[_NEXT])
    p, a0, bi = int(st[_P]), int(st[_A0]), int(st[_B1])
    width, limit, h = int(st[_WIDTH]), int(st[_LIMIT]), int(st[_STEP])
    b1 = int(el[bi])
    while a0 < width or h:
        if not nb & 16:
            if p >= limit:
                break
            acc = (acc & 32767) << 16 | int(buf[p]) << 8 | int(buf[p + 1])
            p, nb = p + 2, nb + 16
        if h:
            t = int(tab[_BLACK + (acc >> nb - 6 & 63) if n & 1 else acc >> nb - 9 & 511])
            if not t:
                t = int(tab[_LONG + ((acc >> (nb - 13)) & 511)])
            a0 += t >> 4
            if a0 > width or not t:
                return BAD
            nb -= t & 15
            if t & 64512:  # a make-up code
                continue
            if t < 16 and a0 == int(el[n - 1]) and a0 < width and n != int(st[_BASE]):
                return BAD
            el[n] = a0
            n += 1
            h -= 1
            if h:
                continue
        elif (acc >> (nb - 1)) & 1:  # V0, the most frequent by far: the next b1 needs no search
            nb -= 1
            el[n] = a0 = b1
            n, bi = n + 1, bi + 1
            b1 = int(el[bi])
            continue
        else:
            t = int(tab[_MODE + ((acc >> (nb - 7)) & 127)])
            nb -= t & 15
            if t & 16:
                b1 += (t >> 6) - 3
                if b1 > width or (b1 <= a0 and (b1 or a0 or n != int(st[_BASE]))):
                    return BAD
                el[n] = a0 = b1
                n, bi = n + 1, bi + 1 - ((t & 32) >> 4)
            elif t & 32:
                h = 2
                continue
            elif t:
                a0, bi = int(el[bi + 1]), bi + 2
            else:
                return EXTENSION if (acc >> (nb - 10)) & 1023 == 15 else BAD
        if a0 < width:
            b1 = int(el[bi])
            while b1 <= a0:
                bi += 2
                b1 = int(el[bi])
    st[_ACC], st[_BITS], st[_NEXT] = acc & ((1 << nb) - 1), nb, n
    st[_P], st[_A0], st[_B1] = p, a0, bi
    st[_STEP] = h
    return MORE if a0 < width or h else READY


@micropython.viper
def line_1d(st: ptr32, buf: ptr8, el: ptr16, tab: ptr16) -> int:
    """Decode a line of runs (T.4 §4.1): READY, MORE, or BAD, the state as before."""
    acc, nb, n = int(st[_ACC]), int(st[_BITS]), int(st[_NEXT])
    p, a0, base = int(st[_P]), int(st[_A0]), int(st[_BASE])
    width, limit, why = int(st[_WIDTH]), int(st[_LIMIT]), MORE
    while True:
        if not nb & 16:
            if p >= limit:
                break
            acc = (acc & 32767) << 16 | int(buf[p]) << 8 | int(buf[p + 1])
            p, nb = p + 2, nb + 16
        t = int(tab[_BLACK + (acc >> nb - 6 & 63) if n & 1 else acc >> nb - 9 & 511])
        if not t:
            t = int(tab[_LONG + ((acc >> (nb - 13)) & 511)])
        a0 += t >> 4
        if a0 > width or not t:
            return BAD
        nb -= t & 15
        if t & 64512:  # a make-up code
            continue
        if t < 16 and n != base and int(el[n - 1]) == a0:
            n -= 1  # no run at all: the two runs around it are one
            continue
        el[n] = a0
        n += 1
        if a0 == width:
            why = READY
            break
    st[_ACC], st[_BITS], st[_NEXT] = acc & ((1 << nb) - 1), nb, n
    st[_P], st[_A0] = p, a0
    return why


@micropython.viper
def eol(st: ptr32, buf: ptr8, hunting: int) -> int:
    """Take fill, EOL and tag bit (T.4 §4.1.2, §4.2.2) and set STEP for the line: READY, or MORE;
    NO_EOL when something else comes, which is skipped when `hunting` is not 0.
    """
    acc, nb, p = int(st[_ACC]), int(st[_BITS]), int(st[_P])
    step, why = int(st[_STEP]), READY
    while step & 96:
        if not nb & 16:
            if p >= int(st[_LIMIT]):
                why = MORE
                break
            acc = (acc & 32767) << 16 | int(buf[p]) << 8 | int(buf[p + 1])
            p, nb = p + 2, nb + 16
        t = (acc >> (nb - 12)) & 4095
        if step & _TAG:
            nb -= 1
            step = (t >> 11) << 4
        elif t == 1:
            nb -= 12
            step = int(st[_AFTER])
        elif t and not hunting:
            why = NO_EOL
            break
        else:
            nb -= 1
    st[_ACC], st[_BITS], st[_P] = acc & ((1 << nb) - 1), nb, p
    st[_STEP] = step
    return why


@micropython.viper
def close_line(st: ptr32, el: ptr16) -> int:
    """End the current line where it stands and begin the next behind it: READY, or FULL."""
    n, base, width = int(st[_NEXT]), int(st[_BASE]), int(st[_WIDTH])
    el[n] = width
    el[n + 1] = width
    el[n + 2] = width
    n = (n + 6) & -2
    el[n - 1] = 0
    el[base - 2] = n
    st[_REF], st[_B1] = base, base
    st[_BASE], st[_NEXT] = n, n
    st[_A0], st[_STEP] = 0, int(st[_START])
    st[_BITS] = int(st[_BITS]) - (int(st[_BITS]) & int(st[_ALIGN]))
    st[_ROWS] = int(st[_ROWS]) - 1
    return FULL if n > int(st[_STOP]) or not int(st[_ROWS]) else READY


@micropython.viper
def repeat_line(st: ptr32, el: ptr16) -> int:
    """Make the current line a copy of the one before, for `close_line` to end; returns where it
    ends. Where chasing has overwritten that one, the current line ends where it stands.
    """
    n, i, width = int(st[_BASE]), int(st[_REF]), int(st[_WIDTH])
    if n < i and i <= int(st[_NEXT]) + 1:
        n = int(st[_NEXT])
    else:
        # to lower or to free indices: nothing is overwritten before it is copied
        while int(el[i]) < width:
            el[n] = int(el[i])
            n, i = n + 1, i + 1
    st[_NEXT] = n
    return n


@micropython.viper
def recycle(st: ptr32, el: ptr16, size: int) -> int:
    """Move the reference line to the front of the array, or to its end where no line fits behind
    it. Returns where lines go on.
    """
    ref, count = int(st[_REF]), int(st[_BASE]) - int(st[_REF])
    to, base = 2, 2 + count
    i = 0
    if base <= int(st[_STOP]):
        while i < count:
            el[2 + i] = int(el[ref + i])
            i += 1
    else:
        to, base = size - count, 2
        while count:
            count -= 1
            el[to + count] = int(el[ref + count])
        el[to - 1] = 0
    el[1] = 0
    st[_REF], st[_B1] = to, to
    st[_BASE], st[_NEXT] = base, base
    return base


@micropython.viper
def reverse_bits(buf: ptr8, start: int, end: int, table: ptr8) -> int:
    """Turn the bit order of the octets start..end-1 (TIFF FillOrder 2); returns end. The caller
    keeps end <= len(buf).
    """
    while start < end:
        buf[start] = int(table[int(buf[start])])
        start += 1
    return start


@micropython.viper
def begin(st: ptr32, el: ptr16) -> int:
    """Put a white reference line at the front of the array; WIDTH is set. Returns where lines
    begin.
    """
    width = int(st[_WIDTH])
    el[1] = 0
    el[2] = width
    el[3] = width
    el[4] = width
    el[7] = 0
    st[_REF] = st[_B1] = 2
    st[_BASE] = st[_NEXT] = 8
    st[_A0] = 0
    return 8


@micropython.viper
def decode(state: object, buf: object, elements: object, tables: object) -> int:
    """Decode lines until input, rows or room end: MORE, FULL, BAD, EXTENSION or NO_EOL."""
    st = ptr32(state)
    why = READY
    while why == READY:
        if int(st[_STEP]) & 96:
            why = int(eol(state, buf, 0))
        else:
            if int(st[_STEP]) & _LINE:
                why = int(line_1d(state, buf, elements, tables))
            else:
                why = int(line_2d(state, buf, elements, tables))
            if why == READY:
                why = int(close_line(state, elements))
    return why
