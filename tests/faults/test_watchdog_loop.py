"""A crash loop ends in the safe state; a mail that kills its reader keeps no others waiting."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from sim.child import in_child
from sim.pop3_server import Maildrop
from sim.verdict import Judge
from sim.world import Setup, World
from tools.faults_mails import fax, mail

MOST = 6  # firmware/restarts.py
LIMIT_S = 90_000.0
NOT_RECEIVING = "NOT RECEIVING 076"


def world_with(mails: int, rows: int = 160, **more: Any) -> World:
    """A world, and mails of one page each, which the judge has learnt already."""
    chance = random.Random(5)
    maildrop = Maildrop()
    for _ in range(mails):
        maildrop.add(mail(chance, tiffs=(fax(chance, 1),)))
    settings = {"pop.interval": "1", **more.get("settings", {})}
    return World(1, maildrop, Setup(settings, rows=rows))


def until(world: World, what: Callable[[], bool]) -> None:
    """Live on; the world is powered on for it."""
    assert world.run(lambda _world: what(), LIMIT_S), world.said[-6:]


def shows(world: World) -> str:
    """The panel's upper row."""
    return world.machine.display.rows[0].rstrip()


def is_safe(world: World) -> bool:
    """In the safe state, in this life."""
    return bool(world.heard_in_this_life("safe"))


def ask(world: World, line: str) -> str:
    """Type a line within a running world; to be looked at when it has answered."""
    world.line.answered.clear()
    world.line.type(line + "\r")
    return line


class Script:
    """Steps within one run: each waits until its condition holds, then does something."""

    def __init__(self, world: World, *steps: tuple[Callable[[], Any], Callable[[], Any]]) -> None:
        self._world = world
        self._steps = list(steps)

    def run(self) -> None:
        """Go through all steps."""
        until(self._world, self._next)

    def _next(self) -> bool:
        if self._steps and self._world.power.on and self._steps[0][0]():
            self._steps.pop(0)[1]()
        return not self._steps


def answered(world: World, *texts: str) -> Callable[[], bool]:
    """The console has answered, and said these."""

    def check() -> bool:
        said = world.line.answered.decode()
        over = "\r\nOK" in said or "\r\nERROR" in said
        assert not over or all(text in said for text in texts), said
        return over

    return check


def dies_each_time(after_s: float = 20.0) -> list[bool]:
    """The receive task fails some time after boot, as long as the list says so."""
    import asyncio

    from firmware.pop3.poller import Poller

    run, ill = Poller.run, [True]

    async def failing(self: Poller) -> None:
        self.turns[0].visited = True
        for _ in range(int(after_s)):
            if self._alive is not None:
                self._alive()
            await asyncio.sleep(1)
        raise ValueError("broken")

    chosen: Any = lambda self: failing(self) if ill[0] else run(self)  # noqa: E731
    Poller.run = chosen
    return ill


def test_a_crash_loop_ends_in_a_safe_state_in_which_panel_and_console_live() -> None:
    def scenario() -> str:
        world = world_with(1)
        judge = Judge(world)
        ill = dies_each_time()
        Script(
            world,
            (lambda: is_safe(world), lambda: ask(world, "status")),
            (answered(world, "safe state", "the receive task: ValueError broken"),
             lambda: ask(world, "journal")),
            (answered(world, "restart", "the receive task: ValueError broken", "safe", "076"),
             lambda: ask(world, "fault")),
            (answered(world, "NOT RECEIVING", "reboot"), lambda: ask(world, "poll")),
            (answered(world, "ERROR 076"), lambda: ask(world, "param set record.header on")),
            (answered(world, "OK"), lambda: ask(world, "param get record.header")),
            (answered(world, "on"), lambda: None),
        ).run()
        assert shows(world) == NOT_RECEIVING and world.machine.alarm
        assert world.lives == MOST + 1 and not world.maildrop.sessions
        ill[0] = False
        began = world.lives
        # switched off and on: one try
        until(world, lambda: not world.maildrop.mails)
        assert world.lives == began + 1
        verdict = judge.judge(True)
        assert not verdict.failed, verdict
        return "fine"

    assert in_child(scenario) == "fine"


