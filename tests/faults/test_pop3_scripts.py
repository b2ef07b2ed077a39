"""Hostile, broken and merely odd servers: what is recorded, deleted and said, on both runtimes.

Answers come whole, and in pieces of random size, the same in each run; others by FAULTS_SEED in
the environment, which `make fuzz ARGS=servers` sets. With FAULTS_ALL all scripts run in all ways.
"""
from __future__ import annotations

import itertools
import os
import random
from collections.abc import Iterator

import pytest

from firmware.recording.faults import PROTOCOL
from sim.pop3_server import Action, Drop, Exchange, Maildrop, Script
from tests.faults import scripts_lists, scripts_mails, scripts_talk
from tests.faults.case import ALL, Case, endless
from tests.faults.promise import kept, on_paper, pages_of
from tests.faults.run import OnMicroPython, Runs, Visited, letter_of, on_cpython, play

ALL_WAYS = "FAULTS_ALL" in os.environ
CASES = [*scripts_talk.CASES, *scripts_lists.CASES, *scripts_mails.CASES]
SEED = os.environ.get("FAULTS_SEED") or "1"
SOME = CASES if ALL_WAYS else CASES[::6]


@pytest.fixture(scope="module")
def micropython() -> Iterator[OnMicroPython]:
    with OnMicroPython() as runs:
        yield runs


def run(case: Case, cut: bool, runs: Runs, pipelining: bool) -> tuple[list[Visited], Maildrop]:
    honest = 2 if case.code or case.between or case.visits > 1 or pipelining else 1
    print("answers in %s" % ("pieces by FAULTS_SEED=" + SEED if cut else "one piece each"))
    chance = random.Random(SEED + case.name) if cut else None
    return play(case.script(), case.mails, case.settings, case.visits, honest, chance, runs,
                case.between, case.down, pipelining)


def check(case: Case, found: list[Visited]) -> None:
    last = found[case.visits - 1]
    recorded = case.mails if case.recorded == ALL else case.recorded
    recorded = "".join(letter for letter in recorded if letter not in case.notices)
    everything = recorded + case.notices
    deleted = "".join(letter for letter in case.mails if letter in everything)
    expected = (case.code, recorded, case.notices,
                deleted if case.deleted == ALL else case.deleted)
    assert (last.code, last.recorded, last.notices, last.deleted) == expected, last.detail
    assert case.says in last.detail
    assert case.notes in last.text


def settled(case: Case, found: list[Visited], drop: Maildrop, cut: bool) -> None:
    """The next mail is served, and what was left is on paper. Whether a page had begun when the
    server failed may depend on the pieces that came.
    """
    kept(found, drop, case.exact)
    pages = pages_of(found)
    assert all(on_paper(pages, letter) for letter in case.mails + "N") or not case.exact
    marked = {mail for visited in found for mail, _page, _sum, mark in visited.pages if mark}
    assert marked == set(case.again) or (cut and not marked)
    assert "".join(letter_of(mail.content) for mail in drop.mails) == case.left
    assert not any(visited.code for visited in found[case.visits:])


def test_there_are_a_hundred_scripts_and_each_has_its_name() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 100


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_script(case: Case, micropython: OnMicroPython) -> None:
    """Whole answers, and answers in pieces of any size, on MicroPython; some on CPython too."""
    ways: list[tuple[Runs, bool]] = [(micropython, False), (micropython, True)]
    ways += [(on_cpython, True)] * (ALL_WAYS or CASES.index(case) % 10 == 1)
    for runs, cut in ways:
        found, drop = run(case, cut, runs, False)
        settled(case, found, drop, cut)
        check(case, found)


@pytest.mark.parametrize("case", SOME, ids=[case.name for case in SOME])
def test_promise_holds_with_pipelining(case: Case, micropython: OnMicroPython) -> None:
    """The same of a server that announces PIPELINING: then more is on its way when it fails."""
    found, drop = run(case, True, micropython, True)
    kept(found, drop, case.exact)
    pages = pages_of(found)
    assert all(on_paper(pages, letter) for letter in case.mails + "N") or not case.exact
    assert "".join(letter_of(mail.content) for mail in drop.mails) == case.left
    assert not found[-1].code


def test_mail_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the next mail is served."""
    monkeypatch.setattr("firmware.pop3.body._MOST_BEYOND", 1 << 20)  # else the same takes longer
    script = endless("RETR", b"+OK\r\nSubject: ", lambda n: b"x" * 65536, at=1)()
    found, drop = play(script, "A", {}, 1, 1)
    assert found[0].code == PROTOCOL and "without an end" in found[0].detail
    assert not drop.mails and found[1].recorded == "AN"


def reply_lengths(letters: str) -> list[int]:
    """Octets of each reply of an honest session."""
    lengths: list[int] = []

    def noting(exchange: Exchange) -> None:
        lengths.append(len(exchange.reply))

    play(noting, letters, {}, honest=0)
    return lengths


def drop_at(reply: int, octets: int) -> Script:
    """Drop the connection behind so many octets of the n-th reply of all sessions."""
    numbers = itertools.count()

    def script(exchange: Exchange) -> list[Action] | None:
        if next(numbers) != reply:
            return None
        return [exchange.reply[:octets], Drop()]

    return script


def test_connection_lost_at_any_answer(micropython: OnMicroPython) -> None:
    for reply, length in enumerate(reply_lengths("AF")):
        for octets in (length // 2, length - 1):
            found, drop = play(drop_at(reply, octets), "AF", {}, 1, 2, None, micropython)
            kept(found, drop)
            pages = pages_of(found)
            assert all(on_paper(pages, letter) for letter in "AFN"), (reply, octets)
            assert not drop.mails and not found[-1].code, (reply, octets)


@pytest.mark.parametrize("name", ["nothing may be deleted", "LIST without end",
                                  "mail falls silent"])
def test_memory_does_not_grow_from_visit_to_visit(name: str) -> None:
    case = next(case for case in CASES if case.name == name)
    with OnMicroPython() as runs:
        play(case.script(), "A", {**case.settings, "pop.delete": "never"}, 5, 0, None, runs)
        runs.used.clear()
        play(case.script(), "A", {**case.settings, "pop.delete": "never"}, 24, 0, None, runs)
        # The ledger's file, which these tests keep in RAM, takes a line for some failures. The
        # least counts: what a collection finds on the stack may keep some garbage alive.
        assert min(runs.used[-8:]) - min(runs.used[4:12]) < 2048
