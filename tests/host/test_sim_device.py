"""The device's power switch on both runtimes: on, off at any moment, restart, last words."""

from __future__ import annotations

import os
import queue
import select
import shutil
import sys
import time
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hal.ports.desk import PINS
from sim import shadows
from sim.console import Console
from sim.device import CPythonDevice, Device, Ended, MicroPythonDevice
from sim.mechanism import Mechanism
from sim.state import State, open_image
from sim.wiring import Wiring
from tests.host.desk_support import PANEL_ADDRESS, RUNTIMES, Sheets
from tools.micropython_binary import find

WAIT_S = 100  # for what comes for sure, on the slowest machine
both = pytest.mark.parametrize("runtime", RUNTIMES)

# What stands in for the firmware: `main` as in firmware/main.py.
ENDLESS = """
async def main(board, buffers):
    desk_link.event(b"cause %d" % machine.reset_cause())
    lamp = machine.Pin(16, machine.Pin.OUT)
    while True:
        lamp.value(1 - lamp.value())
        await asyncio.sleep(0)
"""
RESTARTING = """
async def main(board, buffers):
    desk_link.event(b"cause %d" % machine.reset_cause())
    if machine.reset_cause() == 1:
        machine.reset()
    while True:
        await asyncio.sleep(1)
"""
DYING = """
async def main(board, buffers):
    raise ValueError("out of ink")
"""
ECHOING = """
async def main(board, buffers):
    line = machine.UART(0, 115200)
    buffer = bytearray(20)
    while True:
        count = line.readinto(buffer)
        if count:
            line.write(buffer[:count].upper())
        await asyncio.sleep(0.01)
"""
SAVING = """
async def main(board, buffers):
    area = flash.open_area("data")
    lamp = machine.Pin(16, machine.Pin.OUT)
    number = 0
    while True:
        lamp.value(number & 1)
        area.writeblocks(0, number.to_bytes(4, "big"), 0)
        number += 1
        await asyncio.sleep(0)
"""
IMPORTS = "import asyncio\nimport desk_link\nimport flash\nimport machine\n"
RUN = "\ndef run():\n    asyncio.run(main(None, None))\n"


