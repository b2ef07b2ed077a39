"""Faxes larger than the spool's window, wherever their directories are."""

from __future__ import annotations

import asyncio
import binascii
from typing import TYPE_CHECKING

from firmware.recording import faults
from firmware.recording import job as outcomes
from firmware.supervisor import Pulse
from tests.unit.recording_support import KEY, Desk, kinds
from tests.unit.store_support import FakeClock
from tests.unit.tiff_layouts import AFTER, BEFORE, END, FRONT, LAYOUTS, page_rows, tiff

if TYPE_CHECKING:
    from typing import Any

HEAD = (
    b"From: anna@example.com\r\nContent-Type: image/tiff\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\n"
)
BLOCKS = 4  # a window of 16 KiB, and one block in RAM
ROWS = 40  # 9 kB a page


def mail(data: bytes) -> bytes:
    return HEAD + b"".join(
        binascii.b2a_base64(data[at : at + 57]).replace(b"\n", b"\r\n")
        for at in range(0, len(data), 57)
    )


def readings(desk: Desk, sent: bytes, most: int = 3) -> list[int]:
    """Let the server send the mail until it is not asked for again; the outcomes."""

    async def run() -> list[int]:
        found = [outcomes.AGAIN]
        while found[-1] == outcomes.AGAIN and len(found) <= most:
            found.append((await desk._record(sent, KEY, -1, 700)).outcome)
        return found[1:]

    return asyncio.run(run())


def recorded(desk: Desk) -> list[list[bytes]]:
    """The rows of each sheet as they were sent: each is four lines of the head."""
    return [sheet[62::4] for sheet in desk.machine.sheets]


def expected(pages: int, rows: int) -> list[list[bytes]]:
    return [page_rows(page, rows) for page in range(pages)]


def test_small_pages_of_a_large_fax_are_recorded_in_every_layout() -> None:
    for layout in LAYOUTS:
        desk = Desk(blocks=BLOCKS)
        sent = mail(tiff(layout, 5, ROWS))
        # where the directories come last, what came before them had to go
        wanted = [outcomes.AGAIN, outcomes.ON_PAPER] if layout == END else [outcomes.ON_PAPER]
        assert readings(desk, sent) == wanted, layout
        assert recorded(desk) == expected(5, ROWS), layout
        assert [page[0] for page in desk.reporter.pages] == list(range(1, 6))


def test_a_page_larger_than_the_window_is_recorded_in_every_layout() -> None:
    for layout in LAYOUTS:
        for rows_per_strip in (0, 1):
            desk = Desk(blocks=1)
            sent = mail(tiff(layout, 2, ROWS, rows_per_strip))
            wanted = [outcomes.AGAIN, outcomes.ON_PAPER]
            if layout in (BEFORE, FRONT):
                wanted = [outcomes.ON_PAPER]
            assert readings(desk, sent) == wanted, (layout, rows_per_strip)
            assert recorded(desk) == expected(2, ROWS), (layout, rows_per_strip)


def test_what_was_kept_is_forgotten_when_the_mail_is_on_paper() -> None:
    for layout in (FRONT, END):
        desk = Desk(blocks=BLOCKS)
        sent = mail(tiff(layout, 5, ROWS))
        readings(desk, sent)
        assert desk.recording.kept is None


def test_paper_that_runs_out_in_the_second_reading_costs_nothing_but_another() -> None:
    desk = Desk(tray=3, blocks=BLOCKS)
    sent = mail(tiff(END, 6, ROWS))

    async def run() -> None:
        for outcome in (outcomes.AGAIN, outcomes.STALLED):
            assert (await desk._record(sent, KEY, -1, 700)).outcome == outcome
        assert len(desk.machine.sheets) == 3
        desk.machine.tray = 10
        assert (await desk._record(sent, KEY, -1, 700)).outcome == outcomes.ON_PAPER

    asyncio.run(run())
    assert recorded(desk) == expected(6, ROWS)
    assert not any(duplicate for _page, _total, _kind, duplicate in desk.reporter.pages)


def test_pages_recorded_before_the_second_reading_are_not_recorded_twice() -> None:
    desk = Desk(blocks=1)
    small, large = tiff(AFTER, 1, 10), tiff(AFTER, 1, ROWS)
    boundary = b"--b\r\nContent-Type: image/tiff\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    body = [part[len(HEAD) :] for part in (mail(small), mail(large))]
    sent = (
        b"From: anna@example.com\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        + boundary
        + body[0]
        + boundary
        + body[1]
        + b"--b--\r\n"
    )
    assert readings(desk, sent) == [outcomes.AGAIN, outcomes.ON_PAPER]
    assert recorded(desk) == [page_rows(0, 10), page_rows(0, ROWS)]


def test_more_directories_than_can_be_kept_are_told_on_a_notice_sheet() -> None:
    desk = Desk(blocks=1)
    sent = mail(tiff(END, 20, 10, alike=False))
    job = desk.record(sent)
    assert job.outcome == outcomes.AS_NOTICE, job.outcome
    assert kinds(desk) == ["notice"]
    reason = desk.reporter.unrecorded_parts[0][1]
    assert "(code %03d)" % faults.SPOOL_SMALL in reason


class FakePulse(Pulse):
    """Notes how often it was told to rest, and whether it rests."""

    def __init__(self) -> None:
        super().__init__("fake", FakeClock(), 1000)
        self.rests = 0
        self.resting = False

    def rest(self, what: object = True) -> None:
        self.rests += 1
        self.resting = True

    def beat(self) -> None:
        self.resting = False


def test_whoever_waits_for_the_other_side_is_not_missed() -> None:
    desk = Desk(blocks=1)
    reader, writer = FakePulse(), FakePulse()
    spool: Any = desk.spool
    spool.reader, spool.writer = reader, writer
    assert readings(desk, mail(tiff(BEFORE, 2, ROWS))) == [outcomes.ON_PAPER]
    assert reader.rests > 2 and not reader.resting, "data come slower than they are recorded"
    assert writer.rests > 2, "the window is full now and then"
