"""What real senders get wrong (IFAX facts §3.5 and the fields of RFC 3949): one row of the table,
one file, one outcome. A page is on paper, or the notice sheet says why it is not.
"""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING

from firmware.recording import job as outcomes
from tests.unit.fax_support import (
    EOL,
    MH,
    MH_PLAIN,
    MMR,
    MODES,
    MR,
    TiffWriter,
    code_1d,
    code_2d,
    coded,
    fields,
    one_page,
    packed,
    picture,
    turned,
)
from tests.unit.recording_support import Desk, kinds

if TYPE_CHECKING:
    from typing import Any

HEAD = b"From: Anna <anna@example.com>\r\nSubject: Fax\r\n"
BAND = 62
ROWS = picture(200, 60, 3)
LEFT = (1728 - 200) // 2
TAGGED = {MH_PLAIN: 2, MH: 3, MR: 3, MMR: 4}


class Result:
    """What became of one file."""

    def __init__(self, file: bytes) -> None:
        text = HEAD + b"Content-Type: image/tiff\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        self.desk = Desk()
        self.desk.machine.kept = 500
        self.job = self.desk.record(text + binascii.b2a_base64(file))
        self.notes = self.desk.reporter.notes
        self.reasons = [reason for _name, reason in self.desk.reporter.unrecorded_parts]

    def rows(self, sheet: int = 0, width: int = 200) -> "list[str]":
        """Every fourth line of the sheet: the page's rows, at 98 to the inch."""
        left = (1728 - width) // 2
        found = []
        for line in self.desk.machine.sheets[sheet][BAND::4]:
            bits = bin(int.from_bytes(b"\x01" + line, "big"))[3:]
            found.append(bits[left : left + width])
        return found


RESOLUTION = ((282, 5, [204, 1]), (283, 5, [98, 1]))


def file_of(data: bytes, compression: int, *more: "Any", rows: "list[str]" = ROWS) -> bytes:
    own = [field[0] for field in more]
    usual = [field for field in RESOLUTION if field[0] not in own]
    return one_page(rows, compression, data, *usual, *more)


def recorded(file: bytes, expected: "list[str]" = ROWS) -> Result:
    """The file's page is on paper as expected, and nothing is complained of."""
    result = Result(file)
    assert result.job.outcome == outcomes.ON_PAPER, result.reasons
    assert result.rows(0, len(expected[0])) == expected
    return result


def refused(file: bytes, words: str) -> Result:
    """Nothing but a notice sheet, with those words."""
    result = Result(file)
    assert kinds(result.desk) == ["notice"] and result.job.outcome == outcomes.AS_NOTICE
    assert words in result.reasons[0], result.reasons
    return result


def test_a_missing_width_or_place_of_data_is_refused_with_the_reason() -> None:
    data = coded(ROWS, MMR)
    for tag, words in ((256, "width"), (273, "place of its data")):
        file = TiffWriter()
        made = fields(200, 60, 4, file.place(data), len(data))
        file.directory([field for field in made if field[0] != tag])
        refused(bytes(file.data), words)


def test_a_strip_outside_the_file_is_refused_with_the_reason() -> None:
    refused(file_of(coded(ROWS, MMR), 4, (273, 4, [1000000])), "outside the file")


def test_big_endian_and_odd_byte_order_marks() -> None:
    data = coded(ROWS, MMR)
    file = TiffWriter("MM")
    made = fields(200, 60, 4, file.place(data), len(data)) + list(RESOLUTION)
    file.directory(made)
    recorded(bytes(file.data))
    odd = bytearray(file_of(data, 4))
    odd[:2] = b"IM"
    recorded(bytes(odd))
    odd[2] = 41
    refused(bytes(odd), "does not begin like a TIFF")


def test_directories_behind_their_data_at_odd_offsets_and_linked_backwards() -> None:
    data = coded(ROWS, MMR)
    file = TiffWriter()
    file.data += bytes(301)  # room for the second page's directory, at an odd place
    place = file.place(data)
    first = file.directory(fields(200, 60, 4, place, len(data)) + list(RESOLUTION))
    second = file.directory(fields(200, 60, 4, place, len(data)) + list(RESOLUTION))
    moved = bytes(file.data[second:])
    file.data[9 : 9 + len(moved)] = moved
    count = file.data[first]
    file.data[first + 2 + 12 * count : first + 6 + 12 * count] = b"\x09\0\0\0"
    result = Result(bytes(file.data))
    assert kinds(result.desk) == ["fax", "fax"] and not result.reasons
    assert result.rows(1) == ROWS


