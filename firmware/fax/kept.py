"""Directories that are kept, because their places in the file will be gone or lie too far ahead
when their pages are decoded; `recording/learning.py` says when. They lie in blocks of the spool's
flash that are its own, some 20 octets a page, so that keeping them takes no memory. Loaded for a
moment: what has to last is in `Kept` (recording/document.py), which is always there.

A record: octets of what follows the head (2), 1 where it is whole (1); then numbers of seven bits
an octet: part, link, and 0 for a page or one more than the code of the fault. A page goes on with
1 + the place of the fields that it has in common with others, or 0 and these fields; then with its
own, and the strip table.
"""
from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from micropython import const

from firmware.fax.buffers import STRIPS
from firmware.fax.directory import Directory, TiffError
from firmware.store.spool import SPARE

if TYPE_CHECKING:
    from array import array
    from typing import Any

    from firmware.recording.document import Kept

_HEAD = const(3)
_COMMON = const(13)  # fields that most pages of a file have in common
_PIECE = const(32)  # read at once; divides a block
_WRITTEN = const(64)  # programmed at once
_UNLIMITED = const(0xFFFFFFFF)
_EXPLICIT = const(3)  # the gap before a strip is a number of its own


class Full(Exception):
    """More directories, or longer strip tables, than there is room for."""


class _Tape:
    """Reads numbers from `at` on."""

    def __init__(self, kept: Kept, at: int) -> None:
        self.at = at
        self._area = kept.area
        self._base = (kept.area.block_count - SPARE) * kept.area.block_size
        self._piece = memoryview(bytearray(_PIECE))
        self._from = -_PIECE

    def octet(self) -> int:
        """The next octet."""
        ahead = self.at - self._from
        if not 0 <= ahead < _PIECE:
            ahead = self.at % _PIECE
            self._from = self.at - ahead
            self._area.read(self._base + self._from, self._piece)
        self.at += 1
        return self._piece[ahead]

    def number(self) -> int:
        """The next number, 0 or more."""
        number = shift = 0
        while True:
            octet = self.octet()
            number |= (octet & 127) << shift
            shift += 7
            if octet < 128:
                return number

    def signed(self) -> int:
        """The next number, of either sign."""
        number = self.number()
        return -(number >> 1) if number & 1 else number >> 1


