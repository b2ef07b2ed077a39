"""One fax page from its coded data to packed lines."""
from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from micropython import const

from firmware import on_demand
from firmware.fax.ccitt import CcittDecoder
from firmware.fax.coded import UNLIMITED, Coded
from firmware.fax.directory import MAX_ROWS, TiffError
from firmware.fax.lines import DONE, DOUBT, FULL, MORE, LineQueue
from firmware.fax.plotter import Plotter, draw_on
from firmware.recording.faults import CODING_DAMAGED, TIFF_UNSUPPORTED

if TYPE_CHECKING:
    from firmware.fax.buffers import FaxBuffers
    from firmware.fax.coded import Feed
    from firmware.fax.directory import Directory
    from firmware.fax.plotter import Sink
    from firmware.fax.raster import Fit
    from firmware.fax.turn import Turner

# As long as a page shows nothing but white rows its coding can still be doubted, and then its
# data are read again from the start. That must not hang on how they arrive: till then, they are
# decoded by whole buffers.
_KEPT = const(3072)  # octets after which it is believed, less than a large buffer
_SPARE = const(64)  # octets behind the last row that are worth a look: more than an end mark
_OFTEN = const(7)  # others run behind each eighth band, even if whoever takes them never waits
_USED_UP = const(0)  # what `draw_on` answers at the input's end,
_NO_ROOM = const(4)  # and when no further line fits
# words of the decoder's state
_ROWS = const(12)
_TAKEN = const(22)
_NARROW = const(25)
_PACKED = "firmware.fax.packed"
_VERDICT = "firmware.fax.verdict"


class Quality:
    """What became of a page: rows decoded (repeated ones included), rows that were damaged and the
    most of them in a row. `note`: what is not on paper; `remark`: what else was seen; in plain
    words, or ''.
    """

    def __init__(self, rows: int, bad_rows: int = 0, bad_run: int = 0) -> None:
        self.rows = rows
        self.bad_rows = bad_rows
        self.bad_run = bad_run
        self.note = self.remark = ""
        self.sheets = 1  # that it took


