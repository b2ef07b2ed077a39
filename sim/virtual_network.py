"""TCP in memory: the device's sockets at one end, the embedded maildrop's streams at the other.

What the server writes comes in segments, each a little later than the one before. What the device
writes is there at once, or never, when its power goes at that moment.
"""

from __future__ import annotations

import asyncio
import errno
import random
import socket
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.virtual_loop import VirtualLoop

CONNECT, SEND, RECEIVE = "connect", "send", "receive"
SENDINGS = 3  # cut at a send: nothing of it went out, half of it, all of it
_LATENCY_S = 0.001

Serve = Callable[[asyncio.StreamReader, Any], Coroutine[Any, Any, None]]


class _Transport:
    def __init__(self, writer: ServerWriter) -> None:
        self._writer = writer

    def abort(self) -> None:
        """Break the connection off."""
        self._writer.break_off()


class ServerWriter:
    """What the server takes for an asyncio.StreamWriter."""

    def __init__(self, near: VirtualSocket, network: VirtualNetwork) -> None:
        self.transport = _Transport(self)
        self._near = near
        self._network = network

    def write(self, data: bytes) -> None:
        """Send it, in segments."""
        at = 0
        while at < len(data):
            size = self._network.segment()
            self._network.carry(self._near, data[at : at + size])
            at += size

    async def drain(self) -> None:
        """Nothing is held back."""
        await asyncio.sleep(0)

    def close(self) -> None:
        """End of stream, behind what was written."""
        self._network.carry(self._near, b"")

    def break_off(self) -> None:
        """Connection reset."""
        self._near.reset()


class VirtualSocket:
    """The device's end, with the methods of MicroPython's socket."""

    def __init__(self, network: VirtualNetwork) -> None:
        self.arrives_at = 0.0  # when the last segment on its way comes
        self._network = network
        self._number = network.new_number()
        self._received = bytearray()
        self._ended = self._broken = self._closed = False
        self._far: asyncio.StreamReader | None = None

    def fileno(self) -> int:
        """A descriptor of the virtual loop."""
        return self._number

    def setblocking(self, _on: bool) -> None:
        """It never blocks."""

    def connect(self, _where: Any) -> None:
        """Connect at once. Raises OSError (refused)."""
        network = self._network
        if network.cut_at(CONNECT, 1) is not None:
            network.fallen()
        if not network.reachable:
            raise OSError(errno.EINPROGRESS, "on its way")
        if not network.listening:
            raise OSError(errno.ECONNREFUSED, "refused")
        self._far = asyncio.StreamReader(limit=2048, loop=network.loop)
        network.accept(self, self._far)

    def getsockopt(self, _level: int, _option: int) -> int:
        """No error."""
        return 0

    def readinto(self, view: Any) -> int | None:
        """What has come, None when nothing has, 0 at the end. Raises OSError."""
        network = self._network
        if not self._received:
            if self._broken:
                raise OSError(errno.ECONNRESET, "reset")
            return 0 if self._ended else None
        if network.cut_at(RECEIVE, 1) is not None:
            network.fallen()
        count = min(len(view), len(self._received))
        view[:count] = self._received[:count]
        del self._received[:count]
        return count

    def write(self, data: Any) -> int:
        """Send it all. Raises OSError."""
        network = self._network
        octets = bytes(data)
        cut = network.cut_at(SEND, SENDINGS)
        if cut is not None:
            self._give((b"", octets[: len(octets) // 2], octets)[cut])
            network.fallen()
        if self._broken or self._ended:
            raise OSError(errno.EPIPE, "broken pipe")
        self._give(octets)
        return len(octets)

    send = write

    def close(self) -> None:
        """Hang up."""
        if not self._closed:
            self._closed = True
            self._network.loop.readers.pop(self._number, None)
            self._network.closed(self)
            self.hang_up()

    def hang_up(self) -> None:
        """The server sees the end of the stream; over a silent line it does not."""
        if self._far is not None and not self._broken and not self._network.silent:
            self._far.feed_eof()
            self._far = None

    def take(self, segment: bytes) -> None:
        """A segment arrived; an empty one is the end."""
        if self._network.silent:
            return
        if not segment:
            self._network.ended()
        self._received += segment
        self._ended = self._ended or not segment
        self._network.loop.readable(self._number)

    def reset(self) -> None:
        """The other side has broken off."""
        self._broken = True
        self._network.ended()
        self._network.loop.readable(self._number)

    def _give(self, octets: bytes) -> None:
        if octets and self._far is not None and not self._network.silent:
            self._far.feed_data(octets)


class VirtualNetwork:
    """Takes the place of the `socket` module in hal/network.py.

    :param serve: serves one connection (`pop3_server.Server._serve`)
    :param longest: octets of the longest segment; their sizes vary by the seed
    """

    def __init__(
        self, loop: VirtualLoop, serve: Serve, chance: random.Random, longest: int = 1460
    ) -> None:
        self.loop = loop
        self.listening = True
        self.reachable = True  # else nobody answers to a connect
        self.resolving = True  # else there is no name server
        self.silent = False  # nothing arrives, in either direction
        self.latency_s = _LATENCY_S
        self.longest = longest
        self.ended: Callable[[], None] = lambda: None  # told when a server ends a connection
        self.cut_at: Callable[[str, int], int | None] = lambda _kind, _ways: None
        self.fallen: Callable[[], None] = lambda: None
        self._serve = serve
        self._chance = chance
        self._numbers = 100
        self._open: list[VirtualSocket] = []
        self._sessions: set[asyncio.Task[None]] = set()

    def __getattr__(self, name: str) -> Any:
        return getattr(socket, name)

    def getaddrinfo(self, host: str, port: int, *_rest: Any) -> list[Any]:
        """One address. Raises OSError when no name is found."""
        if not self.resolving:
            raise OSError(errno.EIO, "no name server")
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (host, port))]

    def socket(self, *_kind: Any) -> VirtualSocket:
        """A new one."""
        near = VirtualSocket(self)
        self._open.append(near)
        return near

    def closed(self, near: VirtualSocket) -> None:
        """The device closed it."""
        if near in self._open:
            self._open.remove(near)

    @property
    def is_idle(self) -> bool:
        """True when there is no connection, at neither end."""
        return not self._open and not self._sessions

    def new_number(self) -> int:
        """A descriptor that is free."""
        self._numbers += 1
        return self._numbers

    def segment(self) -> int:
        """Octets of the next segment."""
        return self._chance.randint(max(1, self.longest // 2), self.longest)

    def accept(self, near: VirtualSocket, far: asyncio.StreamReader) -> None:
        """Serve a connection."""
        writer = ServerWriter(near, self)
        # tasks of the server have power of their own
        task = self.loop.create_task(self._serve(far, writer), context=self._outside)
        self._sessions.add(task)
        task.add_done_callback(self._sessions.discard, context=self._outside)

    def begin(self, outside: Any) -> None:
        """`outside`: the context in which servers run."""
        self._outside = outside

    def carry(self, near: VirtualSocket, segment: bytes) -> None:
        """Take a segment to the device; segments stay in their order."""
        near.arrives_at = max(near.arrives_at, self.loop.time()) + self.latency_s
        self.loop.call_at(near.arrives_at, near.take, segment, context=self._outside)

    def break_all(self) -> None:
        """The server goes down: every connection is reset."""
        for task in list(self._sessions):
            task.cancel()

    def power_lost(self) -> None:
        """The device is dead: servers see the end of its streams, some time later."""
        for near in self._open:
            self.loop.call_later(1.0, near.hang_up, context=self._outside)
        self._open = []
