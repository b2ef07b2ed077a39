"""What the tests of text and page furniture share: a sink that keeps lines, pictures of them."""
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LINE = 216


class KeptLines:
    """A sink that keeps what it is given, and how many lines each time."""

    def __init__(self) -> None:
        self.octets = bytearray()
        self.writes: list[int] = []

    async def write(self, view: memoryview, lines: int) -> None:
        """Keep a copy."""
        assert len(view) == lines * LINE
        self.octets.extend(view)
        self.writes.append(lines)

    def lines(self) -> int:
        """Lines kept so far."""
        return len(self.octets) // LINE

    def black(self, x: int, line: int) -> bool:
        """True where there is a dot."""
        return bool(self.octets[line * LINE + x // 8] & 0x80 >> x % 8)

    def inked(self, first: int, last: int) -> int:
        """Octets with dots in lines `first`..`last` - 1."""
        part = self.octets[first * LINE : last * LINE]
        return len(part) - part.count(b"\0")


def picture(octets: bytes | bytearray, x: int, width: int, lines: Iterable[int]) -> list[str]:
    """Dots of a part of packed head lines, '#' for black."""
    rows = []
    for line in lines:
        base = line * LINE
        dots = [octets[base + at // 8] & 0x80 >> at % 8 for at in range(x, x + width)]
        rows.append("".join("#" if dot else "." for dot in dots))
    return rows


def glyph_rows(font_octets: bytes, code: int) -> list[int] | None:
    """Rows of a glyph as the file format has it (18 dots, leftmost in bit 17), up to the last that
    isn't empty; None for a character that the file lacks.
    """
    ranges = int.from_bytes(font_octets[8:10], "little")
    at = 12 + int.from_bytes(font_octets[10:12], "little")

    def word(offset: int) -> int:
        return int.from_bytes(font_octets[offset : offset + 2], "little")

    last = at + 6 * (ranges - 1)
    glyphs = word(last + 4) + word(last + 2) - word(last) + 1
    index = at + 6 * ranges
    for entry in range(at, index, 6):
        if word(entry) <= code <= word(entry + 2):
            number = word(entry + 4) + code - word(entry)
            rows = []
            for run in range(word(index + 2 * number), word(index + 2 * number + 2)):
                offset = index + 2 * (glyphs + 1) + 3 * run
                bits = int.from_bytes(font_octets[offset : offset + 3], "little")
                rows += [bits >> 6] * ((bits & 63) + 1)
            return rows
    return None
