"""Fax pages that do not fit the sheet as they are: turned, cut, reduced, or split onto further
sheets. Loaded for such a page, and dropped.

After the best documented machine (Ricoh; IFAX facts): a page a little too long is cut, up to
`record.cut_mm`; one that is longer by up to `record.reduce_mm` is reduced to fit, which is also
the lower bound of reduction; a longer one goes on on the next sheet, where the last
`record.overlap_mm` are repeated. `record.fit` chooses: reduce (all of this), split (no reduction),
cut (one sheet, whatever is lost). A page too wide is always reduced, or turned when it is smaller
on the sheet upright than across.

Orientation (TIFF 6.0 section 8) is obeyed, but for a quarter or half turn that would only make the
page smaller, or that can't be had: paper can be turned by hand, mirrored letters can't.

Turning and splitting with an overlap take more than one pass over the page's data, so these must
lie within the spool's window. Where they don't, the page is reduced, or split without overlap.
Whether they do must depend on the octets alone: replay counts sheets.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from micropython import const

from firmware import on_demand
from firmware.fax.coded import UNLIMITED
from firmware.fax.raster import page_fit, plain_fit, resolution
from firmware.store.spool import OutsideWindow

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from firmware.fax.directory import Directory
    from firmware.fax.page import FaxPage, Quality
    from firmware.fax.plotter import Sink
    from firmware.fax.raster import Fit
    from firmware.recording.sheet import Sheet
    from firmware.store.part_source import PartSource

_HEAD_DOTS = const(1728)
_LINES_PER_CM = const(154)
_MOST_SHEETS = const(8)  # of one page
_ENDLESS = const(1 << 28)
_SLACK = const(8192)  # octets of the window that a pass can't count on
_BETTER = const(110)  # percent; a page is not turned for less
_STRIDE = const(216)
_MIRRORED = (2, 4, 5, 7)  # of the values of Orientation
_TOO_LONG = "it is longer than %d sheets; what came behind is not on them"


class _Nowhere:
    """Takes lines and forgets them: for counting rows."""

    async def write(self, view: memoryview, lines: int) -> None:
        """Forget."""


class _Rest:
    """Hands on to the sheet what comes behind the first `skip` lines."""

    def __init__(self, sheet: Sink, skip: int) -> None:
        self._sheet = sheet
        self._skip = skip

    async def write(self, view: memoryview, lines: int) -> None:
        """Drop, or hand on; an empty band begins the sheet."""
        drop = min(self._skip, lines)
        self._skip -= drop
        if not lines or lines > drop:
            await self._sheet.write(view[drop * _STRIDE :], lines - drop)


class _Onward:
    """Hands lines on to one sheet after the other, none of them twice, up to `end` lines."""

    def __init__(self, sheet: Sheet, band: bytearray, room: int, end: int, total: int) -> None:
        self._sheet = sheet
        self._band = band
        self._room = self._left = room
        self._end = end
        self._total = total
        self.sheets = 1
        self.lost = False

    async def write(self, view: memoryview, lines: int) -> None:
        """Hand on; a band that the sheet has no room for goes onto the next one."""
        if self.lost or (self._end <= 0 and lines):
            return
        if lines > self._left:
            if self.sheets == _MOST_SHEETS:
                self.lost = True
                return
            kept = bytes(self._band)  # the sheet's head is made in the same buffer
            await self._sheet.finish()
            self._sheet.prepare("fax", self._total)
            await self._sheet.write(view[:0], 0)
            self._band[:] = kept
            self.sheets += 1
            self._left = self._room
        await self._sheet.write(view, lines)
        self._left -= lines
        self._end -= lines


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
        self._sink: Sink = sheet
        self._cut = _lines(setting("record.cut_mm"))

    async def record(self) -> Quality:
        """Put the page on one sheet or several. Raises what `FaxPage.render` raises."""
        held = await self._hold()
        directory = self._directory
        if held and (not directory.length or self._excess() > self._cut):
            await self._count()
        wanted = directory.orientation if directory.orientation < 9 else 1
        way = self._way(wanted) if directory.length else wanted
        if way > 2 and not (held and directory.length):
            way = 2 if way in _MIRRORED else 1
            self._remark = "not turned: more data than memory"
        if way in (3, 4) and self._excess() > self._cut and not self._is_reduced():
            way = 2 if way == 4 else 1
        if way > 2:
            return await self._render_turned(way)
        if way == 2:
            self._sink = self._mirrored(self._sheet)
        return await self._upright(held)

    def _mirrored(self, sink: Sink) -> Sink:
        return on_demand.call(  # type: ignore[no-any-return]
            "firmware.fax.turn", "Mirrored", sink, self._page.buffers, _STRIDE
        )

    def _way(self, wanted: int) -> int:
        """The Orientation by which the page is recorded: a quarter turn away from what is wanted
        where it comes out larger so.
        """
        x, y = resolution(self._directory)
        capacity = self._sheet.capacity
        side: Any = _Side(self._directory)
        upright = _percent(self._fit(capacity, self._band), x)
        turned = _percent(page_fit(side, _HEAD_DOTS, capacity, self._band, 0), y)
        if wanted < 5 and turned * 100 > upright * _BETTER:
            return 5 if wanted in _MIRRORED else 6
        if wanted > 4 and upright * 100 > turned * _BETTER:
            return 2 if wanted in _MIRRORED else 1
        return wanted

    async def _count(self) -> None:
        """Believe the rows that come, not the length that is said, where they come undamaged or
        none is said.
        """
        counted = await self._page.render(
            self._source, self._directory, plain_fit(self._directory), _Nowhere()
        )
        if not (counted.note and self._directory.length):
            self._directory.length = counted.rows
            self._remark = counted.remark

    def _height(self) -> int:
        """Lines of the page when only its width decides."""
        whole = self._fit(_ENDLESS, 0)
        return -(-self._directory.length * whole.y_num // whole.y_den)

    def _excess(self) -> int:
        """Lines that are too many for a sheet."""
        return self._height() - self._sheet.capacity + self._band

    def _is_reduced(self) -> bool:
        """True for a page too long to be cut, but not for being reduced."""
        most = _lines(self._setting("record.reduce_mm"))
        return self._setting("record.fit") == "reduce" and self._excess() <= most

    async def _upright(self, held: bool) -> Quality:
        fit, whole = self._fit(), self._fit(_ENDLESS, 0)
        height, excess = self._height(), self._excess()
        mode = self._setting("record.fit")
        known = self._directory.length > 0
        if known and excess <= self._cut:
            return await self._render(fit)
        if mode == "cut":
            whole.lines = fit.lines
            lost = (height - fit.lines) * 10 // _LINES_PER_CM
            return await self._render(whole, "%d mm cut off" % lost if known else "")
        if known and self._is_reduced():
            return await self._render(fit)
        if not held:
            return await self._onward(whole, height)
        return await self._split(whole, height)

    async def _onward(self, fit: Fit, height: int) -> Quality:
        """Split in one pass."""
        total = 0
        if self._total and height:
            total = self._total + -(-(height - self._cut) // self._room) - 1
        self._sheet.prepare("fax", total)
        end = height - self._cut if height else _ENDLESS
        sink = _Onward(self._sheet, self._page.buffers.band, self._room, end, total)
        self._sink = sink if self._sink is self._sheet else self._mirrored(sink)
        quality = await self._render(fit, "split without overlap: more data than memory")
        quality.sheets = sink.sheets
        if sink.lost:
            quality.note = _TOO_LONG % sink.sheets
        return quality

    async def _split(self, fit: Fit, height: int) -> Quality:
        step = self._room - min(_lines(self._setting("record.overlap_mm")), self._room // 2)
        sheets = 1 + -(-(height - self._room - self._cut) // step)
        most = min(sheets, _MOST_SHEETS)
        for number in range(most):
            if self._sheet.is_open:
                await self._sheet.finish()
            self._sheet.prepare("fax", self._total + most - 1 if self._total else 0)
            fit.lines = number * step + self._room
            sink = _Rest(self._sink, number * step)
            quality = await self._page.render(self._source, self._directory, fit, sink)
        quality.sheets = most
        if most < sheets:
            quality.note = _TOO_LONG % most
        return quality

    async def _render(self, fit: Fit, remark: str = "") -> Quality:
        quality = await self._page.render(self._source, self._directory, fit, self._sink)
        quality.remark = quality.remark or remark or self._remark
        return quality

    def _fit(self, recordable: int = 0, band: int = -1) -> Fit:
        """The fit for a number of lines; else for the sheet that comes next."""
        if band < 0:
            recordable, band = self._sheet.capacity, self._sheet.band_lines
        return page_fit(self._directory, _HEAD_DOTS, recordable, band, self._cut)

    async def _render_turned(self, way: int) -> Quality:
        """From 5 on the fit is that of a page on its side: dots to a row in x, lines to a dot of
        it in y.
        """
        directory, sheet = self._directory, self._sheet
        if way < 5:
            fit = self._fit()
        else:
            side: Any = _Side(directory)
            fit = page_fit(side, _HEAD_DOTS, sheet.capacity, sheet.band_lines, 0)
        rows = directory.length if way < 5 else directory.width
        fit.rows, fit.width = directory.length, directory.width
        fit.lines = min(fit.lines, -(-rows * fit.y_num // fit.y_den))
        quality: Quality = await on_demand.call(
            "firmware.fax.turn", "render", self._page, self._source, directory, fit, sheet, way
        )
        return quality

    async def _hold(self) -> bool:
        """Keep the page's data in the window while it is recorded; False where they don't fit."""
        directory, source = self._directory, self._source
        low, high, limited = directory.table_start(), 0, True
        for index in range(directory.strips):
            offset, octets = await directory.strip(index)
            if octets >= UNLIMITED:
                octets, limited = 0, False
            low, high = min(low, offset), max(high, offset + octets)
        room = source.window - _SLACK
        if high - low > room:
            return False
        if directory.keep < low and high - directory.keep <= room:
            low = directory.keep  # for the pages that follow
        before = directory.keep, directory.hold
        directory.keep = low
        directory.hold = min(directory.hold, low)
        if limited or await self._ends_before(low + room):
            return True
        directory.keep, directory.hold = before  # what is kept fills the window
        return False

    async def _ends_before(self, offset: int) -> bool:
        """True when the file does: asked of its octets, not of what has come so far."""
        self._source.release(self._directory.hold)
        try:
            return not await self._source.read_at(offset, memoryview(bytearray(1)))
        except OutsideWindow:
            return False


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
