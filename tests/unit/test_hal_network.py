"""Links over the loopback interface: reads, writes, time limits, cancellation, closing; all in one
loop.
"""
from __future__ import annotations

import asyncio
import errno
import socket
from typing import TYPE_CHECKING

from hal.clock import Clock
from hal.network import Network
from tests.unit.support import raises

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from hal.network import Link


class Interface:
    def __init__(self, up: bool = True) -> None:
        self.up = up

    def isconnected(self) -> bool:
        return self.up


def _network() -> Network:
    return Network(Interface(), Clock(None))


LIMIT_MS = 60_000  # for what comes for sure, on the slowest machine


def _listener(backlog: int = 1) -> tuple:
    """A listening socket, and its address in the form that `connect` takes. Without a backlog it
    only keeps the port from others.
    """
    for port in range(20110, 20310):
        address = socket.getaddrinfo("127.0.0.1", port, 0, socket.SOCK_STREAM)[0]
        server = socket.socket()
        try:
            server.bind(address[-1])
        except OSError:
            server.close()
            continue
        if backlog:
            server.listen(backlog)
        return server, address
    raise AssertionError("no free port")


class Peer:
    """The other end: blocking calls that are known not to wait, because the loopback has carried
    the data.
    """

    def __init__(self, sock: Any) -> None:
        self.sock = sock

    def send(self, data: bytes) -> None:
        self.sock.send(data)

    def receive(self, count: int) -> bytes:
        return self.sock.recv(count)

    def close(self) -> None:
        self.sock.close()


def _run(scene: Callable[[Link, Peer], Coroutine]) -> Any:
    async def main() -> Any:
        server, address = _listener()
        link = await _network().connect(address, LIMIT_MS)
        accepted, _name = server.accept()
        server.close()
        peer = Peer(accepted)
        try:
            return await scene(link, peer)
        finally:
            link.close()
            peer.close()

    return asyncio.run(main())


async def _error_of(coroutine: Coroutine) -> int | None:
    try:
        await coroutine
    except OSError as error:
        return error.errno
    return 0


def test_what_has_come_is_read_without_filling_the_view() -> None:
    async def scene(link: Link, peer: Peer) -> None:
        peer.send(b"+OK ready\r\n")
        view = memoryview(bytearray(64))
        assert await link.readinto(view) == 11
        assert bytes(view[:11]) == b"+OK ready\r\n"

    _run(scene)


def test_reading_waits_until_something_comes() -> None:
    async def scene(link: Link, peer: Peer) -> None:
        async def later() -> None:
            await asyncio.sleep(0.05)
            peer.send(b"late")

        task = asyncio.create_task(later())
        view = memoryview(bytearray(64))
        assert await link.readinto(view) == 4
        await task

    _run(scene)


def test_a_view_of_no_octets_is_refused_because_zero_means_the_end() -> None:
    async def scene(link: Link, _peer: Peer) -> None:
        try:
            await link.readinto(memoryview(b""))
        except ValueError:
            return
        raise AssertionError("it was accepted")

    _run(scene)


def test_the_end_of_the_stream_is_zero_and_writing_still_works() -> None:
    async def scene(link: Link, peer: Peer) -> None:
        await link.write(b"QUIT\r\n")
        assert peer.receive(6) == b"QUIT\r\n"
        peer.close()
        view = memoryview(bytearray(8))
        assert await link.readinto(view) == 0
        assert await link.readinto(view) == 0

    _run(scene)


def test_silence_past_the_limit_is_a_timeout_and_the_link_still_lives() -> None:
    clock = Clock(None)

    async def scene(link: Link, peer: Peer) -> None:
        link.timeout_ms = 60
        view = memoryview(bytearray(8))
        for _ in range(2):
            begin = clock.ticks_ms()
            assert await _error_of(link.readinto(view)) == errno.ETIMEDOUT
            assert 55 <= clock.ticks_diff(clock.ticks_ms(), begin) < 25_000
        peer.send(b"x")
        assert await link.readinto(view) == 1

    _run(scene)


def test_every_wait_has_the_whole_limit() -> None:
    async def in_time(link: Link, peer: Peer, limit_ms: int) -> bool:
        async def trickle() -> None:
            for _ in range(5):
                await asyncio.sleep(limit_ms / 4500)
                peer.send(b"x")

        link.timeout_ms = limit_ms
        task = asyncio.create_task(trickle())
        view = memoryview(bytearray(8))
        for _ in range(5):  # longer than the limit in all
            if await _error_of(link.readinto(view)) == errno.ETIMEDOUT:
                task.cancel()
                return False
        assert await _error_of(link.readinto(view)) == errno.ETIMEDOUT
        await task
        return True

    # a machine that stands still for most of a limit is given a longer one
    assert any(_run(lambda link, peer: in_time(link, peer, limit_ms))  # noqa: B023 - at once
               for limit_ms in (900, 3000, 12000))


