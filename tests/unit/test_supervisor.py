"""The watchdog is fed only while every task lives and moves."""

from __future__ import annotations

import asyncio

from firmware.store.spool import ring
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
        await asyncio.wait_for(supervisor.run(), 60)
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
    pulse.rest(pulse)
    clock.ticks += 10_000
    assert not pulse.late()
    pulse.beat()
    clock.ticks += 501
    assert pulse.late()


def test_whoever_rests_for_an_event_owes_a_sign_once_it_has_rung() -> None:
    clock = FakeClock()
    pulse = Pulse("record", clock, 500)
    here, elsewhere = asyncio.Event(), asyncio.Event()
    pulse.rest(here)
    clock.ticks += 10_000
    ring(pulse, elsewhere)
    clock.ticks += 501
    assert elsewhere.is_set() and not pulse.late()
    ring(pulse, here)
    assert not pulse.late()
    clock.ticks += 501
    assert here.is_set() and pulse.late()


def test_what_a_task_began_is_watched_as_well() -> None:
    clock = FakeClock()
    own, begun = Pulse("receive", clock, 10**6), Pulse("receive", clock, 500)
    supervisor = Supervisor(FakeWatchdog(), lambda _text: None)
    supervisor.watch(begun)

    async def goes_on() -> None:
        clock.ticks += 501
        await asyncio.sleep(100)

    assert asyncio.run(_watch(supervisor, own, goes_on())) == "receive shows no progress"
