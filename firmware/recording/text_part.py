"""A part of a mail that is text, and the notice sheet. In memory while text is recorded."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from micropython import const

from firmware.mail.charset import Decoder
from firmware.mail.notice import heading_lines, notice_lines
from firmware.recording import faults
from firmware.recording.page import time_text
from firmware.text.canvas import Canvas
from firmware.text.font import Font
from firmware.text.layout import FORM_FEED, MARGIN_LINES, Pager, Wrapper, rows_on_page

if TYPE_CHECKING:
    from collections.abc import Iterable

    from firmware.recording.document import Recording, Row
    from firmware.recording.job import Slot

_ENDLESS = const(1 << 29)


class TextPart:
    """Records the texts of the mail that `mail` has in hand."""

    def __init__(self, mail: Recording) -> None:
        self._mail = mail
        self._font = Font(arena=mail.fax_buffers.input)  # no fax is decoded meanwhile
        self._canvas = Canvas(self._font, mail.fax_buffers.band)
        self._full = False  # a text has used up the mail's sheets,
        self._most = _ENDLESS  # which are so many

    def close(self) -> None:
        """Close the font's file."""
        self._font.close()

    async def record(self, slot: Slot) -> bool:
        """A text part, below the heading of the mail when it is the first. True when there was
        text.
        """
        if self._mail.too_many(slot, faults.PART_UNSUPPORTED):
            return False
        self._full = False
        self._most = self._mail.setting("record.sheets")
        before = self._mail.sheet.page
        decoder = Decoder(slot.part.charset)
        wrapper = Wrapper(self._canvas.columns)
        pager = self._pager()
        offset = 0
        blank = True  # nothing but white space so far: it costs no sheet, and no heading
        while True:
            got = await slot.source.read_at(offset, self._mail.scratch)
            piece = decoder.decode(self._mail.scratch[:got], not got)
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
        await self._mail.end_open_page()
        if self._full:
            self._mail.too_many(slot, faults.PART_UNSUPPORTED)
            self._full = False
        self._most = _ENDLESS
        return self._mail.sheet.page > before

    def _pager(self) -> Pager:
        # the band's room is left even where no header is wanted: page breaks must not depend on a
        # mark
        sheet = self._mail.sheet
        return Pager(rows_on_page(sheet.capacity - sheet.BAND, self._font.height))

    async def _heading(self, pager: Pager) -> None:
        self._mail.sheet.prepare("text", 0)
        if self._mail.headed:
            return
        self._mail.headed = True
        wrapper = Wrapper(self._canvas.columns, hang=9)
        for line in heading_lines(self._mail.job.envelope):
            await self._lines(wrapper.feed(line + "\n"), pager, bold=True)
        for line in pager.place("\x20"):
            await self._line(line, False)

    async def _lines(self, lines: Iterable[str], pager: Pager, bold: bool = False) -> None:
        for line in lines:
            for placed in pager.place(line):
                await self._line(placed, bold)

    async def _line(self, line: str, bold: bool) -> None:
        if line == FORM_FEED:
            await self._mail.end_open_page()
            self._full = self._mail.sheet.page >= self._most
            if not self._full:
                await self._mail.sheet.feed(MARGIN_LINES)
        elif self._full:
            return
        else:
            await self._canvas.draw(line, self._mail.sheet, bold)

    async def heading_alone(self) -> None:
        """A mail that left no page at all must not vanish: its heading is recorded."""
        pager = self._pager()
        await self._heading(pager)
        await self._lines(iter(("(This mail holds no text and no fax.)",)), pager)
        await self._mail.end_open_page()

    async def notice(self, rows: list[Row]) -> None:
        """The notice sheet for what is not on paper."""
        self._mail.sheet.prepare("notice", 0)
        pager = self._pager()
        wrapper = Wrapper(self._canvas.columns, hang=3)
        told = [(row.name, row.content_type, row.reason) for row in rows]
        received = time_text(self._mail.job.received, self._mail.zone_min)
        first = True
        for line in notice_lines(self._mail.job.envelope, received, told):
            await self._lines(wrapper.feed(line + "\n"), pager, bold=first)
            first = False
        await self._mail.end_open_page()
