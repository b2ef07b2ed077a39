"""Fax pages that do not fit the sheet as they are: turned, cut, reduced, or split onto further
sheets. Loaded for such a page, and dropped.

After the best documented machine (Ricoh; IFAX facts): a page a little too long is cut, up to
`record.cut_mm`; one that is longer by up to `record.reduce_mm` is reduced to fit, which is also
the lower bound of reduction; a longer one goes on on the next sheet, where the last
`record.overlap_mm` are repeated. `record.fit` chooses: reduce (all of this), split (no reduction),
cut (one sheet, whatever is lost). A page too wide is always reduced, or turned when it is smaller
on the sheet upright than across.

Turning and splitting take more than one pass over the page's data, so these must lie within the
spool's window. Where they don't, the page is reduced, however much.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from micropython import const

from firmware import on_demand
from firmware.fax.coded import UNLIMITED
from firmware.fax.raster import page_fit, plain_fit, resolution

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from firmware.fax.directory import Directory
    from firmware.fax.page import FaxPage, Quality
    from firmware.fax.raster import Fit
    from firmware.recording.sheet import Sheet
    from firmware.store.spool import PartSource

_HEAD_DOTS = const(1728)
_LINES_PER_CM = const(154)
_MOST_SHEETS = const(8)  # of one page
_ENDLESS = const(1 << 28)
_SLACK = const(8192)  # octets of the window that a pass can't count on
_BETTER = const(110)  # percent; a page is not turned for less
_STRIDE = const(216)


class _Nowhere:
    """Takes lines and forgets them: for counting rows."""

    async def write(self, view: memoryview, lines: int) -> None:
        """Forget."""


class _Rest:
    """Hands on to the sheet what comes behind the first `skip` lines."""

    def __init__(self, sheet: Sheet, skip: int) -> None:
        self._sheet = sheet
        self._skip = skip

    async def write(self, view: memoryview, lines: int) -> None:
        """Drop, or hand on; an empty band begins the sheet."""
        drop = min(self._skip, lines)
        self._skip -= drop
        if not lines or lines > drop:
            await self._sheet.write(view[drop * _STRIDE :], lines - drop)


class Misfit:
    """One page, and how the parameters want it."""

    def __init__(
        self,
        page: FaxPage,
        source: PartSource,
        directory: Directory,
        sheet: Sheet,
        setting: Callable[[str], Any],
        total: int,
    ) -> None:
        self._page = page
        self._source = source
        self._directory = directory
        self._sheet = sheet
        self._setting = setting
        self._total = total
        # How many sheets a page takes must not depend on the mark of a possible duplicate, which
        # brings a band where headers are off: it is decided without a look at the mark, and the
        # band's room is left on every sheet of a page that is split.
        self._band = sheet.BAND if sheet.header else 0
        self._room = sheet.capacity - sheet.BAND
        self._remark = ""
        self._cut = _lines(setting("record.cut_mm"))

    async def record(self) -> Quality:
        """Put the page on one sheet or several. Raises what `FaxPage.render` raises."""
        held = await self._hold()
        directory = self._directory
        if held and (not directory.length or self._excess() > self._cut):
            await self._count()
        if directory.length and self._better_turned():
            if held:
                return await self._render_turned()
            return await self._render(self._fit(), "reduced, not turned: more data than memory")
        return await self._upright(held)

    async def _count(self) -> None:
        """Believe the rows that come, not the length that is said, where they come undamaged."""
        counted = await self._page.render(
            self._source, self._directory, plain_fit(self._directory), _Nowhere()
        )
        if not counted.note:
            self._directory.length = counted.rows
            self._remark = counted.remark

    def _height(self) -> int:
        """Lines of the page when only its width decides."""
        whole = self._fit(_ENDLESS, 0)
        return -(-self._directory.length * whole.y_num // whole.y_den)

    def _excess(self) -> int:
        """Lines that are too many for a sheet."""
        return self._height() - self._sheet.capacity + self._band

    async def _upright(self, held: bool) -> Quality:
        fit, whole = self._fit(), self._fit(_ENDLESS, 0)
        height, excess = self._height(), self._excess()
        mode = self._setting("record.fit")
        if excess <= self._cut:
            return await self._render(fit)
        if mode == "cut":
            whole.lines = fit.lines
            lost = (height - fit.lines) * 10 // _LINES_PER_CM
            return await self._render(whole, "%d mm cut off" % lost)
        if mode == "reduce" and excess <= _lines(self._setting("record.reduce_mm")):
            return await self._render(fit)
        if not held:
            return await self._render(fit, "reduced, not split: more data than memory")
        return await self._split(whole, height)

    async def _split(self, fit: Fit, height: int) -> Quality:
        step = self._room - min(_lines(self._setting("record.overlap_mm")), self._room // 2)
        sheets = 1 + -(-(height - self._room - self._cut) // step)
        most = min(sheets, _MOST_SHEETS)
        for number in range(most):
            if self._sheet.is_open:
                await self._sheet.finish()
            self._sheet.prepare("fax", self._total + most - 1 if self._total else 0)
            fit.lines = number * step + self._room
            sink = _Rest(self._sheet, number * step)
            quality = await self._page.render(self._source, self._directory, fit, sink)
        quality.sheets = most
        if most < sheets:
            quality.note = "it is longer than %d sheets; what came behind is not on them" % most
        return quality

    async def _render(self, fit: Fit, remark: str = "") -> Quality:
        quality = await self._page.render(self._source, self._directory, fit, self._sheet)
        quality.remark = quality.remark or remark or self._remark
        return quality

    def _fit(self, recordable: int = 0, band: int = -1) -> Fit:
        """The fit for a number of lines; else for the sheet that comes next."""
        if band < 0:
            recordable, band = self._sheet.capacity, self._sheet.band_lines
        return page_fit(self._directory, _HEAD_DOTS, recordable, band, self._cut)

    def _better_turned(self) -> bool:
        x, y = resolution(self._directory)
        capacity = self._sheet.capacity
        upright = _percent(self._fit(capacity, self._band), x)
        side: Any = _Side(self._directory)
        turned = _percent(page_fit(side, _HEAD_DOTS, capacity, self._band, 0), y)
        return turned * 100 > upright * _BETTER

    async def _render_turned(self) -> Quality:
        """The fit of a page on its side: dots to a row in x, lines to a dot of it in y."""
        directory, sheet = self._directory, self._sheet
        side: Any = _Side(directory)
        fit = page_fit(side, _HEAD_DOTS, sheet.capacity, sheet.band_lines, 0)
        fit.rows, fit.width = directory.length, directory.width
        fit.lines = min(fit.lines, -(-fit.width * fit.y_num // fit.y_den))
        quality: Quality = await on_demand.call(
            "firmware.fax.turn", "render", self._page, self._source, directory, fit, sheet
        )
        return quality

    async def _hold(self) -> bool:
        """Keep the page's data in the window while it is recorded; False where they don't fit."""
        directory, source = self._directory, self._source
        low, high = directory.table_start(), 0
        for index in range(directory.strips):
            offset, octets = await directory.strip(index)
            if octets >= UNLIMITED:
                if source.size is None:
                    return False
                octets = max(0, source.size - offset)
            low, high = min(low, offset), max(high, offset + octets)
        if high - low + _SLACK > source.window:
            return False
        directory.keep = low
        directory.hold = min(directory.hold, low)
        return True


class _Side:
    """A page on its side, as much of it as a fit needs."""

    def __init__(self, directory: Directory) -> None:
        self.width = directory.length
        self.length = directory.width
        y, x = resolution(directory)
        self.x_dpi_x100, self.y_dpi_x100 = x, y


def _lines(mm: int) -> int:
    return mm * _LINES_PER_CM // 10


def _percent(fit: Fit, dpi_x100: int) -> int:
    """How large dots of that resolution come out."""
    return fit.x_num * dpi_x100 // (fit.x_den * 200)


async def record(
    page: FaxPage,
    source: PartSource,
    directory: Directory,
    sheet: Sheet,
    setting: Callable[[str], Any],
    total: int,
) -> Quality:
    """Put a page on paper that does not fit as it is; `setting` looks parameters up."""
    return await Misfit(page, source, directory, sheet, setting, total).record()
