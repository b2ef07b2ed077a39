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

_PADDING = const(64)  # so many blanks behind a boundary, and the line is a delimiter anyway
_TRIES = const(16)  # lines like delimiters in one step: a mail of nothing else lets others run
_DASHES = b"--"


class Level:
    """One multipart that is open."""

    def __init__(self, boundary: bytes) -> None:
        self.delimiter = _DASHES + boundary
        self.seen = False  # its delimiter has come at least once
        self.content_type = ""
        self.group = 0  # number of the multipart/alternative around its parts
        self.direct = False  # it is that multipart/alternative itself
        self.digest = False
        self.forwards = 0  # message/rfc822 around it


# The first place from `at` where one of the fronts lies, or the first where none would fit before
# `end` (Horspool). Bounds: reads p[at..at+window-1] while at + window <= end, `fronts` below
# count * window, `skip` below 256.
@micropython.viper
def _search(p: ptr8, at: int, end: int, skip: ptr8, fronts: ptr8, window: int, count: int) -> int:
    last = window - 1
    while at + window <= end:
        step = int(skip[int(p[at + last])])
        if step == 0:
            step = 1
            k = 0
            while k < count and int(p[at]) == 10:
                j = 0
                while j < window and int(p[at + j]) == int(fronts[k * window + j]):
                    j += 1
                if j == window:
                    return at
                k += 1
        at += step
    return at


# Bounds: writes p[0..255].
@micropython.viper
def _fill(p: ptr8, value: int) -> int:
    for at in range(256):
        p[at] = value
    return value


class Boundaries:
    """Open multiparts, outermost first.

    After a MATCH: `level`, `closes`, `after` (offset behind the line), `cut` (the line goes on).
    """

    def __init__(self) -> None:
        self.levels: list[Level] = []
        self.level = 0
        self.closes = False
        self.after = 0
        self.cut = False
        self.at = 0
        self._skip = bytearray(256)
        self._fronts = b""
        self._window = 0

    def push(self, level: Level) -> None:
        """Open a multipart inside the others."""
        self.levels.append(level)
        self._prepare()

    def truncate(self, count: int) -> None:
        """Keep only the `count` outermost."""
        del self.levels[count:]
        self._prepare()

    def _prepare(self) -> None:
        """Tables for the search: the fronts of all delimiters, as long as the shortest."""
        if not self.levels:
            return
        window = min(len(level.delimiter) for level in self.levels) + 1
        fronts = [b"\n" + level.delimiter[: window - 1] for level in self.levels]
        self._window = window
        self._fronts = b"".join(fronts)
        _fill(self._skip, window)
        for at in range(window):
            for front in fronts:
                self._skip[front[at]] = window - 1 - at

    def find(self, buffer: bytearray, start: int, end: int, final: bool) -> int:
        """Search buffer[start:end] for a line end with a delimiter of any level: MATCH, NO, AGAIN.

        None begins before `self.at`; from there on octets must be kept until more have come, or
        searched again.
        """
        at = start
        tries = _TRIES
        while self.levels:
            at = _search(buffer, at, end, self._skip, self._fronts, self._window, len(self.levels))
            if at + self._window > end:
                # only a line end with the front of a delimiter behind it must wait for more
                line_end = buffer.rfind(b"\n", at, end)
                waits = line_end >= 0 and self.judge(buffer, line_end + 1, end, final) != NO
                at = line_end if waits else end
                break
            verdict = self.judge(buffer, at + 1, end, final)
            if verdict != NO:
                self.at = at
                return MATCH if verdict == MATCH else NO
            at += 1
            tries -= 1
            if tries == 0:
                self.at = at
                return AGAIN
        self.at = end if final or not self.levels else at
        return NO

    def judge(self, buffer: bytearray, line: int, end: int, final: bool) -> int:
        """Is the line at `line` a delimiter? MATCH, NO or MORE. Inner multiparts come first."""
        for level in range(len(self.levels) - 1, -1, -1):
            delimiter = self.levels[level].delimiter
            have = min(len(delimiter), end - line)
            if buffer[line : line + have] != delimiter[:have]:
                continue
            if have < len(delimiter):
                if final:
                    continue
                return MORE
            verdict = self._tail(buffer, line + have, end, final)
            if verdict != NO:
                self.level = level
                return verdict
        return NO

    def _tail(self, buffer: bytearray, at: int, end: int, final: bool) -> int:
        """What follows the boundary: perhaps two dashes, blanks, the end of the line."""
        dashes = min(2, end - at)
        self.closes = buffer[at : at + dashes] == _DASHES
        if self.closes:
            at += 2
        elif dashes == 1 and buffer[at] == 0x2D and not final:
            return MORE
        limit = at + _PADDING
        while at < end:
            octet = buffer[at]
            at += 1
            self.cut = at > limit
            if octet == 10 or self.cut:
                self.after = at
                self.cut = octet != 10
                return MATCH
            if octet not in b" \t\r":
                return NO
        self.after = end
        self.cut = False
        return MATCH if final else MORE
