"""Lines of text and strips of any kind, painted into bands of head lines."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import micropython
from micropython import const

from firmware.text.cells import Label

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from micropython import ptr8

    from firmware.text.font import Font

    class LineSink(Protocol):
        """Takes head lines."""

        async def write(self, view: memoryview, lines: int) -> None:
            """Take `lines` lines of 216 octets; the view is valid during the call only."""
            ...


COLUMNS = const(80)
_LINE_OCTETS = const(216)
_LINE_DOTS = const(1728)
_BAND_LINES = const(32)


@micropython.viper
def _fill(band: ptr8, at: int, octets: int, lines: int, keep: int, flip: int) -> int:
    # Masks and flips `octets` octets, from octet `at`, of `lines` lines. Those lie in the band:
    # checked by the callers.
    while lines > 0:
        end = at + octets
        while at < end:
            band[at] = (int(band[at]) & keep) ^ flip
            at += 1
        at += _LINE_OCTETS - octets
        lines -= 1
    return at


class Canvas:
    """Composes strips of head lines in a lent `band` and writes them to a sink, at most 32 lines
    at a time.

    `band` holds at least one line of 216 octets; `left` is the margin on both sides in dots.

    """

    def __init__(self, font: Font, band: bytearray, left: int = 0) -> None:
        self.font = font
        self.left = left or (_LINE_DOTS - COLUMNS * font.width) // 2
        self.columns = (_LINE_DOTS - 2 * self.left) // font.width
        self.band = band
        self._view = memoryview(band)
        self._label: Label | None = None
        self._bold = False

    async def draw(self, line: str, sink: LineSink, bold: bool = False) -> None:
        """Draw one line of text: `font.height` lines, the text cut to `columns`."""
        if self._label is None:
            self._label = Label(self.font)
        self._label.set(line, self.columns)
        self._bold = bold
        await self.strip(self.font.height, self._paint_line, sink)

    async def strip(self, height: int, paint: Callable[[int, int], None], sink: LineSink) -> None:
        """Compose `height` lines: `paint(first, lines)` paints lines `first`.. into the white
        band, band by band.
        """
        most = min(_BAND_LINES, len(self.band) // _LINE_OCTETS)
        count = (height + most - 1) // most
        first = 0
        for number in range(count):
            end = height * (number + 1) // count
            _fill(self.band, 0, _LINE_OCTETS, end - first, 0, 0)
            paint(first, end - first)
            await sink.write(self._view[: (end - first) * _LINE_OCTETS], end - first)
            await asyncio.sleep(0)
            first = end

    def invert(
        self, first: int, lines: int, top: int, bottom: int, octet: int, octets: int
    ) -> None:
        """Turn lines `top`..`bottom` - 1 of a strip over, as far as the band (`first`, `lines`)
        shows them.
        """
        if octet < 0 or octet + octets > _LINE_OCTETS or lines * _LINE_OCTETS > len(self.band):
            raise ValueError("outside the band")
        top = max(top - first, 0)
        count = min(bottom - first, lines) - top
        _fill(self.band, top * _LINE_OCTETS + octet, octets, count, 255, 255)

    def _paint_line(self, first: int, lines: int) -> None:
        if self._label is not None:
            self._label.paint(self.band, first, lines, self.left, 0, self._bold)
