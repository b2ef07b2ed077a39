"""A slice of `make soak`, and proof that it would find what it looks for."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from sim.child import in_child
from sim.virtual_loop import VirtualLoop
from tools import soak, soak_heap
from tools.soak_mails import pool

EACH = 1


@pytest.fixture(scope="module")
def mails() -> Any:
    return pool(EACH)


def lived(seed: int, days: int, mails: Any, sabotage: Callable[[], None] | None = None) -> Any:
    """What so many days tell, with an honest firmware or one that was tampered with."""

    def run() -> str:
        if sabotage is not None:
            sabotage()
        return json.dumps(soak.live(seed, days, 1, mails))

    return json.loads(in_child(run))


def wrong(told: dict[str, Any]) -> dict[str, int]:
    """The counts that must be 0, where they are not."""
    names = ("lost", "unmarked_duplicates", "needless_duplicates", "wrong_deletes",
             "unreadable_ledgers", "foreign", "unfinished", "crashes")
    return {name: told[name] for name in names if told[name]}


def test_days_of_operation_and_the_same_ones_again(mails: Any) -> None:
    """More days begin with the same ones; another seed has others."""
    three, two, other = lived(1, 3, mails), lived(1, 2, mails), lived(2, 2, mails)
    for told in (three, two, other):
        assert not wrong(told), "%s   # %s" % (soak.again(told), told["notes"])
        assert told["sheets"] > 20
    assert three["nights"][:2] == two["nights"] != other["nights"]


def test_a_firmware_that_finishes_too_early_is_found_out(mails: Any) -> None:
    def sabotage() -> None:
        from firmware.store.ledger import Ledger

        begin = Ledger.begin

        def too_early(self: Ledger, key: bytes, *rest: Any) -> None:
            begin(self, key, *rest)
            if random.random() < 0.05:
                self.finish(key, 1, False)

        Ledger.begin = too_early  # type: ignore[assignment]

    told = lived(1, 30, mails, sabotage)
    assert told["lost"] or told["wrong_deletes"]
    assert told["days"] < 30 and "SEED=1" in soak.again(told)


def test_a_firmware_that_writes_no_intent_is_found_out(mails: Any) -> None:
    def sabotage() -> None:
        from firmware.store.ledger import Ledger
        from tools import soak_trouble

        Ledger.intend = lambda self, key, page: None  # type: ignore[method-assign]
        cuts = [one for one in soak_trouble.TROUBLES if "at a step" in one.name]
        soak_trouble.TROUBLES = tuple(cuts)

    assert lived(1, 30, mails, sabotage)["unmarked_duplicates"]


def test_a_poller_that_gives_up_is_found_out(mails: Any) -> None:
    def sabotage() -> None:
        from firmware.pop3.poller import Poller
        from tools import soak_trouble

        Poller._spread = lambda self, *rest: 100_000  # type: ignore[method-assign]
        down = [one for one in soak_trouble.TROUBLES if one.name == "server down"]
        soak_trouble.TROUBLES = tuple(down)

    told = lived(1, 30, mails, sabotage)
    assert told["unfinished"] and "waits" in told["notes"][0]


def test_heap_that_grows_is_told_from_heap_that_wobbles() -> None:
    chance = random.Random(1)
    wobbling = [300_000 - 4000 * (day == 0) + chance.choice((0, 0, 64, 900, 2000))
                for day in range(40)]
    growing = [octets + 64 * day for day, octets in enumerate(wobbling)]
    assert abs(soak_heap.growth(wobbling)) <= soak_heap.WOBBLE < soak_heap.growth(growing)


def test_the_virtual_clock_goes_on_for_years() -> None:
    """A nanosecond is less than the clock's last digit from the 194th day on."""
    loop = VirtualLoop()
    clock: Any = loop._selector
    clock.now = 2.0**26
    select, turns = clock.select, 0

    def counted(timeout: float | None) -> list[Any]:
        nonlocal turns
        turns += 1
        assert turns < 10_000, "the clock stands"
        return list(select(timeout))

    clock.select = counted

    async def waits() -> None:
        for number in range(1000):
            await asyncio.sleep(0.1 + number / 7000)

    try:
        loop.run_until_complete(waits())
    finally:
        loop.close()
