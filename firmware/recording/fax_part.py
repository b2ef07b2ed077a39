"""A part of a mail that is a fax: every page of a TIFF. In memory while faxes are recorded."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from micropython import const

from firmware import on_demand
from firmware.fax.page import FaxPage
from firmware.fax.raster import page_fit
from firmware.fax.tiff import TiffError, TiffReader
from firmware.recording import faults
from firmware.recording.document import ReadAgain
from firmware.store.spool import OutsideWindow

if TYPE_CHECKING:
    from firmware.fax.page import Quality
    from firmware.fax.tiff import Directory
    from firmware.recording.document import Recording
    from firmware.recording.job import Slot

_HEAD_DOTS = const(1728)
_UNFIT = "firmware.recording.unfit"
_LEARNING = "firmware.recording.learning"
_TOO_LARGE = "its data need more memory than there is"
_MAX_READINGS = const(8)  # of one mail, for as many parts


def _of_page(page: int, reason: str) -> str:
    return "page %d: %s" % (page, reason) if page else reason


class FaxPart:
    """Records the faxes of the mail that `mail` has in hand."""

    def __init__(self, mail: Recording) -> None:
        self._mail = mail
        self._page = FaxPage(mail.fax_buffers)
        self._more = 0  # sheets that the file took beyond one a page

    def close(self) -> None:
        """Nothing is open."""

    async def record(self, slot: Slot) -> bool:
        """Every page of a TIFF. What can't be decoded becomes a row of the notice sheet. True when
        a page was made.
        """
        reader = TiffReader(slot.source, self._mail.fax_buffers, slot.part.number)
        if self._mail.kept is not None and self._mail.kept.key == self._mail.job.key:
            reader.kept = self._mail.kept
        before = self._mail.sheet.page
        self._more = 0
        try:
            await reader.open()
        except TiffError as error:
            self._mail.row(slot, error.code, error.reason)
        number = 0
        while reader.more:
            number += 1
            if self._mail.too_many(slot, faults.TIFF_UNSUPPORTED):
                break
            beyond = False
            try:
                await self._fax_one(slot, reader, number, before)
            except TiffError as error:  # of this page; the next may be sound
                self._mail.row(slot, error.code, _of_page(number, error.reason))
            except OutsideWindow:
                beyond = True
            if beyond:
                await self._beyond(slot, reader, number)
            await self._mail.end_open_page()
            await asyncio.sleep(0)
        return self._mail.sheet.page > before

    async def _fax_one(self, slot: Slot, reader: TiffReader, number: int, before: int) -> None:
        """The file's next page. Raises TiffError, OutsideWindow when it can't be recorded."""
        directory = await reader.next_page()
        if directory is None:
            return
        if not 0 < self._mail.job.octets <= slot.source.window:
            directory = await self._ahead(reader, directory)
        sheet, page = self._mail.sheet, self._page
        total = self._total(slot, before + self._more, reader.total)
        sheet.prepare("fax", total)
        cut = self._mail.cut_lines
        fit = page_fit(directory, _HEAD_DOTS, sheet.capacity, sheet.band_lines, cut)
        if fit.reduced or not directory.length:
            quality = await on_demand.call(
                _UNFIT, "record", page, slot.source, directory, sheet, self._mail.setting, total
            )
            self._more += quality.sheets - 1
        else:
            quality = await page.render(slot.source, directory, fit, sheet)
        if directory.mixed:
            code, reason = on_demand.call("firmware.fax.refusal", "mixed")
            self._mail.row(slot, code, _of_page(number, reason))
        self._judge(slot, number, quality, directory.counted)

    async def _ahead(self, reader: TiffReader, page: Directory) -> Directory:
        """See to it that nothing before the page's data will be wanted when they have gone."""
        if reader.kept is not None and reader.kept.has(reader.part, reader.link):
            return page
        if (await page.strip(0))[0] <= page.hold:
            return page
        reader.kept = self._mail.keep()
        return await on_demand.load(_LEARNING).read_ahead(reader.kept, reader, page)  # type: ignore[no-any-return]

    async def _beyond(self, slot: Slot, reader: TiffReader, number: int) -> None:
        """Something is not in the window. Raises ReadAgain where a second reading helps: before
        the page's first line, when the rest of the directories could be learnt.
        """
        kept = self._mail.keep()
        may = reader.part not in kept.learnt and kept.readings < _MAX_READINGS
        may = may and not self._mail.sheet.is_open
        if may and await on_demand.load(_LEARNING).learn(kept, reader, slot.source):
            kept.readings += 1
            raise ReadAgain
        self._mail.row(slot, faults.SPOOL_SMALL, _of_page(number, _TOO_LARGE))

    def _judge(self, slot: Slot, number: int, quality: Quality, counted: list[int]) -> None:
        """Rows that were repeated are told in the journal; rows that are missing on paper too."""
        if quality.note:
            self._mail.row(slot, faults.CODING_DAMAGED, _of_page(number, quality.note))
        if quality.bad_rows or quality.remark or max(counted) > 0:
            text = on_demand.call("firmware.fax.verdict", "text", quality, counted)
            self._mail.reporter.note("quality", "page %d: %s" % (self._mail.sheet.page, text))

    def _total(self, slot: Slot, before: int, pages: int) -> int:
        """Pages of the whole mail: known when this is its last part and the file says how many it
        has.
        """
        job = self._mail.job
        last = slot.part.alone or (job.ended and job.slots[-1] is slot)
        return before + pages if last and pages else 0
