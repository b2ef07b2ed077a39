"""The heap of the device, day by day: MicroPython in its small heap on the desk, with mails of
every kind each day. Days are short here: a visit is asked for at the panel, and the machine has
some idle seconds behind it.
"""

from __future__ import annotations

import json
import queue
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from sim import shadows
from sim.console import Console
from sim.device import MicroPythonDevice, build
from sim.mechanism import Mechanism
from sim.pop3_server import Maildrop, serving
from sim.state import State
from sim.wiring import Wiring
from tools import micropython_binary
from tools.build import ROOT
from tools.soak_mails import KINDS

HEAP = "384k"
MAILS = 6  # a day
SETTLES = 10  # days after which the heap has found its level
WOBBLE = 512  # octets
_LIMIT_S = 600  # of real time, for one event
_PROBE = Path(__file__).parent
_LAUNCH = "import sys; sys.path[:] = [%r, '.frozen', %r]; import soak_heap_probe"


class Day(NamedTuple):
    """What one day left: sheets, and live octets in its evening."""

    sheets: int
    octets: int


class _Desk:
    """Takes sheets and events."""

    def __init__(self) -> None:
        self.sheets = 0
        self.said: queue.Queue[tuple[str, dict[str, Any]]] = queue.Queue()

    def begin(self) -> None:
        """A sheet comes in."""

    def row(self, dots: bytes | None) -> None:
        """A line of it."""

    def end(self) -> None:
        """It goes out."""
        self.sheets += 1

    def event(self, line: bytes) -> None:
        """What the device says."""
        kind, _blank, members = line.decode().partition(" ")
        self.said.put((kind, json.loads(members)))

    def watchdog(self, _timeout_ms: int) -> None:
        """Not ours to look after."""

    def wait(self, kind: str) -> dict[str, Any]:
        """The next event of this kind. Raises queue.Empty."""
        while True:
            said, fields = self.said.get(timeout=_LIMIT_S)
            if said == kind:
                return fields


def days(
    count: int, kinds: tuple[str, ...] = tuple(KINDS), mails: int = MAILS
) -> Iterator[Day]:
    """So many days. Raises RuntimeError when a day leaves mails on the server, queue.Empty when
    the device is silent.
    """
    shadows.install()
    from hal.ports.desk import PINS

    desk, maildrop = _Desk(), Maildrop()
    machine = Mechanism(desk, 1_000_000)
    chance = random.Random("heap")
    with tempfile.TemporaryDirectory() as folder, serving(maildrop) as server:
        state = State(Path(folder))
        state.set_parameters([
            ("pop.host", "127.0.0.1"), ("pop.port", str(server.port)), ("pop.interval", "0"),
            ("pop.user", maildrop.user), ("pop.password", maildrop.password),
            ("pop.security", "plain"), ("pop.allow_plain", "on")])
        console = Console(Path(folder, "console"))
        tree = build(ROOT / "build")
        device = MicroPythonDevice(
            micropython_binary.find(), tree, HEAP, Wiring(machine, PINS, 0x3C, desk), state,
            console.master, lambda how: desk.said.put(("ended", {"how": str(how)})))
        device.command[-1] = _LAUNCH % (str(tree), str(_PROBE))
        device.power_on(1)
        try:
            desk.wait("boot")
            for day in range(count):
                machine.film.renew()
                for number in range(mails):
                    kind = kinds[(mails * day + number) % len(kinds)]
                    maildrop.add(KINDS[kind](chance))
                machine.keys.tap("start")
                octets = int(desk.wait("live")["octets"])
                if maildrop.mails:
                    raise RuntimeError("day %d leaves %d mails" % (day, len(maildrop.mails)))
                yield Day(desk.sheets, octets)
        finally:
            device.power_off()
            console.close()


def growth(octets: list[int]) -> int:
    """By how much the heap has grown since it found its level: the least of the last third of the
    days less the least of those before. What a day leaves for the next one wobbles; the least of
    some days does not. Raises ValueError for too few days.
    """
    level = octets[SETTLES:]
    if len(level) < 6:
        raise ValueError("%d days are too few" % len(octets))
    last = len(level) // 3
    return min(level[-last:]) - min(level[:-last])


def report(count: int) -> dict[str, Any]:
    """All days, told one by one, and whether the heap is level."""
    told: list[Day] = []
    for day in days(count):
        told.append(day)
        print("heap, day %d: %d octets live, %d sheets" % (len(told), day.octets, day.sheets),
              flush=True)
    octets = [day.octets for day in told]
    grown = growth(octets)
    return {"days": count, "sheets": told[-1].sheets, "octets": octets, "grown": grown,
            "level": grown <= WOBBLE}
