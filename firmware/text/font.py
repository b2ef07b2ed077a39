"""Bitmap font reader: glyphs come from flash through a small cache and are painted into packed
head lines.

The file format is described in `tools/make_font.py`, which makes the files. What a cell is: see
`firmware/text/cells.py`.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import micropython
from micropython import const

if TYPE_CHECKING:
    from micropython import ptr8, ptr16

_LINE_OCTETS = const(216)
_LINE_DOTS = const(1728)
_HEAD_OCTETS = const(12)
_MAX_RUNS = const(64)

# what `Font.paint` hands to `_paint`
_X = const(0)
_Y = const(1)
_WIDTH = const(2)
_BOLD = const(3)
_FIRST = const(4)
_LINES = const(5)
_MASK = const(6)


@micropython.viper
def _paint(
    band: ptr8, cells: ptr16, at: int, count: int, place: ptr16, table: ptr16, arena: ptr8
) -> int:
    # Returns `count`, or the index of the first cell whose glyph isn't in the cache; place[_X] is
    # then its left edge. Bounds: a glyph is painted only where x + 25 <= 1728, so that the four
    # octets from x // 8 are in its line; lines are clipped to 0..lines - 1, and the caller checked
    # that the band has so many. The probe ends because a quarter of the table is always empty;
    # runs in the arena were counted when loaded.
    x = int(place[_X])
    width = int(place[_WIDTH])
    lines = int(place[_LINES])
    mask = int(place[_MASK])
    while at < count:
        code = int(cells[at])
        slot = (code ^ (code >> 6)) & mask
        while int(table[2 * slot + 1]) != 0 and int(table[2 * slot]) != code:
            slot = (slot + 1) & mask
        p = int(table[2 * slot + 1])
        if p == 0:
            break
        if x + 25 > _LINE_DOTS:
            at = count
            break
        left = x
        if 0x300 <= code < 0x370 and x >= width:
            left = x - width
        else:
            x += width
        shift = left & 7
        end = p + 1 + 3 * int(arena[p])
        p += 1
        line = int(place[_Y]) - int(place[_FIRST])
        while p < end:
            bits = int(arena[p]) | (int(arena[p + 1]) << 8) | (int(arena[p + 2]) << 16)
            p += 3
            row = (bits >> 6) << 1
            if int(place[_BOLD]) != 0:
                row = row | (row >> 1)
            a = line if line > 0 else 0
            line += (bits & 63) + 1
            b = line if line < lines else lines
            if row != 0 and a < b:
                o0 = row >> (11 + shift)
                o1 = (row >> (3 + shift)) & 255
                o2 = ((row << 5) >> shift) & 255
                o3 = (((row & 255) << 13) >> shift) & 255
                q = a * _LINE_OCTETS + (left >> 3)
                while a < b:
                    band[q] = int(band[q]) | o0
                    band[q + 1] = int(band[q + 1]) | o1
                    band[q + 2] = int(band[q + 2]) | o2
                    if o3 != 0:
                        band[q + 3] = int(band[q + 3]) | o3
                    q += _LINE_OCTETS
                    a += 1
        at += 1
    place[_X] = x
    return at


def font_path(name: str) -> str:
    """Path of the font file `name` that lies beside this module."""
    here = __file__.replace("\\", "/")
    return (here.rsplit("/", 1)[0] + "/" if "/" in here else "") + name


class Font:
    """One font file, kept open, with a glyph cache of `cache_octets` (a power of two, 512..65536)
    in all, three quarters of them in `arena` where one is lent.

    `width` dots and `height` lines are those of the cell, `base` is the line of the base line in
    it. Raises OSError when the file can't be read, ValueError when it is not a font.
    """

    def __init__(self, path: str = "", cache_octets: int = 4096,
                 arena: bytearray | None = None) -> None:
        self._arena = bytearray(cache_octets * 3 // 4) if arena is None else arena
        self._view = memoryview(self._arena)
        self._table = array("H", bytearray(cache_octets // 4))
        self._slots = cache_octets // 16
        self._place = array("H", (0, 0, 0, 0, 0, 0, self._slots - 1))
        self._pair = bytearray(4)
        self._entries = 0
        self._used = 0
        self._file = open(path or font_path("text.fnt"), "rb")
        self._read_head()
        self.flush()

    def _read_head(self) -> None:
        head = self._file.read(_HEAD_OCTETS)
        if (
            len(head) != _HEAD_OCTETS
            or head[:4] != b"RMF1"
            or not 0 < head[4] <= 18
            or not 0 < head[5] <= 64
        ):
            raise ValueError("not a font file")
        self.width = head[4]
        self.height = head[5]
        self.base = head[6]
        count = head[8] | head[9] << 8
        start = _HEAD_OCTETS + (head[10] | head[11] << 8)
        self._file.seek(start)
        table = self._file.read(6 * count)
        if not count or len(table) != 6 * count:
            raise ValueError("the font file is cut short")
        codes = (table[at] | table[at + 1] << 8 for at in range(0, 6 * count, 2))
        self._ranges = array("H", codes)
        self._glyphs = self._ranges[-1] + self._ranges[-2] - self._ranges[-3] + 1
        self._index = start + 6 * count
        self._runs = self._index + 2 * (self._glyphs + 1)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def flush(self) -> None:
        """Forget all cached glyphs."""
        for slot in range(self._slots):
            self._table[2 * slot + 1] = 0
        self._entries = 0
        self._used = 1  # 0 in the table means an empty slot

    def paint(
        self,
        band: bytearray,
        first: int,
        lines: int,
        cells: array[int],
        count: int,
        x: int,
        y: int,
        bold: bool = False,
    ) -> int:
        """Paint `count` cells, the first with its left edge at dot `x` and its top at line `y`;
        returns the dot after them.

        `band` holds lines `first`..`first + lines - 1`, 216 octets each, MSB leftmost, 1 = black;
        what lies outside is clipped. Dots are added to those that are there. Raises ValueError
        when `band` is too small or the font is damaged.
        """
        if lines * _LINE_OCTETS > len(band) or count > len(cells) or min(first, x, y) < 0:
            raise ValueError("the band is too small")
        place = self._place
        place[_X] = x
        place[_Y] = y
        place[_WIDTH] = self.width
        place[_BOLD] = 1 if bold else 0
        place[_FIRST] = first
        place[_LINES] = lines
        at = _paint(band, cells, 0, count, place, self._table, self._arena)
        while at < count:
            self._load(cells[at])
            at = _paint(band, cells, at, count, place, self._table, self._arena)
        return place[_X]

    def _number(self, code: int) -> int:
        ranges = self._ranges
        for at in range(0, len(ranges), 3):
            if ranges[at] <= code <= ranges[at + 1]:
                return ranges[at + 2] + code - ranges[at]
        return -1

    def _load(self, code: int) -> None:
        number = self._number(code)
        if number < 0:
            # a mark without a glyph leaves its letter as it is: the first glyph is the space
            number = 0 if 0x300 <= code < 0x370 else self._glyphs - 1
        self._fill(self._index + 2 * number, self._pair)
        first = self._pair[0] | self._pair[1] << 8
        runs = (self._pair[2] | self._pair[3] << 8) - first
        if not 0 <= runs <= _MAX_RUNS:
            raise ValueError("the font file is damaged")
        if self._used + 1 + 3 * runs > len(self._arena) or 4 * self._entries >= 3 * self._slots:
            self.flush()
        start = self._used
        self._arena[start] = runs
        self._used = start + 1 + 3 * runs
        if runs:
            self._fill(self._runs + 3 * first, self._view[start + 1 : self._used])
        self._enter(code, start)

    def _enter(self, code: int, start: int) -> None:
        table, mask = self._table, self._slots - 1
        slot = (code ^ code >> 6) & mask
        while table[2 * slot + 1]:
            slot = (slot + 1) & mask
        table[2 * slot] = code
        table[2 * slot + 1] = start
        self._entries += 1

    def _fill(self, offset: int, view: bytearray | memoryview) -> None:
        self._file.seek(offset)
        if self._file.readinto(view) != len(view):
            raise ValueError("the font file is cut short")
