"""A server that gives all its mails new unique-ids, before the whole device."""

from __future__ import annotations

import random
from collections.abc import Callable

from sim.child import in_child
from sim.pop3_server import Maildrop
from sim.world import Setup, World
from tools.faults_mails import fax, mail

SAME_MAIL = 73
KEPT = Setup({"pop.delete": "never", "pop.interval": "1"}, rows=160)


def renumbered() -> World:
    """Two mails were recorded and stay on the server; then it names them anew."""
    chance = random.Random(5)
    maildrop = Maildrop([mail(chance, tiffs=(fax(chance, 1),)) for _ in range(2)])
    world = World(5, maildrop, KEPT)
    assert world.run(visits(1), 600)
    assert len(world.observer.sheets) == 2
    for number, one in enumerate(maildrop.mails):
        one.uid = "new%d" % number
    assert world.run(visits(2), 600)
    return world


def visits(count: int) -> Callable[[World], bool]:
    """So many visits since the last power-on."""
    return lambda world: len(world.heard_in_this_life("visit-end")) >= count


def asks(world: World) -> bool:
    return any(fault["code"] == SAME_MAIL for fault in world.heard("fault"))


def test_nothing_is_printed_a_second_time_before_someone_was_asked() -> None:
    def run() -> None:
        world = renumbered()
        assert len(world.observer.sheets) == 2 and asks(world)
        assert world.heard("visit-end")[-1]["unfinished"] == 2

    in_child(run)


def test_stop_takes_them_for_printed_and_start_prints_them_with_the_mark() -> None:
    for key, sheets in (("stop", 2), ("start", 4)):
        def run(key: str = key, sheets: int = sheets) -> None:
            world = renumbered()
            pressed = False

            def done(world: World) -> bool:
                nonlocal pressed
                ends = world.heard_in_this_life("visit-end")
                if ends and not pressed:
                    pressed = True
                    world.machine.keys.tap(key)
                return bool(ends) and pressed and not ends[-1]["unfinished"]

            assert world.run(done, 600)
            assert len(world.observer.sheets) == sheets
            assert all(sheet.marked() for sheet in world.observer.sheets[2:])

        in_child(run)


def test_a_mail_that_is_sent_again_is_printed_again() -> None:
    def run() -> None:
        chance = random.Random(6)
        content = mail(chance, tiffs=(fax(chance, 1),))
        world = World(6, Maildrop([content]), KEPT._replace(settings={"pop.interval": "1"}))
        sent = False

        def done(world: World) -> bool:
            nonlocal sent
            if not sent and world.heard("visit-end"):
                sent = True
                world.maildrop.add(content).uid = "another"
            return sent and not world.maildrop.mails

        assert world.run(done, 600)
        assert len(world.observer.sheets) == 2 and not asks(world)
        assert not world.observer.sheets[1].marked()

    in_child(run)
