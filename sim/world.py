"""A world that runs from one seed: the whole device (firmware, drivers, mechanism), paper, flash,
network and maildrop, on virtual time, in this process.

Nothing in it looks at the host's clock or its network, so the same seed gives the same run. Every
program and erase of the flash, every network operation and every mechanical step passes through
`World.step`, where a `Cutter` may let the power fail.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
import random
import zlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sim import virtual_device
from sim.device import HARD_RESET, POWER_ON, WATCHDOG_RESET, PowerCut
from sim.mechanism import Mechanism
from sim.observer import Observer
from sim.pop3_server import Maildrop, Script, Server
from sim.scenario import Scenario
from sim.virtual_flash import Flash
from sim.virtual_loop import POWERED_BY, Power, VirtualLoop
from sim.virtual_network import VirtualNetwork
from sim.wiring import Wiring

FEED, PICK, STROBE = "feed", "pick", "strobe"
PANEL_ADDRESS = 0x3C
_STEPS = {"FEED_STEP": FEED, "ASF_DRIVE": PICK, "HEAD_STROBE": STROBE}
_TAIL_ROWS = 16  # of a sheet that can't be recorded
_LOOK_S = 0.5
_STILL_S = 5.0  # without a step: nobody looks after a mail any more
_BEFORE_S = 1.5  # a visit is due, the device is left alone

# asked before every step with (kind, in how many ways it can be cut); None: carry on
Cutter = Callable[[str, int], int | None]
_graves: list[Any] = []  # what a dead device held is never finalized: finalizing runs its code


class Said(NamedTuple):
    """One event of the device."""

    time: float
    kind: str
    fields: dict[str, Any]


class Setup(NamedTuple):
    """The machine and its surroundings.

    `rows` of a sheet and `feed_lines` to it are few, so that a page costs little time.
    """

    settings: Mapping[str, str] = {}
    scenario: str = ""  # as for the desk's --fault
    script: Script | None = None
    sheets: int = 250
    rows: int = 400
    feed_lines: int = 24
    blocks: int = 32
    block_size: int = 4096
    spool_blocks: int = 16
    segment: int = 1460
    ledger: int = 0  # octets of the ledger beyond which it is compacted; 0: as the device has it


class World:
    """One world. `run` lives in it; the rest is for looking at it afterwards, or for meddling.

    :param seed: of all that is left to chance
    """

    def __init__(self, seed: int, maildrop: Maildrop, setup: Setup | None = None) -> None:
        self.setup = setup or Setup()
        self.maildrop = maildrop
        self.chance = random.Random(seed)
        self.loop = VirtualLoop()
        self.steps = 0
        self.trace = 0  # a sum over all steps and events and their times
        self.said: list[Said] = []
        self.lives = 0
        self._life_began = 0  # index of `said`
        self.cutter: Cutter = _never
        self.off_s = 5.0  # so long the device stays off after a cut
        self.receiver: Any = None  # of this life, from its boot on
        self._stepped = 0.0  # when the last step was
        self.power = Power()
        self.power.on = False
        self.calendar = virtual_device.Calendar(self.loop.time)
        self.line = virtual_device.ServiceLine(self.loop.readable)
        self._cause = POWER_ON
        self._main: asyncio.Task[None] | None = None
        self._dog: asyncio.TimerHandle | None = None
        self._outside = contextvars.copy_context()
        self._build_machine()
        self._build_network()
        self._build_flash()

    def _build_machine(self) -> None:
        setup = self.setup
        self.observer = Observer(self.loop.time)
        self.machine = Mechanism(self.observer, setup.sheets)
        self.machine.paper.rows = setup.rows
        self.machine.paper.feed_lines = setup.feed_lines
        for name, kind in _STEPS.items():
            self.machine.outputs[name] = self._stepping(kind, self.machine.outputs[name])
        self.scenario = Scenario(setup.scenario)

    def _build_network(self) -> None:
        self.server = Server(self.maildrop, script=self.setup.script)
        self.network = VirtualNetwork(
            self.loop, self.server._serve, self.chance, self.setup.segment
        )
        self.network.cut_at = self.step
        self.network.fallen = self._fall
        self.network.begin(self._outside)
        self.network.ended = self.observer.interrupt
        self.loop.writable = lambda: self.network.reachable

    def _build_flash(self) -> None:
        setup, noise = self.setup, random.Random(self.chance.random())
        self._areas = {
            "data": Flash(setup.blocks, setup.block_size, "", 0, noise),
            "spool": Flash(setup.spool_blocks, setup.block_size, "spool-", 0, noise),
        }
        with virtual_device.installed(self):
            self._set_parameters()

    def _set_parameters(self) -> None:
        import vfs

        from firmware.store.parameters import Parameters
        from hal.storage import Storage, mount

        vfs.VfsLfs2.mkfs(self.flash("data"))
        parameters = Parameters(Storage(mount(self.flash("data"), vfs.VfsLfs2)))
        parameters.load()
        mailbox = {
            "pop.host": "mail",
            "pop.user": self.maildrop.user,
            "pop.password": self.maildrop.password,
            "pop.security": "plain",
            "pop.allow_plain": "on",
        }
        for name, value in {**mailbox, **self.setup.settings}.items():
            parameters.set(name, value)

    def flash(self, name: str) -> Flash:
        """The area 'data' or 'spool'."""
        return self._areas[name]

    # Running

    def run(self, done: Callable[[World], bool], limit_s: float) -> bool:
        """Power on and live until `done`; False when it is not done after so many virtual seconds.

        After a power cut the device is off for five seconds. Run again, it goes on with another
        power-on.
        """
        with virtual_device.installed(self):
            from hal.ports.desk import PINS

            self.wiring = Wiring(self.machine, PINS, PANEL_ADDRESS, self)
            self.scenario.attach(self.machine, lambda _step: self.observer.interrupt())
            self._began = self.loop.time()
            for area in self._areas.values():
                area.before, area.fallen = self.step, self._fall
            try:
                return self.loop.run_until_complete(self._live(done, limit_s))
            finally:
                self._switch_off()

    async def _live(self, done: Callable[[World], bool], limit_s: float) -> bool:
        self._switch_on(POWER_ON)
        while not done(self):
            if self.loop.time() - self._began > limit_s:
                return False
            self.scenario.tick(self.loop.time() - self._began)
            await asyncio.sleep(_LOOK_S)
            if not self.power.on:
                await asyncio.sleep(self.off_s)
                self._switch_on(self._cause)
            elif self._main is not None and self._main.done():
                self._hear("died", {"text": repr(self._main.exception())})
                self._switch_off()
                self._cause = WATCHDOG_RESET
        return True

    def _switch_on(self, cause: int) -> None:
        self.lives += 1
        self._life_began = len(self.said)
        self.power = Power()
        self._cause = POWER_ON
        virtual_device.connect(self, cause)
        random.seed(self.chance.random())  # the poller's jitter
        context = self._outside.copy()
        context.run(POWERED_BY.set, self.power)
        self._main = self.loop.create_task(_device(self.loop, self.setup.rows), context=context)

    def _switch_off(self) -> None:
        """The power is gone: not one more line of the device's code runs."""
        if self.power.on:
            self.receiver = None
            _graves.append((self._main, asyncio.all_tasks(self.loop), self._areas))
            self.loop.forget(self.power)
            self.loop.readers.clear()
            virtual_device.disconnect(self)
            self.network.power_lost()
            self.observer.power_lost()
            if self._dog is not None:
                self._dog.cancel()
                self._dog = None

    def cut(self) -> None:
        """Let the power fail now (called from outside the device)."""
        self._switch_off()

    def built(self, kind: Any) -> Any:
        """The device's Receiver, which makes itself known here."""

        def build(*arguments: Any) -> Any:
            self.receiver = kind(*arguments)
            if self.setup.ledger:
                self.receiver.ledger._limit = self.setup.ledger
            return self.receiver

        return build

    def _fall(self) -> None:
        self._switch_off()
        raise PowerCut

    def skip(self, until: float) -> None:
        """Called by `done`, when nobody will meddle before `until`: if the device does nothing but
        wait for its next visit, let that time be over at once. Its clock goes on, its tasks
        neither turn nor count as late.
        """
        if not self._is_still():
            return
        left = self.receiver.poller.seconds_left()
        if left >= 0:
            until = min(until, self.loop.time() + left - _BEFORE_S)
        if self._dog is not None:  # it is fed all the time
            self._dog.cancel()
        seconds = min(until, self.loop.due_elsewhere(self.power)) - self.loop.time()
        if seconds > 1:
            self.loop.skip(seconds, self.power)
            for pulse in self.receiver._pulses:
                pulse._last = self.receiver.board.clock.ticks_ms()
        if self._dog is not None:
            self.watchdog(self._dog_ms)

    def _is_still(self) -> bool:
        receiver = self.receiver
        return (
            receiver is not None
            and self.power.on
            and self.loop.time() - self._stepped > _STILL_S
            and self.network.is_idle
            and receiver.reporter.doing == "ready"
            and not any(turn.asked or turn.more for turn in receiver.poller.turns)
        )

    def forget(self) -> None:
        """Forget what was said, sent and deleted so far; the sheets are the observer's."""
        for past in (self.said, self.maildrop.retrieved, self.maildrop.commands):
            past.clear()
        self._life_began = 0

    # What the device does

    def step(self, kind: str, ways: int) -> int | None:
        """The device is about to do something; the cutter's answer. Raises PowerCut when it has no
        power.
        """
        if not self.power.on:
            raise PowerCut
        self.steps += 1
        self._stepped = self.loop.time()
        self.trace = zlib.crc32(b"%d %s" % (self.loop.ticks_ms(), kind.encode()), self.trace)
        return self.cutter(kind, ways)

    def _stepping(self, kind: str, drive: Callable[[int], None]) -> Callable[[int], None]:
        def level(value: int) -> None:
            if value and self.step(kind, 1) is not None:
                self._fall()
            drive(value)

        return level

    def refuse(self, *_arguments: Any) -> None:
        """Every pin of a device without power."""
        raise PowerCut

    def reset(self) -> None:
        """The device restarts itself."""
        self._cause = HARD_RESET
        self._fall()

    def event(self, line: bytes) -> None:
        """Wiring's host: the device says something."""
        kind, _blank, members = line.decode().partition(" ")
        self._hear(kind, json.loads(members))

    def _hear(self, kind: str, fields: dict[str, Any]) -> None:
        self.said.append(Said(self.loop.time(), kind, fields))
        told = "%d %s %s" % (self.loop.ticks_ms(), kind, fields)
        self.trace = zlib.crc32(told.encode(), self.trace)

    def watchdog(self, timeout_ms: int) -> None:
        """Wiring's host: the watchdog is fed."""
        if self._dog is not None:
            self._dog.cancel()
        self._dog_ms = timeout_ms
        self._dog = self.loop.call_later(
            timeout_ms / 1000, self._bite, context=self._outside
        )

    def _bite(self) -> None:
        self._hear("watchdog", {})
        self._switch_off()
        self._cause = WATCHDOG_RESET

    def heard(self, kind: str, since: int = 0) -> list[dict[str, Any]]:
        """Fields of all events of a kind, from index `since` of `said` on."""
        return [said.fields for said in self.said[since:] if said.kind == kind]

    def heard_in_this_life(self, kind: str) -> list[dict[str, Any]]:
        """The same since the last power-on."""
        return self.heard(kind, self._life_began)


def _never(_kind: str, _ways: int) -> None:
    return None


async def _device(loop: VirtualLoop, rows: int) -> None:
    """One life of the device, as `firmware.main.run` begins it, with shorter paper."""
    from firmware.buffers import Buffers
    from firmware.main import main
    from hal.board import open_board

    board = open_board(ticks=loop.ticks_ms)
    board.head.recordable_lines = rows - _TAIL_ROWS
    await main(board, Buffers())