def test_a_shorter_limit_holds_from_the_next_wait_on() -> None:
    clock = Clock(None)

    async def scene(link: Link, peer: Peer) -> None:
        async def later() -> None:
            await asyncio.sleep(0.02)
            peer.send(b"x")

        view = memoryview(bytearray(8))
        link.timeout_ms = 30000
        task = asyncio.create_task(later())
        assert await link.readinto(view) == 1
        await task
        link.timeout_ms = 50
        begin = clock.ticks_ms()
        assert await _error_of(link.readinto(view)) == errno.ETIMEDOUT
        assert clock.ticks_diff(clock.ticks_ms(), begin) < 25_000

    _run(scene)


def test_no_limit_waits_on() -> None:
    async def scene(link: Link, peer: Peer) -> None:
        view = memoryview(bytearray(8))
        link.timeout_ms = 0
        reader = asyncio.create_task(link.readinto(view))
        await asyncio.sleep(0.2)
        assert not reader.done()
        peer.send(b"x")
        assert await reader == 1

    _run(scene)


def test_a_cancelled_read_loses_nothing_and_the_next_one_works() -> None:
    async def scene(link: Link, peer: Peer) -> None:
        link.timeout_ms = 5000
        view = memoryview(bytearray(8))
        for _ in range(3):
            reader = asyncio.create_task(link.readinto(view))
            await asyncio.sleep(0.01)
            reader.cancel()
            try:
                await reader
                raise AssertionError("it was not cancelled")
            except asyncio.CancelledError:
                pass
        peer.send(b"abc")
        assert await link.readinto(view) == 3
        assert bytes(view[:3]) == b"abc"

    _run(scene)


def test_wait_for_around_a_read_is_just_a_cancellation() -> None:
    async def scene(link: Link, peer: Peer) -> None:
        link.timeout_ms = 5000
        view = memoryview(bytearray(8))
        try:
            await asyncio.wait_for(link.readinto(view), 0.03)
            raise AssertionError("it did not time out")
        except asyncio.TimeoutError:
            pass
        peer.send(b"abc")
        assert await link.readinto(view) == 3

    _run(scene)


def test_closing_wakes_the_task_that_reads() -> None:
    async def scene(link: Link, _peer: Peer) -> None:
        view = memoryview(bytearray(8))
        reader = asyncio.create_task(_error_of(link.readinto(view)))
        await asyncio.sleep(0.01)
        link.close()
        assert await reader == errno.ECONNABORTED
        link.close()
        assert await _error_of(link.readinto(view)) == errno.ENOTCONN
        assert await _error_of(link.write(b"x")) == errno.ENOTCONN

    _run(scene)


def test_a_second_reader_is_refused_and_does_not_disturb_the_first() -> None:
    async def scene(link: Link, peer: Peer) -> None:
        view = memoryview(bytearray(8))
        first = asyncio.create_task(link.readinto(view))
        await asyncio.sleep(0.01)
        try:
            await link.readinto(memoryview(bytearray(8)))
            raise AssertionError("it was accepted")
        except RuntimeError:
            pass
        peer.send(b"x")
        assert await first == 1

    _run(scene)


def test_a_peer_that_does_not_take_the_data_is_a_timeout() -> None:
    async def scene(link: Link, _peer: Peer) -> None:
        link.timeout_ms = 60
        block = bytes(65536)

        async def flood() -> None:
            for _ in range(1000):
                await link.write(block)

        assert await _error_of(flood()) == errno.ETIMEDOUT

    _run(scene)


def test_other_tasks_run_while_data_keep_coming() -> None:
    async def scene(link: Link, peer: Peer) -> None:
        turns = [0]

        async def other() -> None:
            while True:
                turns[0] += 1
                await asyncio.sleep(0)

        peer.send(bytes(400))
        task = asyncio.create_task(other())
        await asyncio.sleep(0.01)
        turns[0] = 0
        view = memoryview(bytearray(4))
        for _ in range(100):
            assert await link.readinto(view) == 4
        task.cancel()
        assert turns[0] >= 20

    _run(scene)


def test_a_refused_connection_is_reported_at_connect() -> None:
    async def main() -> int | None:
        server, address = _listener(0)
        code = await _error_of(_network().connect(address, LIMIT_MS))
        server.close()
        return code

    assert asyncio.run(main()) == errno.ECONNREFUSED


