"""The header block of a mail or a part (RFC 5322 section 2.2), read in constant memory."""
from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import micropython
from micropython import const

from firmware.mail.boundary import MATCH, NO

if TYPE_CHECKING:
    from micropython import ptr8, ptr32

    from firmware.mail.boundary import Boundaries

FIELD = const(1024)  # octets kept of one unfolded field

# what `read` says
WAITS = const(0)
TOOK = const(1)  # a field is over: `name`, `value`
ENDED = const(2)  # the block is over
_DASH = const(3)  # of `_scan`: a line that may be a delimiter

# state of `_scan`
_AT = const(0)
_KIND = const(1)  # the name's number, from 1, of the field being read; 0: nobody wants it
_LENGTH = const(2)  # of its value so far
_INSIDE = const(3)  # 1 within a line
_BEGUN = const(4)  # 1 when a line has come
_JUDGED = const(5)  # 1 when the line at _AT is no delimiter, though it begins with a dash
_BELOW = const(6)  # the first so many names are not wanted

# names of the wanted fields, each with its length before it, a 0 behind the last
_NAMES = (
    b"\4from\6sender\x0breturn-path\7subject\4date\x0amessage-id"
    b"\x0ccontent-type\x19content-transfer-encoding\x13content-disposition\0"
)
OF_MAIL = const(6)  # the first so many are for the mail's own header


# Reads lines of p[s[_AT]..end-1], keeping the value of a wanted field in p[0..FIELD-1], and says
# why it stopped: WAITS, TOOK, ENDED (at a line that is no field, see `_end`) or _DASH.
# Bounds: FIELD <= s[_AT] <= end; reads p[s[_AT]..end-1], and `names` up to its last octet, a 0.
@micropython.viper
def _scan(p: ptr8, end: int, final: int, names: ptr8, s: ptr32) -> int:
    at = int(s[0])
    while at < end:
        s[0] = at
        c = int(p[at])
        if int(s[3]) == 0 and c != 32 and c != 9:  # another line, no continuation
            if int(s[1]):
                return 1
            if c == 45 and int(s[5]) == 0:
                return 3
            limit = end if end - at < 80 else at + 80  # no colon among so many: no field
            stop = at
            while stop < limit and int(p[stop]) > 32 and int(p[stop]) < 127 and int(p[stop]) != 58:
                stop += 1
            length = stop - at
            while stop < limit and (int(p[stop]) == 32 or int(p[stop]) == 9):
                stop += 1
            if stop == end and end - at < 80 and not final:
                return 0
            if length == 0 or stop == limit or int(p[stop]) != 58:
                return 2
            kind = 1
            name = 0
            while int(names[name]):
                k = 0
                if int(names[name]) == length and kind > int(s[6]):
                    while k < length and int(p[at + k]) | 32 == int(names[name + 1 + k]):
                        k += 1
                    if k == length:
                        s[1] = kind
                name += int(names[name]) + 1
                kind += 1
            s[2] = 0
            at = stop + 1
        s[3] = 1
        s[4] = 1
        s[5] = 0
        length = int(s[2]) if int(s[1]) else 1024
        while at < end and int(s[3]):
            c = int(p[at])
            at += 1
            if c == 10:
                s[3] = 0
                if int(s[1]) and length and int(p[length - 1]) == 13:
                    length -= 1
            elif length < 1024 and (length or c > 32):
                p[length] = c
                length += 1
        s[2] = length
    s[0] = at
    return 0


def _name(number: int) -> str:
    """A name of a wanted field, by its number from 1."""
    at = 0
    for _before in range(number - 1):
        at += 1 + _NAMES[at]
    return str(_NAMES[at + 1 : at + 1 + _NAMES[at]], "ascii")


class HeaderBlock:
    """Reads header lines out of `buffer`, whose first FIELD octets hold the field being read."""

    def __init__(self, buffer: bytearray, boundaries: Boundaries) -> None:
        self.name = ""  # of the field that was taken
        self._buffer = buffer
        self._boundaries = boundaries
        self._state = array("I", [0] * 7)

    def begin(self, own: bool) -> None:
        """Start a new block; `own`: it is the mail's."""
        state = self._state
        state[_KIND] = state[_INSIDE] = state[_BEGUN] = state[_JUDGED] = 0
        state[_BELOW] = 0 if own else OF_MAIL

    @property
    def empty(self) -> bool:
        """It is no mail's, and not even a line has come."""
        return self._state[_BELOW] > self._state[_BEGUN]

    @property
    def of_part(self) -> bool:
        """The field that was taken says something of a part."""
        return self.name.startswith("content-")

    @property
    def at(self) -> int:
        """Offset behind what was read."""
        return self._state[_AT]

    @property
    def value(self) -> bytes:
        """Unfolded value of the field that was taken."""
        return bytes(self._buffer[: self._state[_LENGTH]])

    def read(self, start: int, end: int, final: bool) -> int:
        """Read lines from buffer[start:end]: WAITS, TOOK or ENDED.

        The block is over at an empty line, before a delimiter, and before a line that is no field.
        """
        state = self._state
        state[_AT] = start
        if state[_INSIDE] and not (state[_KIND] and state[_LENGTH] < FIELD):
            at = self._buffer.find(b"\n", start, end)  # nothing of this line is wanted
            state[_AT] = end if at < 0 else at
        while True:
            said = _scan(self._buffer, end, final, _NAMES, state)
            if said == _DASH:
                verdict = self._boundaries.judge(self._buffer, state[_AT], end, final)
                if verdict != NO:
                    return ENDED if verdict == MATCH else WAITS
                state[_JUDGED] = 1
            elif said == ENDED:
                said = self._no_field(state[_AT], end, final)
                if said != _DASH:
                    return said
            elif said == TOOK or (final and state[_KIND]):
                self.name = _name(state[_KIND])
                state[_KIND] = 0
                return TOOK
            else:
                return ENDED if final else WAITS

    def _no_field(self, at: int, end: int, final: bool) -> int:
        """At a line that is no field; _DASH: go on with it."""
        buffer, state = self._buffer, self._state
        octet = buffer[at]
        if octet == 13 and at + 1 == end and not final:
            return WAITS
        if octet == 10 or octet == 13:
            if octet == 10 or at + 1 == end or buffer[at + 1] == 10:
                state[_AT] = at + 1 if octet == 10 else min(at + 2, end)
        elif not state[_BEGUN] and buffer[at : at + 6].lstrip(b">")[:5] == b"From ":
            state[_INSIDE] = 1  # the envelope line of an mbox
            return _DASH
        state[_BEGUN] = 1
        return ENDED
