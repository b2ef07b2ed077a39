"""TIFF directories: both byte orders, any place, any number of strips; what is wrong is said."""
from __future__ import annotations

import asyncio

from firmware.fax.buffers import STRIPS, FaxBuffers
from firmware.fax.tiff import TiffError, TiffReader
from firmware.recording.faults import TIFF_DAMAGED, TIFF_UNSUPPORTED
from tests.unit.fax_support import (
    MH,
    MMR,
    MemorySource,
    TiffWriter,
    coded,
    decode,
    decode_pages,
    fields,
    one_page,
    picture,
)
from tests.unit.support import raises

ROWS = picture(64, 8, 3)
DATA = coded(ROWS, MMR)


class Keeping(MemorySource):
    """Keeps what is released."""

    def release(self, offset: int) -> None:
        pass


def in_strips(
    width: int,
    length: int,
    rows_per_strip: int,
    kind: int,
    offsets: "list[int]",
    strips: "list[bytes]",
) -> "list[tuple[int, int, list[int]]]":
    """The fields of a page in strips, their table of type `kind`."""
    result = [field for field in fields(width, length, 4, 0, 0) if field[0] < 273]
    result.append((273, kind, offsets))
    result.append((278, 3, [rows_per_strip]))
    result.append((279, kind, [len(strip) for strip in strips]))
    return result


def without(tag: int, file: TiffWriter) -> bytes:
    """A page that lacks one field."""
    place = file.place(DATA)
    file.directory([field for field in fields(64, 8, 4, place, len(DATA)) if field[0] != tag])
    return bytes(file.data)


def refusal(data: bytes) -> TiffError:
    error = raises(TiffError, decode, data)
    assert isinstance(error, TiffError)
    return error


def test_both_byte_orders_and_any_number_of_pages_behind_their_data() -> None:
    for order in ("II", "MM"):
        file = TiffWriter(order)
        pages = [picture(40 + 3 * number, 5, number) for number in range(20)]
        for rows in pages:
            data = coded(rows, MMR)
            file.directory(fields(len(rows[0]), 5, 4, file.place(data), len(data)))
        assert decode(bytes(file.data), 7).rows == pages


def test_directories_before_their_data_and_links_backwards() -> None:
    file = TiffWriter()
    room = file.place(bytes(200))
    first = picture(64, 8, 1)
    data = coded(first, MMR)
    file.directory(fields(64, 8, 4, file.place(data), len(data)))
    end = len(file.data)
    data = coded(ROWS, MMR)
    second = file.directory(fields(64, 8, 4, file.place(data), len(data)))
    moved = bytes(file.data[second:])
    file.data[room : room + len(moved)] = moved  # the second directory again, before everything
    file.data[end - 4 : end] = bytes([room & 255, room >> 8, 0, 0])
    source = Keeping(bytes(file.data))
    assert asyncio.run(decode_pages(source, FaxBuffers(), None)).rows == [first, ROWS]


def test_a_loop_of_directories_is_damage_after_the_pages_before_it() -> None:
    file = TiffWriter()
    at = file.directory(fields(64, 8, 4, file.place(DATA), len(DATA)))
    file.directory(fields(64, 8, 4, file.place(DATA), len(DATA)))
    file.link(at)
    reader = TiffReader(MemorySource(bytes(file.data)), FaxBuffers())

    async def walk() -> int:
        await reader.open()
        pages = 0
        while await reader.next_page():
            pages += 1
            assert pages < 5
        return pages

    error = raises(TiffError, asyncio.run, walk())
    assert isinstance(error, TiffError)
    assert error.code == TIFF_DAMAGED and "loop" in error.reason
    assert reader._links == 2


def test_thousands_of_strips_take_no_more_memory_than_one() -> None:
    rows = picture(24, 3 * STRIPS + 5, 2)
    file = TiffWriter("MM")
    strips = [coded([row], MMR) for row in rows]
    for kind in (4, 3):
        offsets = [file.place(strip) for strip in strips]
        file.directory(in_strips(24, len(rows), 1, kind, offsets, strips))
    assert decode(bytes(file.data)).rows == [rows, rows]


def test_a_damaged_strip_never_reaches_into_the_next_however_large_it_is_said_to_be() -> None:
    rows = picture(64, 3 * STRIPS + 5, 2)
    strips = [coded([row], MH) for row in rows]
    for at in (5, STRIPS - 1, 2 * STRIPS - 1, 3 * STRIPS + 1):
        strips[at] = b"\0" * 9
        rows[at] = "0" * 64
    for count in (0, 1 << 30):
        file = TiffWriter()
        offsets = [file.place(strip) for strip in strips]
        entries = in_strips(64, len(rows), 1, 4, offsets, strips)
        entries = [one for one in entries if one[0] not in (259, 279)]
        entries += [(259, 3, [3]), (279, 4, [count] * len(strips))]
        file.directory(entries)
        assert decode(bytes(file.data)).rows == [rows]


def test_a_strip_table_before_its_data_is_kept_until_it_was_read() -> None:
    rows = picture(24, 3 * STRIPS + 5, 2)
    strips = [coded([row], MMR) for row in rows]
    file = TiffWriter()
    count = len(strips)
    size = 2 + 8 * 12 + 4 + 8 * count
    offsets = []
    at = 8 + size + (size & 1) + 4000
    for strip in strips:
        offsets.append(at)
        at += len(strip)
    file.directory(in_strips(24, count, 1, 4, offsets, strips))
    file.data += bytes(offsets[0] - len(file.data)) + b"".join(strips)
    assert decode(bytes(file.data)).rows == [rows]  # the source refuses what was released


