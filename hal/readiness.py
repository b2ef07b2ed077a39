"""Waiting for a stream without a task per wait: each runtime's event loop has its own few lines.

`Readiness(stream, clock)` has `wait(writing, timeout_ms)` (a coroutine, until the stream can be
written or read; 0 means no limit; OSError(ETIMEDOUT) past it) and `close()`, which ends a wait of
another task with OSError(ECONNABORTED). One task at a time may wait. Be ready to be woken for
nothing: try the operation first, wait only when it can't be done yet.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hal.readiness_loop import Readiness
else:
    try:
        import asyncio.core  # noqa: F401 - only MicroPython has it
    except ImportError:
        from hal.readiness_loop import Readiness
    else:
        from hal.readiness_poll import Readiness

__all__ = ("Readiness",)
