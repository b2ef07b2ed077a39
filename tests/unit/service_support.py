"""A serial line in memory and a receiver for the service console's unit tests."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from firmware.recording.faults import FaultList
from firmware.service.shell import Shell
from firmware.store.ledger import Ledger
from firmware.store.parameters import Parameters
from tests.unit.store_support import FakeClock, FakeStorage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any


class FakeSerial:
    """`devices.Serial` in memory: `typed` is what comes, `shown` what was written."""

    def __init__(self, typed: bytes = b"", takes: int = 1000) -> None:
        self.typed = typed
        self.shown = bytearray()
        self.takes = takes  # octets taken by one write
        self.broken = False
        self.rests = 0  # turns for which a reader has waited, since anything came

    async def readinto(self, view: memoryview) -> int:
        while not self.typed:
            self.rests += 1
            await asyncio.sleep(0.001)
        self.rests = 0
        if self.broken:
            self.broken = False
            raise OSError(5)
        count = min(len(view), len(self.typed))
        view[:count] = self.typed[:count]
        self.typed = self.typed[count:]
        return count

    def write(self, data: "bytes | bytearray | memoryview") -> int:
        count = min(self.takes, len(data))
        self.shown.extend(bytes(data[:count]))
        return count


class _Device:
    """Every yes-or-no question has the same answer."""

    def __init__(self, answer: bool) -> None:
        self.answer = answer

    def is_up(self) -> bool:
        return self.answer

    def paper_present(self) -> bool:
        return self.answer

    def open(self) -> bool:
        return self.answer


class FakeSignals:
    """Two rows of the signal table."""

    def rows(self) -> "Iterator[dict[str, Any]]":
        yield {
            "name": "nASFB",
            "board": "NCU PCB",
            "connector": "CNJ25",
            "pin": "14",
            "direction": "",
            "levels": "3.3 V OFF, 0 V ON",
            "function": "",
            "page": "46",
            "source": "manual",
            "raw": None,
            "state": "",
            "active": 0,
        }
        yield {
            "name": "nPAPER",
            "board": "NCU PCB",
            "connector": "",
            "pin": "",
            "direction": "in",
            "levels": "3.3 V off, 0 V on",
            "function": "a sheet lies in the feeder",
            "page": "",
            "source": "assumed",
            "raw": 0,
            "state": "on",
            "active": 0,
        }


class FakeBoard:
    """As much of a board as the console looks at."""

    name = "fake"

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.storage = FakeStorage()
        self.serial = FakeSerial()
        self.network = _Device(True)
        self.asf = _Device(True)
        self.covers = _Device(False)
        self.signals = FakeSignals()
        self.resets = 0

    def reset(self) -> None:
        self.resets += 1


class FakeReceiver:
    """What commands see."""

    version = "1.2.3"

    def __init__(self) -> None:
        self.board = FakeBoard()
        self.parameters = Parameters(self.board.storage)
        self.ledger = Ledger(self.board.storage, self.board.clock)
        self.ledger.open()
        self.faults = FaultList()
        self.values = {"doing": "idle", "mail": "", "visits": 7}
        self.polls = 0
        self.polled: "Callable[[], None]" = lambda: None
        self.changed: "list[tuple[int, str]]" = []

    def status(self) -> "dict[str, Any]":
        return dict(self.values)

    def poll_now(self) -> None:
        self.polls += 1
        self.polled()

    def mailbox_changed(self, box: int, name: str) -> None:
        self.changed.append((box, name))


def typed(receiver: FakeReceiver, line: str) -> list[str]:
    """Run one command line; its lines, the closing one last. All are checked for what holds for
    every line.
    """
    board = receiver.board
    board.serial.shown = bytearray()
    shell = Shell(board.serial, receiver)
    asyncio.run(shell.execute(line))
    text = bytes(board.serial.shown).decode()
    assert text == "" or text.endswith("\r\n")
    lines = text.split("\r\n")[:-1]
    for shown in lines:
        assert len(shown) <= 79 and "\n" not in shown and "\r" not in shown, shown
    closing = [shown for shown in lines if shown[:2] == "OK" or shown[:6] == "ERROR "]
    assert len(closing) == (1 if line.strip() else 0) and closing == lines[-1:], lines
    return lines
