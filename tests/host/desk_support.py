"""A machine with a device of a few lines on it, on either runtime, for the tests of the desk."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from hal.ports.desk import PINS
from sim import shadows
from sim.device import PowerCut
from sim.link_server import LinkServer
from sim.mechanism import Mechanism
from sim.wiring import Wiring
from tools.micropython_binary import find

RUNTIMES = ("micropython", "cpython")
PANEL_ADDRESS = 0x3C


class Sheets:
    """Keeps the rows of each sheet that came out."""

    def __init__(self) -> None:
        self.done: list[list[bytes | None]] = []
        self._rows: list[bytes | None] = []

    def begin(self) -> None:
        self._rows = []

    def row(self, dots: bytes | None) -> None:
        self._rows.append(dots)

    def end(self) -> None:
        self.done.append(self._rows)


class Listener:
    """What the device said."""

    def __init__(self) -> None:
        self.events: list[bytes] = []
        self.fed: list[int] = []

    def event(self, line: bytes) -> None:
        self.events.append(line)

    def watchdog(self, timeout_ms: int) -> None:
        self.fed.append(timeout_ms)


class Bench:
    """A mechanism with its wiring, and `run` to let a program for the board loose on it."""

    def __init__(self, taker: Any = None, sheets: int = 3) -> None:
        self.sheets = taker or Sheets()
        self.machine = Mechanism(self.sheets, sheets)
        self.listener = Listener()
        self.wiring = Wiring(self.machine, PINS, PANEL_ADDRESS, self.listener)
        self.link: LinkServer | None = None
        self.seconds = 0.0
        self.restarted = False

    def run(
        self, runtime: str, program: str, folder: Path, areas: dict[str, str] | None = None
    ) -> str:
        """Run the text of a program on the board; returns what it said on standard output
        (MicroPython).
        """
        run = self._run_micropython if runtime == "micropython" else self._run_cpython
        started = time.monotonic()
        try:
            return run(program, folder, areas or {})
        finally:
            self.seconds = time.monotonic() - started

    def _run_micropython(self, program: str, folder: Path, areas: dict[str, str]) -> str:
        script = folder / "program.py"
        script.write_text(program, encoding="utf-8")
        ours, theirs = socket.socketpair()
        environment = {
            **os.environ,
            "DESK_LINK": str(theirs.fileno()),
            "DESK_RESET_CAUSE": "1",
            "MICROPYPATH": "%s:%s" % (shadows.MICROPYTHON, shadows.DESK),
        }
        environment.update({"DESK_AREA_" + name: path for name, path in areas.items()})
        process = subprocess.Popen(
            [find(), "-X", "heapsize=384k", script],
            env=environment,
            text=True,
            pass_fds=(theirs.fileno(),),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        theirs.close()
        self.link = LinkServer(ours, self.wiring)
        thread = threading.Thread(target=self.link.serve)
        thread.start()
        thread.join(100)
        process.kill() if self.link.restart_wanted or self.link.error else None
        output, _ = process.communicate(timeout=100)
        ours.close()
        self.restarted = self.link.restart_wanted
        return output

    def _run_cpython(self, program: str, _folder: Path, areas: dict[str, str]) -> str:
        import desk_link

        desk_link.bind(self.wiring, self._restart, -1, areas, 1)
        said: list[str] = []
        try:
            exec(
                compile(program, "program", "exec"),
                {"print": lambda *words: said.append(" ".join(map(str, words)))},
            )
        except PowerCut:
            self.restarted = True
        finally:
            desk_link.unbind(_gone)
        return "\n".join(said) + "\n"

    def _restart(self) -> None:
        raise PowerCut


def _gone(*_arguments: Any) -> None:
    raise PowerCut
