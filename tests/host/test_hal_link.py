"""The Link of both runtimes against a real server: big transfers, silence, refusal, reset,
half-close.
"""
from __future__ import annotations

import contextlib
import hashlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator

import pytest

from tests.host.hal_support import RUNTIMES, finish, run, start

LONG_MS = "90000"  # a limit that is not met
SOON_MS = 60_000  # below it, on the slowest machine

CLIENT = """
import asyncio, hashlib, json, gc
from hal.clock import Clock
from hal.network import Network

class Interface:
    def isconnected(self):
        return True

clock = Clock(None)
network = Network(Interface(), clock)

async def connect(timeout_ms=60000):
    return await network.connect(network.resolve("127.0.0.1", int(arguments[0]))[0], timeout_ms)

async def outcome(coroutine):
    begin = clock.ticks_ms()
    try:
        value = await coroutine
    except OSError as error:
        value = "errno %d" % error.errno
    return value, clock.ticks_diff(clock.ticks_ms(), begin)

def say(value):
    print(json.dumps(value))
"""

DRAIN = CLIENT + """
async def main():
    link = await connect()
    link.timeout_ms = 60000
    view = memoryview(bytearray(4096))
    digest, total = hashlib.sha256(), 0
    while True:
        count = await link.readinto(view)
        if not count:
            break
        digest.update(view[:count])
        total += count
    link.close()
    return [total, "".join("%02x" % octet for octet in digest.digest())]
say(asyncio.run(main()))
"""

UPLOAD = CLIENT + """
async def main():
    link = await connect()
    link.timeout_ms = 60000
    data = bytes((index * 31) & 0xff for index in range(100000))
    for _ in range(50):
        await link.write(data)
    view = memoryview(bytearray(16))
    count = await link.readinto(view)
    link.close()
    return str(bytes(view[:count]), "ascii")
say(asyncio.run(main()))
"""

TURN_ROUND = CLIENT + """
async def main():
    link = await connect()
    link.timeout_ms = 60000
    view = memoryview(bytearray(64))
    begin = clock.ticks_ms()
    for number in range(2000):
        await link.write(b"NOOP\\r\\n")
        assert await link.readinto(view) == 5
    if hasattr(gc, "mem_alloc"):
        gc.collect()
    link.close()
    return clock.ticks_diff(clock.ticks_ms(), begin)
say(asyncio.run(main()))
"""

ONE_READ = CLIENT + """
async def main():
    link = await connect()
    link.timeout_ms = int(arguments[1])
    view = memoryview(bytearray(64))
    first = await outcome(link.readinto(view))
    second = await outcome(link.readinto(view))
    written = await outcome(link.write(b"QUIT\\r\\n"))
    link.close()
    return [first, second, written]
say(asyncio.run(main()))
"""

CONNECT = CLIENT + """
async def main():
    value, took_ms = await outcome(connect())
    if not isinstance(value, str):
        value.close()
        value = "connected"
    return [value, took_ms]
say(asyncio.run(main()))
"""


@contextlib.contextmanager
def served(serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server on the loopback for one connection; gives its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(100)
    failures: list[BaseException] = []

    def accept() -> None:
        try:
            connection, _name = listener.accept()
            connection.settimeout(100)
            with connection:
                serve(connection)
        except BaseException as failure:
            failures.append(failure)

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield str(listener.getsockname()[1])
    finally:
        thread.join()
        listener.close()
    if failures:
        raise failures[0]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_sixteen_megabytes_arrive_unharmed(runtime: str) -> None:
    data = bytes(index * 7 & 0xFF for index in range(1 << 20)) * 16

    def serve(connection: socket.socket) -> None:
        connection.sendall(data)

    with served(serve) as port:
        assert run(runtime, DRAIN, port) == [len(data), hashlib.sha256(data).hexdigest()]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_five_megabytes_are_sent_to_a_slow_reader(runtime: str) -> None:
    expected = bytes(index * 31 & 0xFF for index in range(100000)) * 50

    def serve(connection: socket.socket) -> None:
        threading.Event().wait(0.3)  # until the buffers on the way are full
        got = bytearray()
        while len(got) < len(expected):
            got += connection.recv(1 << 13)
        connection.sendall(b"same" if got == expected else b"different")

    with served(serve) as port:
        assert run(runtime, UPLOAD, port) == "same"


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_two_thousand_commands_and_answers(runtime: str) -> None:
    def serve(connection: socket.socket) -> None:
        for _ in range(2000):
            assert connection.recv(64) == b"NOOP\r\n"
            connection.sendall(b"+OK\r\n")

    with served(serve) as port:
        assert run(runtime, TURN_ROUND, port) < SOON_MS


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_silent_server_is_a_timeout_each_time(runtime: str) -> None:
    def serve(connection: socket.socket) -> None:
        assert connection.recv(64) == b"QUIT\r\n"  # the link still works

    with served(serve) as port:
        first, second, written = run(runtime, ONE_READ, port, "200")
    for value, took_ms in (first, second):
        assert value == "errno 110"
        assert 195 <= took_ms < SOON_MS
    assert written[0] is None


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_half_closing_is_the_end_of_reading_only(runtime: str) -> None:
    def serve(connection: socket.socket) -> None:
        connection.sendall(b"+OK\r\n")
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(64) == b"QUIT\r\n"

    with served(serve) as port:
        first, second, written = run(runtime, ONE_READ, port, LONG_MS)
    assert (first[0], second[0], written[0]) == (5, 0, None)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_reset_is_an_error_not_an_end(runtime: str) -> None:
    def serve(connection: socket.socket) -> None:
        threading.Event().wait(0.3)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with served(serve) as port:
        first, _second, _written = run(runtime, ONE_READ, port, LONG_MS)
    assert first[0] == "errno 104"
    assert first[1] < SOON_MS


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_reset_in_the_middle_of_waiting_wakes_the_reader(runtime: str) -> None:
    def serve(connection: socket.socket) -> None:
        connection.sendall(b"+OK\r\n")
        threading.Event().wait(0.3)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with served(serve) as port:
        first, second, _written = run(runtime, ONE_READ, port, LONG_MS)
    assert (first[0], second[0]) == (5, "errno 104")
    assert second[1] < SOON_MS


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_closed_port_refuses_at_connect(runtime: str) -> None:
    with socket.socket() as closed:  # it keeps the port from others, and listens not
        closed.bind(("127.0.0.1", 0))
        value, took_ms = run(runtime, CONNECT, str(closed.getsockname()[1]))
    assert value == "errno 111"
    assert took_ms < SOON_MS


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_killed_server_ends_the_wait(runtime: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = start(runtime, ONE_READ)
        assert process.stdin is not None
        process.stdin.write("%d %s\n" % (listener.getsockname()[1], LONG_MS))
        process.stdin.flush()
        connection, _name = listener.accept()
        connection.sendall(b"+OK\r\n")
        connection.close()
        first, second, _written = finish(process)
    assert first[0] == 5
    assert second[0] == 0
