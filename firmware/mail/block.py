"""The header block of a mail or a part (RFC 5322 section 2.2), by line, in constant memory."""
from __future__ import annotations

from typing import TYPE_CHECKING

from micropython import const

from firmware.mail.boundary import MATCH, MORE
from firmware.mail.words import is_token

if TYPE_CHECKING:
    from firmware.mail.boundary import Boundaries

FIELD = const(1024)  # octets kept of one unfolded field
_LINES = const(16)  # read in one step
_NAME = const(80)  # a line without a colon among so many octets is no field

_OPEN = const(0)
_END = const(1)
_WAIT = const(2)

KNOWN = ("from", "sender", "return-path", "subject", "date", "message-id",
         "content-type", "content-transfer-encoding", "content-disposition")


class HeaderBlock:
    """Reads header lines out of `buffer`, whose first FIELD octets hold the field being read."""

    def __init__(self, buffer: bytearray, boundaries: Boundaries) -> None:
        self.ended = False  # the block is over
        self.empty = True  # not even a line has come
        self.paused = False  # enough for one step, though there is more to read
        self._buffer = buffer
        self._view = memoryview(buffer)
        self._boundaries = boundaries
        self._fields: list[tuple[str, bytes]] = []
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

    def fields(self) -> list[tuple[str, bytes]]:
        """Known fields complete since the last call: name in lower case, unfolded value."""
        fields = self._fields
        self._fields = []
        return fields

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
        self._flush()
        self.ended = True
        return start

    def _flush(self) -> None:
        if self._name:
            self._fields.append((self._name, bytes(self._view[: self._length])))
        self._name = ""
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
        """A new field: take its name."""
        limit = min(end, start + _NAME)
        colon = self._buffer.find(b":", start, limit)
        line_end = self._buffer.find(b"\n", start, limit if colon < 0 else colon)
        if colon < 0 and line_end < 0 and limit < start + _NAME and not final:
            return _WAIT, start
        first = self.empty
        self.empty = False
        name = b"" if colon < 0 or line_end >= 0 else bytes(self._view[start:colon]).rstrip(b" \t")
        self._flush()
        if name and is_token(name):
            text = str(name, "utf-8").lower()
            self._name = text if text in KNOWN else ""
            return _OPEN, colon + 1
        front = bytes(self._view[start : min(start + 6, end)])
        if first and (front[:5] == b"From " or front == b">From "):
            return _OPEN, start  # the envelope line of an mbox
        return _END, start

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