class FaxPage:
    """Renders pages, one at a time, in the buffers that it is lent.

    `plotter` draws them; another one may take its place for a while. The other public attributes
    are what module `verdict` judges the page by.
    """

    def __init__(self, buffers: FaxBuffers) -> None:
        self.buffers = buffers
        self.plotter: Plotter | Turner = Plotter(buffers)
        self._coded = Coded(buffers)
        self._ccitt = CcittDecoder(buffers, self._coded)
        self._state, self._plot = buffers.state, buffers.plot
        self._buffers = buffers.input, buffers.elements, buffers.tables, buffers.band
        self._plain = False  # rows to come need not be looked at before they are drawn
        self.remark = ""
        self.lost = ("", 0, 0)  # why rows of a strip are missing, the first of them, how many
        self._vague = False  # how many rows a strip has is not known before its data end
        self.full = False  # the sheet is: what came behind is not on it
        self.rows = 0  # decoded so far
        self._bands = 0  # handed on
        self._owed = 0  # white ones in place of lost ones
        self._skip = 0  # rows to come that are drawn already
        self._scheme = 0
        self._turned = False  # least significant bit first
        self._place = (0, 0)  # offset and octets of the strip

    async def render(
        self, source: Feed, directory: Directory, fit: Fit, sink: Sink
    ) -> Quality:
        """Decode, scale and hand on bands of lines, beginning with an empty one.

        Raises what source and sink raise (`Incomplete` when the data end early for good, after the
        complete rows before that have been handed on); TiffError when the strip table can't be
        read, not one row can be decoded, or the band has no room for what one becomes: then
        nothing was handed on.
        """
        decoder = self._begin(directory, fit)
        left = directory.length or MAX_ROWS
        # where a strip may be the whole page, its data say how many rows it has
        self._vague = 0 < directory.length <= directory.rows_per_strip and directory.strips > 1
        for strip in range(directory.strips):
            self._place = await directory.strip(strip)
            rows = min(left, directory.rows_per_strip)
            if not rows:  # more strips than the page has rows for
                rows = MAX_ROWS - self.rows
                offset, octets = self._place
                if not (self._vague and rows > 0 and offset and octets < UNLIMITED):
                    break
                decoder.beyond = True
            source.release(min(self._place[0], directory.hold))  # what lies before is not wanted
            self._begin_strip(decoder, source, rows)
            decoder.suspect = strip == 0 and decoder is self._ccitt
            await self._strip(decoder, directory, sink)
            if self.plotter.full():
                break
            left -= rows
            if self._vague:
                left = 0 if decoder.beyond else decoder.rows_left()
            elif left and strip + 1 < directory.strips:
                await self._blank(decoder, directory, sink)
        if self._vague and self.lost[0]:  # what one strip lacks of the page, others may have
            decoder.bad_rows += left
            self.lost = (self.lost[0] if left else "", self.rows + 1, left)
        await self._beyond(decoder, directory, sink)
        self.full = bool(self.plotter.full())
        if not self.rows:
            why = on_demand.call(_VERDICT, "nothing", self, decoder, directory)
            raise TiffError(CODING_DAMAGED, why)
        await self.plotter.flush(sink, True)
        if self.rows == directory.length and not decoder.bad_rows and not self.remark:
            return Quality(self.rows)
        quality: Quality = on_demand.call(_VERDICT, "quality", self, decoder, directory)
        return quality

    def _begin(self, directory: Directory, fit: Fit) -> LineQueue:
        decoder: LineQueue = self._ccitt
        if directory.is_packed():
            decoder = on_demand.call(_PACKED, "PackedDecoder", self.buffers, self._coded)
        try:
            self.plotter.begin(fit, directory.photometric == 1)
        except ValueError as error:
            raise TiffError(TIFF_UNSUPPORTED, str(error)) from None
        decoder.begin_page(directory.width)
        self.remark = ""
        self.lost = ("", 0, 0)
        self.full = self._plain = False
        self.rows = self._owed = self._skip = self._bands = 0
        self._scheme = directory.scheme()
        self._turned = directory.fill_order == 2
        return decoder

    def _begin_strip(self, decoder: LineQueue, source: Feed, rows: int) -> None:
        self._coded.begin(source, self._place[0], self._place[1], self._turned)
        decoder.begin_strip(self._scheme, rows)

    async def _strip(self, decoder: LineQueue, directory: Directory, sink: Sink) -> None:
        """Decode the strip that was begun."""
        coded, why = self._coded, FULL
        while why != DONE:
            coded.hold = 0 if decoder.suspect else directory.hold
            if self._plain and not decoder.hunting:
                why = await self._on(decoder, sink)
            else:
                if why == MORE and (decoder.suspect or not coded.fill()):
                    await self._more(sink, decoder.suspect)
                why = decoder.decode()
            if why == DOUBT:
                await self._reconsider(decoder, directory)
                continue
            if decoder.lines():
                if not self.rows:
                    await self.plotter.start(sink, self._owed)
                await self._hand_on(self._draw(decoder), sink)
                if self.plotter.full():
                    break
            if why == FULL:
                decoder.recycle()
            if decoder.suspect and coded.position - self._place[0] > _KEPT:
                decoder.suspect = False
                coded.source.release(min(coded.position, directory.hold))
        self.rows += decoder.drew()
        if decoder.reason and directory.length and not self.plotter.full():
            missing = decoder.rows_left()
            if not self._vague:
                decoder.bad_rows += missing
            self.lost = (decoder.reason, self.rows + self._owed + 1, missing)

    async def _on(self, decoder: LineQueue, sink: Sink) -> int:
        """Go on while nothing but decoding, drawing and refilling is to be done: what `decode` of
        the decoder answers then; DONE when the sheet is full.

        No coroutine where there is nothing to wait for, and few names that are looked up: both
        cost time and heap, some hundred times a page.
        """
        coded, plotter, state, plot = self._coded, self.plotter, self._state, self._plot
        octets, elements, tables, band = self._buffers
        while True:
            why = draw_on(state, octets, elements, tables, plot, band)
            rows = state[_TAKEN] - state[_ROWS]
            if rows:  # they did not fit into the band
                self.rows += decoder.take()
                await self._hand_on(rows, sink)
                if plotter.full():
                    return DONE
            if why == _USED_UP and not coded.ended:
                if not coded.fill():
                    await self._more(sink)
            elif why == _NO_ROOM and state[_ROWS]:
                decoder.recycle()
            else:
                return decoder.judge(why)

    async def _more(self, sink: Sink, whole: bool = False) -> None:
        """Wait for octets; with `whole` for as many as the input takes."""
        try:
            await self._coded.more(whole)
        except Exception:
            if self.rows:
                await self.plotter.flush(sink, True)
            raise

    def _draw(self, decoder: LineQueue) -> int:
        """Draw the lines that wait; returns how many did not fit into the band."""
        decoder.suspect = decoder.suspect and decoder.plain()
        if self._skip:
            self._skip -= decoder.drop(self._skip)
        self._plain = decoder is self._ccitt and bool(self.plotter.straight) and not (
            self._skip or decoder.suspect or self._state[_NARROW])
        self.plotter.point(decoder.first)
        rows = decoder.take()
        self.rows += rows
        return int(self.plotter.draw(rows))

    async def _hand_on(self, rows: int, sink: Sink) -> None:
        """Hand bands on and draw the `rows` lines that are left: none where all are taken, as in
        turn.py.
        """
        plotter: Plotter = self.plotter  # type: ignore[assignment]
        bands = self._bands
        while rows:
            lines = plotter.ready()
            if lines:
                await sink.write(plotter.view, lines)
            rows = plotter.go_on(lines, rows)
            bands += 1
            if not bands & _OFTEN:
                await asyncio.sleep(0)
        self._bands = bands

    async def _reconsider(self, decoder: LineQueue, directory: Directory) -> None:
        """The page may be coded otherwise than it says: find out, and begin its first strip anew.
        """
        said, source = (self._scheme, self._turned), self._coded.source
        found = await on_demand.call(
            "firmware.fax.doubt", "coding", source, self._coded, self.buffers, directory, said
        )
        self._scheme, self._turned, self.remark = found
        self._skip = self.rows
        decoder.begin_page(directory.width)
        rows = min(directory.length or MAX_ROWS, directory.rows_per_strip)
        self._begin_strip(decoder, source, rows)

    async def _beyond(self, decoder: LineQueue, directory: Directory, sink: Sink) -> None:
        """Where data follow the last row, record the rows that they hold: the page was said to be
        too short.
        """
        if directory.strips > 1 or not directory.length or decoder is not self._ccitt:
            return
        if decoder.rows_left() or self.plotter.full() or self._coded.unread() < _SPARE:
            return
        decoder.extend(MAX_ROWS - directory.length)
        await self._strip(decoder, directory, sink)

    def outside(self) -> bool:
        """True when nothing could be read of the last strip."""
        return self._coded.position == self._place[0]

    async def _blank(self, decoder: LineQueue, directory: Directory, sink: Sink) -> None:
        """White rows in place of those that a damaged strip did not give. Before the first row of
        the page they are only counted: perhaps none will come.
        """
        self._owed += decoder.rows_left()
        if not self.rows:
            return
        while decoder.rows_left() and not self.plotter.full():
            decoder.recycle()
            decoder.blank(directory.photometric)
            self.plotter.point(decoder.first)
            rows = self.plotter.draw(decoder.take())
            await self._hand_on(rows, sink)
