"""MH, MR and MMR: rows as coded, in any piece sizes; damage; nothing outside a buffer."""
from __future__ import annotations

import asyncio

from firmware.fax.buffers import MAX_WIDTH
from firmware.fax.directory import TiffError
from tests.unit.fax_support import (
    EOL,
    MH,
    MH_PLAIN,
    MMR,
    MODES,
    MR,
    GuardedBuffers,
    MemorySource,
    code_1d,
    code_2d,
    coded,
    decode,
    decode_pages,
    one_page,
    packed,
    picture,
    run_code,
    turned,
)

WIDTHS = (1, 2, 7, 8, 9, 31, 64, 65, 1728, 1729)
COMPRESSION = {MH_PLAIN: 2, MH: 3, MR: 3, MMR: 4}


def file_of(
    rows: "list[str]", scheme: int, data: bytes, *more: "tuple[int, int, list[int]]"
) -> bytes:
    return one_page(rows, COMPRESSION[scheme], data, (292, 4, [1 if scheme == MR else 0]), *more)


def test_every_coding_gives_its_rows_back_at_every_width() -> None:
    for width in WIDTHS:
        rows = picture(width, 6, width)
        for scheme in (MH_PLAIN, MH, MR, MMR):
            page = decode(file_of(rows, scheme, coded(rows, scheme)))
            assert page.rows == [rows]
            assert page.quality[0].bad_rows == 0 and page.quality[0].note == ""


def test_the_widest_and_densest_rows_decode_where_the_lines_chase_each_other() -> None:
    half = MAX_WIDTH // 2
    checks = ["10" * half, "01" * half, "1" * MAX_WIDTH, "01" * half, "0" * MAX_WIDTH, "10" * half]
    for scheme in (MH, MR, MMR):
        file = file_of(checks, scheme, coded(checks, scheme, 3))
        assert decode(file, 501, small=False).rows == [checks]


def test_input_in_single_octets_gives_the_same_rows() -> None:
    rows = picture(200, 9, 5)
    for scheme in (MH_PLAIN, MH, MR, MMR):
        assert decode(file_of(rows, scheme, coded(rows, scheme)), 1).rows == [rows]


def test_fill_order_2_is_lsb_first() -> None:
    rows = picture(100, 5, 3)
    data = turned(coded(rows, MH))
    assert decode(file_of(rows, MH, data, (266, 3, [2]))).rows == [rows]


def test_photometric_1_exchanges_black_and_white() -> None:
    rows = ["0110", "1001", "1111", "0000"]
    page = decode(file_of(rows, MMR, coded(rows, MMR), (262, 3, [1])))
    assert page.rows == [["1001", "0110", "0000", "1111"]]


def test_eols_may_be_aligned_and_have_long_fill_before_them() -> None:
    rows = picture(60, 4, 7)
    for scheme in (MH, MR):
        assert decode(file_of(rows, scheme, coded(rows, scheme, 4, True))).rows == [rows]
    data = packed("".join(["0" * 40000 + EOL + code_1d(row) for row in rows]))
    assert decode(file_of(rows, MH, data)).rows == [rows]


def test_mh_without_any_eol_decodes() -> None:
    rows = picture(60, 4, 7)
    data = packed("".join([code_1d(row) for row in rows]))
    assert decode(file_of(rows, MH, data)).rows == [rows]


def test_eols_in_data_said_to_have_none_are_taken() -> None:
    rows = picture(60, 4, 7)
    assert decode(file_of(rows, MH_PLAIN, coded(rows, MH))).rows == [rows]


def test_rtc_ends_the_page_and_what_follows_is_ignored() -> None:
    rows = picture(60, 4, 7)
    end = EOL * 6 + EOL + code_1d("0" * 60)
    data = packed("".join([EOL + code_1d(row) for row in rows]) + end)
    page = decode(file_of(rows, MH, data, (257, 3, [9])))
    assert page.rows == [rows]
    assert page.quality[0].bad_rows == 0


