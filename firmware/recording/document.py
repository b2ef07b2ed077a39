"""From the parts of a mail to sheets: what is a fax, what is text, and what only a notice can tell
of.

The recording task runs `Recording.record(job)` while the mail is still arriving. Every part is
looked at by its first octets before its type is believed (IFAX: type, name and content often
disagree).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from micropython import const

from firmware import on_demand
from firmware.fax.raster import page_fit
from firmware.fax.tiff import TiffError, TiffReader
from firmware.recording import faults
from firmware.recording.page import time_text
from firmware.store.spool import Incomplete, OutsideWindow
from firmware.text.layout import FORM_FEED, MARGIN_LINES, Pager, Wrapper, rows_on_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from firmware.fax.buffers import FaxBuffers
    from firmware.fax.kept import KeptDirectories
    from firmware.fax.page import FaxPage, Quality
    from firmware.fax.tiff import Directory
    from firmware.recording.job import Job, Slot
    from firmware.recording.sheet import Sheet
    from firmware.reporting import Reporter
    from firmware.text.layout import Canvas

_MAX_ROWS = const(24)  # of one notice sheet
_MAGIC_OCTETS = const(8)
_HEAD_DOTS = const(1728)
_UNFIT = "firmware.recording.unfit"
_ENDLESS = const(1 << 29)
_TOO_MANY = "the mail takes more than %d sheets (parameter record.sheets)"
_TOO_LARGE = "its data need more memory than there is"
_KEPT = "firmware.fax.kept"
_LEARNING = "firmware.recording.learning"
_MAX_READINGS = const(8)  # of one mail, for as many parts
_TEXT_TYPES = (
    "text/plain",
    "text/csv",
    "text/rfc822-headers",
    "message/delivery-status",
    "message/disposition-notification",
)
_TIFF_TYPES = ("image/tiff", "image/tiff-fx", "image/tif", "image/x-tiff")
_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"II\0*", b"MM*\0", b"IM*\0", b"MI\0*")


class ReadAgain(Exception):
    """All that is wanted of this reading of the mail is learnt; the server must send it again."""


class Row:
    """What the notice sheet says of one thing that is not on paper."""

    def __init__(self, name: str, content_type: str, reason: str, alternative: int) -> None:
        self.name = name
        self.content_type = content_type
        self.reason = reason
        self.alternative = alternative


def _default(name: str) -> Any:
    return on_demand.call("firmware.store.parameter_table", "defaults")[name]


def _of_page(page: int, reason: str) -> str:
    return "page %d: %s" % (page, reason) if page else reason


class Recording:
    """Puts one mail after the other on paper.

    :param scratch: octets for reading text and looking at parts, 256 or more
    """

    def __init__(
        self,
        sheet: Sheet,
        fax_page: FaxPage,
        fax_buffers: FaxBuffers,
        canvas: Canvas,
        scratch: bytearray,
        reporter: Reporter,
    ) -> None:
        self._sheet = sheet
        self._fax_page = fax_page
        self._fax_buffers = fax_buffers
        self._canvas = canvas
        self._scratch = memoryview(scratch)
        self._reporter = reporter
        self.cut_lines = 0  # parameter record.cut_mm, in lines
        self.setting: Callable[[str], Any] = _default
        self.zone_min = 0
        self._job: Job
        self._rows: list[Row] = []
        self._headed = False  # the heading (From, Subject, Date) is on paper
        self._alternative = 0  # the group of alternatives of which one is on paper
        self._full = False  # a text has used up the mail's sheets,
        self._most = _ENDLESS  # which are so many
        self._more = 0  # sheets that the file took beyond one a page
        self._kept: KeptDirectories | None = None  # of the mail that is read again, or read ahead

    async def record(self, job: Job) -> bool:
        """Put the mail on paper. True when something of it stands on a notice sheet only.

        Raises Incomplete (the mail broke off), ReadAgain, Stalled, PageInterrupted, Fault,
        OSError: the page that was open is given up then, and the mail is not finished.
        """
        self._job = job
        self._rows = []
        self._headed = self._full = False
        self._most = _ENDLESS
        self._alternative = 0
        self._sheet.begin_mail(job)
        try:
            index = 0
            while True:
                slot = await job.slot(index)
                if slot is None:
                    break
                if job.withheld:
                    await slot.source.skip()
                else:
                    await self._part(slot)
                index += 1
            if not job.complete:
                raise Incomplete  # behind the last part, but who knows what else was to come
            if job.withheld:
                reason = "%s (code %03d)" % (job.withheld, faults.MAIL_TOO_LARGE)
                what = "all of the mail; it is still in the mailbox"
                self._rows = [Row(what, "mail", reason, 0)]
            await self._close()
        except BaseException:
            await self._sheet.abort()
            raise
        self._forget(job.key)
        job.pages = self._sheet.page
        return bool(self._rows)

    async def _part(self, slot: Slot) -> None:
        part, source = slot.part, slot.source
        if part.alternative and part.alternative == self._alternative:
            await source.skip()
            return
        magic = bytes(self._scratch[: await self._fill(slot, _MAGIC_OCTETS)])
        recorded = False
        if magic[:4] in _TIFF_STARTS or (magic and self._is_tiff_by_name(slot)):
            recorded = await self._fax(slot)
        elif part.content_type in _TEXT_TYPES:
            recorded = await self._text(slot)
        elif magic or slot.damage:
            await self._unprintable(slot, magic)
        await source.skip()
        if slot.damage:
            self._row(slot, faults.MAIL_DAMAGED, slot.damage)
        if recorded and part.alternative:
            self._alternative = part.alternative
            self._rows = [row for row in self._rows if row.alternative != part.alternative]

    async def _fill(self, slot: Slot, count: int) -> int:
        """Read the first `count` octets of a part into the scratch; fewer only at its end."""
        filled = 0
        while filled < count:
            got = await slot.source.read_at(filled, self._scratch[filled:count])
            if not got:
                break
            filled += got
        return filled

    def _is_tiff_by_name(self, slot: Slot) -> bool:
        name = slot.part.name.lower()
        return slot.part.content_type in _TIFF_TYPES or name.endswith((".tif", ".tiff"))

    async def _unprintable(self, slot: Slot, magic: bytes) -> None:
        from firmware.mail.notice import reason_for  # loaded on demand: few mails need it

        kind = "application/pdf" if magic[:4] == b"%PDF" else slot.part.content_type
        self._row(slot, faults.PART_UNSUPPORTED, reason_for(kind))

    def _row(self, slot: Slot, code: int, reason: str) -> None:
        part = slot.part
        reason = "%s (code %03d)" % (reason, code)
        if len(self._rows) < _MAX_ROWS:
            self._rows.append(Row(part.name, part.content_type, reason, part.alternative))
        elif len(self._rows) == _MAX_ROWS:
            self._rows.append(Row("", "", "more parts of this mail can't be recorded either", 0))

    # Fax

    async def _fax(self, slot: Slot) -> bool:
        """Every page of a TIFF. What can't be decoded becomes a row of the notice sheet. True when
        a page was made.
        """
        reader = TiffReader(slot.source, self._fax_buffers, slot.part.number)
        if self._kept is not None and self._kept.key == self._job.key:
            reader.kept = self._kept
        before = self._sheet.page
        self._more = 0
        try:
            await reader.open()
        except TiffError as error:
            self._row(slot, error.code, error.reason)
        number = 0
        while reader.more:
            number += 1
            if self._too_many(slot, faults.TIFF_UNSUPPORTED):
                break
            beyond = False
            try:
                await self._fax_one(slot, reader, number, before)
            except TiffError as error:  # of this page; the next may be sound
                self._row(slot, error.code, _of_page(number, error.reason))
            except OutsideWindow:
                beyond = True
            if beyond:
                await self._beyond(slot, reader, number)
            await self._end_open_page()
            await asyncio.sleep(0)
        return self._sheet.page > before

    async def _fax_one(self, slot: Slot, reader: TiffReader, number: int, before: int) -> None:
        """The file's next page. Raises TiffError, OutsideWindow when it can't be recorded."""
        directory = await reader.next_page()
        if directory is None:
            return
        if not 0 < self._job.octets <= slot.source.window:
            directory = await self._ahead(reader, directory)
        sheet, page = self._sheet, self._fax_page
        total = self._total(slot, before + self._more, reader.total)
        sheet.prepare("fax", total)
        fit = page_fit(directory, _HEAD_DOTS, sheet.capacity, sheet.band_lines, self.cut_lines)
        if fit.reduced or not directory.length:
            quality = await on_demand.call(
                _UNFIT, "record", page, slot.source, directory, sheet, self.setting, total
            )
            self._more += quality.sheets - 1
        else:
            quality = await page.render(slot.source, directory, fit, sheet)
        if directory.mixed:
            code, reason = on_demand.call("firmware.fax.refusal", "mixed")
            self._row(slot, code, _of_page(number, reason))
        self._judge(slot, number, quality, directory.counted)

    async def _ahead(self, reader: TiffReader, page: Directory) -> Directory:
        """See to it that nothing before the page's data will be wanted when they have gone."""
        if reader.kept is not None and reader.kept.has(reader.part, reader.link):
            return page
        if (await page.strip(0))[0] <= page.hold:
            return page
        reader.kept = self._keep()
        return await on_demand.load(_LEARNING).read_ahead(reader.kept, reader, page)  # type: ignore[no-any-return]

    async def _beyond(self, slot: Slot, reader: TiffReader, number: int) -> None:
        """Something is not in the window. Raises ReadAgain where a second reading helps: before
        the page's first line, when the rest of the directories could be learnt.
        """
        kept = self._keep()
        may = reader.part not in kept.learnt and kept.readings < _MAX_READINGS
        may = may and not self._sheet.is_open
        if may and await on_demand.load(_LEARNING).learn(kept, reader, slot.source):
            kept.readings += 1
            raise ReadAgain
        self._row(slot, faults.SPOOL_SMALL, _of_page(number, _TOO_LARGE))

    def _keep(self) -> KeptDirectories:
        """The directories that are kept of this mail."""
        kept = self._kept
        if kept is None or kept.key != self._job.key:
            kept = on_demand.load(_KEPT).KeptDirectories(self._job.key)
            self._kept = kept
        return kept

    def _forget(self, key: bytes) -> None:
        if self._kept is not None and self._kept.key == key:
            self._kept = None
            on_demand.drop(_KEPT)
            on_demand.drop(_LEARNING)

    def _judge(self, slot: Slot, number: int, quality: Quality, counted: list[int]) -> None:
        """Rows that were repeated are told in the journal; rows that are missing on paper too."""
        if quality.note:
            self._row(slot, faults.CODING_DAMAGED, _of_page(number, quality.note))
        if quality.bad_rows or quality.remark or max(counted) > 0:
            text = on_demand.call("firmware.fax.verdict", "text", quality, counted)
            self._reporter.note("quality", "page %d: %s" % (self._sheet.page, text))

    def _too_many(self, slot: Slot, code: int) -> bool:
        """True, and told, when the mail has used up the sheets that it may."""
        most = self.setting("record.sheets")
        if self._sheet.page < most:
            return False
        self._row(slot, code, _TOO_MANY % most)
        return True

    async def _end_open_page(self) -> None:
        if self._sheet.is_open:
            await self._sheet.finish()

    def _total(self, slot: Slot, before: int, pages: int) -> int:
        """Pages of the whole mail: known when this is its last part and the file says how many it
        has.
        """
        job = self._job
        last = slot.part.alone or (job.ended and job.slots[-1] is slot)
        return before + pages if last and pages else 0

    # Text

    async def _text(self, slot: Slot) -> bool:
        """A text part, below the heading of the mail when it is the first. True when there was
        text.
        """
        from firmware.mail.charset import Decoder  # loaded on demand

        if self._too_many(slot, faults.PART_UNSUPPORTED):
            return False
        self._full = False
        self._most = self.setting("record.sheets")
        before = self._sheet.page
        decoder = Decoder(slot.part.charset)
        wrapper = Wrapper(self._canvas.columns)
        pager = self._pager()
        offset = 0
        blank = True  # nothing but white space so far: it costs no sheet, and no heading
        while True:
            got = await slot.source.read_at(offset, self._scratch)
            piece = decoder.decode(self._scratch[:got], not got)
            offset += got
            slot.source.release(offset)
            if blank and piece.strip():
                blank = False
                await self._heading(pager)
            if not blank:
                await self._lines(wrapper.feed(piece), pager)
            if not got or self._full:
                break
            await asyncio.sleep(0)
        if not self._full and not blank:
            await self._lines(wrapper.finish(), pager)
        await self._end_open_page()
        if self._full:
            self._too_many(slot, faults.PART_UNSUPPORTED)
            self._full = False
        self._most = _ENDLESS
        return self._sheet.page > before

    def _pager(self) -> Pager:
        # the band's room is left even where no header is wanted: page breaks must not depend on a
        # mark
        return Pager(
            rows_on_page(self._sheet.capacity - self._sheet.BAND, self._canvas.font.height)
        )

    async def _heading(self, pager: Pager) -> None:
        from firmware.mail.notice import heading_lines

        self._sheet.prepare("text", 0)
        if self._headed:
            return
        self._headed = True
        wrapper = Wrapper(self._canvas.columns, hang=9)
        for line in heading_lines(self._job.envelope):
            await self._lines(wrapper.feed(line + "\n"), pager, bold=True)
        for line in pager.place("\x20"):
            await self._line(line, False)

    async def _lines(self, lines: Iterable[str], pager: Pager, bold: bool = False) -> None:
        for line in lines:
            for placed in pager.place(line):
                await self._line(placed, bold)

    async def _line(self, line: str, bold: bool) -> None:
        if line == FORM_FEED:
            await self._end_open_page()
            self._full = self._sheet.page >= self._most
            if not self._full:
                await self._sheet.feed(MARGIN_LINES)
        elif self._full:
            return
        else:
            await self._canvas.draw(line, self._sheet, bold)

    # The end of the mail

    async def _close(self) -> None:
        """Notice sheet for what is not on paper; a mail without any page gets its heading."""
        if self._rows:
            for row in self._rows:
                self._reporter.unrecorded(self._job, row.name or row.content_type, row.reason)
            await self._notice()
        elif not self._sheet.page:
            pager = self._pager()
            await self._heading(pager)
            await self._lines(iter(("(This mail holds no text and no fax.)",)), pager)
            await self._end_open_page()

    async def _notice(self) -> None:
        from firmware.mail.notice import notice_lines

        self._sheet.prepare("notice", 0)
        pager = self._pager()
        wrapper = Wrapper(self._canvas.columns, hang=3)
        rows = [(row.name, row.content_type, row.reason) for row in self._rows]
        received = time_text(self._job.received, self.zone_min)
        first = True
        for line in notice_lines(self._job.envelope, received, rows):
            await self._lines(wrapper.feed(line + "\n"), pager, bold=first)
            first = False
        await self._end_open_page()