def test_a_cancelled_connect_ends_at_once() -> None:
    async def main() -> None:
        # a backlog of one and nobody who accepts: further connects stay unanswered
        server, address = _listener()
        links: list[Any] = []
        waiting: list[Any] = []
        for _ in range(6):
            task = asyncio.create_task(_network().connect(address, 5000))
            await asyncio.sleep(0.05)
            (links if task.done() else waiting).append(task)
        assert waiting, "the backlog took them all"
        for task in waiting:
            task.cancel()
            try:
                await task
                raise AssertionError("it was not cancelled")
            except asyncio.CancelledError:
                pass
        for task in links:
            (await task).close()
        server.close()

    asyncio.run(main())


def test_an_unanswered_connect_is_a_timeout() -> None:
    async def main() -> list:
        server, address = _listener()
        network = _network()
        links = []
        codes = []
        for _ in range(6):
            try:
                links.append(await network.connect(address, 150))
            except OSError as error:
                codes.append(error.errno)
        for link in links:
            link.close()
        server.close()
        return codes

    codes = asyncio.run(main())
    assert codes and all(code == errno.ETIMEDOUT for code in codes)


def test_names_resolve_to_addresses_that_connect_takes() -> None:
    async def main() -> list:
        server, address = _listener()
        port = _port_of(server, address)
        found = _network().resolve("127.0.0.1", port)
        link = await _network().connect(found[0], LIMIT_MS)
        link.close()
        server.close()
        return found

    assert len(asyncio.run(main())) == 1


def _port_of(server: Any, address: tuple) -> int:
    if hasattr(server, "getsockname"):
        return server.getsockname()[1]
    return socket.sockaddr(address[-1])[2]


def test_an_unknown_name_is_an_error() -> None:
    network = _network()
    raises(OSError, network.resolve, "no-such-host.invalid", 110)
    raises(OSError, network.resolve, "x" * 64 + ".invalid", 110)


def test_the_interface_tells_whether_the_network_is_up() -> None:
    assert Network(Interface(True), Clock(None)).is_up()
    assert not Network(Interface(False), Clock(None)).is_up()


class _Tls:
    """A TLS stream that can't go on at first, and says for what it waits."""

    def __init__(self, wire: Any, wants_write: bool) -> None:
        self.wire = wire
        self.wants_write = wants_write
        self.tries = 0

    def readinto(self, view: memoryview) -> int | None:
        self.tries += 1
        if self.tries == 1:
            return None
        view[0] = 65
        return 1

    def write(self, data: bytes) -> int | None:
        self.tries += 1
        return None if self.tries == 1 else len(data)

    def close(self) -> None:
        pass


def test_a_secured_link_waits_for_what_tls_needs_and_not_for_what_it_was_asked() -> None:
    async def scene(link: Link, peer: Peer) -> None:
        link.timeout_ms = 300
        assert not link.secure
        stream = _Tls(link.socket, True)
        link.replace(stream)
        assert link.secure
        # nothing comes from the peer, but there is room to send: that is what TLS waited for
        assert await link.readinto(memoryview(bytearray(8))) == 1 and stream.tries == 2
        stream = _Tls(link.socket, False)
        link.replace(stream)
        assert await _error_of(link.write(b"+OK")) == errno.ETIMEDOUT
        stream.tries = 0
        peer.send(b"x")
        await link.write(b"+OK")
        assert stream.tries == 2

    _run(scene)


def _datagrams() -> tuple:
    """A socket that takes datagrams, and its address in the form that `ask` takes."""
    for port in range(20110, 20310):
        address = socket.getaddrinfo("127.0.0.1", port, 0, socket.SOCK_STREAM)[0]
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            server.bind(address[-1])
        except OSError:
            server.close()
            continue
        return server, address
    raise AssertionError("no free port")


def test_a_datagram_is_answered_by_a_datagram() -> None:
    async def main() -> None:
        server, address = _datagrams()
        reply = bytearray(8)
        task = asyncio.create_task(
            _network().ask(address, b"what time?", reply, LIMIT_MS))
        await asyncio.sleep(0.05)
        question, peer = server.recvfrom(100)
        server.sendto(b"it is late", peer)
        assert question == b"what time?" and await task == 8 and reply == b"it is la"
        server.close()

    asyncio.run(main())


def test_a_datagram_that_nobody_answers_is_waited_for_in_vain() -> None:
    async def main() -> int | None:
        server, address = _datagrams()
        try:
            return await _error_of(_network().ask(address, b"?", bytearray(8), 50))
        finally:
            server.close()

    assert asyncio.run(main()) == errno.ETIMEDOUT
