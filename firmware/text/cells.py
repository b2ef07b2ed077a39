"""Characters as cells: how many columns they take, and short texts ready to be painted.

A cell is 16 bits: the code of the character, or a stand-in for one that the fonts cannot hold (the
halves of the box for a wide character, U+E000 and U+E001; the missing-character box, U+FFFF).
Texts are walked as UTF-8: on MicroPython each new one-character string would stay in memory for
good.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import micropython
from micropython import const

if TYPE_CHECKING:
    from micropython import ptr8

    from firmware.text.font import Font

_MOST_CELLS = const(160)  # of one label
_MISSING = const(0xFFFF)
_WIDE_LEFT = const(0xE000)
_WIDE_RIGHT = const(0xE001)
_ELLIPSIS = const(0x2026)


def columns_of(code: int) -> int:
    """Columns that a character takes: 0 (combining, invisible, control), 1, or 2 (East Asian wide,
    emoji).
    """
    if code < 0x300:
        return 0 if code < 0x20 or 0x7F <= code < 0xA0 or code == 0xAD else 1
    if code < 0x1100:
        return 0 if code < 0x370 else 1
    if code < 0x2E80:
        if code < 0x1160:
            return 2
        return (
            0
            if 0x200B <= code <= 0x200F or 0x202A <= code <= 0x202E or 0x2060 <= code <= 0x206F
            else 1
        )
    if code < 0xFE00:
        return 2 if code < 0xA4D0 or 0xAC00 <= code < 0xD7A4 or 0xF900 <= code < 0xFB00 else 1
    if code < 0x10000:
        if code < 0xFE10 or code == 0xFEFF:
            return 0
        return (
            2
            if 0xFE30 <= code < 0xFE70 or 0xFF01 <= code < 0xFF61 or 0xFFE0 <= code < 0xFFE7
            else 1
        )
    if code >= 0xE0000:
        return 0 if code < 0xE01F0 else 1
    return 2 if 0x1F300 <= code < 0x1FB00 or code >= 0x20000 else 1


def code_at(octets: bytes, at: int) -> int:
    """The character that begins at `at` in valid UTF-8."""
    lead = octets[at]
    if lead < 0x80:
        return lead
    if lead < 0xE0:
        return (lead & 31) << 6 | octets[at + 1] & 63
    if lead < 0xF0:
        return (lead & 15) << 12 | (octets[at + 1] & 63) << 6 | octets[at + 2] & 63
    return (
        (lead & 7) << 18
        | (octets[at + 1] & 63) << 12
        | (octets[at + 2] & 63) << 6
        | octets[at + 3] & 63
    )


def octets_of(lead: int) -> int:
    """Octets of the character whose UTF-8 begins with `lead`."""
    return 1 if lead < 0x80 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4


@micropython.viper
def copy_ascii(
    text: ptr8, at: int, end: int, low: int, line: ptr8, used: int, room: int, size: int
) -> int:
    """Copy the ASCII characters from `low` up that begin at `at`, to items of `size` octets
    (little-endian), at most `room`.

    Returns how many. The caller proves `end` <= len(text) and (`used` + `room`) * `size` <=
    len(line) in octets.
    """
    start = at
    used *= size
    while at < end and at - start < room and low <= int(text[at]) < 127:
        line[used + size - 1] = 0  # the upper octet of a cell; overwritten where size is 1
        line[used] = int(text[at])
        used += size
        at += 1
    return at - start


class Label:
    """A short text as cells, `most` of them, ready to be painted; `columns` is the width that it
    takes.
    """

    def __init__(self, font: Font, most: int = _MOST_CELLS) -> None:
        self.font = font
        self.columns = 0
        self._count = 0
        self._most = most
        self._cells = array("H", bytearray(2 * most))

    def set(self, text: str, limit: int = 120) -> bool:
        """Take `text`, at most `limit` columns of it. False when it was cut; it then ends in an
        ellipsis.
        """
        octets = text.encode("utf-8", "replace")
        at = 0
        self._count = self.columns = 0
        while at < len(octets):
            room = min(limit - self.columns, self._most - self._count)
            took = copy_ascii(octets, at, len(octets), 32, self._cells, self._count, room, 2)
            at += took
            self._count += took
            self.columns += took
            if at < len(octets):
                code = code_at(octets, at)
                at += octets_of(octets[at])
                if not self._add(code, limit):
                    return False
        return True

    def _add(self, code: int, limit: int) -> bool:
        columns = columns_of(code)
        if self.columns + columns > limit or self._count + 2 > self._most:
            if columns and self._count:
                self._cells[self._count - 1] = _ELLIPSIS
            return not columns
        if columns == 2:
            self._append(_WIDE_LEFT)
            self._append(_WIDE_RIGHT)
        elif columns or 0x300 <= code < 0x370:
            self._append(code if code < 0x10000 else _MISSING)
        self.columns += columns
        return True

    def _append(self, cell: int) -> None:
        self._cells[self._count] = cell
        self._count += 1

    def paint(
        self, band: bytearray, first: int, lines: int, x: int, y: int, bold: bool = False
    ) -> int:
        """Paint it; see `Font.paint`."""
        return self.font.paint(band, first, lines, self._cells, self._count, x, y, bold)
