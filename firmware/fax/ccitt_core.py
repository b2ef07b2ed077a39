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
  (`src` points to them, `left` is limit - p.)
- Tables: each index is masked to the size of its table; LENGTH by a run < 32. `nb` is at least 16
  behind the head of each loop; a turn takes 13 bits at most, and 3 of horizontal mode before, and
  looks at no more: it never falls below 0. `acc` holds at most 31 bits. Every turn takes bits or
  ends the loop. What a look-up of several modes took from the next line, `close_line` gives back:
  `acc` has it still.
- Elements of a line are <= width and strictly increasing (a run of 0 inside a line is an error or
  takes the element before it back; the one exception, a run of 0 at the right edge, ends the
  line). A look-up of two runs writes two elements before the width is looked at, of which the
  second, or both, may be beyond it: then they are written anew, or the line is bad. So
  n <= base + width + 2, and what `close_line` writes behind a line reaches n + 5 <= base + width +
  7. A line begins only at base <= STOP = size - width - 16.
- Reference line: b1 > a0 or b1 = width. bi grows only from elements < width, by at most 2, so it
  stops at the second of the three closing words at the latest, and bi + 1 is the third. bi - 1 may
  be the 0 before the line; the search steps on from it.
- Chasing: elements still to be used are > a0, so there are at most width - a0 of them, then three
  closing words and at most three words of padding: all at indices >= size - 6 - width + a0, while
  n <= 3 + a0, which is smaller, since size > width + 16. An overwritten element holds a value <=
  a0 from then on, and that is what bi - 1 may meet. The 0 before the first of them is still there
  as long as none is overwritten.

The line decoders keep their place as pointers (`w` to write, `r` in the reference line: el[n] and
el[bi] above), for which viper has single instructions. Their first two arguments are any numbers:
a function's first two locals live in registers.
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
_REST = const(20)  # vertical modes that were looked up and belong to the next line

_LONG = const(2048)
_MODE = const(2560)
_LENGTH = const(3584)
_ONE = const(32768)  # one run, not two
_MODES = const(0x7631367)  # bits of the modes VL3 to VR3, four bits each, from the right


@micropython.viper
def line_2d(a0: int, nb: int, st: ptr32, buf: ptr8, el: ptr16, tab: ptr16) -> int:
    """A line of modes (T.4 §4.2, T.6 §2.2): READY, MORE; BAD, EXTENSION: the state as before."""
    acc, h, width = int(st[_ACC]), int(st[_STEP]), int(st[_WIDTH])
    a0, nb, left = int(st[_A0]), int(st[_BITS]), int(st[_LIMIT]) - int(st[_P])
    b1, src, s = int(el[int(st[_B1])]), ptr8(int(buf) + int(st[_P])), 0
    w, r = ptr16(int(el) + (int(st[_NEXT]) << 1)), ptr16(int(el) + (int(st[_B1]) << 1))
    while a0 < width or h:
        if not nb & 16:
            if not left:
                break
            acc, left = (acc & 32767) << 16 | int(src[0]) << 8 | int(src[1]), left - 2
            src, nb = ptr8(int(src) + 2), nb + 16
        if not h:
            s = (t := int(tab[_MODE + (acc >> nb - 10 & 1023)])) >> 4
            nb -= t & 15
            if s:
                while s:  # the next of some vertical modes
                    b1 += (s & 7) - 4
                    if b1 <= a0 and (b1 or a0 or int(w) - int(el) >> 1 != int(st[_BASE])):
                        return BAD
                    w[0] = a0 = b1
                    w = ptr16(int(w) + 2)
                    if a0 >= width:
                        break
                    r = ptr16(int(r) + (s & 4) - 2)
                    while (b1 := int(r[0])) <= a0:
                        r = ptr16(int(r) + 4)
                    s >>= 3
                continue
            if t == 4:  # pass
                a0, b1, r = int(r[1]), int(r[2]), ptr16(int(r) + 4)
                continue
            if not t:
                return EXTENSION if (acc >> (nb - 10)) & 1023 == 15 else BAD
            h = 2
        t = int(tab[acc >> nb - 10 & 1023 | (int(w) & 2) << 9])
        if not t & _ONE and h & 2:
            w[0] = a0 = a0 + (t >> 4 & 63)
            w[1] = a0 = a0 + (t >> 10)
            nb, h, w = nb - (t & 15), 0, ptr16(int(w) + 4)
        else:
            if not t & _ONE:  # without the second run
                t = t & 1008 | (t & 15) - int(tab[_LENGTH + (int(w) & 2) * 16 + (t >> 10)])
            t = t & 32767 or int(tab[_LONG + (acc >> nb - 13 & 511)])
            a0, nb = a0 + (t >> 4), nb - (t & 15)
            n = int(w) - int(el) >> 1
            if not t or a0 > width or (t < 16 and n != int(st[_BASE])
                                          and a0 == int(el[n - 1]) and a0 < width):
                return BAD
            if t & 64512:  # a make-up code
                continue
            w[0], w, h = a0, ptr16(int(w) + 2), h - 1
        while a0 < width and (b1 := int(r[0])) <= a0:
            r = ptr16(int(r) + 4)
    if a0 > width:
        return BAD
    st[_ACC], st[_BITS], st[_NEXT] = acc, nb, int(w) - int(el) >> 1
    st[_P], st[_A0], st[_B1] = int(st[_LIMIT]) - left, a0, int(r) - int(el) >> 1
    st[_STEP], st[_REST] = h, s >> 3
    return MORE if a0 < width or h else READY