def test_the_safe_state_is_left_by_power_time_key_and_reboot_and_comes_back() -> None:
    def scenario() -> str:
        from firmware import safe_state

        hour_s = safe_state._HOUR_S = 300  # a real one takes long to live
        world = world_with(1)
        ill = dies_each_time()
        until(world, lambda: is_safe(world))
        lives = world.lives
        until(world, lambda: is_safe(world) and world.lives > lives)  # power: one try, one failure
        assert world.lives == lives + 2
        # time: hours, twice as many each time
        until(world, lambda: len(world.heard("safe")) == 5)
        times = [said.time for said in world.said if said.kind == "safe"][2:]
        first, second = times[1] - times[0], times[2] - times[1]
        assert first > hour_s and second > 1.8 * first, times
        lives = world.lives
        Script(
            world,
            (lambda: is_safe(world), lambda: world.machine.keys.tap("start")),
            (lambda: is_safe(world) and world.lives >= lives + 3, lambda: ask(world, "reboot")),
        ).run()
        lives = world.lives
        ill[0] = False
        until(world, lambda: not world.maildrop.mails)
        return "fine"

    assert in_child(scenario) == "fine"


def test_a_parameter_that_is_the_death_of_a_task_can_be_changed_in_the_safe_state() -> None:
    def scenario() -> str:
        from firmware.receiver import Receiver

        world = world_with(1, settings={"clock.zone_min": "13"})
        judge = Judge(world)
        configure = Receiver._configure_film

        def fussy(self: Receiver) -> None:
            if self.parameters.get("clock.zone_min") == 13:
                raise ZeroDivisionError("thirteen")
            configure(self)

        Receiver._configure_film = fussy
        Script(
            world,
            (lambda: is_safe(world), lambda: ask(world, "param set clock.zone_min 60")),
            (answered(world, "OK"), lambda: ask(world, "reboot")),
            (lambda: not world.maildrop.mails, lambda: None),
        ).run()
        assert world.lives == MOST + 2
        verdict = judge.judge(True)
        assert not verdict.failed, verdict
        return "fine"

    assert in_child(scenario) == "fine"


def poisoned(victim: Any, act: Callable[[], None]) -> None:
    """Fax pages of the mail with this subject end so."""
    from firmware.recording.fax_part import FaxPart

    record = FaxPart.record

    async def poisoned_record(self: FaxPart, slot: Any) -> bool:
        if self._mail.job.envelope.subject == victim:
            act()
        return await record(self, slot)

    FaxPart.record = poisoned_record


def poison(act: Callable[[], None]) -> World:
    """Three mails, the second of which is the program's death; until the others are through."""
    world = world_with(3, 900)
    Judge(world)  # learns the pages of all while nothing is wrong
    victim = world.maildrop.mails[1]
    subject = victim.content.split(b"Subject: ")[1].split(b"\r")[0].decode()
    poisoned(subject, act)

    def settled() -> bool:
        return len(world.maildrop.mails) == 1 and bool(world.heard_in_this_life("visit-end")) and (
            any(end["result"] == "notice" for end in world.heard("mail-end")))

    until(world, settled)
    assert world.maildrop.mails == [victim]
    told = len(world.observer.sheets)
    visits = len(world.heard("visit-end"))
    until(world, lambda: len(world.heard("visit-end")) > visits + 3)
    assert len(world.observer.sheets) == told, "it is told of once"
    assert not any(said.kind == "safe" for said in world.said)
    assert any("left in the mailbox: 1" in fault["text"] for fault in world.heard("fault"))
    return world


def test_a_mail_that_makes_the_program_fail_gets_a_notice_sheet_and_stays_on_the_server() -> None:
    def scenario() -> str:
        def fail() -> None:
            raise KeyError("poison")

        world = poison(fail)
        assert world.lives == 2  # no restart: two runs of `until`
        return "fine"

    assert in_child(scenario) == "fine"


def test_a_mail_that_holds_the_loop_is_known_by_the_restarts_after_it() -> None:
    def scenario() -> str:
        from sim.device import PowerCut

        world: list[World] = []

        def hold() -> None:
            """As if nothing ran any more until the watchdog bites."""
            world[0]._bite()
            raise PowerCut

        made = world_with

        def keep(mails: int, rows: int = 160) -> World:
            world.append(made(mails, rows))
            return world[0]

        globals()["world_with"] = keep
        poison(hold)
        bites = world[0].heard("watchdog")
        assert len(bites) == 4  # once unknown, three times known
        return "fine"

    assert in_child(scenario) == "fine"
