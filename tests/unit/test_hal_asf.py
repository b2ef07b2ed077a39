"""Sheets come to the head and leave it, or the feeder says that they do not; no roller turns for
ever.
"""
from __future__ import annotations

import asyncio

from hal import asf as asf_module
from hal.asf import Asf
from hal.covers import Covers
from hal.level import Input, Output
from hal.roller import Roller
from tests.unit.hal_fakes import Bench

PAPER, REGIST, PICK, PLATEN = 1, 2, 3, 4


class Path:
    """A feeder with sheets and a path of `distance` steps; `slips` picks move nothing."""

    def __init__(self, sheets: int, distance: int = 385, length: int = 4574,
                 slips: int = 0) -> None:
        self.bench = bench = Bench()
        self.sheets = sheets
        self.distance = distance
        self.length = length
        self.slips = slips
        self.picked = 0
        self.under_head = 0
        self.stuck = False
        self.steps = 0
        paper = bench.input(PAPER, lambda: int(self.sheets == 0))
        regist = bench.input(REGIST, lambda: int(self.under_head == 0))
        bench.on_level[PICK] = self._pick
        bench.on_level[PLATEN] = self._feed
        pick = Roller(Output(bench.output(PICK), 1), 0)
        platen = Roller(Output(bench.output(PLATEN), 1), 0)
        self.asf = Asf(Input(paper, 0), Input(regist, 0), pick, platen, 0)

    def _pick(self, level: int) -> None:
        self.steps += level
        if not level or not self.sheets or self.under_head:
            return
        if self.slips:
            self.slips -= 1
            return
        self.picked += 1
        if self.picked == self.distance:
            self.picked = 0
            self.sheets -= 1
            self.under_head = self.length

    def _feed(self, level: int) -> None:
        if level and self.under_head and not self.stuck:
            self.under_head -= 1


def test_a_sheet_is_brought_to_the_head_with_not_a_step_too_many() -> None:
    path = Path(2)
    assert path.asf.paper_present() and not path.asf.sheet_at_head()
    assert asyncio.run(path.asf.feed())
    assert path.asf.sheet_at_head()
    assert path.steps == 385


def test_an_empty_feeder_is_seen_and_gives_up_after_one_try() -> None:
    path = Path(0)
    assert not path.asf.paper_present()
    assert not asyncio.run(path.asf.feed())
    assert path.steps <= asf_module.PICK_STEPS


def test_a_sheet_that_slips_is_tried_again() -> None:
    path = Path(1, slips=asf_module.PICK_STEPS + 100)
    assert asyncio.run(path.asf.feed())


def test_a_sheet_that_never_comes_ends_after_three_tries() -> None:
    path = Path(1, slips=1 << 28)
    assert not asyncio.run(path.asf.feed())
    assert path.steps == 3 * asf_module.PICK_STEPS


def test_a_sheet_left_at_the_head_goes_out_before_the_next_comes() -> None:
    path = Path(1)
    path.under_head = 1000
    assert asyncio.run(path.asf.feed())
    assert path.under_head == path.length


def test_no_sheet_is_picked_onto_one_that_is_stuck() -> None:
    path = Path(1)
    path.under_head = 1000
    path.stuck = True
    assert not asyncio.run(path.asf.feed())
    assert path.sheets == 1 and path.steps == 0


def test_ejecting_moves_the_whole_sheet_out() -> None:
    path = Path(0)
    path.under_head = path.length
    assert asyncio.run(path.asf.eject())
    assert not path.asf.sheet_at_head()


def test_ejecting_a_stuck_sheet_ends_with_a_refusal() -> None:
    path = Path(0)
    path.under_head = 10
    path.stuck = True
    assert not asyncio.run(path.asf.eject())
    fed = path.bench.log.count((PLATEN, 1))
    assert asf_module.EJECT_LINES <= fed < asf_module.EJECT_LINES + 16


def test_ejecting_nothing_moves_nothing() -> None:
    path = Path(3)
    assert asyncio.run(path.asf.eject())
    assert path.bench.log == []


def test_others_run_while_a_sheet_is_fed() -> None:
    path = Path(1)
    turns = [0]

    async def other() -> None:
        while True:
            turns[0] += 1
            await asyncio.sleep(0)

    async def main() -> None:
        task = asyncio.create_task(other())
        await path.asf.feed()
        task.cancel()

    asyncio.run(main())
    assert turns[0] >= 385 // 4


def test_a_cover_is_open_when_its_signal_is_on() -> None:
    bench = Bench()
    covers = Covers(Input(bench.input(9, 1), 1))
    assert covers.open()
    bench.levels[9] = 0
    assert not covers.open()
