"""The whole receiver (firmware/receiver.py) on a board of fakes, on either runtime: real POP3,
mail reader, spool, ledger, decoders and recorder; time is virtual, the wire is a model.
"""
from __future__ import annotations

import asyncio
import errno
import gc
from binascii import crc32
from typing import TYPE_CHECKING

from firmware.buffers import Buffers
from firmware.receiver import Receiver
from firmware.store.parameters import Parameters
from tests.faults import virtual_time
from tests.unit.fake_machine import FakeMachine
from tests.unit.store_support import FakeArea, FakeStorage

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    class Peer(Protocol):
        """The far end of a connection. Times are virtual milliseconds."""

        def connect(self, now_ms: int) -> bool:
            """Begin a connection; False: nobody listens."""
            ...

        def write(self, octets: bytes, now_ms: int) -> bool:
            """Take octets. False: the connection is broken."""
            ...

        def read(self, count: int, now_ms: int, timeout_ms: int) -> tuple[bytes | None, int]:
            """What comes next (None: nothing in time, b'': the end) and how long that takes."""
            ...

        def close(self) -> None:
            """The device hung up."""
            ...


NOW = 1795000000
DEADLINE_S = 6 * 3600  # of virtual time, for one visit and the wait before it
HALF = 2**29
_BUFFERS = Buffers()  # once, as on a device: one machine after the other lives in them


class Wire:
    """Implements `devices.Link` over a peer."""

    def __init__(self, peer: Peer) -> None:
        self.timeout_ms = 0
        self.secure = False
        self._peer = peer
        self._closed = False

    async def readinto(self, view: memoryview) -> int:
        """As `devices.Link`."""
        assert len(view) > 0
        octets, wait_ms = self._peer.read(len(view), virtual_time.now_ms(), self.timeout_ms)
        await asyncio.sleep(wait_ms / 1000)
        if self._closed:
            raise OSError(errno.ECONNABORTED)
        if octets is None:
            raise OSError(errno.ETIMEDOUT)
        view[: len(octets)] = octets
        return len(octets)

    def read_now(self, view: memoryview) -> None:
        """As `devices.Link`: nothing ever comes without waiting."""

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """As `devices.Link`."""
        await asyncio.sleep(0)
        if self._closed or not self._peer.write(bytes(data), virtual_time.now_ms()):
            raise OSError(errno.EPIPE)

    def close(self) -> None:
        """As `devices.Link`."""
        if not self._closed:
            self._closed = True
            self._peer.close()


class Sheets(FakeMachine):
    """Paper without an end; of each sheet a sum over its lines is kept."""

    def __init__(self) -> None:
        super().__init__(1 << 20)
        self.sum = 0
        self._white = 0
        self._blank = bytes(32 * self.line_octets)

    async def feed(self) -> bool:
        """Feeder to head."""
        self.sum = self._white = 0
        return await super().feed()

    async def eject(self) -> bool:
        """Head to exit."""
        self.at_head = False
        return True

    async def record(self, view: memoryview, count: int) -> None:
        """Head: lines on paper."""
        octets = view[: count * self.line_octets]
        if octets == memoryview(self._blank)[: len(octets)]:
            self._white += count
        else:
            self.sum = crc32(octets, crc32(b"%d" % self._white, self.sum))
            self._white = 0
        await asyncio.sleep(0)

    async def feed_lines(self, count: int) -> None:
        """Head: white lines; those at the end of a sheet are not seen."""
        self._white += count

    def configure(self, *_calibration: Any) -> None:
        """Film sensor."""


class Board:
    """Implements `devices.Board`, its clock, network, panel, serial line, monitor and watchdog."""

    name = "fakes"

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self.storage = FakeStorage()
        self.spool_area = FakeArea(8, 4096)
        self.asf = self.film = self.covers = self.head = self.sheets = Sheets()
        self.clock = self.panel = self.serial = self.monitor = self
        self.watchdog = self.signals = self
        self.network: Any = self
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.over = asyncio.Event()  # a visit is

    def ticks_ms(self) -> int:
        return virtual_time.now_ms()

    def ticks_diff(self, later: int, earlier: int) -> int:
        return ((later - earlier + HALF) & (2 * HALF - 1)) - HALF

    def ticks_add(self, ticks: int, delta: int) -> int:
        return (ticks + delta) & (2 * HALF - 1)

    def now(self) -> int:
        return NOW

    def set(self, seconds: int) -> None:
        pass

    def is_up(self) -> bool:
        return True

    def resolve(self, host: str, port: int) -> list[Any]:
        return [(host, port)]

    async def connect(self, address: Any, timeout_ms: int) -> Wire:
        await asyncio.sleep(0)
        if not self._peer.connect(virtual_time.now_ms()):
            raise OSError(errno.ECONNREFUSED)
        return Wire(self._peer)

    def show(self, upper: str, lower: str) -> None:
        assert len(upper) <= 20, upper

    async def key(self, limit_s: float = 0) -> str:
        await asyncio.sleep(limit_s or 1e9)
        return ""

    def alarm(self, on: bool) -> None:
        pass

    def alive(self) -> None:
        """Serial line; whoever reads it puts a function of its own here."""

    async def readinto(self, view: memoryview) -> int:
        while True:
            await asyncio.sleep(60)
            self.alive()

    def write(self, data: bytes | bytearray | memoryview) -> int:
        return len(data)

    def event(self, kind: str, fields: dict[str, Any]) -> None:
        if kind == "page":
            fields["sum"] = self.sheets.sum  # whether it is out or not
        self.events.append((kind, fields))
        if kind == "visit-end":
            self.over.set()

    def feed(self) -> None:
        pass

    def rows(self) -> list[dict[str, Any]]:
        return []

    def reset(self) -> None:
        raise AssertionError("the machine restarted itself")


class Machine:
    """One receiver from power on.

    :param settings: function parameters as text
    """

    def __init__(self, board: Board, settings: dict[str, str]) -> None:
        self.board = board
        parameters = Parameters(self.board.storage)
        parameters.load()
        for name, value in settings.items():
            parameters.set(name, value)
        self._running: asyncio.Task[None] | None = None
        self._receiver = Receiver(self.board, _BUFFERS)

    async def visit(self) -> list[Any]:
        """Run until the next visit is over; returns the events since the last call."""
        self.board.events = []
        self.board.over.clear()
        if self._running is None:
            self._running = asyncio.create_task(self._receiver.run())
        waiting = asyncio.create_task(asyncio.wait_for(self.board.over.wait(), DEADLINE_S))
        while not waiting.done() and not self._running.done():
            await asyncio.sleep(2)
        if self._running.done():
            await self._running  # raises what it died of
        await waiting
        notes = [entry[2] for entry in self._receiver.ledger.journal(True, 12)]
        self.board.events.append(("journal", {"notes": notes}))
        return self.board.events

    async def off(self) -> None:
        """Power off."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            self._running = None
        gc.collect()


async def serve(peer: Peer, settings: dict[str, str],
                told: Callable[[list[Any]], bool]) -> None:
    """Power on, visit as long as `told` wants more, power off.

    :param told: called behind each visit with its events: (kind, fields) each
    """
    machine = Machine(Board(peer), settings)
    try:
        while told(await machine.visit()):
            pass
    finally:
        await machine.off()
