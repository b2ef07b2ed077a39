"""Byte-stuffing undone in place, a whole buffer at a time (manual 6.5.9.2, RFC 1939 section 3).

The state is an array of STATE_WORDS 32-bit words; the names of its places stand here.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

import micropython
from micropython import const

if TYPE_CHECKING:
    from array import array

    from micropython import ptr8, ptr32

_DOT = const(46)

FROM = const(0)
LIMIT = const(1)
STEP = const(2)
WRITTEN = const(3)
STATE_WORDS = const(4)

CRLF_LINES = const(3)  # lines end in CRLF: a line's first octet can be reached in steps of 3
LF_LINES = const(2)  # the server ends its lines in a bare LF: steps of 2



@micropython.viper
def find_dot(octets: ptr8, state: ptr32) -> int:
    """Index of the first dot in octets[FROM:LIMIT] that was stuffed or begins the last line.

    Both stand at the start of a line; -1 for none. `state` holds FROM, LIMIT and STEP (CRLF_LINES
    or LF_LINES).

    Bounds, kept by the caller: FROM >= 2, and the two octets before FROM are those that came
    before it. When octets[LIMIT] was not received, the octets before LIMIT do not end in a dot
    with at most CR, LF or CRLF behind it: so looking past a dot stays within what was received.
    """
    at = int(state[FROM])
    limit = int(state[LIMIT])
    step = int(state[STEP])
    end = 10 if step == LF_LINES else 13  # what follows the dot of the terminating line
    # Where there is no LF, CR or dot, no line can start within the next STEP octets: skip them.
    while at < limit:
        octet = int(octets[at])
        if octet > 46:
            at += step
        elif octet == 46:
            if int(octets[at - 1]) == 10 and (step == LF_LINES or int(octets[at - 2]) == 13):
                after = int(octets[at + 1])
                if after == 46 or (
                    after == end and (step == LF_LINES or int(octets[at + 2]) == 10)
                ):
                    return at
            at += step
        elif octet > 13:
            at += step
        elif octet == 10:
            at += 1
        elif octet == 13:
            at += 2
        else:
            at += step
    return -1


@micropython.viper
def close_up(octets: ptr8, state: ptr32) -> int:
    """Take the stuffed dot at FROM out, and all behind it, moving down what follows them.

    As `find_dot`. Sets WRITTEN to the index behind the last octet kept. Returns the index of the
    dot of the terminating line when it lies before LIMIT, else -1.
    """
    at = int(state[FROM])
    limit = int(state[LIMIT])
    step = int(state[STEP])
    end = 10 if step == LF_LINES else 13  # what follows the dot of the terminating line
    write = at
    at += 1
    # The two octets before `at` as received: what is moved overwrites them. 0 behind a dot taken
    # out: the dot that follows it is the line's own, not one more to take out.
    before = 0
    before_that = 0
    while at < limit:
        octet = int(octets[at])
        if octet == 46 and before == 10 and (step == LF_LINES or before_that == 13):
            after = int(octets[at + 1])
            if after == end and (step == LF_LINES or int(octets[at + 2]) == 10):
                state[WRITTEN] = write
                return at
            if after == 46:
                before = 0
                at += 1
                continue
        octets[write] = octet
        write += 1
        at += 1
        before_that = before
        before = octet
    state[WRITTEN] = write
    return -1


def unstuff(octets: bytearray, state: array[int]) -> int:
    """Take the stuffed dots out of octets[FROM:LIMIT], moving down what follows them.

    WRITTEN becomes the index behind the last octet kept. Returns the index of the dot of the
    terminating line when it lies before LIMIT (nothing behind it is touched), else -1. Bounds as
    in `find_dot`.
    """
    at = find_dot(octets, state)
    if at < 0:
        state[WRITTEN] = state[LIMIT]
        return -1
    if octets[at + 1] == _DOT:
        state[FROM] = at
        return close_up(octets, state)
    state[WRITTEN] = at
    return at
