"""The service line of both runtimes over a real pseudo-terminal: waits, reads, never blocks when
writing.
"""
from __future__ import annotations

import os
import pty
import select
import tty
from collections.abc import Iterator

import pytest

from tests.host.hal_support import RUNTIMES, finish, start

ECHO = """
import asyncio, json
from hal.clock import Clock
from hal.serial import Serial

async def main():
    stream = open(int(arguments[0]), "r+b", buffering=0)
    serial = Serial(stream, Clock(None))
    ticks = [0]
    async def other():
        while True:
            ticks[0] += 1
            if ticks[0] == 10:
                serial.write(b"ten turns\\r\\n")
            await asyncio.sleep(0.01)
    task = asyncio.create_task(other())
    assert serial.write(b"ready\\r\\n") == 7
    view = memoryview(bytearray(16))
    got = b""
    while not got.endswith(b"\\r"):
        count = await serial.readinto(view)
        assert count >= 1
        got += bytes(view[:count])
    waited = ticks[0]
    taken = 0
    for _ in range(200):
        taken += serial.write(b"x" * 1024)
    task.cancel()
    return [str(got, "ascii"), waited, taken]
print(json.dumps(asyncio.run(main())))
"""


@pytest.fixture
def line() -> Iterator[tuple[int, int]]:
    """(our end, the device's end), both raw; the device's never blocks."""
    ours, theirs = pty.openpty()
    tty.setraw(ours)
    tty.setraw(theirs)
    os.set_blocking(theirs, False)
    yield ours, theirs
    os.close(ours)
    os.close(theirs)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_it_waits_for_keys_and_never_for_the_reader(runtime: str, line: tuple[int, int]) -> None:
    ours, theirs = line
    process = start(runtime, ECHO, pass_fds=(theirs,))
    assert process.stdin is not None
    process.stdin.write("%d\n" % theirs)
    process.stdin.flush()
    os.write(ours, b"sta")
    said = b""
    while b"ten turns" not in said:  # others have theirs while it waits for the rest
        assert select.select([ours], [], [], 60)[0], said
        said += os.read(ours, 100)
    assert said.startswith(b"ready")
    os.write(ours, b"tus\r")
    got, waited, taken = finish(process)  # nobody reads what it writes: it must end all the same
    assert got == "status\r"
    assert waited >= 10
    assert 0 < taken < 200 * 1024
