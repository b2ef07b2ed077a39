"""The head gets every line once, latched, heated and fed; the strobe is never left on."""
from __future__ import annotations

import asyncio

import micropython

from hal.head import Head
from hal.level import Output
from hal.roller import Roller
from tests.unit.hal_fakes import Bench
from tests.unit.support import raises

LATCH, STROBE, STEP = 1, 2, 3
ONE_LINE = [(LATCH, 0), (LATCH, 1), (STROBE, 1), (STROBE, 0), (STEP, 1), (STEP, 0)]


class FakeSpi:
    def __init__(self, bench: Bench) -> None:
        self.lines: list[bytes] = []
        self.bench = bench

    def write(self, data: bytearray) -> None:
        assert len(data) == 216, "the shift register holds one line"
        self.lines.append(bytes(data))
        self.bench.log.append(("spi",))


def _head(bench: Bench, spi: object | None = None, pulse_us: int = 0, period_us: int = 0) -> Head:
    latch, strobe = Output(bench.output(LATCH), 0), Output(bench.output(STROBE), 1)
    roller = Roller(Output(bench.output(STEP), 1), period_us)
    return Head(spi or FakeSpi(bench), latch, strobe, roller, pulse_us)


def _lines(count: int) -> bytearray:
    return bytearray((index * 7 + index // 216) & 0xFF for index in range(count * 216))


def test_each_line_is_shifted_latched_heated_and_fed_in_this_order() -> None:
    bench = Bench()
    asyncio.run(_head(bench).record(memoryview(_lines(1)), 1))
    assert bench.log[0] == ("spi",)
    assert bench.log[1:7] == ONE_LINE


def test_all_lines_arrive_bit_for_bit_and_once() -> None:
    bench = Bench()
    spi = FakeSpi(bench)
    data = _lines(33)
    asyncio.run(_head(bench, spi).record(memoryview(data), 33))
    assert b"".join(spi.lines) == bytes(data)
    assert bench.log.count((STROBE, 1)) == bench.log.count((STEP, 1)) == 33


def test_only_as_many_lines_as_asked_are_recorded() -> None:
    bench = Bench()
    spi = FakeSpi(bench)
    asyncio.run(_head(bench, spi).record(memoryview(_lines(10)), 3))
    assert len(spi.lines) == 3


def test_no_lines_record_nothing() -> None:
    bench = Bench()
    asyncio.run(_head(bench).record(memoryview(b""), 0))
    assert bench.log == []


def test_fewer_octets_than_lines_are_refused_before_anything_moves() -> None:
    bench = Bench()
    head = _head(bench)
    raises(ValueError, asyncio.run, head.record(memoryview(bytearray(431)), 2))
    assert bench.log == []


def test_feeding_moves_without_heating() -> None:
    bench = Bench()
    asyncio.run(_head(bench).feed_lines(10))
    assert bench.log == [(STEP, 1), (STEP, 0)] * 10


def test_others_get_a_turn_every_few_lines() -> None:
    bench = Bench()
    turns: list[int] = []

    async def other() -> None:
        while True:
            turns.append(bench.log.count((STEP, 1)))
            await asyncio.sleep(0)

    async def main() -> None:
        task = asyncio.create_task(other())
        await _head(bench).record(memoryview(_lines(40)), 40)
        task.cancel()

    asyncio.run(main())
    assert max(later - turns[index] for index, later in enumerate(turns[1:])) <= 4


def test_a_failing_bus_leaves_the_strobe_off() -> None:
    bench = Bench()

    def fail(level: int) -> None:
        if level:
            raise OSError(5)

    bench.on_level[STROBE] = fail
    raises(OSError, asyncio.run, _head(bench).record(memoryview(_lines(2)), 2))
    assert bench.pins[STROBE].level == 0


def test_cancelling_between_lines_leaves_the_strobe_off() -> None:
    bench = Bench()

    async def main() -> None:
        task = asyncio.create_task(_head(bench).record(memoryview(_lines(40)), 40))
        await asyncio.sleep(0)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            pass

    asyncio.run(main())
    assert bench.pins[STROBE].level == 0
    assert 0 < bench.log.count((STROBE, 1)) < 40
    assert bench.log.count((STROBE, 1)) == bench.log.count((STEP, 1))


def test_a_strobe_too_long_for_the_head_is_refused() -> None:
    raises(ValueError, _head, Bench(), None, 3001)
    raises(ValueError, _head, Bench(), None, -1)
    raises(ValueError, _head, Bench(), None, 0, 2501)


class QuietPin:
    """A pin that allocates nothing; the last one of a burst unlocks the heap."""

    def __init__(self, unlock_after: int = 0) -> None:
        self.count = 0
        self.unlock_after = unlock_after

    def value(self, level: int) -> None:
        if not level:
            self.count += 1
            if self.count == self.unlock_after:
                micropython.heap_unlock()


class LockingSpi:
    """Locks the heap when the first line of all begins."""

    def __init__(self) -> None:
        self.count = 0

    def write(self, data: bytearray) -> None:
        self.count += 1
        if self.count == 1:
            micropython.heap_lock()


def test_recording_allocates_nothing_from_line_to_line() -> None:
    spi, step = LockingSpi(), QuietPin(unlock_after=4)
    head = Head(spi, Output(QuietPin(), 0), Output(QuietPin(), 1), Roller(Output(step, 1), 20), 10)
    data = memoryview(_lines(4))
    asyncio.run(head.record(data, 4))
    assert (spi.count, step.count) == (4, 4)
