"""TIFF files whose directories and strips lie in any order at all, in windows of any size: each
page is on paper in its turn, or the notice sheet tells of it; and there is an end to it.
"""

from __future__ import annotations

import asyncio
import random
import struct

import pytest

from firmware.recording import job as outcomes
from tests.unit.recording_support import KEY, Desk
from tests.unit.test_streaming import mail
from tests.unit.tiff_layouts import WIDTH, page_rows

BLOCK = 4096
ENTRIES = 9


class Drawn:
    """A file as chance has it, of pages that say which row they are."""

    def __init__(self, seed: int) -> None:
        chance = random.Random(seed)
        self.pages = [chance.choice((3, 10, 25, 70)) for _ in range(chance.randint(1, 6))]
        steps = [chance.choice((rows, 5, 1)) for rows in self.pages]
        self.strips = [
            [b"".join(page_rows(number, rows)[at : at + step]) for at in range(0, rows, step)]
            for number, (rows, step) in enumerate(zip(self.pages, steps, strict=True))
        ]
        self._steps = steps
        self.blocks = chance.choice((1, 2, 4, 16))
        self.data = self._file(self._order(chance))

    def _order(self, chance: random.Random) -> list[tuple[int, int]]:
        """(page, strip), or -1 for the page's directory, as they lie in the file."""
        numbers = list(range(len(self.pages)))
        way = chance.randrange(4)
        if way > 1:
            chance.shuffle(numbers)
        order = []
        for number in numbers:
            strips = [(number, index) for index in range(len(self.strips[number]))]
            if way == 3:
                chance.shuffle(strips)
            strips.insert(chance.choice((0, len(strips))), (number, -1))
            order += strips
        if way == 1:
            chance.shuffle(order)
        return order

    def _file(self, order: list[tuple[int, int]]) -> bytes:
        places, at = {}, 8
        for page, index in order:
            places[page, index] = at
            at += self._octets(page) if index < 0 else len(self.strips[page][index])
        out = struct.pack("<2sHL", b"II", 42, places[0, -1])
        for page, index in order:
            out += self._directory(page, places) if index < 0 else self.strips[page][index]
        return out

    def _octets(self, page: int) -> int:
        count = len(self.strips[page])
        return 2 + 12 * ENTRIES + 4 + (8 * count if count > 1 else 0)

    def _directory(self, page: int, places: dict[tuple[int, int], int]) -> bytes:
        count = len(self.strips[page])
        offsets = [places[page, index] for index in range(count)]
        octets = [len(strip) for strip in self.strips[page]]
        table = places[page, -1] + 2 + 12 * ENTRIES + 4
        fields = [
            (256, 4, 1, WIDTH),
            (257, 4, 1, self.pages[page]),
            (258, 3, 1, 1),
            (259, 3, 1, 1),
            (262, 3, 1, 0),
            (273, 4, count, table if count > 1 else offsets[0]),
            (278, 4, 1, self._steps[page]),
            (279, 4, count, table + 4 * count if count > 1 else octets[0]),
            (283, 3, 1, 98),
        ]
        out = struct.pack("<H", len(fields))
        out += b"".join(struct.pack("<HHLL", *field) for field in fields)
        out += struct.pack("<L", places.get((page + 1, -1), 0))
        return out + (struct.pack("<%dL" % (2 * count), *offsets, *octets) if count > 1 else b"")


def recorded(drawn: Drawn) -> tuple[list[list[bytes]], list[str], int]:
    """The rows of each fax sheet, what is told of, and how often the mail was read."""
    desk = Desk(tray=40, blocks=drawn.blocks)
    desk.machine.kept = 500
    sent = mail(drawn.data)

    async def run() -> int:
        for reading in range(1, 70):
            job = await desk._record(sent, KEY, -1, 3000)
            if job.outcome != outcomes.AGAIN:
                assert job.outcome in (outcomes.ON_PAPER, outcomes.AS_NOTICE), job.reason
                return reading
        raise AssertionError("there is no end to it")

    readings = asyncio.run(run())
    faxes = [kind == "fax" for _page, _of, kind, _mark in desk.reporter.pages]
    sheets = [sheet for sheet, is_fax in zip(desk.machine.sheets, faxes, strict=True) if is_fax]
    told = [reason for _name, reason in desk.reporter.unrecorded_parts]
    assert not any(duplicate for *_page, duplicate in desk.reporter.pages)
    return [sheet[62::4] for sheet in sheets], told, readings


@pytest.mark.parametrize("seed", range(20))
def test_pages_come_in_their_turn_or_are_told_of(seed: int) -> None:
    drawn = Drawn(seed)
    sheets, told, readings = recorded(drawn)
    words = " ".join(told)
    due = [page_rows(number, rows) for number, rows in enumerate(drawn.pages)]
    for number, rows in enumerate(due):
        if sheets and sheets[0] and sheets[0][0] == rows[0]:
            on_paper = sheets.pop(0)
            assert on_paper == rows[: len(on_paper)], number
            assert on_paper == rows or "page %d:" % (number + 1) in words, (number, told)
        else:
            assert "page %d:" % (number + 1) in words or "what begins with" in words, told
    assert not sheets, "nothing else is on paper"
    assert readings <= 1 + len(due)
    if len(drawn.data) < drawn.blocks * BLOCK // 2:
        assert not told and readings <= 2, "the window holds all of it"