class _Pen:
    """Writes a record behind the last one. Raises Full, OSError."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self._area = kept.area
        self._base = (kept.area.block_count - SPARE) * kept.area.block_size
        self._piece = memoryview(bytearray(_WRITTEN))
        self._fill = 0
        self._at = kept.end + _HEAD  # where the next piece goes
        self._room(self._at)

    @property
    def at(self) -> int:
        """Where the next number goes."""
        return self._at + self._fill

    def _room(self, end: int) -> None:
        """See to it that there is erased space up to there."""
        size, kept = self._area.block_size, self._kept
        if end > SPARE * size:
            raise Full
        while kept.erased * size < end:
            self._area.erase(self._base // size + kept.erased)
            kept.erased += 1

    def _program(self, at: int, data: memoryview) -> None:
        size = self._area.block_size
        first = min(len(data), size - at % size)
        for piece in (data[:first], data[first:]):
            if len(piece):
                self._area.program(self._base + at, piece)
                at += len(piece)

    def octet(self, octet: int) -> None:
        """Append an octet."""
        if self._fill == _WRITTEN:
            self._flush()
        self._piece[self._fill] = octet
        self._fill += 1

    def _flush(self) -> None:
        self._room(self._at + self._fill)
        self._program(self._at, self._piece[: self._fill])
        self._at += self._fill
        self._fill = 0

    def number(self, number: int) -> None:
        """Append a number, 0 or more."""
        while number > 127:
            self.octet(number & 127 | 128)
            number >>= 7
        self.octet(number)

    def signed(self, number: int) -> None:
        """Append a number of either sign."""
        self.number(number << 1 if number >= 0 else -number << 1 | 1)

    def close(self, link: int) -> None:
        """The record is whole."""
        self._flush()
        self._end(1)
        kept = self._kept
        kept.low, kept.high = min(kept.low, link), max(kept.high, link)

    def give_up(self) -> None:
        """What was written of it is passed over."""
        self._end(0)

    def _end(self, whole: int) -> None:
        start = self._kept.end
        head = struct.pack(">HB", self._at - start - _HEAD, whole)
        self._program(start, memoryview(head))
        self._kept.end = self._at


def _find(kept: Kept, part: int, link: int) -> int:
    """Where the record of that directory begins, -1 where there is none. From the one on that was
    wanted last: they are wanted in this order.
    """
    if kept.low <= link <= kept.high:
        for at, end in ((kept.cursor, kept.end), (0, kept.cursor)):
            while at < end:
                tape = _Tape(kept, at)
                octets, whole = tape.octet() << 8 | tape.octet(), tape.octet()
                if whole and tape.number() == part and tape.number() == link:
                    return at
                at += _HEAD + octets
    return -1


def _opened(kept: Kept, at: int) -> tuple[_Tape, int, int]:
    """A record, read up to its code, which is the last one; its link."""
    tape = _Tape(kept, at + _HEAD)
    tape.number()
    link = tape.number()
    return tape, link, tape.number()


def has(kept: Kept, part: int, link: int) -> bool:
    """True when the directory at `link` of that part is here."""
    return _find(kept, part, link) >= 0


def page(
    kept: Kept, part: int, link: int, table: array[int]
) -> tuple[Directory | TiffError | None, int] | None:
    """What is at `link`, for a reader that goes on there: a page, why there is none, or None
    behind the last; and the next link. None when it is not kept.
    """
    at = _find(kept, part, link)
    if at < 0:
        return None
    kept.cursor = at
    tape, link, code = _opened(kept, at)
    if code:
        following = tape.number()
        reason = bytes([tape.octet() for _ in range(tape.number())]).decode()
        return (TiffError(code - 1, reason) if code > 1 else None), following
    found: Directory = object.__new__(Directory)
    _common(found, kept, tape)
    found.next = link + tape.signed()
    found.length, found.rows_per_strip = tape.number(), tape.number()
    found.page, found.strips = tape.number(), tape.number()
    found.ordered = True
    found.hold = found.keep = _UNLIMITED
    found.taped = [kept, tape.at, 0, tape.at, 0]
    found.table = table
    found.cached = -1
    return found, found.next


def _common(found: Directory, kept: Kept, tape: _Tape) -> None:
    """The fields that the page has in common with others."""
    place = tape.number()
    if place:
        tape = _Tape(kept, place - 1)
    fields = [tape.number() - 1 for _ in range(_COMMON)]
    found.mixed, found.width, found.compression, found.photometric = fields[:4]
    found.fill_order, found.orientation, found.options, found.total = fields[4:8]
    found.x_dpi_x100, found.y_dpi_x100 = fields[8:10]
    found.counted = fields[10:]


def _fields(page: Directory) -> list[int]:
    fields = [
        page.mixed, page.width, page.compression, page.photometric,
        page.fill_order, page.orientation, page.options, page.total,
        page.x_dpi_x100, page.y_dpi_x100,
    ]
    fields.extend(page.counted)
    return fields


def _strip(tape: _Tape, index: int, end: int) -> tuple[int, int]:
    """The next strip: its place, its octets (0 where the file does not say them). The one before
    it ends at `end`.
    """
    if not index:
        end = tape.number()
    octets = tape.number()
    gap = octets & _EXPLICIT
    return end + (tape.signed() if gap == _EXPLICIT else gap), octets >> 2


def load(taped: list[Any], table: array[int], first: int, strips: int) -> None:
    """Fill the strip table of a page that `page` gave, from strip `first` on."""
    kept, start, index, at, end = taped
    if first < index:
        index, at = 0, start
    tape = _Tape(kept, at)
    for place in range(len(table)):
        table[place] = 0
    while index < min(first + STRIPS, strips):
        offset, octets = _strip(tape, index, end)
        end = offset + octets
        if index >= first:
            table[2 * (index - first)], table[2 * (index - first) + 1] = offset, octets
        index += 1
    taped[2:] = index, tape.at, end


def span(kept: Kept, part: int, link: int) -> tuple[int, int, bool, int] | None:
    """From where to where the data of the page at `link` lie, whether in the order of its rows,
    and the next link; the first is -1 where there is no page. None when it is not kept.
    """
    at = _find(kept, part, link)
    if at < 0:
        return None
    tape, link, code = _opened(kept, at)
    if code:
        return -1, 0, True, tape.number()
    if not tape.number():
        for _ in range(_COMMON):
            tape.number()
    following = link + tape.signed()
    for _ in range(3):
        tape.number()
    low, high, ordered, last, end = _UNLIMITED, 0, True, 0, 0
    for index in range(tape.number()):
        offset, octets = _strip(tape, index, end)
        end = offset + octets
        ordered, last = ordered and offset >= last, offset
        low, high = min(low, offset), max(high, end)
    return low, high, ordered, following


async def add(kept: Kept, part: int, link: int, page: Directory) -> None:
    """Keep a page. Raises Full, OSError, and what reading its strip table raises."""
    pen = _Pen(kept)
    try:
        for number in (part, link, 0):
            pen.number(number)
        common = _write_common(kept, pen, page)
        pen.signed(page.next - link)  # short: directories lie side by side
        for number in (page.length, page.rows_per_strip, page.page, page.strips):
            pen.number(number)
        await _write_strips(pen, page)
        pen.close(link)
    except BaseException:
        pen.give_up()
        raise
    kept.common = common


def _write_common(kept: Kept, pen: _Pen, page: Directory) -> int:
    """Write the fields, or where they are; returns where they are, plus 1."""
    fields = [field + 1 for field in _fields(page)]
    if kept.common:
        tape = _Tape(kept, kept.common - 1)
        if fields == [tape.number() for _ in range(_COMMON)]:
            pen.number(kept.common)
            return kept.common
    pen.number(0)
    place = pen.at + 1
    for field in fields:
        pen.number(field)
    return place


async def _write_strips(pen: _Pen, page: Directory) -> None:
    """Each strip's octets, times four, plus the gap between it and the one before: 0, 1, 2 (for
    strips at even offsets), or 3 where the gap follows, doubled, plus one where it goes back.
    """
    end = -1
    for index in range(page.strips):
        offset, octets = await page.strip(index)
        if octets == _UNLIMITED:
            octets = 0
        if end < 0:
            end = offset
            pen.number(offset)
        gap = offset - end
        if 0 <= gap < _EXPLICIT:
            pen.number(octets << 2 | gap)
        else:
            pen.number(octets << 2 | _EXPLICIT)
            pen.signed(gap)
        end = offset + octets


def refuse(kept: Kept, part: int, link: int, code: int, reason: str, following: int) -> None:
    """Keep why there is no page at `link`; code 0: the chain ends there. Raises Full, OSError."""
    pen = _Pen(kept)
    try:
        text = reason.encode()
        for number in (part, link, code + 1, following, len(text)):
            pen.number(number)
        for octet in text:
            pen.octet(octet)
        pen.close(link)
    except BaseException:
        pen.give_up()
        raise
