"""Fuzz targets for TIFF and CCITT, on either runtime: octets in, and nothing but a page or a
TiffError may come of them, with every buffer's guards intact.

On MicroPython this is the viper code itself.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

# loaded on demand by the firmware; here they stay, or most of the time would go into loading
from firmware.fax import doubt, packed, refusal, turn, verdict  # noqa: F401
from firmware.fax.buffers import MAX_WIDTH
from firmware.fax.page import FaxPage
from firmware.fax.raster import page_fit, plain_fit
from firmware.fax.tiff import TiffError, TiffReader
from tests.unit.fax_support import (
    MH,
    MH_PLAIN,
    MMR,
    MR,
    GuardedBuffers,
    MemorySource,
    TiffWriter,
    coded,
    fields,
    one_page,
    picture,
    turned,
)

if TYPE_CHECKING:
    from typing import Any

    from firmware.fax.directory import Directory
    from firmware.fax.raster import Fit

HEAD_DOTS = 1728
SHEET = 4543
PAGES = 4  # of one input
PIECES = (4096, 97, 389, 31, 2000, 7, 512, 1)  # octets that come at a time
WIDTHS = (1, 7, 8, 64, 200, 1728, 2433, MAX_WIDTH - 1, MAX_WIDTH)
SCHEMES = ((MH_PLAIN, 2, 0), (MH, 3, 0), (MR, 3, 1), (MMR, 4, 0))

_shared: "dict[int, GuardedBuffers]" = {}


class Counting:
    """Counts lines, and looks at their octets."""

    def __init__(self) -> None:
        self.lines = 0

    async def write(self, view: memoryview, lines: int) -> None:
        self.lines += lines
        if lines < 0 or (lines and len(view) % lines):
            raise AssertionError("a band of %d octets for %d lines" % (len(view), lines))


def buffers(way: int) -> GuardedBuffers:
    """The same for all inputs, large ones or those of a small heap: what one input leaves behind
    may trip the next.
    """
    small = way >> 7
    if small not in _shared:
        _shared[small] = GuardedBuffers(bool(small))
    return _shared[small]


def on_its_side(directory: "Directory", orientation: int) -> "Fit":
    """A fit for `turn`, as large as fits."""
    fit = plain_fit(directory)
    fit.rows = min(directory.length or 1, HEAD_DOTS)
    fit.stride = HEAD_DOTS // 8
    fit.lines = min(fit.rows if orientation < 5 else directory.width, 32)
    return fit


async def _pages(data: bytes, way: int) -> None:
    lent = buffers(way)
    source: "Any" = MemorySource(data, PIECES[way >> 4 & 7])
    source.release = lambda offset: None  # a turned page is read again and again
    reader = TiffReader(source, lent)
    page = FaxPage(lent)
    await reader.open()
    for _page in range(PAGES):
        directory = await reader.next_page()
        if directory is None:
            return
        sink = Counting()
        if way & 3 == 2 and directory.width <= 64:
            orientation = 3 + (way >> 2) % 6
            side = on_its_side(directory, orientation)
            await turn.render(page, source, directory, side, sink, orientation)
            continue
        fit = plain_fit(directory)
        if way & 1:
            fit = page_fit(directory, HEAD_DOTS, SHEET, 62, 92)
        fit.lines = min(fit.lines, 2000)
        mirrored = turn.Mirrored(sink, lent, fit.stride) if way & 3 == 3 else sink
        quality = await page.render(source, directory, fit, mirrored)
        if quality.bad_rows < 0 or sink.lines > fit.lines:
            raise AssertionError("%d lines of %d" % (sink.lines, fit.lines))


async def run(data: bytes, way: int) -> None:
    """Decode a file; `way` chooses how it is drawn, and in what pieces it comes."""
    try:
        await _pages(data, way)
        refused = None
    except TiffError as error:
        refused = error
    if refused is not None and not (refused.reason and refused.code):
        raise AssertionError("refused without a reason")
    if not buffers(way).intact():
        raise AssertionError("something was written outside a buffer")


async def tiff(data: bytes) -> None:
    """The octets are a TIFF file, but for the last, which says how it is drawn."""
    await run(data[:-1], data[-1] if data else 0)


async def ccitt(data: bytes) -> None:
    """The octets are a strip, or two, but for the first three: coding and bit order, width, way.
    """
    if len(data) < 4:
        return
    _scheme, compression, options = SCHEMES[data[0] & 3]
    width = WIDTHS[data[1] % len(WIDTHS)]
    rows = data[1] * 8 if data[0] & 0xFC == 0xFC else data[1] // 8  # many white rows take long
    more: "tuple[Any, ...]" = ((292, 4, [options]), (266, 3, [1 + (data[0] >> 2 & 1)]))
    more += ((257, 4, [rows]), (262, 3, [data[0] >> 3 & 1]))
    if data[0] & 16 and rows > 1:
        half = (len(data) - 3) // 2
        places, counts = [8, 8 + half], [half, len(data) - 3 - half]
        more += ((273, 4, places), (278, 4, [rows + 1 >> 1]), (279, 4, counts))
    await run(one_page(["0" * width], compression, data[3:], *more), data[2])


def seeds() -> "list[bytes]":
    """Sound inputs of `ccitt`, in every coding and both bit orders."""
    found = []
    for number, (scheme, _compression, _options) in enumerate(SCHEMES):
        for width in (2, 3, 5):
            data = coded(picture(WIDTHS[width], 12, width), scheme)
            found.append(bytes([number, width, 0]) + data)
            found.append(bytes([number | 4, width, 17]) + turned(data))
        found.append(bytes([number, 7, 128]) + coded(["110000" * (WIDTHS[7] // 6)] * 2, scheme))
    dense = [half * (MAX_WIDTH // 2) for half in ("10", "01")]
    data = coded(dense, MMR)  # of each of two strips
    found.append(bytes([3 | 16, len(WIDTHS) * 4 - 1, 0]) + data + data)
    return found


def files() -> "list[bytes]":
    """Sound inputs of `tiff`: several pages, several strips, both byte orders."""
    found = []
    rows = picture(64, 12, 1)
    strips = [coded(rows[at : at + 4], MMR) for at in (0, 4, 8)]
    for order in ("II", "MM"):
        file = TiffWriter(order)
        for _page in range(2):
            usual = [field for field in fields(64, 12, 4, 0, 0) if field[0] < 273]
            places = [file.place(strip) for strip in strips]
            more = [(273, 4, places), (278, 3, [4]), (279, 3, [len(strip) for strip in strips])]
            file.directory(usual + more)
        found.append(bytes(file.data) + b"\0")
    return found
