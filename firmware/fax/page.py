"""One fax page from its coded data to packed lines."""
from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from firmware.fax.ccitt import CcittDecoder
from firmware.fax.coded import Coded
from firmware.fax.lines import DONE, FULL, MORE, LineQueue
from firmware.fax.packed import PackedDecoder
from firmware.fax.plotter import Plotter
from firmware.fax.tiff import MAX_ROWS, TiffError
from firmware.recording.faults import CODING_DAMAGED

if TYPE_CHECKING:
    from firmware.fax.buffers import FaxBuffers
    from firmware.fax.coded import Source
    from firmware.fax.plotter import Sink
    from firmware.fax.raster import Fit
    from firmware.fax.tiff import Directory


class Quality:
    """What became of a page: rows decoded (repeated ones included), rows that were damaged, and a
    note in plain words or ''.
    """

    def __init__(self, rows: int, bad_rows: int, note: str) -> None:
        self.rows = rows
        self.bad_rows = bad_rows
        self.note = note


class FaxPage:
    """Renders pages, one at a time, in the buffers that it is lent."""

    def __init__(self, buffers: FaxBuffers) -> None:
        self._coded = Coded(buffers)
        self._ccitt = CcittDecoder(buffers, self._coded)
        self._packed = PackedDecoder(buffers, self._coded)
        self._plotter = Plotter(buffers)
        self._note = ""
        self._rows = 0  # decoded so far
        self._owed = 0  # white ones in place of lost ones

    async def render(
        self, source: Source, directory: Directory, fit: Fit, sink: Sink
    ) -> Quality:
        """Decode, scale and hand on bands of lines, beginning with an empty one.

        Raises what source and sink raise (`Incomplete` when the data end early for good, after the
        complete rows before that have been handed on); TiffError when the strip table can't be
        read, or when not one row can be decoded: then nothing was handed on.
        """
        decoder = self._packed if directory.is_packed() else self._ccitt
        self._plotter.begin(fit, directory.photometric == 1)
        decoder.begin_page(directory.width)
        self._note = ""
        self._rows = self._owed = 0
        left = directory.length or MAX_ROWS
        for strip in range(directory.strips):
            rows = min(left, directory.rows_per_strip)
            left -= rows
            offset, octets = await directory.strip(strip)
            self._coded.begin(offset, octets, directory.fill_order == 2)
            decoder.begin_strip(directory.scheme(), rows)
            await self._strip(decoder, source, directory, sink)
            if self._plotter.full():
                break
            if left and strip + 1 < directory.strips:
                await self._blank(decoder, directory, sink)
        if not self._rows:
            raise TiffError(CODING_DAMAGED, self._note or "it has no rows")
        await self._plotter.flush(sink, True)
        return Quality(self._rows, decoder.bad_rows, self._note)

    async def _strip(
        self, decoder: LineQueue, source: Source, directory: Directory, sink: Sink
    ) -> None:
        """Decode the strip that was begun."""
        why = MORE
        while why != DONE and not self._plotter.full():
            why = decoder.decode()
            if decoder.lines():  # no coroutine where there is nothing to wait for: they cost heap
                if not self._rows:
                    await self._plotter.start(sink, self._owed)
                self._rows += decoder.lines()
                rows = self._draw(decoder)
                if rows:
                    await self._hand_on(rows, sink)
            if why == MORE:
                await self._refill(source, directory, sink)
            elif why == FULL:
                decoder.recycle()
        if decoder.reason and directory.length and not self._plotter.full():
            missing = decoder.rows_left()
            decoder.bad_rows += missing
            self._note = "%s; rows %d to %d are white" % (
                decoder.reason,
                self._rows + self._owed + 1,
                self._rows + self._owed + missing,
            )

    def _draw(self, decoder: LineQueue) -> int:
        """Draw the lines that wait; returns how many did not fit into the band."""
        self._plotter.point(decoder.first)
        rows = self._plotter.draw(decoder.lines())
        decoder.taken()
        return rows

    async def _hand_on(self, rows: int, sink: Sink) -> None:
        """Hand bands on and draw the `rows` lines that are left."""
        while rows and not self._plotter.full():
            await self._plotter.flush(sink)
            await asyncio.sleep(0)
            rows = self._plotter.draw(rows)

    async def _refill(self, source: Source, directory: Directory, sink: Sink) -> None:
        try:
            await self._coded.more(source)
        except Exception:
            if self._rows:
                await self._plotter.flush(sink, True)
            raise
        source.release(min(self._coded.position, directory.hold))
        await asyncio.sleep(0)  # megabytes of fill give no band at which to let others run

    async def _blank(self, decoder: LineQueue, directory: Directory, sink: Sink) -> None:
        """White rows in place of those that a damaged strip did not give. Before the first row of
        the page they are only counted: perhaps none will come.
        """
        self._owed += decoder.rows_left()
        if not self._rows:
            return
        while decoder.rows_left() and not self._plotter.full():
            decoder.recycle()
            decoder.blank(directory.photometric)
            await self._hand_on(self._draw(decoder), sink)
