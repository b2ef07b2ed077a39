"""A slice of `make faults`, and proof that it would find what it looks for."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from sim.child import in_child
from tools import faults
from tools.faults import Plan, again, campaign, live
from tools.faults_sessions import BY_NAME, SESSIONS, Session

ONE_IN = 150  # cuts


def cuts_of(session: Session, seed: int, share: tuple[int, int]) -> list[dict[str, Any]]:
    """What the cuts of a session tell."""
    read, write = os.pipe()
    in_child(partial(campaign, session, seed, share, write))
    os.close(write)
    with os.fdopen(read, "rb") as lines:
        return [json.loads(line) for line in lines]


@pytest.mark.parametrize("session", SESSIONS, ids=lambda session: session.name)
def test_no_page_is_lost_or_printed_twice_without_saying_so(session: Session) -> None:
    number = SESSIONS.index(session)
    told = cuts_of(session, 7, (number, ONE_IN))
    assert told
    for line in told:
        wrong = {
            name: count
            for name, count in line.items()
            if isinstance(count, int) and count and name not in ("cuts", "marked_duplicates")
        }
        assert not wrong, "make faults CUT=%s   # %s" % (line["name"], line.get("notes"))


def test_the_same_seed_gives_the_same_run_with_and_without_a_cut() -> None:
    def trace(seed: int, fixed: dict[int, int]) -> str:
        session = BY_NAME["several-mails"]
        world, _verdict = live(session, seed, Plan(session, seed, fixed=fixed))
        return "%d %d %s" % (world.steps, world.trace, world.loop.time())

    runs = [
        in_child(partial(trace, seed, fixed))
        for seed, fixed in ((1, {}), (1, {}), (1, {400: 0}), (1, {400: 0}), (2, {}))
    ]
    assert runs[0] == runs[1] and runs[2] == runs[3]
    assert len(set(runs)) == 3


def test_a_cut_can_be_done_again_by_its_name() -> None:
    assert "again" in in_child(lambda: "again %d" % again("one-page:1:300:0:500:0"))


def sabotaged(sabotage: Callable[[], None], share: tuple[int, int]) -> dict[str, int]:
    """Sums of what the cuts of one page tell, with a firmware that was tampered with."""
    read, write = os.pipe()

    def run() -> None:
        session = BY_NAME["one-page"]
        live(session, 1, Plan(session, 1, fixed={}))  # learn its page from an honest firmware
        sabotage()
        campaign(BY_NAME["one-page"], 1, share, write)

    in_child(run)
    os.close(write)
    sums: dict[str, int] = {}
    with os.fdopen(read, "rb") as lines:
        for line in lines:
            for name, count in json.loads(line).items():
                if isinstance(count, int):
                    sums[name] = sums.get(name, 0) + count
    return sums


def test_a_firmware_that_writes_no_intent_is_found_out() -> None:
    def sabotage() -> None:
        from firmware.store.ledger import Ledger

        Ledger.intend = lambda self, key, page: None

    assert sabotaged(sabotage, (0, 12))["unmarked_duplicates"]


def test_a_firmware_that_finishes_too_early_is_found_out() -> None:
    def sabotage() -> None:
        from firmware.store.ledger import Ledger

        begin = Ledger.begin

        def too_early(self: Ledger, key: bytes, *rest: Any) -> None:
            begin(self, key, *rest)
            self.finish(key, 1, False)

        Ledger.begin = too_early  # type: ignore[assignment]

    sums = sabotaged(sabotage, (0, 12))
    assert sums["lost"] and sums["wrong_deletes"]


def test_a_device_that_dies_is_found_out() -> None:
    def sabotage() -> None:
        from firmware.recording.recorder import Recorder

        async def die(self: Recorder) -> None:
            raise RuntimeError("sabotage")

        faults.LIMIT_S = 30.0
        Recorder.check = die  # type: ignore[assignment]

    sums = sabotaged(sabotage, (0, 300))
    assert sums["unfinished"] and sums["lost"]