class Rig:
    """A device with a program in place of the firmware; what it says comes out of `said`."""

    def __init__(
        self, runtime: str, program: str, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.said: queue.Queue[Any] = queue.Queue()
        self.machine = Mechanism(Sheets())
        self.console = Console()
        self.state = State(folder / "state")
        wiring = Wiring(self.machine, PINS, PANEL_ADDRESS, self)
        make = self._micropython if runtime == "micropython" else self._cpython
        self.device: Device = make(IMPORTS + program + RUN, folder, wiring, monkeypatch)

    def _micropython(
        self, program: str, folder: Path, wiring: Wiring, _patch: pytest.MonkeyPatch
    ) -> Device:
        tree = folder / "tree"
        (tree / "firmware").mkdir(parents=True)
        (tree / "firmware" / "main.py").write_text(program)
        for source in (*shadows.MICROPYTHON.glob("*.py"), *shadows.DESK.glob("*.py")):
            shutil.copy(source, tree)
        return MicroPythonDevice(
            find(), tree, "384k", wiring, self.state, self.console.master, self.said.put
        )

    def _cpython(
        self, program: str, _folder: Path, wiring: Wiring, patch: pytest.MonkeyPatch
    ) -> Device:
        firmware, board = types.ModuleType("firmware.main"), types.ModuleType("hal.board")
        exec(program, firmware.__dict__)
        board.open_board = lambda: None  # type: ignore[attr-defined]
        patch.setitem(sys.modules, "firmware.main", firmware)
        patch.setitem(sys.modules, "hal.board", board)
        return CPythonDevice(wiring, self.state, self.console.master, self.said.put)

    def event(self, line: bytes) -> None:
        self.said.put(line)

    def watchdog(self, timeout_ms: int) -> None:
        self.said.put(timeout_ms)

    def next(self) -> Any:
        return self.said.get(timeout=WAIT_S)

    def close(self) -> None:
        self.device.power_off()
        self.console.close()


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    rigs: list[Rig] = []

    def make(runtime: str, program: str) -> Rig:
        rigs.append(Rig(runtime, program, tmp_path, monkeypatch))
        return rigs[-1]

    yield make
    for one in rigs:
        one.close()


@both
def test_power_off_stops_it_at_once_and_says_nothing(runtime: str, rig: Any) -> None:
    on = rig(runtime, ENDLESS)
    on.device.power_on(1)
    assert on.next() == b"cause 1"
    time.sleep(0.1)
    on.device.power_off()
    lamp = on.machine.alarm
    time.sleep(0.1)
    assert on.machine.alarm == lamp
    assert on.said.empty()


@both
def test_it_can_be_switched_on_again(runtime: str, rig: Any) -> None:
    on = rig(runtime, ENDLESS)
    for _ in range(3):
        on.device.power_on(1)
        assert on.next() == b"cause 1"
        on.device.power_off()


@both
def test_a_reset_ends_the_run_and_asks_for_a_restart(runtime: str, rig: Any) -> None:
    on = rig(runtime, RESTARTING)
    on.device.power_on(1)
    assert on.next() == b"cause 1"
    how = on.next()
    assert isinstance(how, Ended)
    assert how.restart
    on.device.power_on(2)
    assert on.next() == b"cause 2"


@both
def test_firmware_that_dies_says_of_what(runtime: str, rig: Any) -> None:
    on = rig(runtime, DYING)
    on.device.power_on(1)
    how = on.next()
    assert not how.restart
    assert "ValueError: out of ink" in str(how)


@both
def test_the_serial_line_goes_both_ways(runtime: str, rig: Any) -> None:
    on = rig(runtime, ECHOING)
    on.device.power_on(1)
    terminal = os.open(on.console.path, os.O_RDWR | os.O_NOCTTY)
    try:
        os.write(terminal, b"status\r")
        heard = b""
        while len(heard) < 7 and select.select([terminal], [], [], WAIT_S)[0]:
            heard += os.read(terminal, 20)
        assert heard == b"STATUS\r"
    finally:
        os.close(terminal)


@both
def test_after_power_off_no_flash_is_written(runtime: str, rig: Any) -> None:
    on = rig(runtime, SAVING)
    on.device.power_on(1)
    end = time.monotonic() + WAIT_S
    while on.state.area("data").read_bytes()[:4] in (b"\0\0\0\0", b"\xff\xff\xff\xff"):
        assert time.monotonic() < end, "nothing is written"
        time.sleep(0.01)
    on.device.power_off()
    after = on.state.area("data").read_bytes()[:4]
    time.sleep(0.1)
    assert on.state.area("data").read_bytes()[:4] == after


def test_the_flash_is_kept_between_runs(tmp_path: Path) -> None:
    State(tmp_path).area("data").write_bytes(b"kept")
    assert State(tmp_path).area("data").read_bytes() == b"kept"
    assert State(tmp_path).area("spool").stat().st_size == 256 * 1024


def test_parameters_are_written_as_the_device_does(tmp_path: Path) -> None:
    import vfs

    from firmware.store.parameters import Parameters
    from hal.storage import Storage

    state = State(tmp_path)
    state.set_parameters([("pop.host", "mail.example"), ("pop.port", "1110")])
    state.set_parameters([("pop.port", "2110")])
    parameters = Parameters(Storage(vfs.VfsLfs2(open_image(state.area("data")))))
    assert parameters.load() == []
    assert (parameters.get("pop.host"), parameters.get("pop.port")) == ("mail.example", 2110)
    for name, value in (("pop.colour", "red"), ("pop.port", "lots")):
        with pytest.raises(ValueError, match=name):
            state.set_parameters([(name, value)])


def test_a_kept_flash_that_is_beyond_reading_is_made_anew_as_the_device_would(
    tmp_path: Path,
) -> None:
    state = State(tmp_path)
    state.set_parameters([("pop.host", "mail.example.com")])
    state.area("data").write_bytes(bytes(512 * 1024))
    state.set_parameters([("pop.user", "fax")])
    assert state.parameter("pop.host") == "mail.example.com"  # from its second copy
    assert "rebuilt" in state._storage().names()  # the device will say so, and doubt its mails
