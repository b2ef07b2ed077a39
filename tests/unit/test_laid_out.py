"""Parameters that change while a mail is half on paper: no page is lost, or comes twice unsaid."""

from __future__ import annotations

import asyncio
import gc
import struct
from typing import TYPE_CHECKING

from firmware.recording import job as outcomes
from firmware.recording import laid_out
from firmware.store.parameter_table import TABLE
from tests.unit.recording_support import KEY, Desk, kinds
from tests.unit.test_fax_paper import BAND, SHEET, bars, long_page

if TYPE_CHECKING:
    from typing import Any

HEAD = b"From: Anna <anna@example.com>\r\nSubject: Text\r\n\r\n"
TEXT = b"line\r\n\x0c"  # a sheet
LONG = 2000  # rows: 519 mm


def wanted(**settings: "Any") -> bytes:
    return laid_out.packed(lambda name: settings.get(name[7:], TABLE[name][1]))


def power_cut(desk: Desk, **settings: "Any") -> None:
    desk.restart()
    desk.recording.wanted = wanted(**settings)


def interrupted(mail: bytes, sheets: int = 1, **settings: "Any") -> Desk:
    """A desk where the cover was opened in the middle of the sheet behind the first `sheets`."""
    gc.collect()
    desk = Desk()
    desk.machine.kept = 0
    desk.recording.wanted = wanted(**settings)

    def below_the_band() -> None:
        if len(desk.machine.sheets) == sheets:
            desk.machine.cover_open = True
        desk.machine.at_line = BAND + 9

    desk.machine.at_line, desk.machine.then = BAND + 9, below_the_band
    assert desk.record(mail).outcome == outcomes.STALLED
    assert desk.ledger.pages_done(KEY) == sheets
    desk.machine.at_line, desk.machine.cover_open = -1, False
    return desk


def test_a_layout_is_packed_and_unpacked() -> None:
    for settings in (
        {},
        {"header": False, "paper": "letter", "fit": "cut", "cut_mm": 15, "overlap_mm": 0},
        {"fit": "split", "reduce_mm": 155, "sheets": 999, "cut_mm": 0, "overlap_mm": 15},
    ):
        unpacked = laid_out.settings(wanted(**settings))
        for name in unpacked:
            assert unpacked[name] == settings.get(name[7:], TABLE[name][1]), name


def test_a_new_mail_is_laid_out_as_the_parameters_say() -> None:
    desk = Desk()
    desk.machine.kept = 0
    desk.recording.wanted = wanted(header=False, paper="letter", fit="split", overlap_mm=0)
    desk.record(long_page(1143))  # an A4 page
    assert desk.machine.counts[0] == SHEET - 271 - BAND and desk.machine.counts[1] > 0


def test_the_second_half_of_a_page_comes_though_pages_are_reduced_now() -> None:
    start = SHEET - BAND - 154  # line of the page at the top of the second sheet
    desk = interrupted(long_page(LONG))
    desk.machine.kept = SHEET
    for change in ({"reduce_mm": 155}, {"fit": "cut"}, {"header": False}, {"overlap_mm": 0}):
        power_cut(desk, **change)
    assert desk.record(long_page(LONG)).outcome == outcomes.ON_PAPER
    assert desk.reporter.pages == [(2, 2, "fax", True)]
    expected = [(200 * number - start, number) for number in range(40) if 200 * number >= start]
    assert bars(desk.machine.sheets[-1]) == expected


def test_the_next_mail_is_laid_out_as_the_parameters_say_by_then() -> None:
    desk = interrupted(long_page(LONG))
    power_cut(desk, fit="cut")

    async def both() -> None:
        await desk._record(long_page(LONG), KEY, -1, 700)
        await desk._record(long_page(LONG), b"another!", -1, 700)

    asyncio.run(both())
    assert [page[0] for page in desk.reporter.pages] == [2, 1]


