"""Inside MicroPython: the firmware with one task more, which tells how many octets of the heap are
live a while after each visit, when what was loaded for it is gone.

    micropython -c "...; import soak_heap_probe"     (see soak_heap.py)
"""

from __future__ import annotations

import asyncio
import gc
import time
from typing import TYPE_CHECKING

import firmware.main

if TYPE_CHECKING:
    from typing import Any

QUIET_MS = 5000

_main = firmware.main.main
_time: Any = time  # as MicroPython has it
_gc: Any = gc


class _Monitor:
    """Hands events on, and remembers when the last visit ended."""

    def __init__(self, monitor: Any) -> None:
        self.ended = 0
        self.visits = self.told = 0
        self._monitor = monitor

    def event(self, kind: str, fields: dict[str, Any]) -> None:
        """As devices.Monitor."""
        self._monitor.event(kind, fields)
        if kind == "visit-end":
            self.ended = _time.ticks_ms()
            self.visits += 1


async def _watch(monitor: _Monitor) -> None:
    while True:
        await asyncio.sleep(0.25)
        quiet_ms = _time.ticks_diff(_time.ticks_ms(), monitor.ended)
        if monitor.told != monitor.visits and quiet_ms > QUIET_MS:
            monitor.told = monitor.visits
            gc.collect()
            monitor.event("live", {"octets": _gc.mem_alloc()})


async def _probed(board: Any, buffers: Any) -> None:
    board.monitor = _Monitor(board.monitor)
    watching = asyncio.create_task(_watch(board.monitor))
    await _main(board, buffers)
    watching.cancel()


firmware.main.main = _probed
firmware.main.run()
