"""Text on paper: word wrap and pages.

Pieces of text go through a `Wrapper` to visual lines and through a `Pager` to pages; a `Canvas`
draws each line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from micropython import const

from firmware.text.canvas import COLUMNS
from firmware.text.cells import code_at, columns_of, copy_ascii, octets_of

if TYPE_CHECKING:
    from collections.abc import Iterator

FORM_FEED = "\f"
MARGIN_LINES = const(154)  # 10 mm above and below the text
_SPARE = const(64)  # octets for combining and invisible characters in one line


class Wrapper:
    """Word wrap of text that comes in pieces, to lines of at most `columns` columns.

    Lines break at spaces and tabs; a word longer than a line is split. Tabs go to the next
    multiple of `tab` columns. CR, LF, CRLF, VT, NEL and U+2028/2029 end a line; a form feed ends
    it too and is yielded by itself as FORM_FEED. Other control characters are dropped. Lines that
    go on from the line before are indented by `hang` columns. Spaces at a line's end go. Of the
    combining marks only so many are kept that a line stays bounded.
    """

    def __init__(self, columns: int = COLUMNS, tab: int = 8, hang: int = 0) -> None:
        if columns < 4:
            raise ValueError("too few columns")
        self._columns = columns
        self._tab = tab
        self._hang = min(hang, columns // 2)
        self._line = bytearray(4 * columns + _SPARE)
        self._after_cr = False
        self._begin(0)

    def _begin(self, indent: int) -> None:
        for at in range(indent):
            self._line[at] = 32
        self._used = self._column = indent
        self._text_end = 0  # octets up to the last break, without its spaces; 0: no break yet
        self._next_word = 0  # octets up to the word after that break

    def feed(self, piece: str) -> Iterator[str]:
        """Yield the lines that `piece` completes."""
        octets = piece.encode("utf-8", "replace")
        at, end = 0, len(octets)
        while at < end:
            room = self._columns - self._column
            took = copy_ascii(octets, at, end, 33, self._line, self._used, room, 1)
            if took:
                at += took
                self._used += took
                self._column += took
                self._after_cr = False
                continue
            code = code_at(octets, at)
            size = octets_of(octets[at])
            if code == 32 or code == 9:
                self._space(code)
            elif 10 <= code <= 13 or code == 0x85 or code == 0x2028 or code == 0x2029:
                if not (code == 10 and self._after_cr):
                    yield self._flush()
                if code == 12:
                    yield FORM_FEED
            else:
                columns = columns_of(code)
                if self._column + columns > self._columns:
                    yield self._wrap()
                    continue
                self._keep(octets, at, size, columns)
            self._after_cr = code == 13
            at += size

    def finish(self) -> Iterator[str]:
        """Yield the last line, when it has no end of its own, and begin anew."""
        if self._used:
            yield self._flush()
        self._after_cr = False

    def _space(self, code: int) -> None:
        if self._used > self._next_word or not self._next_word:
            self._text_end = self._used if self._has_text() else 0
        room = self._columns - self._column
        count = min(room, self._tab - self._column % self._tab if code == 9 else 1)
        for _ in range(count):
            self._line[self._used] = 32
            self._used += 1
        self._column += count
        self._next_word = self._used

    def _has_text(self) -> bool:
        return self._text_end > 0 or any(self._line[at] != 32 for at in range(self._used))

    def _keep(self, octets: bytes, at: int, size: int, columns: int) -> None:
        if columns == 0:
            code = octets[at]
            spare = len(self._line) - self._used - 4 * (self._columns - self._column)
            if (
                code < 32
                or code == 127
                or (code == 0xC2 and octets[at + 1] < 0xA0)
                or size > spare
            ):
                return
        self._line[self._used : self._used + size] = octets[at : at + size]
        self._used += size
        self._column += columns

    def _flush(self) -> str:
        line = self._text(self._used)
        self._begin(0)
        return line

    def _text(self, end: int) -> str:
        while end and self._line[end - 1] == 32:
            end -= 1
        return str(memoryview(self._line)[:end], "utf-8")

    def _wrap(self) -> str:
        """The line up to its last break, or all of it when it has none; what is left begins the
        next one.
        """
        split = self._next_word if self._text_end else self._used
        line = self._text(split)
        rest = bytes(memoryview(self._line)[split : self._used])
        width = _width(rest)
        self._begin(min(self._hang, self._columns - width))
        self._line[self._used : self._used + len(rest)] = rest
        self._used += len(rest)
        self._column += width
        return line


def _width(octets: bytes) -> int:
    at = columns = 0
    while at < len(octets):
        columns += columns_of(code_at(octets, at))
        at += octets_of(octets[at])
    return columns


class Pager:
    """Puts lines on pages of `rows` rows; yields FORM_FEED where a page begins, the first one too.

    A page begins only when there is text for it: form feeds and empty lines at the end cost no
    sheet. Empty lines that would run over the end of a page are dropped.
    """

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._row = -1  # no page is open
        self._empty = 0

    def place(self, line: str) -> Iterator[str]:
        """Yield what goes on paper now: lines, and FORM_FEED before each page's first line."""
        if line == FORM_FEED:
            self._row = -1
            self._empty = 0
            return
        if not line:
            self._empty += 1
            return
        if self._row < 0:
            self._row = 0
            self._empty = min(self._empty, self._rows - 1)
            yield FORM_FEED
        elif self._row + self._empty >= self._rows:
            self._row = self._empty = 0
            yield FORM_FEED
        self._row += self._empty + 1
        while self._empty:
            self._empty -= 1
            yield ""
        yield line


def rows_on_page(recordable_lines: int, row_lines: int) -> int:
    """Rows of text on a sheet between margins of 10 mm."""
    return (recordable_lines - 2 * MARGIN_LINES) // row_lines
