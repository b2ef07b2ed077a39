"""What the decoder core (ccitt_core.py, where the proof of its bounds and the words of its state
are) does less often, or not dot by dot.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

import micropython
from micropython import const

if TYPE_CHECKING:
    from micropython import ptr8, ptr16, ptr32

MORE = const(0)
READY = const(1)
NO_EOL = const(3)
_P = const(0)
_BITS = const(1)
_ACC = const(2)
_NEXT = const(4)
_BASE = const(5)
_LIMIT = const(6)
_WIDTH = const(7)
_STEP = const(8)
_TAG = const(64)
_B1 = const(9)
_REF = const(10)
_STOP = const(11)
_AFTER = const(14)
_SIZE = const(24)


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
def repeat_line(st: ptr32, el: ptr16) -> int:
    """Make the current line a copy of the one before, to be closed; returns where it
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
def recycle(st: ptr32, el: ptr16) -> int:
    """Go on at the front of the array, the reference line behind, before or at the end (see
    above), where lines don't yet. Returns where lines go on.
    """
    ref, count, size = int(st[_REF]), int(st[_BASE]) - int(st[_REF]), int(st[_SIZE])
    to, base = 2, 2 + count
    i = 0
    if count < 0 or ref > int(st[_WIDTH]) + 16:  # below 0: they do, and no line has come since
        to, base = ref, 2
    elif base <= int(st[_STOP]):
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
