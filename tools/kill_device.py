"""Our device in `make kill`: the firmware on MicroPython, its process killed; flash and mechanism
stay, as they do when the power fails.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sim import shadows
from sim.child import in_child
from sim.console import Console
from sim.device import POWER_ON, MicroPythonDevice, build
from sim.mechanism import Mechanism
from sim.observer import Observer
from sim.state import State
from sim.wiring import Wiring
from tools import micropython_binary
from tools.build import ROOT

HEAP = "384k"


def pages_of(mails: Sequence[bytes], rows: int) -> dict[str, int]:
    """A sum of the one page of each mail, and the mail's index; from calm virtual worlds."""

    def learn() -> str:
        from sim.verdict import pages_of as pages
        from sim.world import Setup

        setup = Setup(rows=rows)
        return json.dumps([_sum(pages(mail, setup)[0]) for mail in mails])

    return {page: index for index, page in enumerate(json.loads(in_child(learn)))}


def _sum(body: Sequence[bytes]) -> str:
    return hashlib.sha256(b"\n".join(body)).hexdigest()


class Device:
    """One device with its flash and its paper; `start` and `kill` as often as wanted.

    :param pages: as `pages_of` gives them
    """

    def __init__(self, port: int, keep: bool, pages: dict[str, int]) -> None:
        shadows.install()
        from hal.ports.desk import PINS

        self.woke = threading.Event()  # it has booted
        self.visited = threading.Event()  # a visit has left nothing unfinished
        self.observer = Observer()
        self._pages = pages
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        state = State(folder)
        state.set_parameters([
            ("pop.host", "127.0.0.1"), ("pop.security", "plain"), ("pop.allow_plain", "on"),
            ("pop.port", str(port)), ("pop.user", "user"), ("pop.password", "secret"),
            ("pop.delete", "never" if keep else "after-record"), ("pop.interval", "1"),
        ])
        self._console = Console(folder / "console")
        self._machine = Mechanism(self.observer, 100_000)
        self._device = MicroPythonDevice(
            micropython_binary.find(), build(ROOT / "build"), HEAP,
            Wiring(self._machine, PINS, 0x3C, self), state, self._console.master,
            lambda _how: None,
        )

    def start(self) -> None:
        """Switch it on."""
        self.woke.clear()
        self.visited.clear()
        self._device.power_on(POWER_ON)

    def kill(self) -> None:
        """Kill its process."""
        self._device.power_off()
        self.observer.power_lost()

    def close(self) -> None:
        """Away with it."""
        self._console.close()
        with suppress(OSError):
            self._folder.cleanup()

    def event(self, line: bytes) -> None:
        """What the device says."""
        kind, _blank, members = line.decode().partition(" ")
        self.woke.set()
        if kind != "visit-end":
            return
        end: dict[str, Any] = json.loads(members)
        if end["result"] == "ok" and not end["unfinished"]:
            self.visited.set()

    def watchdog(self, _timeout_ms: int) -> None:
        """Not ours to look after."""

    def delivered(self) -> tuple[list[int], list[int]]:
        """Mails whose page is on paper, once for each sheet: without, and with the mark."""
        plain: list[int] = []
        marked: list[int] = []
        for sheet in self.observer.sheets:
            mail = self._pages.get(_sum(sheet.body()))
            if mail is not None:
                (marked if sheet.marked() else plain).append(mail)
        return plain, marked
