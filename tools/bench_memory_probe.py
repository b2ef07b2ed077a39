"""M2's device side, inside MicroPython: the firmware with one task more, which collects at each
turn of the loop and tells how many octets of the heap were live at most.

    micropython -c "...; import bench_memory_probe"     (see bench_memory.py)

Whatever is in memory then counts, code that is loaded for a moment too. It knows no names of the
firmware but the one that starts it: in the packed program they are short.
"""

from __future__ import annotations

import asyncio
import gc
import json
from typing import TYPE_CHECKING

import desk_link

if TYPE_CHECKING:
    from typing import Any

_gc: Any = gc
_loop: Any = asyncio
_run = asyncio.run
_event = desk_link.event
_said: list[bytes] = [b"boot"]


def _hear(line: bytes) -> None:
    _event(line)
    _said[0] = line[: line.find(b" ")]


async def _watch() -> None:
    most = turn = 0
    while True:
        await asyncio.sleep(0)
        gc.collect()
        octets = _gc.mem_alloc()
        turn += 1
        if octets > most:
            most = octets
            told = {"octets": most, "turn": turn, "after": _said[0].decode()}
            _event(b"most " + json.dumps(told).encode())


async def _both(firmware: Any) -> None:
    watching = asyncio.create_task(_watch())
    await firmware
    watching.cancel()


desk_link.event = _hear
_loop.run = lambda firmware: _run(_both(firmware))

__import__("firmware.main", None, None, ("run",)).run()
