"""The open multiparts, and the search for their delimiter lines (RFC 2046 section 5.1.1)."""
from __future__ import annotations

from typing import TYPE_CHECKING

import micropython
from micropython import const

if TYPE_CHECKING:
    from micropython import ptr8

MAX_BOUNDARY = const(200)
NO = const(0)
MATCH = const(1)
MORE = const(2)  # it depends on octets that have not come yet
AGAIN = const(3)  # there was enough to do for one step

_TRIES = const(16)  # lines like delimiters in one step: a mail of nothing else lets others run
_DASHES = b"--"
_FRONT = b"\n--"


class Level:
    """One multipart that is open."""

    seen = False  # its delimiter has come at least once
    group = 0  # number of the multipart/alternative around its parts
    direct = False  # it is that multipart/alternative itself

    def __init__(self, boundary: bytes, content_type: str, forwards: int) -> None:
        self.delimiter = _DASHES + boundary
        self.content_type = content_type
        self.forwards = forwards  # message/rfc822 around it


# Is the line at p[at] the delimiter d[0..length-1]? 0: no; 2: it depends on what comes behind
# p[end-1]; else 8 times the offset behind it, plus 4 when it closes the multipart, plus 1 when it
# goes on behind 64 blanks. Bounds: reads p[at..end-1].
@micropython.viper
def _compare(p: ptr8, at: int, end: int, d: ptr8, length: int, final: int) -> int:
    more = 0 if final else 2
    k = 0
    while k < length:
        if at == end:
            return more
        if int(p[at]) != int(d[k]):
            return 0
        at += 1
        k += 1
    closes = 0
    if at < end and int(p[at]) == 45:
        if at + 1 == end:
            return more
        if int(p[at + 1]) == 45:
            closes = 4
            at += 2
    limit = at + 64
    while at < end:
        c = int(p[at])
        at += 1
        if c == 10:
            return (at << 3) + closes
        if at > limit:
            return (at << 3) + closes + 1
        if c != 32 and c != 9 and c != 13:
            return 0
    return (at << 3) + closes if final else 2


class Boundaries:
    """Open multiparts, outermost first.

    After a MATCH: `level`, `closes`, `after` (offset behind the line), `cut` (the line goes on).
    """

    level = 0
    closes = False
    after = 0
    cut = False
    at = 0

    def __init__(self) -> None:
        self.levels: list[Level] = []

    def find(self, buffer: bytearray, start: int, end: int, final: bool) -> int:
        """Search buffer[start:end] for a line end with a delimiter of any level: MATCH, NO, AGAIN.

        None begins before `self.at`; from there on octets must be kept until more have come, or
        searched again.
        """
        self.at = end
        tries = _TRIES if self.levels else 0
        while tries:
            at = buffer.find(_FRONT, start, end)
            whole = at >= 0
            if not whole:  # the front of one may have come
                at = buffer.rfind(b"\n", max(start, end - 2), end)
            verdict = NO if at < 0 else self.judge(buffer, at + 1, end, final)
            if verdict != NO:
                self.at = at
                return MATCH if verdict == MATCH else NO
            if not whole:
                return NO
            start = at + 1
            tries -= 1
        if not self.levels:
            return NO
        self.at = start
        return AGAIN

    def judge(self, buffer: bytearray, line: int, end: int, final: bool) -> int:
        """Is the line at `line` a delimiter? MATCH, NO or MORE. Inner multiparts come first."""
        level = len(self.levels)
        found = 0
        while level and not found:
            level -= 1
            delimiter = self.levels[level].delimiter
            found = _compare(buffer, line, end, delimiter, len(delimiter), final)
        if found <= MORE:
            return found
        self.level = level
        self.closes = bool(found & 4)
        self.cut = bool(found & 1)
        self.after = found >> 3
        return MATCH
