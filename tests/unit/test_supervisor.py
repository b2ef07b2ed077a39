"""The watchdog is fed only while every task lives and moves."""

from __future__ import annotations

import asyncio

from firmware.supervisor import Pulse, Supervisor, TaskLost
from tests.unit.store_support import FakeClock


class FakeWatchdog:
    def __init__(self) -> None:
        self.fed = 0

    def feed(self) -> None:
        self.fed += 1


async def _watch(supervisor: Supervisor, pulse: Pulse, coroutine: object) -> str:
    supervisor.start(pulse, coroutine)
    try:
        await asyncio.wait_for(supervisor.run(), 3)
    except TaskLost as lost:
        return " ".join(lost.args)
    except asyncio.TimeoutError:
        return "alive"
    return "returned"


def test_a_task_that_ends_or_fails_is_lost_and_said_so() -> None:
    async def ends() -> None:
        await asyncio.sleep(0)

    async def fails() -> None:
        raise ValueError("broken")

    for task, text in ((ends, "record it ended"), (fails, "record ValueError broken")):
        said: list[str] = []
        supervisor = Supervisor(FakeWatchdog(), said.append)
        assert asyncio.run(_watch(supervisor, Pulse("record", FakeClock(), 1000), task())) == text
        assert said and "record" in said[0]


def test_a_task_that_hangs_stops_the_feeding() -> None:
    clock = FakeClock()
    watchdog = FakeWatchdog()
    pulse = Pulse("receive", clock, 500)

    async def hangs() -> None:
        pulse.beat()
        clock.ticks += 501
        await asyncio.sleep(100)

    text = asyncio.run(_watch(Supervisor(watchdog, lambda _text: None), pulse, hangs()))
    assert text == "receive shows no progress"
    assert watchdog.fed <= 1


def test_a_resting_task_owes_nothing() -> None:
    clock = FakeClock()
    pulse = Pulse("service", clock, 500)
    pulse.rest()
    clock.ticks += 10_000
    assert not pulse.late()
    pulse.beat()
    clock.ticks += 501
    assert pulse.late()