@micropython.viper
def line_1d(a0: int, nb: int, st: ptr32, buf: ptr8, el: ptr16, tab: ptr16) -> int:
    """Decode a line of runs (T.4 §4.1): READY, MORE, or BAD, the state as before."""
    acc, width, why = int(st[_ACC]), int(st[_WIDTH]), READY
    a0, nb, left = int(st[_A0]), int(st[_BITS]), int(st[_LIMIT]) - int(st[_P])
    src = ptr8(int(buf) + int(st[_P]))
    w = ptr16(int(el) + (int(st[_NEXT]) << 1))
    c = (int(w) & 2) << 9
    while True:
        if not nb & 16:
            if not left:
                why = MORE
                break
            acc, left = (acc & 32767) << 16 | int(src[0]) << 8 | int(src[1]), left - 2
            src, nb = ptr8(int(src) + 2), nb + 16
        t = int(tab[acc >> nb - 10 & 1023 | c])
        if not t & _ONE:
            a0 += t >> 4 & 63
            w[0] = a0
            a0 += t >> 10
            w[1] = a0
            if a0 < width:
                nb -= t & 15
                w = ptr16(int(w) + 4)
                continue
            # the line ends here, or between the two, if it does at all
            a0 -= (t >> 4 & 63) + (t >> 10)
            t = t & 1008 | (t & 15) - int(tab[_LENGTH + (c >> 5) + (t >> 10)])
        t = t & 32767 or int(tab[_LONG + (acc >> nb - 13 & 511)])
        a0 += t >> 4
        nb -= t & 15
        if not t or a0 > width:
            return BAD
        if t & 64512:  # a make-up code
            continue
        c ^= 1024
        n = int(w) - int(el) >> 1
        if t < 16 and n != int(st[_BASE]) and int(el[n - 1]) == a0:
            w = ptr16(int(w) - 2)  # no run at all: the two runs around it are one
            continue
        w[0] = a0
        w = ptr16(int(w) + 2)
        if a0 == width:
            break
    st[_ACC], st[_BITS], st[_NEXT] = acc, nb, int(w) - int(el) >> 1
    st[_P], st[_A0] = int(st[_LIMIT]) - left, a0
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
    bits, rest = int(st[_BITS]), int(st[_REST])
    while rest:
        bits += _MODES >> ((rest & 7) - 1 << 2) & 15
        rest >>= 3
    el[n] = width
    el[n + 1] = width
    el[n + 2] = width
    n = (n + 6) & -2
    el[n - 1] = 0
    el[base - 2] = n
    st[_REF], st[_B1] = base, base
    st[_BASE], st[_NEXT] = n, n
    st[_A0], st[_STEP] = 0, int(st[_START])
    st[_BITS], st[_REST] = bits - (bits & int(st[_ALIGN])), 0
    st[_ROWS] = int(st[_ROWS]) - 1
    return FULL if n > int(st[_STOP]) or not int(st[_ROWS]) else READY


@micropython.viper
def repeat_line(st: ptr32, el: ptr16) -> int:
    """Make the current line a copy of the one before, for `close_line` to end; returns where it
    ends. Where chasing has overwritten that one, the current line ends where it stands.
    """
    n, i, width = int(st[_BASE]), int(st[_REF]), int(st[_WIDTH])
    if n < i and int(el[i - 1]):  # the 0 before it is no more
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
                why = int(line_1d(0, 0, state, buf, elements, tables))
            else:
                why = int(line_2d(0, 0, state, buf, elements, tables))
            if why == READY:
                why = int(close_line(state, elements))
    return why
