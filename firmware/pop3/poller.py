"""When mailboxes are visited: at power-on, by their intervals, by hand; later after failures. One
visit at a time.
"""
from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

from micropython import const

from firmware.recording.faults import (
    LOGIN_REFUSED,
    LOGIN_TOO_SOON,
    MAILBOX_CLOSED,
    MAILBOX_IN_USE,
    NOT_CONFIGURED,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Protocol

    from firmware.devices import Clock

    class Outcome(Protocol):
        """What the poller wants to know of a visit."""

        code: int  # 0 or the fault that ended it
        more: bool  # come again at once
        login_delay_s: int  # the server wants so many seconds between logins


FIRST_RETRY_S = const(30)
LONGEST_RETRY_S = const(900)
LONGEST_REFUSED_S = const(21600)
IN_USE_RETRY_S = const(60)  # another program has the mailbox open: seldom for long
IN_USE_LONGEST_S = const(300)
LONGEST_LOGIN_DELAY_S = const(86400)
SOON_S = const(10)  # after a parameter was changed: others may follow
REFUSALS = const(5)  # refused logins in a row after which only a person can start a visit
_LONG_S = const(200000)  # more than any delay
_JITTER_PERCENT = const(50)  # a delay is spread over this much of itself, half to either side


class Turn:
    """What the poller knows of one mailbox."""

    def __init__(self, now: int) -> None:
        self.since = now  # ticks of the end of its last visit
        self.visited = False
        self.asked = False
        self.more = False
        self.delay_s = 0  # after a failure; 0: the interval counts
        self.login_delay_s = 0  # of the server: no login sooner, whoever asks
        self.forgive()

    def forgive(self) -> None:
        """Past failures say nothing any more."""
        self.failures = 0  # visits in a row that a fault ended
        self.refusals = 0  # logins in a row that were refused
        self.delay_s = 0


class Poller:
    """Calls `visit` when it is time to; `run` is the receive task.

    :param visit: called with why ('power-on', 'interval', 'retry', 'manual' or 'more') and the
        mailbox, from 0
    :param interval_minutes: the parameter `pop.interval` of a mailbox, asked anew each time; 0: by
        hand only, -1: there is no such mailbox
    :param chance: evenly spread in 0 to 1: the source of jitter
    :param alive: called whenever this task had its turn, at least once a second between visits
    """

    def __init__(self, clock: Clock, visit: Callable[[str, int], Awaitable[Outcome]],
                 interval_minutes: Callable[[int], int],
                 chance: Callable[[], float] = random.random,
                 alive: Callable[[], None] | None = None, boxes: int = 1) -> None:
        self.turns = [Turn(clock.ticks_ms()) for _ in range(boxes)]
        self._clock = clock
        self._visit = visit
        self._interval_minutes = interval_minutes
        self._chance = chance
        self._alive = alive
        self._last = boxes - 1  # the mailbox that was visited last

    def poll_now(self) -> None:
        """Visit all mailboxes within a second, or right after the visit that is under way; sooner
        than the server allows none.
        """
        for turn in self.turns:
            turn.asked = True

    def go_on(self) -> None:
        """As `poll_now`, but mailboxes whose login was refused too often are left alone."""
        for box in range(len(self.turns)):
            self.turns[box].asked = self.turns[box].asked or not self.stopped(box)

    def forgive(self) -> None:
        """Somebody has looked after it: past failures say nothing any more."""
        for turn in self.turns:
            turn.forgive()

    def changed(self, box: int, name: str) -> None:
        """A parameter of access to a mailbox was changed, as `host` or `password`: past failures
        say nothing any more. With another password or token it is visited at once, else in SOON_S;
        one that is visited by hand only is not.
        """
        turn = self.turns[box]
        turn.forgive()
        if name == "host":
            turn.login_delay_s = 0
        if self._interval_minutes(box) > 0:
            turn.asked = turn.asked or name in ("password", "token")
            turn.delay_s = min(self._gone_s(turn), LONGEST_LOGIN_DELAY_S) + SOON_S

    def stopped(self, box: int = 0) -> bool:
        """True when too many logins were refused: only `poll_now`, `forgive` or `changed` starts
        a visit.
        """
        return self.turns[box].refusals >= REFUSALS

    def seconds_left(self) -> int:
        """Seconds to the next visit, 0 when it is due, -1 when none will come by itself."""
        left = [self._left_s(box) for box in range(len(self.turns))]
        coming = [seconds for seconds in left if seconds >= 0]
        return min(coming) if coming else -1

    def _left_s(self, box: int) -> int:
        turn, minutes = self.turns[box], self._interval_minutes(box)
        if self.stopped(box) or minutes <= 0:
            return -1
        return max((turn.delay_s or minutes * 60) - self._gone_s(turn), self._barred_s(turn), 0)

    def _gone_s(self, turn: Turn) -> int:
        """Seconds since its last visit; from _LONG_S on it counts no further, for the ticks tell
        of six days at most.
        """
        now = self._clock.ticks_ms()
        gone_s = self._clock.ticks_diff(now, turn.since) // 1000
        if gone_s > _LONG_S:
            gone_s = _LONG_S
            turn.since = self._clock.ticks_add(now, -_LONG_S * 1000)
        return gone_s

    def _barred_s(self, turn: Turn) -> int:
        """Seconds for which the server would refuse a login as too early."""
        return max(turn.login_delay_s - self._gone_s(turn), 0) if turn.visited else 0

    async def run(self) -> None:
        """Visit for ever, first at once (power-on) where the interval is not 0."""
        while True:
            box, why = await self._next()
            turn = self.turns[box]
            turn.asked = turn.more = False
            turn.visited = True
            result = await self._visit(why, box)
            turn.since = self._clock.ticks_ms()
            turn.more = result.more and not result.code
            self._learn(turn, result, box)
            self._last = box

    async def _next(self) -> tuple[int, str]:
        """Wait for the next mailbox that is due; each has its turn."""
        while True:
            if self._alive is not None:
                self._alive()
            for step in range(len(self.turns)):
                box = (self._last + 1 + step) % len(self.turns)
                why = self._due(box)
                if why:
                    return box, why
            await asyncio.sleep(1)

    def _due(self, box: int) -> str:
        """Why the mailbox is to be visited now, '' when it is not."""
        turn, minutes = self.turns[box], self._interval_minutes(box)
        gone_s = self._gone_s(turn)  # asked all the time, it is right for ever
        if minutes < 0:
            turn.asked = False
            return ""
        if turn.visited and gone_s < turn.login_delay_s:
            return ""
        if turn.asked:
            return "manual"
        if turn.more:
            return "more"
        if not turn.visited and minutes:
            return "power-on"
        if self._left_s(box) == 0:
            return "retry" if turn.delay_s else "interval"
        return ""

    def _learn(self, turn: Turn, result: Outcome, box: int) -> None:
        code, interval_s = result.code, self._interval_minutes(box) * 60
        turn.failures = turn.failures + 1 if code else 0
        if code == LOGIN_REFUSED or not code:
            turn.refusals = turn.refusals + 1 if code else 0
        turn.delay_s = 0
        if code == LOGIN_TOO_SOON and not result.login_delay_s:
            # it does not say how long: learn it, for all visits to come
            turn.login_delay_s = min(2 * max(turn.login_delay_s, interval_s, 60),
                                     LONGEST_LOGIN_DELAY_S)
        else:
            turn.login_delay_s = min(max(result.login_delay_s, turn.login_delay_s),
                                     LONGEST_LOGIN_DELAY_S)
        if code == LOGIN_TOO_SOON:
            turn.delay_s = turn.login_delay_s
        elif code == LOGIN_REFUSED:
            turn.delay_s = self._spread(interval_s, turn.refusals, LONGEST_REFUSED_S)
        elif code == MAILBOX_CLOSED:
            turn.delay_s = self._spread(LONGEST_RETRY_S, turn.failures - 1, LONGEST_REFUSED_S)
        elif code == MAILBOX_IN_USE:
            turn.delay_s = self._spread(IN_USE_RETRY_S, turn.failures - 1, IN_USE_LONGEST_S)
        elif code and code != NOT_CONFIGURED:
            turn.delay_s = self._spread(FIRST_RETRY_S, turn.failures - 1, LONGEST_RETRY_S)

    def _spread(self, base_s: int, doublings: int, longest_s: int) -> int:
        delay_s = min(base_s << min(doublings, 10), longest_s)
        swing = delay_s * _JITTER_PERCENT // 100
        return max(delay_s - swing // 2 + int(swing * self._chance()), 1)
