"""An event loop on virtual time, in which a power cut is exact.

Waiting costs nothing: when nothing is left to do, the clock jumps to the next thing due. Every
callback belongs to the power supply in whose context it was scheduled (`POWERED_BY`); callbacks
of a supply that is off never run, so that after a cut not one more line of the device's code does.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from contextvars import Context, ContextVar, copy_context
from typing import Any

_BEGIN_S = 2**30 / 1000 - 5.0  # the device's ticks wrap after five seconds, in every run


class Stuck(Exception):
    """Nothing is left to do, and nothing ever will be."""


class Power:
    """One power supply of one life of the device."""

    def __init__(self) -> None:
        self.on = True


POWERED_BY: ContextVar[Power | None] = ContextVar("powered_by", default=None)


class _Idle:
    """In place of a selector: the wait moves the clock."""

    def __init__(self) -> None:
        self.now = _BEGIN_S

    def select(self, timeout: float | None) -> list[Any]:
        """Wait. Raises Stuck when there is nothing to wait for."""
        if timeout is None:
            raise Stuck
        self.now += timeout
        return []


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs device and world together. Descriptors are those of virtual sockets and lines."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = _Idle()
        # asyncio's own would be a nanosecond, which the clock does not have after half a year:
        # the wait for what is due a rounding later would never end
        self._clock_resolution = 1e-6
        self.readers: dict[int, Callable[[], None]] = {}
        self.writable: Callable[[], bool] = lambda: True  # False: who waits to write waits on
        self.complaints: list[str] = []
        self.set_exception_handler(self._complain)

    def time(self) -> float:
        """Virtual seconds."""
        return self._selector.now

    def ticks_ms(self) -> int:
        """Virtual milliseconds; the device's clock wraps them soon after the first start."""
        return round(self._selector.now * 1000)

    def due_elsewhere(self, power: Power) -> float:
        """When the next callback is due that does not belong to this supply."""
        waiting = [handle for handle in self._timers() if not handle.cancelled()]
        others = [handle.when() for handle in waiting if _power_of(handle) is not power]
        return min(others, default=float("inf"))

    def skip(self, seconds: float, power: Power) -> None:
        """Let so many seconds pass in which this supply's device does nothing but wait: all that
        it waits for comes so much later. Nothing else may be due within them.
        """
        self._selector.now += seconds
        for handle in self._timers():
            if _power_of(handle) is power:
                handle._when += seconds  # type: ignore[attr-defined]
        heapq.heapify(self._timers())

    def _timers(self) -> list[asyncio.TimerHandle]:
        timers: list[asyncio.TimerHandle] = getattr(self, "_scheduled")  # noqa: B009 - asyncio's
        return timers

    def forget(self, power: Power) -> None:
        """The supply went off: what it had scheduled never happens."""
        power.on = False
        for name in ("_ready", "_scheduled"):  # asyncio's own; it has no other way to ask for them
            for handle in getattr(self, name):
                if _power_of(handle) is power:
                    handle.cancel()

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """As BaseEventLoop; of a supply that is off: never."""
        handle = super().call_soon(callback, *args, context=context)
        power = _power_of(handle)
        if power is not None and not power.on:
            handle.cancel()
        return handle

    def call_at(  # type: ignore[override]
        self,
        when: float,
        callback: Callable[..., Any],
        *args: Any,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """As BaseEventLoop; of a supply that is off: never."""
        handle = super().call_at(when, callback, *args, context=context)
        power = _power_of(handle)
        if power is not None and not power.on:
            handle.cancel()
        return handle

    def add_reader(  # type: ignore[override]
        self, fd: Any, callback: Callable[..., Any], *args: Any
    ) -> None:
        """Call back, in this context, whenever `readable(fd)` is said."""
        self.readers[fd] = self._later(callback, args)

    def remove_reader(self, fd: Any) -> bool:
        """As BaseEventLoop."""
        return self.readers.pop(fd, None) is not None

    def add_writer(  # type: ignore[override]
        self, fd: Any, callback: Callable[..., Any], *args: Any
    ) -> None:
        """Virtual wires take everything at once: call back soon, or never."""
        if self.writable():
            self.call_soon(callback, *args)

    def remove_writer(self, fd: Any) -> bool:
        """As BaseEventLoop."""
        return False

    def readable(self, fd: int) -> None:
        """Something came at the descriptor."""
        callback = self.readers.get(fd)
        if callback is not None:
            callback()

    def _later(self, callback: Callable[..., Any], args: tuple[Any, ...]) -> Callable[[], None]:
        context = copy_context()

        def wake() -> None:
            self.call_soon(callback, *args, context=context)

        return wake

    def _complain(self, _loop: Any, context: dict[str, Any]) -> None:
        self.complaints.append("%s: %r" % (context.get("message"), context.get("exception")))

    def _process_events(self, event_list: Any) -> None:
        pass

    def _write_to_self(self) -> None:
        pass


def _power_of(handle: Any) -> Power | None:
    power: Power | None = handle._context.get(POWERED_BY)
    return power
