"""What programs that make fax files write, and was refused or lost once: each test has the file
that the program makes, put together here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.recording import job as outcomes
from tests.unit.fax_support import MMR, TiffWriter, coded, fields, packed
from tests.unit.recording_support import kinds
from tests.unit.test_fax_deviations import RESOLUTION, ROWS, Result, file_of, recorded, refused
from tests.unit.test_fax_paper import SHEET, bars, desk_with, mail, ruler

if TYPE_CHECKING:
    from typing import Any

PLAIN = packed("".join(ROWS))  # rows of 200 dots are whole octets


def in_front(data: bytes, *more: "Any") -> bytes:
    """A file of uncompressed rows that end with it."""
    own = [field[0] for field in more]
    made = fields(200, len(ROWS), 1, 8 + 2 + 9 * 12 + 4 + 16, len(data)) + list(RESOLUTION)
    file = TiffWriter()
    file.directory([field for field in made if field[0] not in own] + list(more))
    return bytes(file.data) + data


def test_uncompressed_rows_are_as_many_as_come_where_the_file_ends_behind_them() -> None:
    """efix writes twice the length into raw files."""
    double = ((257, 4, [2 * len(ROWS)]), (278, 4, [2 * len(ROWS)]))
    result = recorded(in_front(PLAIN, *double))
    assert result.notes == ["quality: page 1: 60 rows of 120 came"]


def test_uncompressed_rows_that_end_within_a_row_are_told() -> None:
    result = Result(in_front(PLAIN[:-510]))
    assert result.rows()[:39] == ROWS[:39] and "end early" in result.reasons[0]


def test_strips_of_uncompressed_rows_too_short_for_them_are_told() -> None:
    file = TiffWriter()
    first = file.place(PLAIN[:500])
    rest = file.place(PLAIN[750:])
    made = [field for field in fields(200, 60, 1, 0, 0) if field[0] not in (273, 278, 279)]
    made += [(273, 4, [first, rest]), (278, 4, [30]), (279, 4, [500, len(PLAIN) - 750])]
    file.directory(made + list(RESOLUTION))
    result = Result(bytes(file.data))
    assert result.rows()[:20] == ROWS[:20] and result.rows()[30:] == ROWS[30:]
    assert "rows 21 to 30 are white" in result.reasons[0]


def test_of_a_palette_of_two_colours_the_darker_is_black() -> None:
    """As ImageMagick writes it, in CCITT codings too."""
    other = ["".join(["10"[int(dot)] for dot in row]) for row in ROWS]
    white, navy = 65535, 32768
    for colours, expected in (
        ([white, 0, white, 0, white, navy], ROWS),
        ([0, white, 0, white, navy, white], other),
        ([white, 0, white, 0, 0, white], ROWS),  # blue on yellow
    ):
        more = (262, 3, [3]), (320, 3, colours)
        recorded(file_of(coded(ROWS, MMR), 4, *more), expected)
        recorded(file_of(PLAIN, 1, *more), expected)


def test_other_palettes_are_refused() -> None:
    for more in (
        ((262, 3, [3]),),
        ((262, 3, [3]), (320, 3, [0] * 768)),
        ((262, 3, [3]), (320, 3, [0] * 12), (258, 3, [2])),
    ):
        refused(file_of(coded(ROWS, MMR), 4, *more), "black-and-white")


def test_an_uncompressed_page_larger_than_the_window_is_reduced() -> None:
    """Where its last strip ends is not believed; tiffcp -c none, 300 dpi, A4: the page ended
    within the window."""
    rows = ruler(1270, 50, 128)
    data = packed("".join(rows))
    file = TiffWriter()
    made = fields(128, len(rows), 1, 8 + 2 + 9 * 12 + 4 + 16, len(data)) + list(RESOLUTION)
    file.directory(made)
    desk = desk_with(2)
    job = desk.record(mail(bytes(file.data) + data))
    assert job.outcome == outcomes.ON_PAPER, desk.reporter.unrecorded_parts
    assert kinds(desk) == ["fax"] and len(bars(desk.machine.sheets[0])) == 26
    assert abs(len(desk.machine.sheets[0]) - SHEET) < 5
