"""S6's device side, inside MicroPython: the firmware with one task more, which notes how long the
others held the loop between two of its turns.

    micropython -c "...; import bench_stream_probe"     (see bench_stream.py)

A round is all tasks that were ready, one step each, so its time is never less than the longest
hold in it. Rounds in which nobody had work are not counted; processor time bounds the others, to
the millisecond that this clock counts in. Each second the figures go out as an event.
"""

from __future__ import annotations

import asyncio
import time
from array import array
from typing import TYPE_CHECKING

import desk_link

import firmware.main

if TYPE_CHECKING:
    from typing import Any

    from tools import device_probe
else:
    import device_probe

BUCKET_US = 50
BUCKETS = 200
IDLE_US = 30  # a round without work takes less

_main = firmware.main.main
_time: Any = time  # as MicroPython has it

# The simulator takes lines slower than the head would, and a full socket holds the loop.
desk_link.spi_write = lambda _data: None


async def _watch() -> None:
    counts = array("I", bytes(4 * (BUCKETS + 1)))
    longest = 0
    told = before = _time.ticks_us()
    clock = _time.clock()
    while True:
        await asyncio.sleep(0)
        now = _time.ticks_us()
        # other processes may have had this one's core: it held no longer than it ran
        ran = int((_time.clock() - clock) * 1000000) + 1000
        held = min(_time.ticks_diff(now, before), ran)
        if held >= IDLE_US:
            counts[min(held // BUCKET_US, BUCKETS)] += 1
            longest = max(longest, held)
        if _time.ticks_diff(now, told) > 1000000:
            told = now
            device_probe.tell(b"held", {"longest_us": longest, "counts": list(counts)})
        clock = _time.clock()
        before = _time.ticks_us()


async def _probed(board: Any, buffers: Any) -> None:
    watching = asyncio.create_task(_watch())
    await _main(board, buffers)
    watching.cancel()


firmware.main.main = _probed
firmware.main.run()
