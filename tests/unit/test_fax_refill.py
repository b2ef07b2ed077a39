"""Damage where the decoder has just gone on at the front of its lines, or waits for octets, and
what of the data is let go of meanwhile.
"""
from __future__ import annotations

import asyncio

from firmware.fax.buffers import INPUT_PAD, MAX_WIDTH, FaxBuffers
from firmware.fax.page import FaxPage
from firmware.fax.raster import plain_fit
from firmware.fax.tiff import TiffReader
from tests.unit.fax_support import (
    EOL,
    MH,
    MMR,
    Decoded,
    GuardedBuffers,
    MemorySource,
    RowSink,
    TiffWriter,
    code_1d,
    code_2d,
    coded,
    decode,
    decode_pages,
    fields,
    one_page,
    packed,
    picture,
)

BAD = "0000000011"  # no code
INPUT = len(FaxBuffers().input) - INPUT_PAD
DATA = 8 + 2 + 7 * 12 + 4  # where the data of `forward` begin


def of_strips(width: int, rows: int, each: int, strips: "list[bytes]") -> bytes:
    """An MMR page of strips of `each` rows."""
    file = TiffWriter()
    usual = [field for field in fields(width, rows, 4, 0, 0) if field[0] < 273]
    places = [file.place(strip) for strip in strips]
    more = [(273, 4, places), (278, 3, [each]), (279, 4, [len(strip) for strip in strips])]
    file.directory(usual + more)
    return bytes(file.data)


def forward(rows: "list[str]", compression: int, data: bytes) -> bytes:
    """A page whose directory comes before its data."""
    file = TiffWriter()
    usual = fields(len(rows[0]), len(rows), compression, DATA, len(data))
    file.directory(usual)
    return bytes(file.data) + data


