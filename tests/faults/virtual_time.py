"""An event loop whose waits cost nothing, on either runtime: when nothing is left to do now, the
clock jumps to the next thing due. When nothing will ever be due, that is a hang, and is told.
"""
from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

PERIOD = 2**30


class Hang(BaseException):
    """Every task waits for something that no other task will do."""


class _MicroPythonQueue:
    """In place of asyncio's queue of streams: waiting moves the clock."""

    def __init__(self) -> None:
        self.map: dict[int, Any] = {}
        self.ahead_ms = 0  # of real time

    def wait_io_event(self, wait_ms: int) -> None:
        if wait_ms < 0:
            raise Hang
        self.ahead_ms += wait_ms


if sys.implementation.name == "micropython":
    _queue = _MicroPythonQueue()

    def now_ms() -> int:
        """Virtual time; wraps at PERIOD, as a board's ticks do."""
        return (time.ticks_ms() + _queue.ahead_ms) & (PERIOD - 1)

    def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run to the end on a loop of its own."""
        asyncio.new_event_loop()
        asyncio.core.ticks = now_ms
        asyncio.core._io_queue = _queue
        return asyncio.run(coroutine)
else:
    import selectors

    class _Idle(selectors.SelectSelector):
        """A selector that waits for nobody."""

        def __init__(self) -> None:
            super().__init__()
            self.seconds = 1073740.0  # the wrap of the ticks is near

        def select(self, timeout: float | None = None) -> list[Any]:
            if timeout is None:
                raise Hang
            self.seconds += timeout
            return []

    _loops: list[_Idle] = []

    def now_ms() -> int:
        """Virtual time; wraps at PERIOD, as a board's ticks do."""
        return int(_loops[-1].seconds * 1000) % PERIOD

    def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run to the end on a loop of its own."""
        idle = _Idle()
        loop = asyncio.SelectorEventLoop(idle)
        # a rounding error must not make the loop turn without an end before something is due
        loop.time = lambda: idle.seconds + 1e-6
        _loops.append(idle)
        try:
            return loop.run_until_complete(coroutine)
        finally:
            for task in asyncio.all_tasks(loop):
                task.cancel()
            loop.run_until_complete(asyncio.sleep(0))
            loop.close()
            _loops.pop()