def test_fewer_sheets_allowed_by_now_take_none_from_a_mail_that_has_more() -> None:
    text = HEAD + TEXT * 5
    desk = interrupted(text, 3)
    power_cut(desk, sheets=2)
    assert desk.record(text).outcome == outcomes.ON_PAPER
    assert kinds(desk)[0] == "text" and "notice" not in kinds(desk)


def test_on_shorter_paper_all_of_the_mail_comes_again_with_the_mark() -> None:
    text = HEAD + TEXT * 3
    desk = interrupted(text)
    power_cut(desk, paper="letter")
    job = desk.record(text)
    assert job.outcome == outcomes.ON_PAPER and job.pages > 1
    marks = [(page, duplicate) for page, _total, _kind, duplicate in desk.reporter.pages]
    assert marks == [(page, True) for page in range(1, job.pages + 1)]


def test_on_longer_paper_the_mail_goes_on_as_it_began() -> None:
    text = HEAD + TEXT * 3
    desk = interrupted(text, paper="letter")
    power_cut(desk)
    desk.record(text)
    assert desk.reporter.pages[0][0] == 2
    assert max(desk.machine.counts) <= SHEET - 271


def test_pages_composed_by_another_version_are_not_counted_on() -> None:
    text = HEAD + TEXT * 3
    desk = interrupted(text)
    power_cut(desk)
    layout = desk.ledger.layout(KEY)
    desk.ledger.begin(KEY, "", "", b"", bytes([layout[0] ^ 0xC0]) + layout[1:])
    desk.record(text)
    assert desk.reporter.pages[0] == (1, 0, "text", True)


def test_the_layout_outlives_compaction_and_a_page_taken_back() -> None:
    desk = Desk()
    layout = wanted(fit="split")
    desk.ledger.begin(KEY, "", "", b"head", layout)
    desk.ledger.intend(KEY, 1)
    desk.ledger.complete(KEY, 1)
    desk.ledger.compact()
    desk.restart()
    assert desk.ledger.layout(KEY) == layout
    desk.ledger.begin(KEY, "", "", b"head", layout)
    desk.ledger.finish(KEY, 2, False)
    assert desk.ledger.layout(KEY) == b"\0\0\0\0", "a finished mail has its digest in that place"
    desk.ledger.retract(KEY, 2)
    assert desk.ledger.layout(KEY) == layout
    desk.restart()
    assert desk.ledger.layout(KEY) == layout and desk.ledger.pages_done(KEY) == 1


def test_an_older_ledger_says_nothing_of_layouts_and_is_believed() -> None:
    desk = interrupted(long_page(LONG))
    desk.ledger.begin(KEY, "", "")
    power_cut(desk)
    assert desk.ledger.layout(KEY) in (b"\0\0\0\0", wanted())
    desk.record(long_page(LONG))
    assert [page[0] for page in desk.reporter.pages] == [2]


def test_a_mail_that_is_too_large_by_now_is_told_of_behind_its_pages() -> None:
    text = HEAD + TEXT * 3
    desk = interrupted(text)
    power_cut(desk)
    record = desk._record

    async def withheld(mail: bytes, key: bytes, upto: int, step: int) -> "Any":
        judge = desk.task.same_mail.judge

        def with_size(job: "Any", digest: bytes) -> int:
            job.withheld = "it has 99 kB"
            return judge(job, digest)

        desk.task.same_mail.judge = with_size  # type: ignore[method-assign]
        return await record(mail, key, upto, step)

    desk._record = withheld  # type: ignore[method-assign]
    job = desk.record(text)
    assert job.outcome == outcomes.AS_NOTICE
    assert [(page, kind) for page, _of, kind, _mark in desk.reporter.pages] == [(2, "notice")]


def test_four_octets_hold_every_value_of_the_parameters() -> None:
    for name in ("cut_mm", "overlap_mm"):
        assert TABLE["record." + name][3] < 16
    assert TABLE["record.reduce_mm"][3] < 256 and TABLE["record.sheets"][3] < 1024
    assert struct.calcsize(">I") == len(wanted())
