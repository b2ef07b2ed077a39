"""Restarts are counted; too many lead to the safe state; mails that are there each time are known.
"""

from __future__ import annotations

import asyncio

from firmware.pop3.outcomes import NOTICE, RECORDED, UNFINISHED
from firmware.restarts import DEATHS, MOST, Restarts, asked, at_boot, lost
from tests.unit.store_support import FakeStorage

KEY = b"\x01\x02\x03\x04\x05\x06\x07\x08"
FILE = "restarts"


class Board:
    """What a boot looks at."""

    def __init__(self, started: str = "power") -> None:
        self.storage = FakeStorage()
        self.started = started

    def boot(self, started: str) -> "Restarts | None":
        self.started = started
        return at_boot(self)


class Body:
    """A mail's body in two pieces."""

    def __init__(self) -> None:
        self.pieces = [b"Subject: x\r\nFrom: y\r", b"\n\r\nand this is text"]

    async def next(self) -> "memoryview | None":
        return memoryview(self.pieces.pop(0)) if self.pieces else None


def test_a_machine_that_is_well_writes_nothing() -> None:
    board = Board()
    assert board.boot("power") is None
    assert FILE not in board.storage.names()


def test_a_lost_task_is_told_at_the_next_boot_and_counted_once() -> None:
    board = Board()
    lost(board.storage, "the record task: it ended", b"")
    for started in ("watchdog", "reset", "power"):  # what a board's own restart looks like differs
        restarts = Restarts(board.storage)
        restarts.booted(started)
        assert (restarts.count, restarts.why) == (1, "the record task: it ended")
        lost(board.storage, "the record task: it ended", b"")
        asked(board.storage)
        lost(board.storage, "the record task: it ended", b"")


def test_the_watchdog_counts_too_and_a_reset_that_nobody_asked_for() -> None:
    board = Board()
    restarts = board.boot("watchdog")
    assert restarts is not None and restarts.count == 1 and "watchdog" in restarts.why
    restarts = board.boot("reset")
    assert restarts is not None and restarts.count == 2
    restarts = board.boot("power")
    assert restarts is not None and restarts.count == 2 and not restarts.why


def test_too_many_restarts_lead_to_the_safe_state_until_power_or_time_or_a_person() -> None:
    board = Board()
    for _ in range(MOST - 1):
        lost(board.storage, "it ended", b"")
        restarts = board.boot("reset")
        assert restarts is not None and not restarts.safe
    lost(board.storage, "it ended", b"")
    restarts = board.boot("reset")
    assert restarts is not None and restarts.safe and restarts.wait_h() == 1
    restarts = board.boot("watchdog")
    assert restarts is not None and restarts.safe and restarts.wait_h() == 2
    restarts = board.boot("power")
    assert restarts is not None and not restarts.safe
    lost(board.storage, "it ended", b"")
    restarts = board.boot("reset")
    assert restarts is not None and restarts.safe
    restarts.try_again()
    restarts = board.boot("watchdog")
    assert restarts is not None and not restarts.safe
    restarts.well()
    assert board.boot("power") is None
    lost(board.storage, "it ended", b"")
    asked(board.storage)
    assert board.boot("reset") is None
    assert FILE not in board.storage.names()


def test_a_file_that_makes_no_sense_counts_for_nothing() -> None:
    for content in (b"\xff\xfe", b"many running\n", b"3 running\nwhy\n", b"1 running\na\n-\nx\n"):
        board = Board()
        board.storage.replace(FILE, [content])
        restarts = board.boot("power")
        assert restarts is None or restarts.count == 3


def test_a_mail_is_tried_then_told_of_then_left() -> None:
    board = Board()
    taken: list[tuple[bytes, object]] = []

    async def deliver(key: bytes, number: int, count: int, size: int, body: object) -> int:
        taken.append((key, body))
        return RECORDED

    body = Body()
    restarts = board.boot("watchdog")
    for death in range(DEATHS):
        assert restarts is not None
        asyncio.run(_begin(restarts))
        restarts = board.boot("watchdog")
        assert restarts is not None and restarts.mails == [("0102030405060708", death + 1, False)]
    assert restarts is not None
    outcome = asyncio.run(restarts.deliver(deliver, KEY, 1, 1, 1, body))
    assert outcome == UNFINISHED and len(taken) == 1
    key, header = taken[0]
    assert key != KEY and key[:7] == KEY[:7]
    assert "failed" in header.withheld
    assert asyncio.run(_read(header)) == b"Subject: x\r\nFrom: y\r\n\r\n"
    again = board.boot("power")
    assert again is not None and "mailbox: 1" in again.left()
    assert asyncio.run(again.deliver(deliver, KEY, 1, 1, 1, body)) == UNFINISHED
    assert len(taken) == 1
    asked(board.storage)
    assert board.boot("reset") is None


async def _begin(restarts: Restarts) -> None:
    """The mail begins, and is never heard of again."""

    async def deliver(*_arguments: object) -> int:
        raise RuntimeError

    try:
        await restarts.deliver(deliver, KEY, 1, 1, 1, None)
    except RuntimeError:
        return


async def _read(header: object) -> bytes:
    octets = b""
    while True:
        piece = await header.next()
        if piece is None:
            return octets
        octets += bytes(piece)


def test_a_mail_that_comes_through_is_forgotten() -> None:
    board = Board()
    lost(board.storage, "it ended", KEY)
    restarts = board.boot("reset")
    assert restarts is not None and restarts.mails

    async def deliver(*_arguments: object) -> int:
        return NOTICE

    assert asyncio.run(restarts.deliver(deliver, KEY, 1, 1, 1, None)) == NOTICE
    assert not restarts.mails
    restarts.well()
    assert FILE not in board.storage.names()
