"""Fax pages that do not fit the sheet: reduced, cut, split onto further sheets, turned."""

from __future__ import annotations

import binascii
import gc
from typing import TYPE_CHECKING

from firmware.recording import job as outcomes
from firmware.store.parameter_table import TABLE
from tests.unit.fax_support import MMR, TiffWriter, coded, fields
from tests.unit.recording_support import KEY, Desk, kinds

if TYPE_CHECKING:
    from typing import Any

HEAD = b"From: Anna <anna@example.com>\r\nSubject: Fax\r\n"
BAND = 62
SHEET = 4543
MM = 15.4


def mail(file: bytes) -> bytes:
    text = binascii.b2a_base64(file)
    return HEAD + b"Content-Type: image/tiff\r\nContent-Transfer-Encoding: base64\r\n\r\n" + text


def page(width: int, rows: "list[str]", x: int, y: int, *more: "Any") -> bytes:
    """One page in MMR; `more` fields replace those of the same tag."""
    file = TiffWriter()
    data = coded(rows, MMR)
    own = [field[0] for field in more]
    made = fields(width, len(rows), 4, file.place(data), len(data))
    made += [(282, 5, [x, 1]), (283, 5, [y, 1])]
    file.directory([field for field in made if field[0] not in own] + list(more))
    return bytes(file.data)


def ruler(rows: int, every: int = 50, width: int = 640) -> "list[str]":
    """White rows, a black bar of 40 dots in each `every`-th, further to the right each time."""
    white = "0" * width
    page = [white] * rows
    for number, row in enumerate(range(0, rows, every)):
        at = 8 * number % (width - 40)
        page[row] = "0" * at + "1" * 40 + "0" * (width - 40 - at)
    return page


LONG: "dict[int, bytes]" = {}  # mails made before


def long_page(rows: int, *more: "Any") -> bytes:
    """A mail with a ruler of 640 dots, `rows` rows of 4 lines."""
    if not more and rows in LONG:
        return LONG[rows]
    LONG[rows] = mail(page(640, ruler(rows), 204, 98, *more))
    return LONG.pop(rows) if more else LONG[rows]


def desk_with(blocks: int = 8, **settings: "Any") -> Desk:
    gc.collect()
    desk = Desk(blocks=blocks)
    desk.machine.kept = SHEET
    desk.recording.setting = lambda name: settings.get(name[7:], TABLE[name][1])
    return desk


LEFT = (1728 - 640) // 16  # octets


def bars(sheet: "list[bytes]") -> "list[tuple[int, int]]":
    """(first line, octet from the page's left edge) of each bar below the band."""
    found = []
    last = b""
    for number, line in enumerate(sheet[BAND:]):
        if line is not last and any(line) and line != last:
            at = 0
            while not line[at]:
                at += 1
            found.append((number, at - LEFT))
        last = line
    return found


