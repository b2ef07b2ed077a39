"""Pages of 600 dots to the inch, the widest that there is room for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from firmware.fax import turn
from firmware.fax.buffers import MAX_WIDTH
from firmware.fax.page import FaxPage
from firmware.fax.tiff import TiffReader
from tests.unit.fax_support import (
    MH,
    MMR,
    GuardedBuffers,
    MemorySource,
    coded,
    decode,
    one_page,
    packed,
    picture,
)
from tests.unit.test_fax_page import HEAD, fit_of

if TYPE_CHECKING:
    from typing import Any

    from firmware.fax.buffers import FaxBuffers
    from firmware.fax.raster import Fit


def test_a_page_of_600_dpi_fills_the_sheet_as_large_as_it_is() -> None:
    for width, length, x, y in ((5100, 6600, 600, 600), (5100, 13200, 600, 1200)):
        fit = fit_of(width, length, x, y)
        assert not fit.reduced and not fit.cut
        assert abs(width * fit.x_num / fit.x_den - 215.9 * 8) < 1
        assert abs(length * fit.y_num / fit.y_den - 279.4 * 15.4) < 1
    assert fit_of(2550, 6600, 300, 600).y_num == fit_of(5100, 6600, 600, 600).y_num
    for width in (5120, MAX_WIDTH):  # a little wider than the head
        fit = fit_of(width, 6600, 600, 600)
        assert fit.left == 0 and abs(width * fit.x_num / fit.x_den - HEAD) < 1


def test_rows_of_600_dpi_come_out_run_by_run_in_every_coding() -> None:
    for width in (4960, 5100, 5120, MAX_WIDTH):
        rows = picture(width, 12, width, 60)
        data = one_page(rows, 4, coded(rows, MMR))
        fit = fit_of(width, len(rows), 600, 600)
        lines = decode(data, fit=fit).rows[0]
        expected = [set() for _line in lines]  # type: list[set[int]]
        for number, row in enumerate(rows):
            at = number * fit.y_num // fit.y_den
            expected[at].update(
                fit.left + dot * fit.x_num // fit.x_den
                for dot, value in enumerate(row) if value == "1"
            )
        for line, dots in zip(lines, expected):  # noqa: B905 - none on MicroPython
            inked = {dot for dot, value in enumerate(line) if value == "1"}
            assert dots and all(inked & {dot - 1, dot, dot + 1} for dot in dots)
            assert all(dots & {dot - 1, dot, dot + 1} for dot in inked)
        plain = packed("".join(row + "0" * (-width % 8) for row in rows))
        chunks = [plain[at : at + 128] for at in range(0, len(plain), 128)]
        literals = b"".join(bytes([len(chunk) - 1]) + chunk for chunk in chunks)
        for compression, body in ((3, coded(rows, MH)), (1, plain), (32773, literals)):
            other = decode(one_page(rows, compression, body), 700, fit)
            assert other.rows[0] == lines, (width, compression)


def test_the_widest_page_is_turned_within_the_band() -> None:
    buffers = GuardedBuffers()
    rows = ["1" * MAX_WIDTH, "10" * (MAX_WIDTH // 2)] + ["0" * MAX_WIDTH] * 4 + ["1" * MAX_WIDTH]
    data = one_page(rows, 4, coded(rows, MMR))
    for orientation in (3, 6):
        sides = (MAX_WIDTH, len(rows)) if orientation < 5 else (len(rows), MAX_WIDTH)
        fit = fit_of(sides[0], sides[1], 600, 600)
        high = -(-sides[1] * fit.y_num // fit.y_den)
        fit.rows, fit.width, fit.lines = len(rows), MAX_WIDTH, high
        sink = Inked()
        asyncio.run(turn_page(data, fit, buffers, sink, orientation))
        assert buffers.intact()
        assert sink.lines == high
        assert high - sink.inked < 2 if orientation > 4 else sink.inked > 1


class Inked:
    """Counts lines, and those with black."""

    def __init__(self) -> None:
        self.lines = self.inked = 0

    async def write(self, view: memoryview, lines: int) -> None:
        self.lines += lines
        for line in range(lines):
            self.inked += any(view[line * HEAD // 8 : (line + 1) * HEAD // 8])


async def turn_page(
    data: bytes, fit: "Fit", buffers: "FaxBuffers", sink: "Inked", orientation: int
) -> None:
    source: "Any" = MemorySource(data)
    source.release = lambda offset: None  # the page is read again and again
    reader = TiffReader(source, buffers)
    await reader.open()
    directory = await reader.next_page()
    assert directory is not None
    await turn.render(FaxPage(buffers), source, directory, fit, sink, orientation)
