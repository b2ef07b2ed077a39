"""A slice of `make watchdog`, and proof that it would find what it looks for."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from sim.child import in_child
from tools.faults_sessions import BY_NAME, Session
from tools.watchdog import again
from tools.watchdog_tasks import (
    BITTEN,
    HANDLED,
    HANG,
    MISNAMED,
    OVER,
    RESTARTED,
    UNSAID,
    Plan,
    Stepped,
    campaign,
    live,
)

SELDOM = 10**6
ONE_IN = 31


def told(name: str, share: tuple[int, int]) -> list[dict[str, Any]]:
    """What injections into a session tell."""
    read, write = os.pipe()

    in_child(lambda: campaign(BY_NAME[name], 1, SELDOM, share, write))
    os.close(write)
    with os.fdopen(read, "rb") as lines:
        return [json.loads(line) for line in lines]


@pytest.mark.parametrize("name", ["text-fax-and-notice", "paper-out-between-pages"])
def test_a_task_that_hangs_or_dies_is_said_and_nothing_is_lost(name: str) -> None:
    lines = told(name, (len(name) % ONE_IN, ONE_IN))
    assert lines
    for line in lines:
        wrong = {
            key: count
            for key, count in line.items()
            if isinstance(count, int) and count and key != "marked_duplicates"
        }
        command = "make watchdog POINT=%s   # %s" % (line["name"], line.get("notes"))
        assert not wrong, command
        assert line["said"] in (BITTEN, HANDLED, OVER, RESTARTED), command


def test_an_injection_can_be_done_again_by_its_name() -> None:
    assert "again" in in_child(lambda: "again %d" % again("one-page:1:60:hang"))


class At(Plan):
    """Meets the task the n-th time that it waits at such a place."""

    def __init__(self, session: Session, place: str, number: int, way: str) -> None:
        super().__init__(session, 1, SELDOM)
        self._place, self._left, self._how = place, number, way

    def passes(self, stepped: Stepped) -> str:
        if self.way or self._place not in stepped.site():
            return ""
        self._left -= 1
        return "" if self._left else self._meet(stepped, self._how)


def sabotaged(
    sabotage: Callable[[], None], place: str, number: int = 1, name: str = "one-page"
) -> dict[str, Any]:
    """What comes of a task that hangs there, with a firmware that was tampered with."""

    def run() -> str:
        session = BY_NAME[name]
        live(session, 1, Plan(session, 1, SELDOM, fixed=(-1, "")))  # learn its page
        sabotage()
        plan = At(session, place, number, HANG)
        _world, said, verdict = live(session, 1, plan)
        assert plan.way
        return json.dumps({"said": said, **verdict.counts()})

    return dict(json.loads(in_child(run)))


def test_a_supervisor_that_misses_nobody_is_found_out() -> None:
    def sabotage() -> None:
        from firmware.supervisor import Pulse
        from tools import watchdog_tasks

        watchdog_tasks._LIMIT_S = 400.0
        Pulse.late = lambda self: False

    assert sabotaged(sabotage, "poller.py")["said"] == UNSAID


def test_a_restart_that_is_not_told_is_found_out() -> None:
    def sabotage() -> None:
        from firmware import restarts

        restarts.lost = lambda storage, why, key: None

    assert sabotaged(sabotage, "panel.py")["said"] == MISNAMED


def test_a_firmware_without_intents_is_found_out_by_restarts_as_well() -> None:
    def sabotage() -> None:
        from firmware.store.ledger import Ledger

        Ledger.intend = lambda self, key, page: None

    middle = sabotaged(sabotage, "head.py", 24, "through-the-spool")  # of a page
    assert middle["unmarked_duplicates"]
