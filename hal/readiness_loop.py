"""Readiness over an event loop with readers and writers (CPython's asyncio). See hal/readiness.py.
"""
from __future__ import annotations

import asyncio
import errno
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Readiness:
    """Waits until `stream` (an object with `fileno()`) can be read or written."""

    def __init__(self, stream: Any, clock: Any) -> None:
        self._stream = stream
        self._clock = clock
        self._waiting: asyncio.Future[int] | None = None

    def of(self, stream: Any) -> Readiness:
        """One for another stream."""
        return Readiness(stream, self._clock)

    async def wait(self, writing: bool, timeout_ms: int) -> None:
        """Raises OSError(ETIMEDOUT), OSError(ECONNABORTED)."""
        if self._waiting is not None:
            raise RuntimeError("another task waits for this stream")
        loop = asyncio.get_running_loop()
        descriptor = self._stream.fileno()
        self._waiting = loop.create_future()
        add: Callable[..., Any] = loop.add_writer if writing else loop.add_reader
        remove = loop.remove_writer if writing else loop.remove_reader
        timer = None
        if timeout_ms > 0:
            timer = loop.call_later(timeout_ms / 1000, self._end, errno.ETIMEDOUT)
        add(descriptor, self._end, 0)
        try:
            code = await self._waiting
        finally:
            self._waiting = None
            remove(descriptor)
            if timer is not None:
                timer.cancel()
        if code:
            raise OSError(code, "waiting ended")

    def _end(self, code: int) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(code)

    def close(self) -> None:
        """End the wait of another task; call it before the stream is closed."""
        self._end(errno.ECONNABORTED)
