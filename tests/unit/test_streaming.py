"""Faxes larger than the spool's window, wherever their directories are."""

from __future__ import annotations

import asyncio
import binascii
import gc
from typing import TYPE_CHECKING

from firmware.recording import job as outcomes
from firmware.supervisor import Pulse
from tests.unit.fax_support import TiffWriter, fields
from tests.unit.recording_support import KEY, Desk, kinds
from tests.unit.store_support import FakeClock
from tests.unit.tiff_layouts import (
    AFTER,
    BACKWARDS,
    BEFORE,
    END,
    END_BACKWARDS,
    FRONT,
    FRONT_BACKWARDS,
    LAYOUTS,
    Page,
    file_of,
    page_rows,
    tiff,
)

if TYPE_CHECKING:
    from typing import Any

MICROPYTHON_HEAP = "8m"  # whole mails and their copies: no heap of a device

HEAD = (
    b"From: anna@example.com\r\nContent-Type: image/tiff\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\n"
)
BLOCKS = 4  # a window of 16 KiB, and one block in RAM
ROWS = 40  # 9 kB a page


def mail(data: bytes) -> bytes:
    gc.collect()
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


def test_more_directories_than_can_be_kept_take_more_readings() -> None:
    for layout in (END, FRONT):
        desk = Desk(tray=30, blocks=1)
        sent = mail(tiff(layout, 20, 10, alike=False))
        outcome = readings(desk, sent, 9)
        assert outcome[-1] == outcomes.ON_PAPER and len(outcome) <= 4, (layout, outcome)
        assert [page[0] for page in desk.reporter.pages] == list(range(1, 21))


def test_pages_in_another_order_than_their_data_take_two_readings_within_the_window() -> None:
    for layout in BACKWARDS:
        desk = Desk(tray=40, blocks=8)
        sent = mail(tiff(layout, 6, 10))  # 14 kB
        outcome = readings(desk, sent)
        assert outcome[-1] == outcomes.ON_PAPER and len(outcome) <= 2, (layout, outcome)
        assert recorded(desk) == expected(6, 10), layout


