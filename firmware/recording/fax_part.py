"""A part of a mail that is a fax: every page of a TIFF. In memory while faxes are recorded."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from micropython import const

from firmware import on_demand
from firmware.fax.buffers import STRIPS
from firmware.fax.directory import TiffError
from firmware.fax.page import FaxPage
from firmware.fax.raster import page_fit
from firmware.fax.tiff import TiffReader
from firmware.recording import faults
from firmware.store.spool import OutsideWindow

if TYPE_CHECKING:
    from typing import Any

    from firmware.fax.directory import Directory
    from firmware.fax.page import Quality
    from firmware.recording.document import Recording
    from firmware.recording.job import Slot

_HEAD_DOTS = const(1728)
_UNFIT = "firmware.recording.unfit"
_LEARNING = "firmware.recording.learning"
_TOO_LARGE = "its data need more memory than there is"
_END_LOST = "its end is missing, " + _TOO_LARGE


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
        reader, number, before = await self._reader(slot)
        while reader.more:
            number += 1
            if number == 2:
                on_demand.forget("")  # what a mail begins with may be long in coming again
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
                if not self._mail.sheet.is_open:
                    # raises ReadAgain where another reading helps: before the page's first line
                    await self._learning(
                        "beyond", self._mail, reader, number, before, self._more
                    )
                self._beyond(slot, reader, number)
            await self._mail.end_open_page()
            await asyncio.sleep(0)
        return self._mail.sheet.page > before

    async def _reader(self, slot: Slot) -> tuple[TiffReader, int, int]:
        """The file's reader, how many of its pages are behind it, and the mail's sheets before the
        file.
        """
        mail, kept = self._mail, self._mail.kept
        if kept is not None and kept.key != mail.job.key:
            kept = None
        self._more = 0
        if kept is not None and kept.number and kept.part == slot.part.number:
            found = await self._learning("reader_of", mail, kept, slot.source)
            reader, behind, before, self._more = found
            return reader, behind, before
        reader = TiffReader(slot.source, mail.fax_buffers, slot.part.number)
        reader.kept = kept
        try:
            await reader.open()
        except TiffError as error:
            mail.row(slot, error.code, error.reason)
        return reader, 0, mail.sheet.page

    async def _fax_one(self, slot: Slot, reader: TiffReader, number: int, before: int) -> None:
        """The file's next page. Raises TiffError, OutsideWindow when it can't be recorded."""
        mail, source = self._mail, slot.source
        directory = await reader.next_page()
        if directory is None:
            return
        large = not 0 < mail.job.octets <= source.window
        if reader.kept is not None or await self._astray(directory, large):
            directory = await self._learning("prepare", mail, reader, directory, source)
        sheet, page = mail.sheet, self._page
        total = self._total(slot, before + self._more, reader.total)
        sheet.prepare("fax", total)
        fit = page_fit(directory, _HEAD_DOTS, sheet.capacity, sheet.band_lines, mail.cut_lines)
        if fit.reduced or not directory.length or 1 < directory.orientation < 9:
            quality = await on_demand.call(
                _UNFIT, "record", page, source, directory, sheet, mail.setting, total
            )
            self._more += quality.sheets - 1
        else:
            quality = await page.render(source, directory, fit, sheet)
        if directory.mixed:
            code, reason = on_demand.call("firmware.fax.refusal", "mixed")
            mail.row(slot, code, _of_page(number, reason))
        self._judge(slot, number, quality, directory.counted)

    async def _astray(self, directory: Directory, large: bool) -> bool:
        """True where something may lie in another order than it is wanted: strips; in a file that
        is larger than the window, the next directory before the data.
        """
        if not large and directory.strips == 1:
            return False
        start, _octets = await directory.strip(0)
        if directory.strips > STRIPS or not directory.ordered:
            return True
        return large and start > directory.hold

    def _learning(self, function: str, *arguments: Any) -> Any:
        """A coroutine of module `learning`, which is in memory no longer than that."""
        made = on_demand.call(_LEARNING, function, *arguments)
        on_demand.drop("firmware.fax.kept")
        return made

    def _beyond(self, slot: Slot, reader: TiffReader, number: int) -> None:
        """Something of the page is not in the window."""
        reason = _of_page(number, _END_LOST if self._mail.sheet.is_open else _TOO_LARGE)
        if not reader.more and number != reader.total:
            reason = "what begins with " + reason
        self._mail.row(slot, faults.SPOOL_SMALL, reason)

    def _judge(self, slot: Slot, number: int, quality: Quality, counted: list[int]) -> None:
        """Rows that were repeated are told in the journal; rows that are missing on paper too."""
        if quality.note:
            self._mail.row(slot, faults.CODING_DAMAGED, _of_page(number, quality.note))
        if quality.bad_rows or quality.remark or max(counted) > 0:
            text = on_demand.call("firmware.fax.verdict", "text", quality, counted)
            text = _of_page(self._mail.sheet.page, text)
            self._mail.reporter.note("quality", text)
            self._mail.reporter.event("quality", {"text": text})

    def _total(self, slot: Slot, before: int, pages: int) -> int:
        """Pages of the whole mail: known when this is its last part and the file says how many it
        has.
        """
        job = self._mail.job
        last = slot.part.alone or (job.ended and job.slots[-1] is slot)
        return before + pages if last and pages else 0
