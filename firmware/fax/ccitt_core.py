"""Decoder core for ITU-T T.4 (MH, MR) and T.6 (MMR): coded octets to changing elements.

A line is a row of strictly increasing changing elements (positions where the colour turns, black
first) in an array of 16-bit words, its first element at an even index:

    [at - 2] index of the next line
    [at - 1] 0
    [at ...] elements, then the line's width, three times at least

Lines follow each other in the array until no further one is sure to fit; then they go on at its
front. The last one, the reference line of the next, stays where that one can't reach it, or moves
to the front before it. Where both can't fit (wide and dense), it moves to the end of the array and
the next line chases it. Why nothing is ever read or written outside a buffer:

- Input: two octets at p are read only when p < limit; p and limit are even, limit <= len(buf).
  (`src` points to them.)
- Tables: each index is masked to the size of its table; LENGTH by a run < 32. Bits left, BITS,
  are at least 16 behind the head of each loop and 31 at most; a turn takes 13 at most, the code
  of horizontal mode among them, and looks at no more: they never fall below 0. (`nb` is ten
  less.) Those above them in `acc` count for nothing. Every turn takes bits or ends the loop. What
  a look-up of several modes took from the next line, it gives back: `acc` has it still, BITS are
  30 then.
- Elements of a line are <= width and strictly increasing (a run of 0 inside a line is an error or
  takes the element before it back; the one exception, a run of 0 at the right edge, ends the
  line). A look-up of two runs writes two elements before the width is looked at, of which the
  second, or both, may be beyond it: then they are written anew, or the line is bad. So
  n <= base + width + 2, and what `decode` writes behind a line reaches n + 5 <= base + width +
  7. A line begins only at base <= STOP = size - width - 16.
- Where the array is too narrow for a line of the width (`CcittDecoder`), STOP is 0: each line is
  taken before the next one begins, at 2 (the first at 8), to chase it. No code gives more elements
  than it has bits, so for each call LIMIT is such that an element for each bit before it, for 31
  that are left and two beyond the width leave 20 free before the end of the array, and before b1
  in a line of modes: what is below b1 - 1 is never used again, since b1 is the first element > a0
  of its colour, or the one behind that.
- Reference line: b1 > a0 or b1 = width. bi grows only from elements < width, by at most 2, so it
  stops at the second of the three closing words at the latest, and bi + 1 is the third. All of
  them are <= width, so where a line ends b1 <= a0: that is looked at first, and the width only
  then. V0 and VR give a0 >= b1, which is greater than the last one, and VL less than b1, so
  that it ends no line and is to be compared with the last; it goes back to bi - 1, which may be
  the 0 before the line, or on to bi + 1, which is >= the old b1.
- Staying: the reference line and the 0 before it are at indices > width + 15, and the line before
  it, which begins at 2, reaches width + 9.
- Chasing: elements still to be used are > a0, so there are at most width - a0 of them, then three
  closing words and at most three words of padding: all at indices >= size - 6 - width + a0, while
  n <= 3 + a0, which is smaller, since size > width + 16. An overwritten element holds a value <=
  a0 from then on, which passes for one that was used, and that is what bi - 1 may meet. The 0
  before the first of them is still there as long as none is overwritten.

Both decoders keep their place as pointers (`w` to write, `r` in the reference line: el[n] and
el[bi] above). Their first two arguments are any numbers: these live in registers. Lines of T.6 end
in `line_2d` while rows and room last, those of T.4 in `decode`.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

import micropython
from micropython import const

from firmware.fax.ccitt_rare import eol

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
CLOSE = const(128)  # nothing more: the line ends where it stands, and decoding with it
_B1 = const(9)  # index of b1 in the reference line
_REF = const(10)  # where the elements of the reference line begin
_STOP = const(11)  # no line begins behind this index
_ROWS = const(12)  # rows still to decode
_START = const(13)  # STEP at the start of a line
_AFTER = const(14)  # STEP behind an EOL
_ALIGN = const(15)  # 7: each line begins with an octet; else 0

_RUNS = const(1024)
_LONG = const(3072)
_LENGTH = const(3584)
_KEPT = const((1 << 30) - 1)  # of ACC from line to line
_ONE = const(32768)  # one run, not two
_MODES = const(0x7631763)  # bits of the modes VL1 to VL3, V0 to VR3, four each, from the right


@micropython.viper
def line_2d(  # noqa: C901 - calls are dear here
    a0: int, nb: int, st: ptr32, buf: ptr8, el: ptr16, tab: ptr16
) -> int:
    """A line of modes (T.4 §4.2): READY, it is to be closed, or MORE; BAD, EXTENSION: the state as
    before the line, or before the call. Of T.6 (§2.2) lines until input, rows or room end: not
    READY but FULL.
    """
    acc, nb, src = int(st[_ACC]), int(st[_BITS]) - 10, ptr8(int(buf) + int(st[_P]))
    end, width, h = int(buf) + int(st[_LIMIT]), int(st[_WIDTH]), int(st[_STEP])
    w, r = ptr16(int(el) + (int(st[_NEXT]) << 1)), ptr16(int(el) + (int(st[_B1]) << 1))
    a0, runs = int(st[_A0]), ptr16(int(tab) + 2 * _RUNS)
    while True:
        s = 0
        why = READY
        while True:
            if nb < 6:
                if int(src) >= end:
                    why = MORE
                    break
                acc = acc * 65536 | int(src[0]) << 8 | int(src[1])
                src = ptr8(int(src) + 2)
                nb += 16
            if h:
                t = int(runs[acc >> nb & 1023 | (int(w) & 2) << 9])
                if not t & _ONE:  # without the second run
                    t = t & 1008 | (t & 15) - int(tab[_LENGTH + (int(w) & 2) * 16 + (t >> 10)])
                t = t & 32767 or int(tab[_LONG + (acc >> nb - 3 & 511)])
                a0 += t >> 4
                nb -= t & 15
                if not t or a0 > width or (
                    t < 16 and a0 < width and a0 == int(ptr16(int(w) - 2)[0])
                    and int(w) - int(el) >> 1 != int(st[_BASE])
                ):
                    return BAD
                if not t & 64512:  # no make-up code
                    w[0] = a0
                    w = ptr16(int(w) + 2)
                    h -= 1
                if a0 < width:
                    while int(r[0]) <= a0:
                        r = ptr16(int(r) + 4)
                elif not h:
                    break
                continue
            t = int(tab[acc >> nb & 1023])
            nb -= t & 15
            s = t >> 4
            if s:
                while s:  # the next of some vertical modes
                    if s & 4:  # V0 or VR
                        a0 = (s & 3) + int(r[0])
                        w[0] = a0
                        w = ptr16(int(w) + 2)
                        r = ptr16(int(r) + 2)
                        if a0 >= int(r[0]):
                            if a0 >= width:
                                break
                            while int(r[0]) <= a0:
                                r = ptr16(int(r) + 4)
                    else:  # VL
                        t = int(r[0]) - (s & 3)
                        if t <= a0 and (a0 or t or int(w) - int(el) >> 1 != int(st[_BASE])):
                            return BAD
                        a0 = t
                        w[0] = a0
                        w = ptr16(int(w) + 2)
                        if a0 >= int(ptr16(int(r) - 2)[0]):
                            r = ptr16(int(r) + 2)
                        else:
                            r = ptr16(int(r) - 2)
                    s >>= 3
                else:
                    continue
                break
            elif t & 1:  # noqa: RET508 - horizontal; it breaks from the loop around
                t = int(runs[acc >> nb & 1023 | (int(w) & 2) << 9])
                if t & _ONE:
                    h = 2
                    continue
                nb -= t & 15
                a0 += t >> 4 & 63
                w[0] = a0
                a0 += t >> 10
                w[1] = a0
                w = ptr16(int(w) + 4)
                if a0 >= int(r[0]):
                    if a0 >= width:
                        break
                    while int(r[0]) <= a0:
                        r = ptr16(int(r) + 4)
            elif t:  # pass
                a0 = int(r[1])
                if a0 >= width:
                    break
                r = ptr16(int(r) + 4)
            else:
                return EXTENSION if (acc >> nb) & 1023 == 15 else BAD
        if a0 > width:
            return BAD
        while s > 7:  # modes that were looked up and belong to the next line
            s >>= 3
            nb += _MODES >> ((s & 7) - 1 << 2) & 15
        n, base = int(w) - int(el) >> 1, int(st[_BASE])
        st[_ACC], st[_BITS], st[_P] = acc & _KEPT, nb + 10, int(src) - int(buf)
        st[_NEXT], st[_A0], st[_STEP] = n, a0, h
        st[_B1] = int(r) - int(el) >> 1
        if why != READY or int(st[_START]):
            return why
        w[0] = w[1] = w[2] = width
        n, t = n + 6 & -2, int(st[_ROWS]) - 1
        el[n - 1], el[base - 2] = 0, n
        st[_REF] = st[_B1] = base
        st[_BASE] = st[_NEXT] = n
        st[_A0], st[_ROWS] = 0, t
        if not t or n > int(st[_STOP]):
            return FULL
        a0 = 0
        w, r = ptr16(int(el) + (n << 1)), ptr16(int(el) + (base << 1))


@micropython.viper
def decode(  # noqa: C901 - calls are dear here
    a0: int, nb: int, state: object, buf: object, elements: object, tables: object
) -> int:
    """Decode lines until input, rows or room end: MORE, FULL, BAD, EXTENSION or NO_EOL; READY
    behind a line that CLOSE ended. After BAD and EXTENSION the state is as before the line, or as
    before the call. Lines of runs (T.4 §4.1) and what `eol` mostly finds stand here: a call takes
    as long as half of a line.
    """
    st, el, tab = ptr32(state), ptr16(elements), ptr16(tables)
    first, width = int(ptr8(buf)), int(st[_WIDTH])
    end = first + int(st[_LIMIT])
    while True:
        step, why = int(st[_STEP]), READY
        if step == _EOL:
            acc, nb, src = int(st[_ACC]), int(st[_BITS]), ptr8(first + int(st[_P]))
            if nb < 13 and int(src) < end:
                acc = (acc & 32767) << 16 | int(src[0]) << 8 | int(src[1])
                nb, src = nb + 16, ptr8(int(src) + 2)
            if nb > 12 and (acc >> nb - 12) & 4095 == 1:
                nb, step = nb - 12, int(st[_AFTER])
                if step == _TAG:
                    nb -= 1
                    step = (acc >> nb & 1) << 4
                st[_ACC], st[_BITS], st[_P] = acc & _KEPT, nb, int(src) - first
                st[_STEP] = step
        if step & 96:
            why = int(eol(state, buf, 0))
            if why != READY:
                return why
            step = int(st[_STEP])
        if step & _LINE:
            acc, nb, src = int(st[_ACC]), int(st[_BITS]) - 10, ptr8(first + int(st[_P]))
            a0, w = int(st[_A0]), ptr16(int(el) + (int(st[_NEXT]) << 1))
            c = ptr16(int(tab) + (_RUNS << 1) + ((int(w) & 2) << 10))
            while True:
                if nb < 6:
                    if int(src) >= end:
                        why = MORE
                        break
                    acc = acc << 16 | int(src[0]) << 8 | int(src[1])
                    src = ptr8(int(src) + 2)
                    nb += 16
                t = int(c[acc >> nb & 1023])
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
                    t = t & 1008 | (t & 15) - int(tab[_LENGTH + (int(w) & 2) * 16 + (t >> 10)])
                t = t & 32767 or int(tab[_LONG + (acc >> nb - 3 & 511)])
                a0 += t >> 4
                nb -= t & 15
                if not t or a0 > width:
                    return BAD
                if t & 64512:  # a make-up code
                    continue
                c = ptr16(int(tab) - int(c) + int(tab) + 6 * _RUNS)
                n = int(w) - int(el) >> 1
                if t < 16 and n != int(st[_BASE]) and int(el[n - 1]) == a0:
                    w = ptr16(int(w) - 2)  # no run at all: the two runs around it are one
                    continue
                w[0] = a0
                w = ptr16(int(w) + 2)
                if a0 == width:
                    break
            st[_ACC], st[_BITS], st[_NEXT] = acc & _KEPT, nb + 10, int(w) - int(el) >> 1
            st[_P], st[_A0] = int(src) - first, a0
        elif not step & CLOSE:
            why = int(line_2d(0, 0, state, buf, elements, tables))
        if why != READY:
            return why
        n, base = int(st[_NEXT]), int(st[_BASE])
        w = ptr16(int(el) + (n << 1))
        w[0] = w[1] = w[2] = width
        n = (n + 6) & -2
        el[n - 1], el[base - 2] = 0, n
        st[_REF] = st[_B1] = base
        st[_BASE] = st[_NEXT] = n
        st[_A0], st[_STEP] = 0, int(st[_START])
        nb = int(st[_BITS])
        st[_BITS] = nb - (nb & int(st[_ALIGN]))
        nb = int(st[_ROWS]) - 1
        st[_ROWS] = nb
        if n > int(st[_STOP]) or not nb:
            return FULL
        if step & CLOSE:
            return READY