def test_a_last_link_that_leads_nowhere_is_no_matter_when_no_page_is_missing() -> None:
    data = coded(ROWS, MMR)
    for total, reasons in ((1, 0), (2, 1)):
        file = bytearray(file_of(data, 4, (297, 3, [0, total])))
        file[-4:] = b"\xf0\xff\xff\x7f"
        result = Result(bytes(file))
        assert kinds(result.desk)[0] == "fax" and len(result.reasons) == reasons


def test_a_smaller_picture_of_a_page_is_no_page() -> None:
    data = coded(ROWS, MMR)
    file = TiffWriter()
    place = file.place(data)
    for kind in ((254, 4, [2]), (254, 4, [1]), (255, 3, [2]), (254, 4, [2])):
        file.directory([kind] + fields(200, 60, 4, place, len(data)))  # noqa: RUF005
    assert kinds(Result(bytes(file.data)).desk) == ["fax", "fax"]


def test_short_long_wrong_counts_and_unsorted_fields() -> None:
    data = coded(ROWS, MMR)
    recorded(file_of(data, 4, (256, 4, [200]), (257, 3, [60]), (279, 3, [len(data)])))
    recorded(file_of(data, 4, (258, 3, [1]), (257, 1, [60])))
    file = TiffWriter()
    made = fields(200, 60, 4, file.place(data), len(data)) + list(RESOLUTION)
    file.directory(list(reversed(made)))
    recorded(bytes(file.data))


def test_byte_counts_of_zero_or_wrong_reach_to_the_next_strip_or_the_end() -> None:
    data = coded(ROWS, MMR)
    for count in (0, 1, 1 << 30):
        recorded(file_of(data, 4, (279, 4, [count])))
    strips = [coded(ROWS[at : at + 20], MH) for at in (0, 20, 40)]
    offsets = [8, 8 + len(strips[0]), 8 + len(strips[0]) + len(strips[1])]
    for counts in ([0, 0, 0], [9999999] * 3, [2, 2, 2]):
        more = ((273, 4, offsets), (278, 3, [20]), (279, 4, counts))
        recorded(file_of(b"".join(strips), 3, *more))


def test_rows_per_strip_beyond_the_page_or_too_small_for_its_one_strip() -> None:
    data = coded(ROWS, MMR)
    for rows in (95318, 0, 1, 0xFFFFFFFF):
        recorded(file_of(data, 4, (278, 4, [rows])))


def strips_of(scheme: int, counts: "tuple[int, ...]", *more: "Any") -> bytes:
    """The page in strips of so many rows each."""
    data, offsets, octets, at = b"", [], [], 0
    for count in counts:
        offsets.append(8 + len(data))
        strip = coded(ROWS[at : at + count], scheme)
        octets.append(len(strip))
        data, at = data + strip, at + count
    place = ((273, 4, offsets), (279, 4, octets))
    return file_of(data, TAGGED[scheme], *place, *more)


def test_of_more_strips_than_rows_per_strip_makes_the_data_say_how_many_rows_they_have() -> None:
    for scheme in (MH_PLAIN, MH, MR, MMR):
        for counts in ((20, 20, 20), (25, 25, 10), (7, 40, 13)):
            for rows in (95318, 60, 59, 30):
                result = recorded(strips_of(scheme, counts, (278, 4, [rows])))
                assert not result.reasons
        # a length too small: what comes
        result = recorded(strips_of(scheme, (20, 20, 20), (278, 4, [20]), (257, 4, [20])))
        assert "40 rows more than its length says" in result.notes[0]


def test_a_strip_of_unknown_rows_that_is_damaged_is_told() -> None:
    file = bytearray(strips_of(MMR, (20, 20, 20), (278, 4, [95318])))
    middle = 8 + len(coded(ROWS[:20], MMR)) + len(coded(ROWS[20:40], MMR)) // 2
    file[middle : middle + 3] = bytes(3)
    result = Result(bytes(file))
    assert "rows" in result.reasons[0] and "to 60 are white" in result.reasons[0]
    found = result.rows()
    came = found.index(ROWS[40])  # what is left of the strip, then the next one
    assert 20 < came < 40 and found[:came] == ROWS[:came]
    assert found[came : came + 20] == ROWS[40:]


def test_rows_beyond_the_sheet_and_the_length_that_is_said_are_told() -> None:
    rows = ["1" + "0" * 199] * 3000
    result = Result(file_of(coded(rows, MMR), 4, (257, 4, [100]), rows=rows))
    assert "longer than the sheet" in result.reasons[0]


