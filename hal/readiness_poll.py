"""Readiness over MicroPython's asyncio, whose loop polls streams for tasks parked with it. See
hal/readiness.py.

The task that waits is parked in the loop's own poll set. Its time limit is kept by a guard task,
which exists only while there are waits with a limit and wakes once per limit, not once per wait.
"""
from __future__ import annotations

import asyncio
import errno
from asyncio import core  # type: ignore[attr-defined]
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


class Readiness:
    """Waits until `stream` (an object that select.poll takes) can be read or written. It is its
    own awaitable.
    """

    def __init__(self, stream: Any, clock: Any) -> None:
        self._stream = stream
        self._clock = clock
        self._task: Any = None  # who waits
        self._parked = False
        self._writing = False
        self._error = 0
        self._limited = False  # the present wait has a time limit: `_deadline`
        self._deadline = 0
        self._guard: Any = None
        self._guard_due = 0

    def of(self, stream: Any) -> Readiness:
        """One for another stream."""
        return Readiness(stream, self._clock)

    async def wait(self, writing: bool, timeout_ms: int) -> None:
        """Raises OSError(ETIMEDOUT), OSError(ECONNABORTED)."""
        if self._task is not None:
            raise RuntimeError("another task waits for this stream")
        self._task = core.cur_task
        self._writing = writing
        self._parked = False
        self._error = 0
        self._limit(timeout_ms)
        try:
            await self  # type: ignore[misc]
        finally:
            self._task = None
            self._limited = False
        if self._error:
            raise OSError(self._error, "waiting ended")

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> None:
        if self._parked:
            raise StopIteration
        self._parked = True
        if self._writing:
            core._io_queue.queue_write(self._stream)
        else:
            core._io_queue.queue_read(self._stream)

    def _limit(self, timeout_ms: int) -> None:
        self._limited = timeout_ms > 0
        if not self._limited:
            return
        clock = self._clock
        self._deadline = clock.ticks_add(clock.ticks_ms(), timeout_ms)
        if self._guard is not None and clock.ticks_diff(self._guard_due, self._deadline) > 0:
            self._guard.cancel()  # it sleeps for an earlier, longer limit
            self._guard = None
        if self._guard is None:
            self._guard_due = self._deadline
            self._guard = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        """End the wait that is over its limit. The deadline moves on with every wait; nobody is
        woken for that.
        """
        while self._limited:
            left_ms = self._clock.ticks_diff(self._deadline, self._clock.ticks_ms())
            if left_ms <= 0:
                self._interrupt(errno.ETIMEDOUT)
                break
            self._guard_due = self._deadline
            await asyncio.sleep((left_ms + 1) / 1000)
        self._guard = None

    def _interrupt(self, code: int) -> None:
        """Take the waiting task out of the poll set and let it run on with an error; unless it was
        woken already.
        """
        entry = core._io_queue.map.get(id(self._stream))
        if self._task is None or entry is None:
            return
        for waiting in entry:
            if waiting is self._task:
                self._error = code
                core._io_queue.remove(self._task)
                core._task_queue.push(self._task)
                return

    def close(self) -> None:
        """End the wait of another task; call it before the stream is closed."""
        self._interrupt(errno.ECONNABORTED)
        if self._guard is not None:
            self._guard.cancel()
            self._guard = None
