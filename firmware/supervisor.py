"""The supervisor: feeds the watchdog only while every long-lived task shows progress within its
own bound.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from micropython import const

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from firmware.devices import Clock, Watchdog

_WELL_S = const(900)  # longer than any task may go without a sign of life


class Pulse:
    """The signs of life of one task.

    :param bound_ms: the longest time between two signs; a task that waits for another one says so
        with `rest` and owes none until its next `beat`, or until the other one says `owe`
    """

    def __init__(self, name: str, clock: Clock, bound_ms: int) -> None:
        self.name = name
        self.bound_ms = bound_ms
        self._clock = clock
        self._last = clock.ticks_ms()
        self._rests_for: object = None

    def beat(self) -> None:
        """There was progress."""
        self._last = self._clock.ticks_ms()
        self._rests_for = None

    def rest(self, what: object) -> None:
        """Waiting for something that may never come: an event, for one."""
        self._rests_for = what

    def owe(self, what: object) -> None:
        """What it may wait for has come: it must go on within the bound."""
        if self._rests_for is what:
            self.beat()

    def late(self) -> bool:
        """True when the task owes a sign of life."""
        return (
            self._rests_for is None
            and self._clock.ticks_diff(self._clock.ticks_ms(), self._last) > self.bound_ms
        )


class TaskLost(Exception):
    """A long-lived task ended or hangs; `args` are its name and why."""


class Supervisor:
    """Runs the tasks; returns only by raising.

    :param report: called with a sentence when a task is lost, before `run` raises
    """

    def __init__(self, watchdog: Watchdog, report: Callable[[str], None]) -> None:
        self._watchdog = watchdog
        self._report = report
        self._watched: list[Pulse] = []
        self._tasks: list[tuple[Pulse, asyncio.Task[Any]]] = []
        self.well: Callable[[], None] | None = None  # called once, when all went well for so long

    def start(self, pulse: Pulse, coroutine: Coroutine[Any, Any, None]) -> None:
        """Start a long-lived task under supervision."""
        self._tasks.append((pulse, asyncio.create_task(coroutine)))
        self.watch(pulse)

    def watch(self, pulse: Pulse) -> None:
        """Supervise what another task began and looks after; it says `rest` when it ends."""
        self._watched.append(pulse)

    async def run(self) -> None:
        """Watch for ever. Raises TaskLost when a task ended or is late; the watchdog is not fed
        any more then.
        """
        seconds = 0
        try:
            while True:
                for pulse, task in self._tasks:
                    if task.done():
                        await self._lost(pulse, task)
                for pulse in self._watched:
                    if pulse.late():
                        raise TaskLost(pulse.name, "shows no progress")
                self._watchdog.feed()
                await asyncio.sleep(1)
                seconds += 1
                if seconds == _WELL_S and self.well is not None:
                    self.well()
        except TaskLost as lost:
            self._report("the %s task was lost: %s" % lost.args)
            raise
        finally:
            for _pulse, task in self._tasks:
                task.cancel()

    async def _lost(self, pulse: Pulse, task: asyncio.Task[Any]) -> None:
        try:
            await task
        except Exception as error:  # noqa: BLE001 - whatever it was, it ends the machine, told
            raise TaskLost(pulse.name, "%s %s" % (type(error).__name__, error)) from None
        raise TaskLost(pulse.name, "it ended")