def test_a_page_a_little_too_long_is_cut() -> None:
    desk = desk_with()
    desk.record(long_page((SHEET - BAND + 90) // 4))
    (sheet,) = desk.machine.sheets
    assert len(sheet) == SHEET and bars(sheet)[1] == (200, 1)


def test_a_longer_page_is_reduced() -> None:
    desk = desk_with()
    job = desk.record(long_page(1270))  # 330 mm
    (sheet,) = desk.machine.sheets
    assert SHEET - 4 <= len(sheet) <= SHEET
    assert 170 < bars(sheet)[1][0] < 180, "reduced to 88 %"
    assert job.outcome == outcomes.ON_PAPER


def test_a_page_longer_than_may_be_reduced_goes_on_on_the_next_sheet() -> None:
    desk = desk_with()
    job = desk.record(long_page(2000))  # 519 mm
    assert job.outcome == outcomes.ON_PAPER and job.pages == 2
    assert desk.reporter.pages == [(1, 2, "fax", False), (2, 2, "fax", False)]
    first, second = [bars(sheet) for sheet in desk.machine.sheets]
    assert first == [(200 * number, number) for number in range(23)]
    start = SHEET - BAND - int(10 * MM)  # line of the page at the top of the second sheet
    expected = [(200 * number - start, number) for number in range(40) if 200 * number >= start]
    assert second == expected
    assert len(desk.machine.sheets[0]) == SHEET
    assert len(desk.machine.sheets[1]) == BAND + 8000 - start


def test_overlap_and_the_bound_of_reduction_are_parameters() -> None:
    desk = desk_with(reduce_mm=0, overlap_mm=0)
    desk.record(long_page(1270))
    assert len(desk.machine.sheets) == 2
    assert len(desk.machine.sheets[1]) == BAND + 5080 - (SHEET - BAND)
    desk = desk_with(fit="split")
    desk.machine.kept = 0
    desk.record(long_page(1270))
    assert len(desk.machine.sheets) == 2


def test_more_is_reduced_where_the_parameter_allows_it() -> None:
    desk = desk_with(reduce_mm=155)
    desk.machine.kept = 0
    desk.record(long_page(1650))  # 428 mm
    assert len(desk.machine.sheets) == 1


def test_cut_puts_one_sheet_out_and_says_what_is_lost() -> None:
    desk = desk_with(fit="cut")
    desk.record(long_page(2000))
    (sheet,) = desk.machine.sheets
    assert len(sheet) == SHEET and bars(sheet)[1] == (200, 1)
    assert desk.reporter.notes == ["quality: page 1: 228 mm cut off"]


def test_letter_paper_is_shorter() -> None:
    desk = desk_with(fit="split", overlap_mm=0)
    desk.recorder.shorter_lines = 271
    desk.record(long_page(1143))  # an A4 page
    assert len(desk.machine.sheets[0]) == SHEET - 271


def test_a_split_page_goes_on_after_an_interruption_with_its_second_sheet() -> None:
    file = long_page(2000)
    desk = desk_with()
    desk.record(file)
    expected = bars(desk.machine.sheets[1])
    desk = desk_with()

    def on_the_second_sheet() -> None:
        if desk.machine.sheets:
            desk.machine.cover_open = True
        desk.machine.at_line = 2000

    desk.machine.at_line, desk.machine.then = 2000, on_the_second_sheet
    job = desk.record(file)
    assert job.outcome == outcomes.STALLED
    assert desk.ledger.pages_done(b"mail-key") == 1
    desk.machine.at_line, desk.machine.cover_open = -1, False
    setting = desk.recording.setting
    desk.restart()
    desk.recording.setting = setting
    job = desk.record(file)
    assert job.outcome == outcomes.ON_PAPER
    assert desk.reporter.pages == [(2, 2, "fax", True)]
    assert bars(desk.machine.sheets[-1]) == expected


def test_the_mark_of_a_duplicate_does_not_change_how_many_sheets_a_page_takes() -> None:
    rows = (SHEET + 80) // 4  # without headers it fits but for what may be cut
    for fit in ("split", "reduce"):
        desk = desk_with(fit=fit)
        desk.sheet.header = False
        desk.ledger.begin(b"mail-key", "", "")
        desk.ledger.intend(b"mail-key", 1)
        job = desk.record(long_page(rows))
        assert desk.reporter.pages == [(1, 1, "fax", True)] and job.pages == 1


def test_a_page_without_a_length_is_counted_before_it_is_fitted() -> None:
    desk = desk_with()
    job = desk.record(long_page(1270, (257, 4, [0])))
    (sheet,) = desk.machine.sheets
    assert SHEET - 4 <= len(sheet) <= SHEET and 170 < bars(sheet)[1][0] < 180
    assert job.outcome == outcomes.ON_PAPER


def test_where_the_window_does_not_hold_the_data_a_long_page_is_split_without_overlap() -> None:
    room = SHEET - BAND
    for more in ((), ((257, 4, [0]),), ((257, 4, [0]), (279, 4, [0]))):
        desk = desk_with(2)
        job = desk.record(long_page(2000, *more))
        assert job.outcome == outcomes.ON_PAPER and len(desk.machine.sheets) == 2, more
        assert "without overlap" in desk.reporter.notes[0]
        found = bars(desk.machine.sheets[0]) + [
            (line + room // 16 * 16, at) for line, at in bars(desk.machine.sheets[1])
        ]
        assert found == [(200 * number, number) for number in range(40)], more


def test_a_page_of_unknown_length_that_the_window_does_not_hold_is_cut_where_wanted() -> None:
    desk = desk_with(2, fit="cut")
    desk.record(long_page(2000, (257, 4, [0])))
    assert kinds(desk) == ["fax", "notice"]
    assert "longer than the sheet" in desk.reporter.unrecorded_parts[0][1]


def test_how_many_sheets_a_page_takes_does_not_depend_on_how_fast_it_comes() -> None:
    """Its octets are not said: whether the window holds them is asked of what follows."""
    for blocks, sheets in ((2, 2), (8, 2)):
        for step in (100, 1 << 20):
            desk = desk_with(blocks)
            file = long_page(2000, (279, 4, [0]))
            job = desk.record(file, KEY, -1, step)
            assert job.pages == sheets
            assert ("without" in " ".join(desk.reporter.notes)) == (blocks == 2), (blocks, step)


def test_an_endless_page_ends_after_eight_sheets_and_the_notice_says_so() -> None:
    desk = desk_with()
    desk.machine.kept = 0
    job = desk.record(mail(page(64, ruler(2600, 100, 64), 50, 25)))
    assert kinds(desk) == ["fax"] * 8 + ["notice"]
    assert job.outcome == outcomes.AS_NOTICE
    assert "longer than 8 sheets" in desk.reporter.unrecorded_parts[0][1]


def test_a_mail_takes_no_more_sheets_than_it_may() -> None:
    file = TiffWriter()
    data = coded(["0" * 64] * 8, MMR)
    place = file.place(data)
    for _page in range(12):
        file.directory(fields(64, 8, 4, place, len(data)))
    desk = desk_with(sheets=5)
    job = desk.record(mail(bytes(file.data)))
    assert kinds(desk) == ["fax"] * 5 + ["notice"] and job.outcome == outcomes.AS_NOTICE
    desk = desk_with(sheets=2)
    desk.machine.kept = 0
    desk.record(HEAD + b"\r\n" + b"line\r\n" * 500)
    assert kinds(desk) == ["text"] * 2 + ["notice"]


def black(line: bytes, dot: int) -> bool:
    return bool(line[dot >> 3] & 128 >> (dot & 7))


def test_a_landscape_page_is_turned() -> None:
    width, length = 300, 180  # at 25 x 25 dots to the inch: 305 x 183 mm
    rows = ["0" * width] * length
    rows[0] = "1" * width  # its top edge
    rows[100] = "0" * 15 + "1" * 30 + "0" * (width - 45)
    desk = desk_with()
    job = desk.record(mail(page(width, rows, 25, 25)))
    assert job.outcome == outcomes.ON_PAPER, job.reason
    body = desk.machine.sheets[0][BAND:]
    scale = (SHEET - BAND) / 300  # lines to a dot of a row: as large as the sheet allows
    dots = scale * 203.2 / 391.16  # of the head, to a row
    wide = 180 * dots
    edge = int((1728 + wide) / 2 - dots / 2)
    assert all(black(body[int(line * scale)], edge) for line in range(299)), "top edge: right"
    middle = int((1728 + wide) / 2 - 100.5 * dots)
    marked = [number for number, line in enumerate(body) if black(line, middle)]
    assert abs(marked[0] - 15 * scale) <= 3 and abs(marked[-1] - 45 * scale) <= 3
    assert len(marked) == marked[-1] - marked[0] + 1


def test_a_landscape_page_that_the_window_does_not_hold_is_reduced() -> None:
    desk = desk_with(2)
    desk.record(mail(page(300, ruler(180, 10, 300), 25, 25)))
    (sheet,) = desk.machine.sheets
    assert abs(len(sheet) - BAND - 180 * 1728 / 300 * 391.16 / 203.2) < 20
    assert "not turned" in desk.reporter.notes[0]
