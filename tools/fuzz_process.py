"""Campaigns of `tests/fuzz/campaign.py` in a process of their own, on either runtime: what dies or
hangs there is found again by its seed.
"""
from __future__ import annotations

import os
import selectors
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.fuzz.inputs import BATCH
from tools import micropython_binary

ROOT = Path(__file__).resolve().parents[1]
HEAP = "2m"
HANG_S = 120  # without a word; a batch takes a second


class Failure(Exception):
    """A target failed; `octets` bring it out, after `count` others did not."""

    def __init__(self, octets: bytes, count: int = 0) -> None:
        super().__init__(octets, count)
        self.octets = octets
        self.count = count


def _start(way: str, *words: object) -> subprocess.Popen[bytes]:
    path = [str(ROOT / "sim/modules" / way), str(ROOT)]
    program = [sys.executable]
    if way == "micropython":
        program = [str(micropython_binary.find()), "-X", "heapsize=" + HEAP]
    environment = dict(os.environ, PYTHONPATH=":".join(path),
                       MICROPYPATH=":".join([*path, ".frozen"]))
    return subprocess.Popen([*program, "-m", "tests.fuzz.campaign", *map(str, words)], cwd=ROOT,
                            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def _lines(process: subprocess.Popen[bytes]) -> Iterator[list[str]]:
    """What it says, in words, until it ends or says nothing for too long."""
    assert process.stdout is not None
    said = b""
    with selectors.DefaultSelector() as ready:
        ready.register(process.stdout, selectors.EVENT_READ)
        while ready.select(HANG_S):
            more = os.read(process.stdout.fileno(), 65536)
            if not more:
                return
            *lines, said = (said + more).split(b"\n")
            for line in lines:
                yield line.decode().split(" ", 2)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


def campaign(name: str, way: str, count: int, seconds: float, seed: int) -> tuple[int, int]:
    """So many inputs, or as many as go into the time. Returns how many there were, and by how
    many octets the heap grew. Raises Failure.
    """
    process = _start(way, name, count, seconds, seed)
    try:
        batch = seed
        for word, *rest in _lines(process):
            if word == "batch":
                batch = int(rest[0])
            elif word == "failed":
                sys.stderr.write("%s on %s, batch %d: %s\n" % (name, way, batch, rest[-1]))
                raise Failure(bytes.fromhex(rest[0]), (batch - seed) * BATCH)
            elif word == "done":
                return int(rest[0]), int(rest[1])
    finally:
        _end(process)
    sys.stderr.write("%s on %s died or hung in batch %d\n" % (name, way, batch))
    raise Failure(_deadly(name, way, batch), (batch - seed) * BATCH)


def _deadly(name: str, way: str, seed: int) -> bytes:
    """The input of a batch in which the process died or hung."""
    process = _start(way, name, BATCH, 10 * HANG_S, seed, "tell")
    last = b""
    try:
        for word, *rest in _lines(process):
            if word == "input":
                last = bytes.fromhex(rest[0])
    finally:
        _end(process)
    return last


def fails(name: str, way: str, octets: bytes) -> bool:
    """True when this one input fails, kills or hangs the target."""
    process = _start(way, name, "one", 0, 0)
    assert process.stdin is not None
    try:
        process.stdin.write(octets.hex().encode() + b"\n")
        process.stdin.flush()
        return all(word != "done" for word, *_rest in _lines(process))
    finally:
        _end(process)
