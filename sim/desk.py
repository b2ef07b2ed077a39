"""One run of the desk: machine, paper, mailbox and device together, from power on to the last
sheet.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from sim.console import Console
from sim.device import HARD_RESET, POWER_ON, WATCHDOG_RESET, Device, Ended
from sim.mechanism import Mechanism
from sim.options import Options
from sim.paper import Paper
from sim.report import NOT_REACHED, UNFINISHED, Report

_TICK_S = 0.25
_STUCK_S = 5.0  # so long a standing fault of paper, film or cover may keep all still with --once
_SILENT_S = 120.0  # and so long anything else
_CRASHES = 3
_RESTARTS = 12  # the device itself gives up sooner, when it gets that far
_FIRST_MAIL_FAULT = 400  # codes below are the machine's own: a person must do something


class Said(NamedTuple):
    """One event of the device, with the sheet that was the last one out when it was said."""

    kind: str
    fields: dict[str, Any]
    sheet: str


class Inbox:
    """What reaches the desk from the device's thread, in its order. Implements `wiring.Host`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, paper: Paper) -> None:
        self.watchdog_ms = 0
        self.fed_at = 0.0
        self._loop = loop
        self._paper = paper
        self._queue: asyncio.Queue[Said | Ended] = asyncio.Queue()

    def event(self, line: bytes) -> None:
        """One event of the device; a line that is no event is shown as it is."""
        kind, _blank, members = line.decode("utf-8", "replace").partition(" ")
        try:
            fields = dict(json.loads(members))
        except (ValueError, TypeError):
            kind, fields = "text", {"text": line.decode("utf-8", "replace")}
        self._put(Said(kind, fields, str(self._paper.last)))

    def watchdog(self, timeout_ms: int) -> None:
        """The watchdog was fed."""
        self.watchdog_ms = timeout_ms
        self.fed_at = time.monotonic()

    def ended(self, how: Ended) -> None:
        """The firmware ended by itself."""
        self._put(how)

    async def next(self, seconds: float) -> Said | Ended | None:
        """The next one, or None after so long."""
        try:
            return await asyncio.wait_for(self._queue.get(), seconds)
        except asyncio.TimeoutError:
            return None

    def _put(self, item: Said | Ended) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._queue.put_nowait, item)


class Desk:
    """Runs one device until it is done (--once) or `interrupt` is called."""

    def __init__(
        self,
        options: Options,
        machine: Mechanism,
        paper: Paper,
        inbox: Inbox,
        device: Device,
        console: Console,
        show: Callable[[str], None],
    ) -> None:
        self.report = Report()
        self._options = options
        self._machine = machine
        self._paper = paper
        self._inbox = inbox
        self._device = device
        self._console = console
        self._show = show
        self._done = False
        self._interrupted = False
        self._status: int | None = None  # when the desk itself ends the run
        self._crashes = 0
        self._restarts = 0
        self._bound = 0

    def interrupt(self) -> None:
        """End soon, cleanly."""
        self._interrupted = self._done = True

    async def run(self) -> int:
        """Power on, watch, power off; returns the exit status."""
        started = self._moved_at = time.monotonic()
        self._rows = 0
        self._options.scenario.attach(self._machine, self._step_done)
        if not self._options.once:
            self._show(
                "serial console: %s (make console opens it); Ctrl-C ends" % self._console.path
            )
        self._device.power_on(POWER_ON)
        try:
            while not self._done:
                self._take(await self._inbox.next(_TICK_S))
                self._watch(time.monotonic() - started)
        finally:
            self._device.power_off()
        self._bind_last()
        return self._end_status()

    def _step_done(self, step: str) -> None:
        """The scenario lent a hand: the device has its time to go on from there."""
        self._moved_at = time.monotonic()
        self._show("scenario: %s" % step)

    def _take(self, item: Said | Ended | None) -> None:
        if item is None:
            return
        self._moved_at = time.monotonic()
        if isinstance(item, Ended):
            self._restart(item)
            return
        lines = (
            [item.fields["text"]]
            if item.kind == "text"
            else self.report.event(item.kind, item.fields, item.sheet)
        )
        for line in lines:
            self._show(line)
        if item.kind == "visit-end":
            self._crashes = self._restarts = 0
            self._done = self._done or self._options.once
            if not self._done:
                self._bind()

    def _restart(self, how: Ended) -> None:
        if how.restart:
            self._restarts += 1
            self._show("the device restarts")
        else:
            self._crashes += 1
            self._show("the firmware stopped: %s" % how)
        if self._crashes >= _CRASHES:
            self._give_up("the firmware stopped %d times in a row" % self._crashes, UNFINISHED)
        elif self._options.once and self._restarts >= _RESTARTS:
            self._give_up(
                "the device restarted %d times without a visit (is --heap %s enough?)"
                % (self._restarts, self._options.heap),
                UNFINISHED,
            )
        else:
            self._inbox.watchdog_ms = 0
            self._device.power_on(HARD_RESET)

    def _watch(self, seconds: float) -> None:
        """What no event tells: time, the watchdog, and that nothing moves any more."""
        self._options.scenario.tick(seconds)
        now = time.monotonic()
        if self._machine.rows_moved != self._rows:
            self._rows = self._machine.rows_moved
            self._moved_at = now
        limit_ms = self._inbox.watchdog_ms
        if limit_ms and (now - self._inbox.fed_at) * 1000 > limit_ms:
            self._show(
                "the watchdog was not fed for %d s; the device restarts" % (limit_ms // 1000)
            )
            self._inbox.watchdog_ms = 0
            self._device.power_off()
            self._device.power_on(WATCHDOG_RESET)
        if self._options.once and not self._done:
            self._watch_once(now - self._moved_at)

    def _watch_once(self, still_s: float) -> None:
        """With --once nobody comes to load paper: end when a fault keeps all still."""
        if self._options.scenario.waits_for_time:
            return
        needs_hands = any(code < _FIRST_MAIL_FAULT for code in self.report.standing)
        hopeless = self.report.status() == NOT_REACHED
        if still_s > (_STUCK_S if needs_hands or hopeless else _SILENT_S):
            why = self.report.stands() or "the device shows no progress"
            self._give_up("nothing moves: %s" % why, NOT_REACHED if hopeless else UNFINISHED)

    def _give_up(self, why: str, status: int) -> None:
        self._show(why)
        self._status = status
        self._done = True

    def _end_status(self) -> int:
        if self._status is not None:
            return self._status
        if self._interrupted and not self.report.visits:
            return UNFINISHED
        return self.report.status()

    def _bind(self) -> None:
        if self._paper.count > self._bound:
            self._bound = self._paper.count
            self._paper.write_pdf()

    def _bind_last(self) -> None:
        if self._machine.paper.at_head:
            self._machine.clear_jam()
            self._show(
                "a sheet was left in the machine \u2192 %s" % self._paper.path(self._paper.count)
            )
        self._bind()
        if self._bound:
            self._show(
                "%d sheet%s \u2192 %s" % (self._bound, "s" * (self._bound != 1), self._paper.pdf)
            )
