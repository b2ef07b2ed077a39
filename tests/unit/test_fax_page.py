"""Pages on head lines: scale, margins, thin lines, bands, and data that are still arriving."""
from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from firmware.fax.buffers import MAX_WIDTH, FaxBuffers
from firmware.fax.page import FaxPage
from firmware.fax.raster import page_fit, plain_fit, resolution
from firmware.fax.tiff import TiffReader
from tests.unit.fax_support import (
    MH,
    MMR,
    GuardedBuffers,
    MemorySource,
    RowSink,
    coded,
    decode,
    decode_pages,
    one_page,
    packed,
    picture,
)

if TYPE_CHECKING:
    from typing import Any

    from firmware.fax.raster import Fit

HEAD = 1728
SHEET = 4543


class Shape:
    """The part of a directory that a fit needs."""

    def __init__(self, width: int, length: int, x: int, y: int) -> None:
        self.width = width
        self.length = length
        self.x_dpi_x100 = x * 100
        self.y_dpi_x100 = y * 100


def fit_of(width: int, length: int, x: int, y: int, band: int = 62, cut: int = 92) -> "Fit":
    shape: "Any" = Shape(width, length, x, y)
    return page_fit(shape, HEAD, SHEET, band, cut)


def scales(fit: "Fit") -> "tuple[int, int, int, int]":
    return fit.x_num, fit.x_den, fit.y_num, fit.y_den


def head_lines(
    rows: "list[str]", x: int, y: int, buffers: "FaxBuffers | None" = None
) -> "list[str]":
    data = one_page(rows, 4, coded(rows, MMR))
    fit = fit_of(len(rows[0]), len(rows), x, y)
    pages = asyncio.run(decode_pages(MemorySource(data), buffers or FaxBuffers(), fit))
    return pages.rows[0]


def test_nominal_resolutions_scale_by_nominal_ratios() -> None:
    for x, y, expected in (
        (204, 98, (1, 1, 4, 1)),
        (200, 100, (1, 1, 4, 1)),
        (204, 196, (1, 1, 2, 1)),
        (204, 391, (1, 1, 1, 1)),
        (300, 300, (2, 3, 4, 3)),
        (408, 391, (1, 2, 1, 1)),
        (400, 400, (1, 2, 1, 1)),
        (100, 100, (2, 1, 4, 1)),
    ):
        assert scales(fit_of(800, 100, x, y)) == expected


def test_other_resolutions_scale_by_the_true_ratio() -> None:
    fit = fit_of(500, 500, 150, 150)
    assert abs(fit.x_num / fit.x_den - 203.2 / 150) < 0.001
    assert abs(fit.y_num / fit.y_den - 391.16 / 150) < 0.001


def test_absent_resolutions_are_guessed() -> None:
    for width, length, expected in (
        (1728, 1140, (20000, 10000)),
        (1728, 2280, (20000, 20000)),
        (1728, 4560, (20000, 40000)),
        (2592, 3500, (30000, 30000)),
        (3456, 4600, (40000, 40000)),
        (1216, 1600, (20000, 20000)),
        (4864, 6870, (40000, 40000)),
        (4960, 7016, (60000, 60000)),
        (5184, 6600, (60000, 60000)),
    ):
        shape: "Any" = Shape(width, length, 0, 0)
        assert resolution(shape) == expected


def test_a_narrow_page_is_centred_and_a_wide_one_reduced_in_both_axes() -> None:
    assert fit_of(1216, 1000, 204, 196).left == (1728 - 1216) // 2
    fit = fit_of(2432, 1000, 204, 196)
    assert fit.left == 0 and fit.reduced
    assert abs(fit.x_num / fit.x_den - 1728 / 2432) < 0.001
    assert abs(fit.y_num / fit.y_den - 2 * 1728 / 2432) < 0.001


