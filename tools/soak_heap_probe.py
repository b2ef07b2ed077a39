"""Inside MicroPython: the firmware with one task more, which tells how many octets of the heap are
live a while after each visit, when what was loaded for it is gone.

    micropython -c "...; import soak_heap_probe"     (see soak_heap.py)

It knows no names of the firmware but the one that starts it: in the packed program they are short.
"""

from __future__ import annotations

import asyncio
import gc
import json
import time
from typing import TYPE_CHECKING

import desk_link

if TYPE_CHECKING:
    from typing import Any

QUIET_MS = 5000

_time: Any = time  # as MicroPython has it
_gc: Any = gc
_loop: Any = asyncio
_event = desk_link.event
_run = asyncio.run


class _Visits:
    """How many there were, and when the last one ended."""

    ended = count = told = 0


def _hear(line: bytes) -> None:
    _event(line)
    if line.startswith(b"visit-end"):
        _Visits.ended = _time.ticks_ms()
        _Visits.count += 1


async def _watch() -> None:
    while True:
        await asyncio.sleep(0.25)
        quiet_ms = _time.ticks_diff(_time.ticks_ms(), _Visits.ended)
        if _Visits.told != _Visits.count and quiet_ms > QUIET_MS:
            _Visits.told = _Visits.count
            gc.collect()
            _event(b"live " + json.dumps({"octets": _gc.mem_alloc()}).encode())


async def _both(firmware: Any) -> None:
    watching = asyncio.create_task(_watch())
    await firmware
    watching.cancel()


desk_link.event = _hear
_loop.run = lambda firmware: _run(_both(firmware))

__import__("firmware.main", None, None, ("run",)).run()
