"""The extension uncompressed mode: a page that uses it is told so, a damaged one never is."""
from __future__ import annotations

import binascii
from typing import TYPE_CHECKING

from firmware.fax.directory import TiffError
from tests.unit.fax_support import (
    EOL,
    MH,
    MH_PLAIN,
    MMR,
    MR,
    code_1d,
    code_2d,
    coded,
    decode,
    one_page,
    packed,
    picture,
    run_code,
)
from tests.unit.recording_support import Desk, kinds

if TYPE_CHECKING:
    from typing import Any

    from firmware.fax.page import Quality

WIDTH = 200
ROWS = picture(WIDTH, 60, 9)
NAMED = "it uses the extension uncompressed mode, which can't be decoded"
COMPRESSION = {MH_PLAIN: 2, MH: 3, MR: 3, MMR: 4}


def uncompressed(row: str, start: int, end: int, mark: str = "000000001111") -> str:
    """A row in runs, but dots start..end-1, begun in white, in uncompressed mode (T.4 table 5)."""
    code = mark
    at = start
    while at < end:
        zeros = len(row[at : min(end, at + 5)]) - len(row[at : min(end, at + 5)].lstrip("0"))
        if zeros == 5:
            code += "000001"
            at += 5
        elif at + zeros < end:
            code += "0" * zeros + "1"
            at += zeros + 1
        else:
            break
    zeros = end - at
    rest = code_1d(row[end:]) if row[end] == "0" else code_1d("0" + row[end:])
    return code + "0" * (6 + zeros) + "1" + row[end] + rest


def line(row: str) -> str:
    """A row of which all behind its first white run is in uncompressed mode, up to its last
    eight dots.
    """
    start = row.index("1") if "1" in row else 20
    start = min(start, 180)
    return run_code(start, 0) + run_code(0, 1) + uncompressed(row, start, 192)


def file_of(data: bytes, scheme: int, *more: "Any") -> bytes:
    return one_page(ROWS, COMPRESSION[scheme], data, *more)


def quality(file: bytes) -> "Quality":
    return decode(file).quality[0]


def said(file: bytes, small: bool = True) -> str:
    """All that is said of a page, or why there is none."""
    try:
        found = decode(file, small=small).quality[0]
    except TiffError as error:
        return error.reason
    return found.note + found.remark


def mixed(every: int, mark: str = EOL) -> bytes:
    """MH: one line of `every` in uncompressed mode."""
    codes = [line(row) if at % every == 1 else code_1d(row) for at, row in enumerate(ROWS)]
    return packed("".join([mark + code for code in codes]))


def test_mh_lines_in_uncompressed_mode_are_named_on_the_notice() -> None:
    for every, bad in ((2, 30), (6, 10), (15, 4)):
        found = quality(file_of(mixed(every), MH))
        assert found.bad_rows == bad
        assert found.note == NAMED + "; %d lines of 60 are lost" % bad
    for piece in (1, 7, 33):
        assert decode(file_of(mixed(6), MH), piece).quality[0].note.startswith(NAMED)


def test_a_page_of_nothing_else_is_refused_by_name() -> None:
    codes = [EOL + line(row) for row in ROWS]
    assert said(file_of(packed("".join(codes)), MH)) == NAMED
    assert said(file_of(packed("".join(codes)), MH, (257, 3, [0]))) == NAMED


def test_one_line_is_named_where_the_file_says_that_it_may_come() -> None:
    assert quality(file_of(mixed(60), MH)).note == ""
    assert quality(file_of(mixed(60), MH)).remark == ""
    found = quality(file_of(mixed(60), MH, (292, 4, [2])))
    assert found.remark == "lines in uncompressed mode are lost" and found.bad_rows == 1
    data = coded(ROWS[:30], MH_PLAIN) + packed(line(ROWS[30])) + coded(ROWS[31:], MH_PLAIN)
    found = quality(file_of(data, MH_PLAIN, (292, 4, [2])))
    assert found.note == NAMED + "; rows 31 to 60 are white", "without EOLs"
    note = quality(file_of(data, MH_PLAIN)).note
    assert note.startswith("the coding is damaged, or uses uncompressed mode")


def test_a_page_without_a_length_is_recorded_and_named() -> None:
    text = b"From: a@example.com\r\nContent-Type: image/tiff\r\nContent-Transfer-Encoding: base64"
    file = file_of(mixed(6), MH, (257, 3, [0]), (282, 5, [204, 1]), (283, 5, [98, 1]))
    desk = Desk()
    desk.record(text + b"\r\n\r\n" + binascii.b2a_base64(file))
    assert kinds(desk) == ["fax", "notice"]
    assert NAMED in desk.reporter.unrecorded_parts[0][1]


def test_lines_of_runs_in_mr_are_named_as_well() -> None:
    codes = []
    for at, row in enumerate(ROWS):
        one = at % 4 == 0
        code = line(row) if at % 12 == 8 else code_1d(row) if one else code_2d(row, ROWS[at - 1])
        codes.append(EOL + "01"[one] + code)
    assert quality(file_of(packed("".join(codes)), MR, (292, 4, [1]))).note.startswith(NAMED)


def test_where_bad_lines_are_so_for_another_reason_it_is_not_named() -> None:
    codes = [EOL + code_1d(row) for row in ROWS]
    for at in range(3, 57, 3):
        codes[at] = EOL + (line(ROWS[at]) if at % 6 else run_code(5, 0) + "0000000011" * 3)
    found = quality(file_of(packed("".join(codes)), MH))
    assert found.bad_rows == 18 and "uncompressed" not in found.note + found.remark


def test_one_code_of_mmr_may_be_damage_where_nothing_allows_it() -> None:
    data = packed(code_2d(ROWS[0], "0" * WIDTH) + "0000001111" + "01" * 300)
    assert quality(file_of(data, MMR, (293, 4, [2]))).note == NAMED + "; rows 2 to 60 are white"
    note = quality(file_of(data, MMR)).note
    assert note.startswith("the coding is damaged, or uses uncompressed mode")


def test_damage_is_never_taken_for_uncompressed_mode() -> None:
    """Flips of bits in pages of a picture, and in white ones of which each line has the code that
    a single flip makes that of uncompressed mode.
    """
    pages = [(ROWS[:24], MH), (["0" * 3456] * 16, MH), (ROWS[:24], MR)]
    state = 7
    for count in (1, 2, 3, 5, 9, 20, 60):
        for rows, scheme in pages:
            for _time in range(3):
                data = bytearray(coded(rows, scheme))
                for _flip in range(count):
                    state = (state * 1103515245 + 12345) % 2147483648
                    data[(state >> 11) % len(data)] ^= 1 << (state >> 8 & 7)
                file = one_page(rows, 3, bytes(data), (292, 4, [int(scheme == MR)]))
                assert "uncompressed" not in said(file, False), (count, scheme)