def test_a_page_slightly_too_long_is_cut_and_a_longer_one_reduced() -> None:
    room = SHEET - 62
    fit = fit_of(1728, (room + 92) // 2, 204, 196)
    assert fit.cut and not fit.reduced and fit.lines == room
    fit = fit_of(1728, (room + 96) // 2, 204, 196)
    assert fit.reduced and not fit.cut
    assert abs(fit.x_num / fit.x_den * 2 - fit.y_num / fit.y_den) < 0.001
    assert room - 4 <= (room + 96) // 2 * fit.y_num / fit.y_den <= room


def test_an_endless_page_is_reduced_to_a_quarter_and_then_cut() -> None:
    fit = fit_of(1728, 32000, 204, 98)
    assert fit.cut and fit.reduced
    assert abs(fit.x_num / fit.x_den - 0.25) < 0.001


def test_fine_rows_come_twice_and_standard_rows_four_times() -> None:
    rows = picture(1728, 30, 3)
    for y, times in ((391, 1), (196, 2), (98, 4)):
        expected = []
        for row in rows:
            expected += [row] * times
        assert head_lines(rows, 204, y) == expected


def test_300_dpi_becomes_two_thirds_wide_and_four_thirds_high() -> None:
    rows = ["000111000000", "111111111000", "000000000111"]
    lines = head_lines([row * 20 for row in rows], 300, 300)
    left = (1728 - 160) // 2
    expected = ["00110000", "11111100", "00000011", "00000011"]
    assert [line[left : left + 8] for line in lines] == expected
    assert "1" not in lines[0][:left] and "1" not in lines[0][left + 160 :]


def test_thin_lines_survive_every_reduction() -> None:
    width = MAX_WIDTH
    for x, y, height in ((408, 391, 40), (408, 391, 9000), (300, 300, 40), (600, 600, 7016)):
        fit = fit_of(width, height, x, y)
        for place in (0, 1, 1000, width - 2, width - 1):
            row = "0" * place + "1" + "0" * (width - place - 1)
            data = one_page([row], 4, coded([row], MMR))
            assert "1" in decode(data, fit=fit).rows[0][0]
    rows = ["0" * 3456] * 60
    for thin in (0, 17, 59):
        rows[thin] = "1" * 3456
    lines = head_lines(rows, 408, 391)
    assert len([line for line in lines if "1" in line]) == 3
    reduced = fit_of(3456, 9000, 408, 391)
    lines = decode(one_page(rows, 4, coded(rows, MMR)), fit=reduced).rows[0]
    assert len([line for line in lines if "1" in line]) == 3
    assert "1" in lines[-1]


def test_a_picture_in_single_dots_does_not_come_out_black() -> None:
    for x, y in ((600, 600), (408, 391), (300, 300)):
        width = 2 * x
        rows = ["10" * (width // 2), "01" * (width // 2)] * 12
        lines = head_lines(rows, x, y)
        left = (1728 - len(lines[0].strip("0"))) // 2
        inked = "".join(lines[2:-2]).count("1") * 100 // ((1728 - 2 * left) * (len(lines) - 4))
        assert 40 <= inked <= 70, (x, inked)


def test_thin_slanting_lines_have_no_gap() -> None:
    for x, y in ((600, 600), (408, 391), (300, 300)):
        for slope in (1, 2, 3):
            places = range(0, 160, slope)
            rows = ["0" * at + "1" * slope + "0" * (168 - at - slope) for at in places]
            before = -1
            for line in head_lines(rows, x, y):
                first, last = line.find("1"), line.rfind("1")
                assert "0" not in line[first : last + 1], "in one piece"
                assert before < 0 or first <= before + 1, (x, slope)
                before = last


def test_lines_merge_across_bands() -> None:
    rows = picture(800, 60, 5)
    fit = fit_of(800, 9000, 408, 391)
    lines = decode(one_page(rows, 4, coded(rows, MMR)), fit=fit).rows[0]
    expected: "list[set[int]]" = []
    for number, row in enumerate(rows):
        at = number * fit.y_num // fit.y_den
        while len(expected) <= at:
            expected.append(set())
        for dot, value in enumerate(row):
            if value == "1":
                expected[at].add(dot)
    for at, dots in enumerate(expected):
        inked = {place for place, value in enumerate(lines[at]) if value == "1"}
        hit = {fit.left + dot * fit.x_num // fit.x_den for dot in dots}
        # a run of two dots that is left out ends two from its neighbour
        assert hit <= {place + step for place in inked for step in (-1, 0, 1, 2)}
        assert bool(hit) == bool(inked)


def test_reverse_video_stays_white_beside_the_page() -> None:
    rows = ["0" * 800, "1" * 800]
    data = one_page(rows, 4, coded(rows, MMR), (262, 3, [1]))
    lines = decode(data, fit=fit_of(800, 2, 204, 391)).rows[0]
    assert lines == ["0" * 464 + "1" * 800 + "0" * 464, "0" * 1728]


def test_no_more_lines_are_written_than_the_sheet_has() -> None:
    rows = picture(1728, 60, 2)
    data = one_page(rows, 4, coded(rows, MMR))
    fit = fit_of(1728, 60, 204, 98)
    fit.lines = 101
    assert len(decode(data, fit=fit).rows[0]) == 101


def test_scaling_keeps_inside_the_band() -> None:
    shapes = [(1728, 204, 98), (4864, 408, 391), (MAX_WIDTH, 600, 600), (864, 100, 100)]
    shapes += [(1, 200, 200), (622, 72, 72)]
    for small in (False, True):
        buffers = GuardedBuffers(small)
        for width, x, y in shapes:
            run = 2 if small and width > 2592 else 1  # dots
            row = ("1" * run + "0" * run) * (width // run // 2)
            rows = ["1" * width, row + "1" * (width - len(row)), "0" * width] * 3
            head_lines(rows, x, y, buffers)
            assert buffers.intact()


def test_the_sink_may_use_the_band_itself_before_the_first_line() -> None:
    rows = picture(100, 5, 3)
    buffers = FaxBuffers()

    class Header(RowSink):
        async def write(self, view: memoryview, lines: int) -> None:
            if not self.calls:
                for index in range(len(buffers.band)):
                    buffers.band[index] = 0xAA
            await super().write(view, lines)

    async def run() -> "list[str]":
        source = MemorySource(one_page(rows, 4, coded(rows, MMR)))
        reader = TiffReader(source, buffers)
        await reader.open()
        directory = await reader.next_page()
        assert directory is not None
        sink = Header(100)
        await FaxPage(buffers).render(source, directory, plain_fit(directory), sink)
        return sink.rows

    assert asyncio.run(run()) == rows


class Broken(Exception):
    """The mail broke off."""


class Arriving(MemorySource):
    """Ends with an exception at `end`, as a spool does when the mail breaks off."""

    def __init__(self, data: bytes, end: int) -> None:
        super().__init__(data, 100)
        self.end = end

    async def read_at(self, offset: int, view: memoryview) -> int:
        if offset >= self.end:
            raise Broken
        return await super().read_at(offset, view[: self.end - offset])

    def read_now(self, offset: int, view: memoryview) -> int:
        return super().read_now(offset, view[: max(self.end - offset, 0)])


def forward(rows: "list[str]", data: bytes) -> bytes:
    """A file whose directory comes before its data."""
    file = bytearray(one_page(rows, 3, b""))
    at = file.index(bytes([17, 1, 4, 0, 1, 0, 0, 0]))  # field 273
    count = file.index(bytes([23, 1, 4, 0, 1, 0, 0, 0]))  # field 279
    file[at + 8 : at + 12] = bytes([len(file) & 255, len(file) >> 8, 0, 0])
    size = len(data)
    file[count + 8 : count + 12] = bytes([size & 255, size >> 8 & 255, size >> 16, 0])
    return bytes(file) + data


def test_complete_rows_are_handed_on_before_a_break_off_passes_through() -> None:
    rows = picture(400, 60, 6)
    data = coded(rows, MH)
    file = forward(rows, data)
    sink = RowSink(400)
    buffers = FaxBuffers()

    async def run() -> None:
        source = Arriving(file, len(file) - len(data) // 3)
        reader = TiffReader(source, buffers)
        await reader.open()
        directory = await reader.next_page()
        assert directory is not None
        await FaxPage(buffers).render(source, directory, plain_fit(directory), sink)

    try:
        asyncio.run(run())
    except Broken:
        pass  # as it should
    else:
        raise AssertionError("it did not pass through")
    assert 30 < len(sink.rows) < 60
    assert sink.rows == rows[: len(sink.rows)]


def test_a_page_larger_than_the_window_is_released_as_it_is_read() -> None:
    rows = ["10" * 864, "01" * 864] * 15
    strip = coded(rows, MH)
    file = forward(rows, strip)
    source = MemorySource(file, 1000)

    async def run() -> "list[list[str]]":
        return (await decode_pages(source, FaxBuffers(), None)).rows

    assert len(strip) > 20000
    assert asyncio.run(run()) == [rows]
    assert source.reach < 5000


def test_bands_are_full_whatever_pieces_the_data_come_in() -> None:
    rows = picture(1728, 60)
    for compression, data in ((1, packed("".join(rows))), (4, coded(rows, MMR))):
        file = one_page(rows, compression, data)
        whole, pieces = decode(file), decode(file, 100)
        assert whole.rows == pieces.rows == [rows]
        assert whole.calls == pieces.calls