def test_old_and_odd_widths_are_padded_and_centred() -> None:
    for width in (816, 1216, 1700, 1728):
        rows = ["1" * width] * 3
        result = recorded(file_of(coded(rows, MMR), 4, rows=rows), rows)
        line = result.desk.machine.sheets[0][BAND]
        bits = bin(int.from_bytes(b"\x01" + line, "big"))[3:]
        assert bits.count("1") == width and bits.find("1") == (1728 - width) // 2


def test_garbage_before_the_first_line_is_skipped() -> None:
    data = packed("1011001110001" + "".join([EOL + code_1d(row) for row in ROWS]) + EOL * 6)
    recorded(file_of(data, 3))


def test_an_early_rtc_ends_the_page() -> None:
    data = packed("".join([EOL + code_1d(row) for row in ROWS]) + EOL * 6) + b"\x35" * 300
    result = Result(file_of(data, 3, (257, 3, [1100])))
    assert result.rows() == ROWS
    assert result.job.outcome == outcomes.ON_PAPER
    assert result.notes == ["quality: page 1: 60 rows of 1100 came"]


def test_damaged_lines_of_mh_and_mr_are_regenerated_and_counted() -> None:
    for scheme, expected_bad in ((MH, 1), (MR, 3)):
        codes = []
        expected = list(ROWS)
        for index, row in enumerate(ROWS):
            one = scheme == MH or index % 4 == 0
            code = code_1d(row) if one else code_2d(row, ROWS[index - 1])
            codes.append(EOL + ("" if scheme == MH else "1" if one else "0") + code)
        codes[21] = codes[21][:13] + MODES[8] + "0000000011" * 3
        for lost in range(21, 21 + expected_bad):
            expected[lost] = ROWS[20]
        data = packed("".join(codes))
        result = recorded(file_of(data, 3, (292, 4, [scheme == MR])), expected)
        told = "BadFaxLines %d of 60, ConsecutiveBadFaxLines %d" % (expected_bad, expected_bad)
        assert result.notes == ["quality: page 1: " + told]


def test_damaged_mmr_stops_the_page_leaves_it_white_and_says_so() -> None:
    code = "".join([code_2d(ROWS[at], ROWS[at - 1] if at else "0" * 200) for at in range(40)])
    result = Result(file_of(packed(code + "00000001" + "10" * 99), 4))
    assert result.rows() == ROWS[:40]
    told = "BadFaxLines 20 of 60, ConsecutiveBadFaxLines 20"
    assert [note for note in result.notes if told in note], "rows that did not come are bad ones"
    assert "coding is damaged; rows 41 to 60 are white" in result.reasons[0]


def test_a_few_missing_rows_are_told_in_the_journal_only() -> None:
    rows = picture(200, 100, 3)
    code = "".join([code_2d(rows[at], rows[at - 1] if at else "0" * 200) for at in range(98)])
    result = Result(file_of(packed(code + "00000001" + "10" * 99), 4, rows=rows))
    assert result.rows() == rows[:98] and not result.reasons
    assert "rows 99 to 100 are white" in result.notes[0]


def test_no_more_lines_are_bad_than_there_are() -> None:
    rows = picture(1728, 100, 3)
    result = Result(file_of(coded(rows, MH), 3, (256, 4, [1720]), rows=rows))
    assert "BadFaxLines 100 of 100" in result.notes[0]


def test_many_rows_swallowed_for_want_of_an_eol_are_told() -> None:
    rows = picture(200, 100, 3)
    lines = [("" if at % 10 == 5 else "0" * 11 + "1") + code_1d(rows[at]) for at in range(100)]
    result = Result(file_of(packed("".join(lines)), 3, rows=rows))
    assert result.rows()[:5] == rows[:5]
    assert "90 rows of 100 came" in result.reasons[0]


def test_bit_order_is_found_where_fill_order_is_missing_or_wrong() -> None:
    for scheme in (MH, MR, MMR, MH_PLAIN):
        data = coded(ROWS, scheme)
        options = (292, 4, [scheme == MR])
        for octets, order in ((turned(data), 1), (data, 2)):
            result = recorded(file_of(octets, TAGGED[scheme], options, (266, 3, [order])))
            assert "FillOrder" in result.notes[0]


def test_bit_order_is_found_below_a_white_margin() -> None:
    rows = ["0" * 200] * 900 + ROWS
    rows = rows[-960:]
    data = turned(coded(rows, MMR))
    result = Result(file_of(data, 4, (283, 5, [391, 1]), rows=rows))
    assert result.job.outcome == outcomes.ON_PAPER
    assert result.desk.machine.counts[0] == BAND + 960