def test_strips_may_lie_in_any_order() -> None:
    file = TiffWriter()
    strips = [coded(ROWS[at : at + 2], MMR) for at in range(0, 8, 2)]
    offsets = [0] * 4
    for index in (2, 0, 3, 1):
        offsets[index] = file.place(strips[index])
    file.directory(in_strips(64, 8, 2, 4, offsets, strips))
    assert decode(bytes(file.data)).rows == [ROWS]


def test_byte_short_and_long_fields_are_numbers_alike() -> None:
    for kind in (1, 3, 4):
        data = one_page(ROWS, 4, DATA, (256, kind, [64]), (257, kind, [8]), (278, kind, [8]))
        assert decode(data).rows == [ROWS]


def test_fields_may_be_unsorted() -> None:
    file = TiffWriter()
    place = file.place(DATA)
    file.directory(list(reversed(fields(64, 8, 4, place, len(DATA)))))
    assert decode(bytes(file.data)).rows == [ROWS]


def test_missing_fields_have_their_defaults() -> None:
    plain = b"".join([bytes([int(row[at : at + 8], 2) for at in range(0, 64, 8)]) for row in ROWS])
    file = TiffWriter()
    place = file.place(plain)
    file.directory([(256, 3, [64]), (257, 3, [8]), (273, 4, [place])])
    page = decode(bytes(file.data))
    assert page.rows == [ROWS]
    directory = page.directories[0]
    assert (directory.x_dpi_x100, directory.y_dpi_x100) == (0, 0)
    assert (directory.page, directory.total) == (0, 0)


def test_sizes_of_2_to_the_32_are_not_believed() -> None:
    huge = 0xFFFFFFFF
    for tag in (257, 278, 279):
        page = decode(one_page(ROWS, 4, DATA, (tag, 4, [huge])))
        assert page.rows == [ROWS]
    file = one_page(ROWS, 4, DATA, (273, 4, [huge]))
    assert refusal(file).reason
    assert "more than" in refusal(one_page(ROWS, 4, DATA, (256, 4, [huge]))).reason


def test_a_length_of_zero_or_none_means_as_many_rows_as_come() -> None:
    assert decode(without(257, TiffWriter())).rows == [ROWS]
    assert decode(one_page(ROWS, 4, DATA, (257, 3, [0]))).rows == [ROWS]


def test_a_byte_count_of_zero_means_to_the_end() -> None:
    assert decode(one_page(ROWS, 4, DATA, (279, 4, [0]))).rows == [ROWS]
    assert decode(without(279, TiffWriter())).rows == [ROWS]


def test_resolutions_come_in_inches_and_centimetres() -> None:
    for unit, values, expected in (
        (2, ([204, 1], [196, 1]), (20400, 19600)),
        (3, ([80, 1], [385, 10]), (20320, 9779)),
        (2, ([204, 0], [1, 0]), (0, 0)),
    ):
        more = ((282, 5, values[0]), (283, 5, values[1]), (296, 3, [unit]))
        directory = decode(one_page(ROWS, 4, DATA, *more)).directories[0]
        assert (directory.x_dpi_x100, directory.y_dpi_x100) == expected


def test_the_number_of_pages_is_told_by_the_field_or_by_the_end_of_the_chain() -> None:
    page = decode(one_page(ROWS, 4, DATA, (297, 3, [0, 5])))
    assert (page.directories[0].page, page.directories[0].total) == (0, 5)
    assert page.reader is not None and page.reader.total == 5
    page = decode(one_page(ROWS, 4, DATA))
    assert page.reader is not None and page.reader.total == 1


def test_what_cannot_be_recorded_is_refused_by_name() -> None:
    for more, words in (
        ((258, 3, [8]), "black-and-white"),
        ((258, 3, [8, 8, 8]), "black-and-white"),
        ((277, 3, [3]), "black-and-white"),
        ((259, 3, [7]), "JPEG"),
        ((259, 3, [9]), "JBIG"),
        ((259, 3, [4711]), "number 4711"),
        ((262, 3, [3]), "photometric"),
        ((324, 4, [8]), "tiles"),
        ((256, 3, [5185]), "5185 dots"),
    ):
        error = refusal(one_page(ROWS, 4, DATA, more))
        assert error.code == TIFF_UNSUPPORTED and words in error.reason and words in str(error)


def test_what_is_no_tiff_is_refused() -> None:
    for data, words in (
        (b"%PDF-1.4 .....", "like a TIFF"),
        (b"", "the file is empty"),
        (b"II*\0", "ends"),
        (b"II*\0\0\0\0\0", "no pages"),
        (b"II+\0\x08\0\0\0\0\0\0\0\0\0\0\0", "BigTIFF"),
        (b"II*\0\xf0\xff\xff\xff", "ends"),
        (b"II*\0\x08\0\0\0\0\0", "0 entries"),
        (b"II*\0\x08\0\0\0\xff\xff", "65535 entries"),
    ):
        assert words in refusal(data).reason
    for tag in (256, 273):
        assert refusal(without(tag, TiffWriter())).code == TIFF_DAMAGED


def test_other_byte_order_marks_are_guessed_from_the_42() -> None:
    data = bytearray(one_page(ROWS, 4, DATA))
    data[:2] = b"XX"
    assert decode(bytes(data)).rows == [ROWS]


def test_a_file_cut_anywhere_gives_rows_or_a_reason() -> None:
    whole = one_page(ROWS, 4, DATA, (282, 5, [200, 1]))
    for end in range(len(whole)):
        try:
            page = decode(whole[:end])
        except TiffError as error:
            assert error.reason
        else:
            assert page.rows[0] == ROWS[: len(page.rows[0])]
