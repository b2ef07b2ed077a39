"""The header block of a mail or a part (RFC 5322 section 2.2), by line, in constant memory."""
from __future__ import annotations

from typing import TYPE_CHECKING

import micropython
from micropython import const

from firmware.mail.boundary import MATCH, MORE

if TYPE_CHECKING:
    from collections.abc import Callable

    from micropython import ptr8

    from firmware.mail.boundary import Boundaries

FIELD = const(1024)  # octets kept of one unfolded field
_LINES = const(16)  # read in one step
_NAME = const(80)  # a line without a colon among so many octets is no field

_OPEN = const(0)
_END = const(1)
_WAIT = const(2)

KNOWN = ("", "from", "sender", "return-path", "subject", "date", "message-id",
         "content-type", "content-transfer-encoding", "content-disposition")
# the same for the loop below: each with its length before it, a 0 behind the last
_NAMES = b"".join([bytes([len(name)]) + name.encode() for name in KNOWN[1:]]) + b"\0"


# Bounds: reads p[start..end-1], and `names` up to its last octet, which is 0.
@micropython.viper
def _field_name(p: ptr8, start: int, end: int, names: ptr8) -> int:
    """Of a line that begins with a good field name: 16 times the octets up to the value, plus
    the name's place among the known ones, 0 for another. 0 for any other line.
    """
    limit = end if end - start < 80 else start + 80
    at = start
    while at < limit:
        octet = int(p[at])
        if octet < 33 or octet > 126 or octet == 58:
            break
        at += 1
    length = at - start
    while at < limit and (int(p[at]) == 32 or int(p[at]) == 9):
        at += 1
    if length == 0 or at >= limit or int(p[at]) != 58:
        return 0
    value = (at + 1 - start) << 4
    place = 1
    name = 0
    while int(names[name]) != 0:
        if int(names[name]) == length:
            at = 0
            while at < length and int(p[start + at]) | 32 == int(names[name + 1 + at]):
                at += 1
            if at == length:
                return value + place
        name += int(names[name]) + 1
        place += 1
    return value


class HeaderBlock:
    """Reads header lines out of `buffer`, whose first FIELD octets hold the field being read.

    :param take: called with each known field: name in lower case, unfolded value
    """

    def __init__(self, buffer: bytearray, boundaries: Boundaries,
                 take: Callable[[str, bytes], None]) -> None:
        self.ended = False  # the block is over
        self.empty = True  # not even a line has come
        self.paused = False  # enough for one step, though there is more to read
        self._buffer = buffer
        self._view = memoryview(buffer)
        self._boundaries = boundaries
        self._take = take
        self._inside = False  # within a line
        self._name = ""  # of the field being read, '' for one that nobody wants
        self._length = 0

    def begin(self) -> None:
        """Start a new block."""
        self.ended = False
        self.empty = True
        self._inside = False
        self._name = ""
        self._length = 0

    def read(self, start: int, end: int, final: bool) -> int:
        """Read lines from buffer[start:end]; returns the offset behind what was read.

        The block is over (`ended`) at an empty line, before a delimiter, and before a line that is
        no field. After some lines it returns anyway (`paused`).
        """
        lines = _LINES
        while start < end:
            self.paused = lines == 0
            if self.paused:
                return start
            if not self._inside:
                state = _OPEN
                field = _field_name(self._buffer, start, end, _NAMES)
                if field and self._buffer[start] != 0x2D:
                    self.empty = False
                    self._next_field(field)
                    start += field >> 4
                else:
                    state, start = self._line(start, end, final)
                if state == _WAIT:
                    return start
                if state == _END:
                    return self._finish(start)
            start = self._rest(start, end, final)
            lines -= 1
            if self._inside and not final:
                return start
        return self._finish(start) if final else start

    def _finish(self, start: int) -> int:
        self._next_field(0)
        self.ended = True
        return start

    def _next_field(self, field: int) -> None:
        """A field is over; of the name of the next one `_field_name` said `field`, 0 for none."""
        if self._name:
            self._take(self._name, bytes(self._view[: self._length]))
        self._name = KNOWN[field & 15]
        self._length = 0

    def _line(self, start: int, end: int, final: bool) -> tuple[int, int]:
        """Look at the front of a line: is the block open still, and where to go on."""
        first = self._buffer[start]
        if first == 0x2D:
            verdict = self._boundaries.judge(self._buffer, start, end, final)
            if verdict == MORE:
                return _WAIT, start
            if verdict == MATCH:
                return _END, start
        if first == 10:
            self.empty = False
            return _END, start + 1
        if first == 13:
            if end - start < 2:
                return (_END, end) if final else (_WAIT, start)
            self.empty = False
            return _END, start + 2 if self._buffer[start + 1] == 10 else start
        if first == 32 or first == 9:
            self.empty = False
            return _OPEN, start
        return self._field(start, end, final)

    def _field(self, start: int, end: int, final: bool) -> tuple[int, int]:
        """A new field, or what is none."""
        field = _field_name(self._buffer, start, end, _NAMES)
        limit = min(end, start + _NAME)
        if not (field or final or limit == start + _NAME or self._told(start, limit)):
            return _WAIT, start
        first = self.empty
        self.empty = False
        self._next_field(field)
        if field:
            return _OPEN, start + (field >> 4)
        front = bytes(self._view[start : min(start + 6, end)])
        if first and (front[:5] == b"From " or front == b">From "):
            return _OPEN, start  # the envelope line of an mbox
        return _END, start

    def _told(self, start: int, limit: int) -> bool:
        """True when enough of a line has come to tell that it is no field."""
        buffer = self._buffer
        return buffer.find(b":", start, limit) >= 0 or buffer.find(b"\n", start, limit) >= 0

    def _rest(self, start: int, end: int, final: bool) -> int:
        """Keep the rest of a line as far as it has come and fits."""
        line_end = self._buffer.find(b"\n", start, end)
        stop = end if line_end < 0 else line_end
        if stop > start and self._buffer[stop - 1] == 13:
            stop -= 1
        count = min(stop - start, FIELD - self._length) if self._name else 0
        if count > 0:
            self._view[self._length : self._length + count] = self._view[start : start + count]
            self._length += count
        self._inside = line_end < 0
        if line_end >= 0:
            return line_end + 1
        return end if final else stop