def test_eofb_ends_the_strip_and_what_follows_is_ignored() -> None:
    rows = picture(60, 4, 7)
    page = decode(file_of(rows, MMR, coded(rows, MMR) + b"\xff" * 50, (257, 3, [9])))
    assert page.rows == [rows]


def test_a_run_longer_than_the_longest_make_up_code_decodes() -> None:
    rows = ["0" * 100 + "1" * (MAX_WIDTH - 164) + "0" * 64, "1" * MAX_WIDTH]
    for scheme in (MH, MMR):
        assert decode(file_of(rows, scheme, coded(rows, scheme))).rows == [rows]


def test_runs_of_zero_join_their_neighbours() -> None:
    code = run_code(10, 0) + run_code(5, 1) + run_code(0, 0) + run_code(7, 1) + run_code(8, 0)
    rows = ["0" * 10 + "1" * 12 + "0" * 8]
    assert decode(file_of(rows, MH, packed(EOL + code))).rows == [rows]


def test_a_bad_mh_line_is_replaced_by_the_one_before() -> None:
    rows = picture(200, 5, 9)
    codes = [EOL + code_1d(row) for row in rows]
    codes[2] = EOL + run_code(5, 0) + run_code(300, 1)
    page = decode(file_of(rows, MH, packed("".join(codes))))
    assert page.rows == [[rows[0], rows[1], rows[1], rows[3], rows[4]]]
    assert page.quality[0].bad_rows == 1


def test_a_short_line_is_replaced_by_the_one_before() -> None:
    rows = picture(200, 4, 9)
    codes = [EOL + code_1d(row) for row in rows]
    codes[1] = EOL + run_code(50, 0)
    assert decode(file_of(rows, MH, packed("".join(codes)))).rows[0][:2] == [rows[0], rows[0]]


def test_after_a_bad_mr_line_lines_are_repeated_until_one_that_needs_no_reference() -> None:
    rows = picture(200, 9, 9)
    codes = []
    for index, row in enumerate(rows):
        one = index % 4 == 0
        line = code_1d(row) if one else code_2d(row, rows[index - 1])
        codes.append(EOL + ("1" if one else "0") + line)
    codes[5] = EOL + "0" + MODES[8] + run_code(190, 0) + run_code(100, 1)
    page = decode(file_of(rows, MR, packed("".join(codes))))
    assert page.rows == [rows[:5] + [rows[4]] * 3 + rows[8:]]
    assert page.quality[0].bad_rows == 3


def test_bad_lines_before_the_first_good_one_are_left_out() -> None:
    rows = picture(200, 4, 9)
    data = packed("00000000111" + "".join([EOL + code_1d(row) for row in rows]))
    page = decode(file_of(rows, MH, data))
    assert page.rows == [rows]


def test_a_damaged_mmr_page_stops_and_says_so() -> None:
    rows = picture(200, 30, 9)
    code = code_2d(rows[0], "0" * 200)
    code += "".join([code_2d(rows[index], rows[index - 1]) for index in range(1, 10)])
    page = decode(file_of(rows, MMR, packed(code + "0000000110" + "10" * 300)))
    assert page.rows == [rows[:10]]
    assert page.quality[0].bad_rows == 20
    assert page.quality[0].note == "the coding is damaged; rows 11 to 30 are white"


def test_uncompressed_mode_is_refused_by_name() -> None:
    rows = picture(200, 30, 9)
    code = code_2d(rows[0], "0" * 200)
    page = decode(file_of(rows, MMR, packed(code + "0000001111" + "01" * 300)))
    assert page.rows == [rows[:1]]
    assert "uncompressed mode" in page.quality[0].note