def test_pages_in_another_order_take_a_reading_each_at_worst() -> None:
    for layout in BACKWARDS:
        desk = Desk(tray=40, blocks=2)
        sent = mail(tiff(layout, 6, ROWS // 2))  # 27 kB; the window has 8
        outcome = readings(desk, sent, 9)
        assert outcome[-1] == outcomes.ON_PAPER and len(outcome) <= 7, (layout, outcome)
        assert recorded(desk) == expected(6, ROWS // 2), layout
        assert not any(duplicate for _page, _total, _kind, duplicate in desk.reporter.pages)


def test_several_small_pages_are_recorded_in_each_reading() -> None:
    desk = Desk(tray=40, blocks=2)
    outcome = readings(desk, mail(tiff(FRONT_BACKWARDS, 10, 10)), 12)  # 22 kB
    assert outcome[-1] == outcomes.ON_PAPER and len(outcome) <= 6, outcome
    assert recorded(desk) == expected(10, 10)


def test_readings_have_a_bound_and_what_is_left_is_told() -> None:
    desk = Desk(tray=40, blocks=1)
    sent = mail(tiff(FRONT_BACKWARDS, 6, 30))

    async def run() -> list[int]:
        found = [(await desk._record(sent, KEY, -1, 700)).outcome]
        desk.recording.kept.readings = 62  # type: ignore[union-attr]
        while found[-1] == outcomes.AGAIN:
            found.append((await desk._record(sent, KEY, -1, 700)).outcome)
        return found

    assert asyncio.run(run()) == [outcomes.AGAIN] * 3 + [outcomes.AS_NOTICE]
    told = [reason for _name, reason in desk.reporter.unrecorded_parts]
    assert kinds(desk) == ["fax"] * 4 + ["notice"] and len(told) == 2, "on paper or told"


def test_strips_in_another_order_than_their_rows() -> None:
    for count in (10, 80):  # the table of the latter does not fit into memory at once
        desk = Desk(blocks=8)
        desk.machine.kept = 500
        page = Page([b"".join(page_rows(0, count)[at : at + 1]) for at in range(count)],
                    count, 1, 1, 98)
        page.backwards = True
        assert readings(desk, mail(file_of(BEFORE, [page]))) == [outcomes.ON_PAPER]
        assert recorded(desk) == expected(1, count)


def test_of_strips_further_apart_than_the_window_those_are_recorded_that_come_together() -> None:
    count = 120  # 26 kB; the window has 8
    page = Page([b"".join(page_rows(0, count)[at : at + 10]) for at in range(0, count, 10)],
                count, 10, 1, 98)
    page.backwards = True
    for layout in (BEFORE, AFTER):
        desk = Desk(blocks=2)
        desk.machine.kept = 500
        outcome = readings(desk, mail(file_of(layout, [page])))
        assert outcome[-1] == outcomes.AS_NOTICE and len(outcome) <= 2, (layout, outcome)
        rows = recorded(desk)[0]
        assert len(rows) >= 30 and rows == page_rows(0, count)[: len(rows)], layout
        told = desk.reporter.unrecorded_parts
        assert len(told) == 1 and "page 1: its end is missing" in told[0][1], told


def test_two_mails_that_are_read_again_do_not_push_each_other_out() -> None:
    desk = Desk(tray=40, blocks=2)
    sent = mail(tiff(END, 5, ROWS // 2))

    async def run() -> list[int]:
        waiting, count = [KEY, b"another!", b"a third!"], 0
        while waiting and count < 20:
            key = waiting.pop(0)  # all have been asked for when the first is wanted again
            count += 1
            if (await desk._record(sent, key, -1, 700)).outcome == outcomes.AGAIN:
                waiting.append(key)
        return [count, len(waiting)]

    count, left = asyncio.run(run())
    assert not left and count <= 12, (count, left)
    assert recorded(desk) == expected(5, ROWS // 2) * 3


def test_a_reading_that_is_left_for_lack_of_paper_goes_on_with_the_page_that_is_due() -> None:
    desk = Desk(tray=3, blocks=2)
    sent = mail(tiff(END_BACKWARDS, 6, ROWS // 2))

    async def run() -> list[int]:
        found = [outcomes.AGAIN]
        while found[-1] != outcomes.ON_PAPER and len(found) < 12:
            found.append((await desk._record(sent, KEY, -1, 700)).outcome)
            if found[-1] == outcomes.STALLED:
                desk.machine.tray = 10
        return found

    found = asyncio.run(run())
    assert found.count(outcomes.STALLED) == 1 and found[-1] == outcomes.ON_PAPER, found
    assert recorded(desk) == expected(6, ROWS // 2)


class FakePulse(Pulse):
    """Notes how often it was told to rest, and whether it rests."""

    def __init__(self) -> None:
        super().__init__("fake", FakeClock(), 1000)
        self.rests = 0
        self.resting = False

    def rest(self, what: object) -> None:
        self.rests += 1
        self.resting = True

    def beat(self) -> None:
        self.resting = False


def test_whoever_waits_for_the_other_side_is_not_missed() -> None:
    desk = Desk(blocks=1)
    reader, writer = FakePulse(), FakePulse()
    spool: Any = desk.spool
    spool.reader, spool.writer = reader, writer
    assert readings(desk, mail(tiff(BEFORE, 10, ROWS))) == [outcomes.ON_PAPER]
    assert reader.rests > 2 and not reader.resting, "data come slower than they are recorded"
    assert writer.rests > 2, "the window is full now and then"


def test_others_run_with_each_band_of_a_page_that_is_passed_over() -> None:
    desk = Desk(blocks=BLOCKS)
    desk.ledger.begin(KEY, "", "")
    desk.ledger.complete(KEY, 1)
    beats, shared, turns = [0], [0], [0]

    def beat() -> None:
        beats[0] += 1
        shared[0] += turns[0] > 0
        turns[0] = 0

    async def others() -> None:
        while True:
            turns[0] += 1
            await asyncio.sleep(0)

    async def run() -> int:
        desk.recorder.beat = beat
        other = asyncio.create_task(others())
        await asyncio.sleep(0)
        outcome = (await desk._record(mail(tiff(BEFORE, 1, 160)), KEY, -1, 70000)).outcome
        other.cancel()
        return outcome

    assert asyncio.run(run()) == outcomes.ON_PAPER
    assert not desk.machine.sheets
    assert beats[0] > 30 and shared[0] >= beats[0] - 1, (beats, shared)


def test_of_strips_too_far_apart_the_first_are_recorded_and_the_end_is_told() -> None:
    rows = page_rows(0, 60)
    for order, come in (((0, 2, 1), 20), ((1, 0, 2), 20), ((2, 0, 1), 40)):
        file = TiffWriter()
        offsets = [0] * 3
        for index in order:
            offsets[index] = file.place(b"".join(rows[20 * index : 20 * index + 20]) + bytes(6000))
        made = [one for one in fields(1728, 60, 1, 0, 0) if one[0] not in (273, 278, 279)]
        made += [(273, 4, offsets), (278, 3, [20]), (279, 4, [4320] * 3)]
        made += [(282, 5, [204, 1]), (283, 5, [98, 1])]
        file.directory(made)
        desk = Desk(blocks=BLOCKS)
        found = readings(desk, mail(bytes(file.data)))
        assert found == [outcomes.AGAIN, outcomes.AS_NOTICE], order
        assert kinds(desk) == ["fax", "notice"], order
        assert recorded(desk)[0] == rows[:come], order
        assert "end is missing" in desk.reporter.unrecorded_parts[0][1]
