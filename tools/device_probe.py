"""Inside MicroPython: the firmware, looked at from its event loop. What the probes of the heap
share (bench_memory_probe.py, soak_heap_probe.py).

It knows no names of the firmware but the one that starts it: in the packed program they are short.
"""

from __future__ import annotations

import asyncio
import gc
import json
from typing import TYPE_CHECKING

import desk_link

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_DEEP = 16

_gc: Any = gc
_queue: Any = asyncio.core.IOQueue  # type: ignore[attr-defined]
_event = desk_link.event
_wait = _queue.wait_io_event


def _one(depth: int) -> int:
    return depth and _one(depth - 1)


def _two(depth: int, more: int = 1) -> int:
    return depth and _two(depth - 1)


def _three(depth: int, more: int = 1, still: int = 2) -> int:
    return depth and _three(depth - 1)


def _four(depth: int, more: int = 1, still: int = 2, last: int = 3) -> int:
    return depth and _four(depth - 1)


def live() -> int:
    """Octets of the heap that are in use. The collector takes any word on the C stack for a
    pointer: what the tasks left there is written over first, by frames of several sizes.
    """
    _one(_DEEP)
    _two(_DEEP)
    _three(_DEEP)
    _four(_DEEP)
    gc.collect()
    octets: int = _gc.mem_alloc()
    return octets


def tell(kind: bytes, members: dict[str, Any]) -> None:
    """Say something to the simulator."""
    _event(kind + b" " + json.dumps(members).encode())


def run(look: Callable[[], None], hear: Callable[[bytes], None]) -> None:
    """Start the firmware. `look` is called before each step of a task, by the loop itself: no task
    is on the C stack then. `hear` is told what the firmware says, when it has been said.
    """

    def event(line: bytes) -> None:
        _event(line)
        hear(line)

    def wait(queue: Any, limit_ms: int) -> None:
        _wait(queue, limit_ms)
        look()

    desk_link.event = event
    _queue.wait_io_event = wait
    __import__("firmware.main", None, None, ("run",)).run()