class Slow(MemorySource):
    """Has octets for those who wait only."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.waits = 0

    async def read_at(self, offset: int, view: memoryview) -> int:
        self.waits += 1
        return super().read_now(offset, view)

    def read_now(self, offset: int, view: memoryview) -> int:
        return 0


def from_source(source: MemorySource) -> Decoded:
    return asyncio.run(decode_pages(source, FaxBuffers(), None, 500))


def test_damage_in_the_first_line_at_the_front_leaves_the_next_strip_whole() -> None:
    first, second = "10" * (MAX_WIDTH // 2), "01" * (MAX_WIDTH // 2)
    harmed = packed(code_2d(first, "0" * MAX_WIDTH) + code_2d(second[:-64], first)[:-2] + BAD)
    strips = [harmed, coded([first, second], MMR)]
    lent = GuardedBuffers()
    source = MemorySource(of_strips(MAX_WIDTH, 4, 2, strips), 700)
    page = asyncio.run(decode_pages(source, lent, None))
    assert lent.intact()
    assert page.rows == [[first, "0" * MAX_WIDTH, first, second]]
    assert page.quality[0].bad_rows == 1


def test_damage_within_horizontal_mode_is_no_end_mark() -> None:
    rows = picture(64, 2)
    for harmed in ("001" + "0000000000001", "001" + "00110101" + "00000"):
        page = decode(of_strips(64, 4, 2, [coded(rows, MMR), packed(harmed)]))
        assert page.rows == [rows], harmed
        assert page.quality[0].bad_rows == 2 and page.quality[0].note, harmed


def test_strips_beyond_the_last_row_are_not_read() -> None:
    strips = [b"\x20\xbf\x27\xef\xfd\x40\x04\x00\x40",  # four rows each, and an end
              b"\x21\x48\x9f\x5f\xc8\xb8\xbf\xc4\x9f\x70\x01\x00\x10",
              b"\x22\xe0\xf2\x5d\x7f\x39\xff\x50\x01\x00\x10"]
    # where one strip may be the whole page, each has the rows that its data hold
    for each, length, came in ((4, 12, 12), (4, 5, 5), (12, 12, 12), (4100, 12, 12)):
        assert asyncio.run(_counted(of_strips(64, 0, each, strips), length)) == came, each


async def _counted(data: bytes, length: int) -> int:
    """Rows of a page that does not say how many it has, after they were counted."""
    source, buffers = MemorySource(data), FaxBuffers()
    reader = TiffReader(source, buffers)
    await reader.open()
    directory = await reader.next_page()
    assert directory is not None and not directory.length
    directory.length = length
    sink = RowSink(64, 100)
    quality = await FaxPage(buffers).render(source, directory, plain_fit(directory), sink)
    assert len(sink.rows) == quality.rows
    return quality.rows


def test_what_was_decoded_is_let_go_of_before_more_is_waited_for() -> None:
    rows = [bin(number * 2654435761 % 2**64 | 1 << 64)[3:] * 4 for number in range(1, 500)]
    data = coded(rows, MMR)
    assert len(data) > 4 * INPUT
    source = Slow(forward(rows, 4, data))
    assert from_source(source).rows == [rows]
    assert source.reach <= DATA + INPUT


def test_a_page_that_begins_white_is_let_go_of_once_it_is_believed() -> None:
    rows = ["0" * 32] * 5600
    data = coded(rows, MH)
    assert len(data) > 3 * INPUT
    file = forward(rows, 3, data)
    for source in (MemorySource(file), Slow(file)):
        page = from_source(source)
        assert page.rows == [rows[:500]] and page.quality[0].rows == len(rows)
        assert source.reach <= DATA + 2 * INPUT


def test_others_run_within_fill_that_comes_at_once() -> None:
    rows = picture(64, 3)
    data = coded(rows[:1], MH) + bytes(100000) + coded(rows[1:], MH)
    turns = [0]

    async def others() -> None:
        while True:
            turns[0] += 1
            await asyncio.sleep(0)

    async def run() -> "list[list[str]]":
        other = asyncio.create_task(others())
        page = await decode_pages(MemorySource(one_page(rows, 3, data)), FaxBuffers(), None)
        other.cancel()
        return page.rows

    assert asyncio.run(run()) == [rows]
    assert turns[0] >= 100000 // 32768


def test_a_page_with_fewer_rows_than_it_says_ends_with_its_data() -> None:
    rows = picture(64, 90)
    for scheme, compression in ((MH, 3), (MMR, 4)):
        data = coded(rows, scheme)
        for length, octets in ((200, data), (200, data + bytes(40)), (90, data[:-40])):
            for piece in (97, 1 << 30):
                file = one_page(rows, compression, octets, (257, 4, [length]))
                got = decode(file, piece).rows[0]
                assert got[:70] == rows[:70], scheme
                assert len(got) == 90 if octets != data[:-40] else len(got) < 90, scheme


def test_dense_rows_that_fill_array_and_band_at_once_stay_within_both() -> None:
    for width, small in ((1728, False), (1600, False), (1472, False), (1728, True), (1472, True)):
        lent = GuardedBuffers(small)
        first, second = "10" * (width // 2), "01" * (width // 2)
        pair = packed(EOL + code_1d(first) + EOL + code_1d(second))
        rows = [first, second] * 11
        file = one_page(rows, 3, pair * 11)  # of whole octets
        page = asyncio.run(decode_pages(MemorySource(file), lent, None))
        assert page.rows == [rows] and lent.intact(), width


def test_others_run_between_bands_that_are_taken_at_once() -> None:
    rows = ["0" * 1728] * 2000  # 250 octets, 125 bands
    file = one_page(rows, 4, coded(rows, MMR))
    turns = [0]

    async def others() -> None:
        while True:
            turns[0] += 1
            await asyncio.sleep(0)

    async def run() -> None:
        other = asyncio.create_task(others())
        await decode_pages(MemorySource(file), FaxBuffers(), None, 1)
        other.cancel()

    asyncio.run(run())
    assert turns[0] > 12, turns


def test_how_octets_arrive_does_not_decide_how_a_page_is_read() -> None:
    # octets of the first rows are the same from both ends; the file says that none is turned
    rows = ["0000011111"] * 560 + ["0" * 10] * 60
    file = one_page(rows, 2, b"\xc3" * 560 + b"\x1c" * 60)
    for piece in (31, 530, 1 << 30):
        page = decode(file, piece, small=False)  # of those, fewer rows are decoded at a time
        assert page.rows == [rows], piece
        assert "FillOrder" in page.quality[0].remark
