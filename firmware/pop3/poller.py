"""When the mailbox is visited: at power-on, by the interval, by hand; later after failures."""
from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

from micropython import const

from firmware.recording.faults import LOGIN_REFUSED, NOT_CONFIGURED

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Protocol

    from firmware.devices import Clock

    class Outcome(Protocol):
        """What the poller wants to know of a visit."""

        code: int  # 0 or the fault that ended it
        more: bool  # come again at once


FIRST_RETRY_S = const(30)
LONGEST_RETRY_S = const(900)
LONGEST_REFUSED_S = const(21600)
REFUSALS = const(5)  # refused logins in a row after which only a person can start a visit
_JITTER_PERCENT = const(50)  # a delay is spread over this much of itself, half to either side


class Poller:
    """Calls `visit` when it is time to; `run` is the receive task.

    :param visit: called with why: 'power-on', 'interval', 'retry', 'manual' or 'more'
    :param interval_minutes: the parameter `pop.interval`, asked anew each time; 0: by hand only
    :param chance: evenly spread in 0 to 1: the source of jitter
    :param alive: called whenever this task had its turn, at least once a second between visits
    """

    def __init__(self, clock: Clock, visit: Callable[[str], Awaitable[Outcome]],
                 interval_minutes: Callable[[], int], chance: Callable[[], float] = random.random,
                 alive: Callable[[], None] | None = None) -> None:
        self.failures = 0  # visits in a row that a fault ended
        self.refusals = 0  # logins in a row that were refused
        self._clock = clock
        self._visit = visit
        self._interval_minutes = interval_minutes
        self._chance = chance
        self._alive = alive
        self._asked = False
        self._since = clock.ticks_ms()
        self._delay_s = 0  # after a failure; 0: the interval counts

    def poll_now(self) -> None:
        """Visit within a second, or right after the visit that is under way."""
        self._asked = True

    def forgive(self) -> None:
        """Mailbox parameters were changed: past failures say nothing any more."""
        self.failures = 0
        self.refusals = 0
        self._delay_s = 0

    def stopped(self) -> bool:
        """True when too many logins were refused: only `poll_now` or `forgive` starts a visit."""
        return self.refusals >= REFUSALS

    def seconds_left(self) -> int:
        """Seconds to the next visit, 0 when it is due, -1 when none will come by itself."""
        delay_s = self._delay_s or self._interval_minutes() * 60
        if self.stopped() or not self._interval_minutes():
            return -1
        gone_ms = self._clock.ticks_diff(self._clock.ticks_ms(), self._since)
        return max(delay_s - gone_ms // 1000, 0)

    async def run(self) -> None:
        """Visit for ever, first at once (power-on) unless the interval is 0."""
        why = "power-on" if self._interval_minutes() else await self._wait()
        while True:
            self._asked = False
            result = await self._visit(why)
            self._since = self._clock.ticks_ms()
            self._learn(result.code)
            why = "more" if result.more and not result.code else await self._wait()

    async def _wait(self) -> str:
        while True:
            if self._alive is not None:
                self._alive()
            if self._asked:
                return "manual"
            left_s = self.seconds_left()
            if left_s == 0:
                return "retry" if self._delay_s else "interval"
            await asyncio.sleep(1)

    def _learn(self, code: int) -> None:
        self.failures = self.failures + 1 if code else 0
        self._delay_s = 0
        if code == LOGIN_REFUSED:
            self.refusals += 1
            self._delay_s = self._spread(self._interval_minutes() * 60, self.refusals,
                                         LONGEST_REFUSED_S)
            return
        if not code:
            self.refusals = 0
        elif code != NOT_CONFIGURED:
            self._delay_s = self._spread(FIRST_RETRY_S, self.failures - 1, LONGEST_RETRY_S)

    def _spread(self, base_s: int, doublings: int, longest_s: int) -> int:
        delay_s = min(base_s << min(doublings, 10), longest_s)
        swing = delay_s * _JITTER_PERCENT // 100
        return max(delay_s - swing // 2 + int(swing * self._chance()), 1)
