"""What stands on every page besides its contents: the header band and the mark of a possible
duplicate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from micropython import const

from firmware.text.canvas import Canvas
from firmware.text.cells import Label
from firmware.text.font import Font, font_path

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from firmware.text.canvas import LineSink

BAND_LINES = const(62)  # 4 mm at 15.4 lines/mm
_LEFT_DOTS = const(104)  # 13 mm: 10 mm from the edge of a sheet of 210 mm under a head of 216 mm
_OCTETS = const(190)  # between the margins
_TEXT_TOP = const(3)
_RULE = const(60)
_GAP = const(2)  # columns between the parts
_MARK = "POSSIBLE DUPLICATE"
_SHORT = const(32)  # cells of a label that has no sender's text


def time_text(seconds: int, zone_min: int = 0) -> str:
    """'2026-10-17 14:03' in the zone, from seconds since 1970-01-01 UTC; '' while the clock is not
    set (0).
    """
    if seconds <= 0:
        return ""
    minutes = seconds // 60 + zone_min
    # days to a date of the Gregorian calendar, its year beginning in March, so that the leap day
    # is the last
    days = minutes // 1440 + 719468
    era, day = days // 146097, days % 146097
    year = (day - day // 1460 + day // 36524 - day // 146096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5 - 1
    year += 400 * era + (1 if month > 9 else 0)
    month += 3 if month < 10 else -9
    return "%04d-%02d-%02d %02d:%02d" % (year, month, day, minutes // 60 % 24, minutes % 60)


def page_text(page: int, of: int) -> str:
    """'2/5', or '2' where the total is not known (0)."""
    return "%d/%d" % (page, of) if of else "%d" % page


class HeaderBand:
    """Draws the band of BAND_LINES lines above a page's contents, in a lent `band` buffer (see
    `Canvas`).

    `path`: the small font's file, where it does not lie beside the text modules. Raises as `Font`
    does.
    """

    def __init__(self, band: bytearray, path: str = "") -> None:
        self.font = Font(path or font_path("header.fnt"), 1024)
        self._canvas = Canvas(self.font, band, _LEFT_DOTS)
        self._left = Label(self.font)
        self._right = Label(self.font, _SHORT)
        self._mark = Label(self.font, _SHORT)
        self._ruled = True

    def record(
        self, left: str, right: str, sink: LineSink, duplicate: bool = False
    ) -> Awaitable[None]:
        """Write the band: `left` (time, sender; cut where it is too long), `right` (page), a thin
        rule below; the mark.
        """
        self._mark.set(_MARK if duplicate else "")
        self._right.set(right, 24)
        taken = self._right.columns + _GAP + (self._mark.columns + 2 * _GAP if duplicate else 0)
        self._left.set(left, self._canvas.columns - taken)
        self._ruled = True
        return self._canvas.strip(BAND_LINES, self._paint, sink)

    async def record_mark(self, sink: LineSink) -> None:
        """Write the band with nothing but the mark of a possible duplicate: where headers are
        switched off.
        """
        self._mark.set(_MARK)
        self._right.set("")
        self._left.set("")
        self._ruled = False
        await self._canvas.strip(BAND_LINES, self._paint, sink)

    def _paint(self, first: int, lines: int) -> None:
        canvas, width = self._canvas, self.font.width
        canvas_end = _LEFT_DOTS + 8 * _OCTETS
        self._left.paint(canvas.band, first, lines, _LEFT_DOTS, _TEXT_TOP)
        right = canvas_end - self._right.columns * width
        self._right.paint(canvas.band, first, lines, right, _TEXT_TOP)
        if self._mark.columns:
            octets = (self._mark.columns + 1) * width // 8 + 1
            octet = (right - (_GAP * width if self._right.columns else 0)) // 8 - octets
            self._mark.paint(
                canvas.band, first, lines, octet * 8 + width // 2, _TEXT_TOP, bold=True
            )
            canvas.invert(first, lines, 0, _RULE - 3, octet, octets)
        if self._ruled:
            canvas.invert(first, lines, _RULE, BAND_LINES, _LEFT_DOTS // 8, _OCTETS)