def test_headless_data_of_compression_3_and_eols_in_compression_2() -> None:
    recorded(file_of(packed("".join([code_1d(row) for row in ROWS])), 3))
    recorded(file_of(coded(ROWS, MH_PLAIN), 3))
    for aligned in (False, True):
        recorded(file_of(coded(ROWS, MH, 4, aligned), 2))
        recorded(file_of(coded(ROWS, MR, 4, aligned), 2))


def test_t4_options_may_lie_about_two_dimensions() -> None:
    for scheme in (MH, MR):
        for aligned in (False, True):
            data = coded(ROWS, scheme, 4, aligned)
            result = recorded(file_of(data, 3, (292, 4, [scheme == MH])))
            assert "coded as" in result.notes[0]


def test_compression_may_lie_altogether() -> None:
    recorded(file_of(coded(ROWS, MMR), 3))
    recorded(file_of(coded(ROWS, MH), 4))


def test_a_length_too_large_too_small_or_zero_means_what_comes() -> None:
    for scheme in (MH, MMR):
        data = coded(ROWS, scheme)
        for length in (0, 90, 30000, 0xFFFFFFFF):
            result = Result(file_of(data, TAGGED[scheme], (257, 4, [length])))
            assert result.rows() == ROWS
            assert result.job.outcome == outcomes.ON_PAPER, result.reasons
        result = Result(file_of(data, TAGGED[scheme], (257, 4, [20])))
        assert result.rows() == ROWS
        assert "40 rows more than its length says" in result.notes[0]


def test_reverse_video_is_obeyed() -> None:
    other = ["".join(["10"[int(dot)] for dot in row]) for row in ROWS]
    recorded(file_of(coded(ROWS, MMR), 4, (262, 3, [1])), other)


def test_a_file_that_ends_early_gives_its_rows_and_says_so() -> None:
    data = coded(ROWS, MH)
    file = TiffWriter()
    place = 8 + 2 + 9 * 12 + 4 + 16
    file.directory(fields(200, 60, 3, place, len(data)) + list(RESOLUTION))
    whole = bytes(file.data) + bytes(place - len(file.data)) + data
    result = Result(whole[: place + len(data) // 2])
    assert 20 < len(result.rows()) < 40 and "ends early" in result.reasons[0]


def test_uncompressed_mode_is_refused_by_name() -> None:
    code = code_2d(ROWS[0], "0" * 200) + "0000001111" + "01" * 300
    result = Result(file_of(packed(code), 4, (293, 4, [2])))
    assert "uncompressed mode" in result.reasons[0]
    refused(file_of(packed("0000001111" + "01" * 300), 4), "uncompressed mode")


def test_other_profiles_and_pictures_are_refused_by_name() -> None:
    data = coded(ROWS, MMR)
    for more, words in (
        (((259, 3, [9]),), "profile J"),
        (((259, 3, [7]), (262, 3, [10])), "profile C"),
        (((259, 3, [10]),), "profile L"),
        (((254, 4, [18]), (259, 3, [7])), "profile M"),
        (((322, 3, [64]), (324, 4, [8])), "tiles"),
        (((277, 3, [3]), (258, 3, [8, 8, 8])), "several samples"),
        (((258, 3, [8]),), "grey-scale"),
        (((262, 3, [3]),), "palette"),
    ):
        refused(file_of(data, 4, *more), words)
    refused(b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0", "BigTIFF")


def test_of_mixed_raster_content_the_mask_is_recorded_and_the_rest_is_told() -> None:
    result = Result(file_of(coded(ROWS, MMR), 4, (254, 4, [18])))
    assert kinds(result.desk) == ["fax", "notice"] and result.rows() == ROWS
    assert "profile M" in result.reasons[0] and "mask" in result.reasons[0]


def test_what_the_sender_counted_stands_in_the_journal() -> None:
    counted = ((326, 4, [7]), (327, 3, [1]), (328, 4, [3]))
    result = recorded(file_of(coded(ROWS, MMR), 4, *counted))
    told = "as sent: BadFaxLines 7 CleanFaxData 1 ConsecutiveBadFaxLines 3"
    assert result.notes == ["quality: page 1: " + told]


def test_fields_of_profiles_s_and_f_in_every_combination() -> None:
    rows = picture(1728, 12, 2)
    for scheme, options in ((MH, 0), (MH, 4), (MR, 1), (MR, 5), (MMR, 0)):
        compression = TAGGED[scheme]
        data = coded(rows, scheme, 4, bool(options & 4))
        for x, y, unit in ((204, 98, 2), (200, 100, 2), (80, 38, 3)):
            more = ((292, 4, [options]), (282, 5, [x, 1]), (283, 5, [y, 1]), (296, 3, [unit]))
            file = file_of(turned(data), compression, (266, 3, [2]), *more, rows=rows)
            recorded(file, rows)
