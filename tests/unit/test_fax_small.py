"""Faxes in the buffers of a small heap: rows wider than the array of changing elements is long."""
from __future__ import annotations

import asyncio

from firmware.fax.buffers import AROUND, MAX_WIDTH, FaxBuffers
from tests.unit.fax_support import (
    EOL,
    MH,
    MH_PLAIN,
    MMR,
    MR,
    Decoded,
    GuardedBuffers,
    MemorySource,
    code_1d,
    coded,
    decode_pages,
    one_page,
    packed,
)
from tests.unit.recording_support import Desk
from tests.unit.test_fax_ccitt import file_of
from tests.unit.test_fax_paper import mail, page

ROOM = len(FaxBuffers(True).elements) - 2 * AROUND  # elements that a row may have, whatever width
RUNS = MAX_WIDTH // ROOM + 1  # dots to an element


def pattern(runs: str, width: int = MAX_WIDTH) -> str:
    """A row of that again and again."""
    return (runs * (width // len(runs) + 1))[:width]


def in_small(file: bytes, piece: int = 1 << 30) -> Decoded:
    """The pages decoded in small buffers, which nothing was written outside of."""
    lent = GuardedBuffers(True)
    page = asyncio.run(decode_pages(MemorySource(file, piece), lent, None))
    assert lent.intact()
    return page


def test_wide_rows_decode_as_long_as_their_elements_have_room() -> None:
    dense = [pattern("1" * RUNS + "0" * RUNS), pattern("0" * RUNS + "1" * RUNS)]
    rows = [dense[0], dense[1], "1" * MAX_WIDTH, dense[1], "0" * MAX_WIDTH, dense[0], dense[0]]
    rows += [pattern("1" * 40 + "0" * 9), pattern("0" * 11 + "1" * 38), dense[1]]
    for scheme in (MH_PLAIN, MH, MR, MMR):
        file = file_of(rows, scheme, coded(rows, scheme, 4))
        for piece in (1 << 30, 97):
            page = in_small(file, piece)
            assert page.rows == [rows], (scheme, piece)
            assert page.quality[0].bad_rows == 0
    assert in_small(one_page(rows, 1, packed("".join(rows)))).rows == [rows]


def test_a_dense_front_takes_no_room_from_the_rest() -> None:
    # not one behind the other: what is unused of the row before takes room as well
    most = ROOM // 2 * 2
    front = pattern("10", most) + "0" * (MAX_WIDTH - most)
    back = "0" * (MAX_WIDTH - most) + pattern("01", most)
    rows = [front, front, "0" * MAX_WIDTH, back, back]
    for scheme in (MH, MR, MMR):
        page = in_small(file_of(rows, scheme, coded(rows, scheme, 4)), 801)
        assert page.rows == [rows], scheme


def test_a_row_of_too_many_elements_ends_the_page_and_is_told() -> None:
    dense = pattern("10")
    rows = ["0" * MAX_WIDTH, pattern("1100"), dense, dense, "0" * MAX_WIDTH]
    rows[1] = pattern("1" * RUNS + "0" * RUNS)
    data = [(compression, coded(rows, scheme, 4)) for compression, scheme in ((3, MH), (4, MMR))]
    data.append((1, packed("".join(rows))))
    for compression, octets in data:
        for piece in (1 << 30, 97):
            page = in_small(one_page(rows, compression, octets), piece)
            assert page.rows[0][:2] == rows[:2], compression
            assert "too often for the memory" in page.quality[0].note
            assert page.quality[0].bad_rows == 3


def test_damage_in_a_wide_row_is_repaired_from_what_is_left_of_the_one_before() -> None:
    dense = [pattern("1" * RUNS + "0" * RUNS), pattern("0" * RUNS + "1" * RUNS)]
    rows = [dense[0], dense[1], dense[0], dense[1]]
    for scheme in (MH, MR):
        mark = EOL + ("1" if scheme == MR else "")
        codes = [mark + code_1d(row) for row in rows]
        for cut in (40, 2000, MAX_WIDTH - 400):
            codes[2] = mark + code_1d(rows[2][:cut]) + "0000000011"
            for piece in (1 << 30, 97):
                page = in_small(file_of(rows, scheme, packed("".join(codes))), piece)
                got = page.rows[0]
                assert got[:2] == rows[:2] and got[3:] == rows[3:], (scheme, cut, piece)
                assert len(got[2]) == MAX_WIDTH
                assert page.quality[0].bad_rows == 1


def test_rows_that_would_be_repeated_too_often_are_refused_on_paper() -> None:
    rows = [pattern("1100", 64)] * 20
    desk = Desk()
    desk.record(mail(page(64, rows, 21, 21)))
    assert len(desk.machine.sheets) == 1
    assert any("resolution" in reason for _name, reason in desk.reporter.unrecorded_parts)
