"""TCP over raw non-blocking sockets, one text for both runtimes; only the waiting differs
(hal/readiness.py). TLS and datagrams are loaded when they are used.
"""
from __future__ import annotations

import asyncio
import errno
import socket
from typing import TYPE_CHECKING

from micropython import const

from hal.live_signals import forget
from hal.readiness import Readiness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from hal.clock import Clock

_READS_PER_TURN = const(4)  # reads without waiting before other tasks get a turn
_AT_ONCE = const(16)  # the same for `read_now`, whose callers have places of their own for that
_RETRY_S = 0.02
_EISCONN = const(106)  # not among the names of MicroPython's errno
_CONNECTED = (_EISCONN, getattr(errno, "EISCONN", _EISCONN))
_CONNECTING = (errno.EINPROGRESS, errno.EALREADY)


class Link:
    """Implements `devices.Link`. One task at a time may read or write.

    :param sock: a connected, non-blocking socket; the link owns it
    """

    def __init__(self, sock: Any, readiness: Readiness) -> None:
        self.timeout_ms = 0
        self.secure = False  # by TLS
        self.socket = sock
        # MicroPython's sockets are streams; CPython's raw SocketIO keeps the same rules (None:
        # can't be done yet)
        self._stream = sock if hasattr(sock, "readinto") else sock.makefile("rwb", buffering=0)
        self._readiness = readiness
        self._unwaited = 0

    async def readinto(self, view: memoryview) -> int:
        """Read what has come, 1..len(view) octets; 0 is the end of the stream. Raises OSError
        (ETIMEDOUT).

        Cancelling it loses no octet.
        """
        if not len(view):
            raise ValueError("nothing to read into")
        self._unwaited += 1
        if self._unwaited > _READS_PER_TURN:
            self._unwaited = 0
            await asyncio.sleep(0)
        while True:
            count: int | None = self._open_stream().readinto(view)
            if count is not None:
                return count
            self._unwaited = 0
            # as `wait`, whose object is spared here
            await self._readiness.wait(self.secure and self._stream.wants_write, self.timeout_ms)

    def read_now(self, view: memoryview) -> int | None:
        """As `readinto`, without waiting; None: nothing has come, or it is the turn of others.
        Raises OSError.
        """
        self._unwaited += 1
        if self._unwaited > _AT_ONCE:
            return None
        count: int | None = self._open_stream().readinto(view)
        return count

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send all of `data`; every octet taken starts the time limit anew. Raises OSError
        (ETIMEDOUT).
        """
        sent = self._open_stream().write(data) or 0
        if sent == len(data):
            return
        view = memoryview(data)
        while sent < len(view):
            await self.wait(True)
            sent += self._open_stream().write(view[sent:]) or 0

    async def wait(self, writing: bool) -> None:
        """Wait until the socket can be written or read; TLS knows better which. Raises OSError
        (ETIMEDOUT, ECONNABORTED).
        """
        if self.secure:
            writing = self._open_stream().wants_write
        await self._readiness.wait(writing, self.timeout_ms)

    def replace(self, stream: Any) -> None:
        """Read and write by a TLS stream (hal/tls.py) from now on."""
        self._stream = stream
        self.secure = True
        if stream.wire is not self.socket:
            self.socket = stream.wire
            self._readiness = self._readiness.of(self.socket)

    def _open_stream(self) -> Any:
        if self._stream is None:
            raise OSError(errno.ENOTCONN, "the link is closed")
        return self._stream

    def close(self) -> None:
        """Close at once; a task that waits gets OSError(ECONNABORTED). Harmless when closed
        already.
        """
        if self._stream is not None:
            stream, self._stream = self._stream, None
            self._readiness.close()
            stream.close()
            self.socket.close()


class Network:
    """Implements `devices.Network`.

    :param interface: a started network interface; `isconnected()` is True with link and address
    """

    def __init__(self, interface: Any, clock: Clock) -> None:
        self._interface = interface
        self._clock = clock

    def is_up(self) -> bool:
        """True when the interface has link and address."""
        return bool(self._interface.isconnected())

    def resolve(self, host: str, port: int) -> list[Any]:
        """Socket addresses of `host`, in the order to try. Raises OSError when the name is not
        found. May block.
        """
        try:
            return socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
        except UnicodeError:  # a label that no DNS name can have
            raise OSError(errno.EINVAL, "not a host name") from None

    async def connect(self, address: Any, timeout_ms: int) -> Link:
        """Connect to one of `resolve`'s addresses. Raises OSError (refused, unreachable,
        ETIMEDOUT).
        """
        family, kind, protocol, _name, where = address
        sock = socket.socket(family, kind, protocol)
        readiness = Readiness(sock, self._clock)
        try:
            sock.setblocking(False)
            await self._establish(sock, where, readiness, timeout_ms)
        except BaseException:  # cancellation included: nobody else would close it
            readiness.close()
            sock.close()
            raise
        return Link(sock, readiness)

    async def start_tls(self, link: Link, host: str, roots: Iterable[bytes] | None,
                        accept: Callable[[bytes | memoryview], str]) -> None:
        """Secure a link by TLS, see `devices.Network`. Raises ValueError, OSError."""
        try:
            from hal import tls

            await tls.start(link, host, roots, accept)
        finally:
            forget("hal.tls", "hal.tls_mbed", "hal.tls_mbed_stream")

    async def ask(self, address: Any, request: bytes, reply: bytearray, timeout_ms: int) -> int:
        """Send a datagram and wait for one that answers it, see `devices.Network`. Raises OSError.
        """
        try:
            from hal import datagram

            return await datagram.ask(address, request, reply, self._clock, timeout_ms)
        finally:
            forget("hal.datagram")

    async def _establish(self, sock: Any, where: Any, readiness: Readiness,
                         timeout_ms: int) -> None:
        clock = self._clock
        deadline = clock.ticks_add(clock.ticks_ms(), timeout_ms)
        left_ms = timeout_ms
        connected = _begin_connect(sock, where)
        while not connected:
            if timeout_ms and left_ms <= 0:
                raise OSError(errno.ETIMEDOUT, "no answer to connect")
            await readiness.wait(True, left_ms if timeout_ms else 0)
            connected = _finish_connect(sock, where)
            if not connected:  # a board's stack may call a socket writable while it still connects
                await asyncio.sleep(_RETRY_S)
                left_ms = clock.ticks_diff(deadline, clock.ticks_ms())


def _begin_connect(sock: Any, where: Any) -> bool:
    """True when connected. Raises OSError."""
    try:
        sock.connect(where)
    except OSError as error:
        if error.errno in _CONNECTED:
            return True
        if error.errno in _CONNECTING:
            return False
        raise
    return True


def _finish_connect(sock: Any, where: Any) -> bool:
    """True when connected, False while still connecting. Raises OSError when it failed.

    MicroPython has no getsockopt: there a second connect tells (done, EISCONN, or why it failed),
    and where the stack answers EALREADY to a connection that failed, sending nothing tells.
    """
    if hasattr(sock, "getsockopt"):
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, "connect failed")
        return True
    if _begin_connect(sock, where):
        return True
    try:
        sock.send(b"")
    except OSError as error:
        if error.errno != errno.EAGAIN and error.errno not in _CONNECTING:
            raise
    return False