def test_the_strip_after_a_damaged_one_is_in_its_place() -> None:
    rows = picture(64, 12, 4)
    strips = [coded(rows[:4], MMR), b"\x00\x80\xff\xff", coded(rows[8:], MMR)]
    data = b"".join(strips)
    base = 8
    offsets = [base, base + len(strips[0]), base + len(strips[0]) + 4]
    for photometric in (0, 1):
        page = decode(
            file_of(rows, MMR, data, (262, 3, [photometric]), (273, 4, offsets), (278, 3, [4]),
                    (279, 4, [len(strip) for strip in strips])))
        got = page.rows[0]
        if photometric:
            turn = {"0": "1", "1": "0"}
            got = got[:4] + got[4:8] + ["".join([turn[dot] for dot in row]) for row in got[8:]]
        assert got[4:] == ["0" * 64] * 4 + rows[8:]


def test_a_damaged_first_strip_leaves_its_place_white() -> None:
    rows = picture(64, 40, 4)
    good = coded(rows[20:], MMR)
    page = decode(
        file_of(
            rows,
            MMR,
            b"\x00\x80" + good,
            (273, 4, [8, 10]),
            (278, 3, [20]),
            (279, 4, [2, len(good)]),
        )
    )
    assert page.rows[0] == ["0" * 64] * 20 + rows[20:]
    assert "rows 1 to 20 are white" in page.quality[0].note


def test_a_page_without_one_good_row_is_an_error() -> None:
    for scheme in (MH, MR, MMR):
        try:
            decode(file_of(["0" * 64] * 5, scheme, b"\x00\x00\x00"))
        except TiffError as error:
            assert error.reason
        else:
            raise AssertionError("no error")


def test_data_that_end_early_leave_the_rows_before() -> None:
    rows = picture(300, 40, 2)
    for scheme in (MH, MR, MMR, MH_PLAIN):
        data = coded(rows, scheme)
        page = decode(file_of(rows, scheme, data[: len(data) // 2]))
        count = len(page.rows[0])
        assert 10 < count < 40
        assert page.rows[0][: count - 1] == rows[: count - 1]
        assert "the data end early" in page.quality[0].note


def test_a_bad_line_that_chases_the_one_before_is_no_mixture_of_both() -> None:
    checks, pairs = "10" * (MAX_WIDTH // 2), "0110" * (MAX_WIDTH // 4)
    rows = [checks, pairs, checks, pairs]
    for scheme in (MH, MR):
        mark = EOL + ("1" if scheme == MR else "")
        codes = [mark + code_1d(row) for row in rows]
        codes[2] = mark + code_1d(rows[2][:-464]) + "0000000011"
        for piece in (3072, 97):
            page = decode(file_of(rows, scheme, packed("".join(codes))), piece, small=False)
            got = page.rows[0]
            assert got[:2] == rows[:2] and got[3:] == rows[3:]
            kept = 0
            while kept < MAX_WIDTH and got[2][kept] == rows[2][kept]:
                kept += 1
            assert got[2] == rows[1] or len(set(got[2][kept:])) == 1
            assert page.quality[0].bad_rows == 1


def noise(octets: int, seed: int) -> bytes:
    state = seed
    result = bytearray(octets)
    for index in range(octets):
        state = (state * 1103515245 + 12345) % 2147483648
        result[index] = state >> 16 & 255
    return bytes(result)


def test_noise_never_writes_outside_a_buffer() -> None:
    buffers = GuardedBuffers()
    for seed in range(36):
        width = (1, 3, 8, 100, 1728, 2432, MAX_WIDTH, MAX_WIDTH - 1, 2433)[seed % 9]
        scheme = (MH, MR, MMR, MH_PLAIN)[seed % 4]
        rows = ["0" * width] * 40
        good = coded(picture(width, 2, seed), scheme)
        mixed = good[:-3] + b"\x55" * 700 + noise(99, 3)
        for data in (good + noise(1500, seed), b"\xff" * 200, mixed):
            file = file_of(rows, scheme, data, (262, 3, [seed // 4 & 1]))
            try:
                asyncio.run(decode_pages(MemorySource(file, 700), buffers, None, 100))
            except TiffError:
                continue
            finally:
                assert buffers.intact()
