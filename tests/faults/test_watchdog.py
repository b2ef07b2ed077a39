"""A slice of `make watchdog`, and proof that it would find what it looks for."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from sim.child import in_child
from tools.faults_sessions import BY_NAME
from tools.watchdog import again
from tools.watchdog_tasks import (
    BITTEN,
    HANDLED,
    MISNAMED,
    OVER,
    RESTARTED,
    UNSAID,
    Plan,
    campaign,
    live,
)

SELDOM = 10**6
ONE_IN = 31


def told(name: str, share: tuple[int, int], sabotage: Callable[[], None] | None = None) -> Any:
    """What injections into a session tell."""
    read, write = os.pipe()

    def run() -> None:
        session = BY_NAME[name]
        if sabotage is not None:
            live(session, 1, Plan(session, 1, SELDOM, fixed=(-1, "")))  # learn its pages
            sabotage()
        campaign(session, 1, SELDOM, share, write)

    in_child(run)
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


def test_a_supervisor_that_misses_nobody_is_found_out() -> None:
    def sabotage() -> None:
        from firmware.supervisor import Pulse
        from tools import watchdog_tasks

        watchdog_tasks._LIMIT_S = 400.0
        Pulse.late = lambda self: False

    lines = told("one-page", (0, 10), sabotage)
    assert UNSAID in [line["said"] for line in lines if line["name"].endswith("hang")]


def test_a_restart_that_is_not_told_is_found_out() -> None:
    def sabotage() -> None:
        from firmware import restarts

        restarts.lost = lambda storage, why, key: None

    assert MISNAMED in [line["said"] for line in told("one-page", (0, 10), sabotage)]


def test_a_firmware_without_intents_is_found_out_by_restarts_as_well() -> None:
    def sabotage() -> None:
        from firmware.store.ledger import Ledger

        Ledger.intend = lambda self, key, page: None

    lines = told("one-page", (0, 5), sabotage)
    assert sum(line["unmarked_duplicates"] for line in lines)
