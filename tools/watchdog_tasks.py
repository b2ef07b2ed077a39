"""Meets a task of the device at one of its awaits, in a virtual world: see tools/watchdog.py.

Every coroutine of the device that runs as a task (the four long-lived ones, the supervisor, and
what they spawn) is stepped through here. At a step the process forks: in one child the task is
never resumed again, not even to be cancelled (hang); in one an exception comes out of the await
(die); in one no task is ever resumed again (block: the loop is held). The child runs to its end,
and is judged: by sim/verdict.py for its pages, and by what events and journal say of the task.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import random
import signal
import traceback
from collections import Counter
from collections.abc import Coroutine, Iterator
from contextvars import Context
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sim.verdict import Judge, Verdict
from sim.virtual_device import installed
from sim.virtual_loop import POWERED_BY, Power
from sim.world import World
from tools.faults_sessions import Session
from tools.workers import told

HANG, DIE, BLOCK = WAYS = ("hang", "die", "block")
INJECTED = "injected by the test"
# the device's tasks by the name of their coroutine; others are named after who began them
ROLES = {
    "_device": "supervisor", "RecordTask.run": "record", "PanelTask.run": "panel",
    "serve": "service", "Poller.run": "receive",
}
_LIMIT_S = 7200.0  # virtual
_AT_LEAST_S = 14.0
_REAL_S = 120
_ROUND_S = 45
_DETECTED_S = 400  # by then a task that hangs is missed, if its owner depends on it
_TYPED = ((0.7, "status\r"), (1.5, "journal 5\r"), (2.2, "param list clock\r"), (3.0, "mail\r"))
_KEYS = ((1.1, "function"), (2.6, "start"), (4.1, "stop"))
_RESTARTED = 75  # firmware/recording/faults.py

# what became of an injection, as far as the device's saying so goes
RESTARTED, BITTEN, HANDLED, OVER = "restarted", "bitten", "handled", "over"
UNSAID, MISNAMED = "unsaid", "misnamed"


class Plan:
    """Where a task is met: in this process at one step, or in children at many."""

    def __init__(self, session: Session, seed: int, every: int, share: tuple[int, int] = (0, 1),
                 fixed: tuple[int, str] | None = None) -> None:
        self.child = False
        self.step = self.met = 0
        self.met_at = 0.0
        self.way = self.task = self.site = ""
        self.over = False  # the owner of the task that hangs wanted to end it
        self.sites: Counter[str] = Counter()
        self.out = 1
        self.world: World
        self._power: Power
        self._session, self._seed, self._every = session, seed, every
        self._share, self._fixed = share, fixed
        self._chance = random.Random("%s %d tasks" % (session.name, seed))
        self._turn = 0

    def begin(self, loop: Any, inner: Any, context: Context | None = None) -> asyncio.Task[Any]:
        """The loop's task factory."""
        power = POWERED_BY.get() if context is None else context.get(POWERED_BY)
        stepped = inner if power is None else Stepped(inner, self, loop)
        return asyncio.Task(stepped, loop=loop, context=context)

    def passes(self, stepped: Stepped) -> str:
        """A task is about to go on; how it is to be met, '' for not at all."""
        if stepped.name == "_device" and not stepped.begun:
            return ""  # before the device's first line
        if self.way:  # a loop that is held stays so until the power goes
            return HANG if self.way == BLOCK and self.world.power is self._power else ""
        self.step += 1
        if self._fixed is not None:
            return self._meet(stepped, self._fixed[1]) if self.step == self._fixed[0] else ""
        site = stepped.site()
        self.sites[site] += 1
        count = self.sites[site]
        if count > 2 and self._chance.random() * self._every > 1:
            return ""
        for way in WAYS if count == 1 else WAYS[:2]:
            self._turn += 1
            if self._turn % self._share[1] == self._share[0] and self._fork():
                return self._meet(stepped, way)
        return ""

    @property
    def name(self) -> str:
        """What --point takes to do the same again."""
        return "%s:%d:%d:%s" % (self._session.name, self._seed, self.met, self.way)

    def _meet(self, stepped: Stepped, way: str) -> str:
        self.way, self.task, self.site, self.met = way, stepped.role, stepped.site(), self.step
        self._power, self.met_at = self.world.power, self.world.loop.time()
        self.world.observer.interrupt()
        return HANG if way == BLOCK else way

    def _fork(self) -> bool:
        """True in the child."""
        child = os.fork()
        if child:
            _pid, status = os.waitpid(child, 0)
            if status:
                name = "%s:%d:%d:?" % (self._session.name, self._seed, self.step)
                failed = Verdict(crashes=1, notes=["the child ended with status %d" % status])
                tell(self.out, {"name": name, "task": "?", "site": "?"}, UNSAID, failed)
            return False
        self.child = True
        asyncio._set_running_loop(self.world.loop)  # asyncio knows its loop by the process
        signal.alarm(_REAL_S)
        return True


class Stepped(Coroutine[Any, Any, Any]):
    """A task's coroutine, stepped through."""

    def __init__(self, inner: Coroutine[Any, Any, Any], plan: Plan, loop: Any) -> None:
        self.name = str(getattr(inner, "__qualname__"))  # noqa: B009 - of any coroutine
        self.role = ROLES.get(self.name, "")
        owner = asyncio.current_task(loop)
        if not self.role:
            above = owner.get_coro() if owner is not None else None
            self.role = above.role if isinstance(above, Stepped) else self.name
        self._inner, self._plan, self._loop = inner, plan, loop
        self.begun = self._hangs = False

    def send(self, value: Any) -> Any:
        """Go on, or not."""
        way = HANG if self._hangs else self._plan.passes(self)
        self.begun = True
        if way == HANG:
            return self._never()
        if way == DIE:
            return self._inner.throw(RuntimeError(INJECTED))
        return self._inner.send(value)

    def throw(self, *error: Any) -> Any:
        """An exception comes out of the await; a task that hangs does not even take that."""
        if self._hangs:
            self._plan.over = True
            return self._never()
        return self._inner.throw(*error)

    def close(self) -> None:
        """As a coroutine."""
        self._inner.close()

    def __await__(self) -> Any:
        return self

    def _never(self) -> Any:
        self._hangs = True
        future = self._loop.create_future()
        setattr(future, "_asyncio_future_blocking", True)  # noqa: B010 - as a future's __await__
        return future

    def site(self) -> str:
        """Task, and where in its text it waits: the innermost of the device's own modules."""
        place: str = "begin"
        inner: Any = self._inner if self.begun else None
        while getattr(inner, "cr_frame", None) is not None:
            file = inner.cr_frame.f_code.co_filename
            if "/firmware/" in file or "/hal/" in file or place == "begin":
                place = "%s:%d" % (Path(file).name, inner.cr_frame.f_lineno)
            inner = inner.cr_await
        return "%s %s %s" % (self.role, self.name, place)


def live(session: Session, seed: int, plan: Plan) -> tuple[World, str, Verdict]:
    """The session from its beginning to its end; what was said of the injection, and the judge."""
    world = plan.world = session.world(seed)
    judge = Judge(world)
    world.loop.set_task_factory(plan.begin)
    for at, text in _TYPED:
        world.loop.call_later(at, world.line.type, text)
    for at, key in _KEYS:
        world.loop.call_later(at, world.machine.keys.tap, key)
    began = world.loop.time()

    def attend() -> None:
        """A person looks after the machine now and then."""
        world.machine.close_cover()
        world.loop.call_later(_ROUND_S, attend)

    world.loop.call_later(_ROUND_S, attend)

    def done(world: World) -> bool:
        if world.loop.time() - began < _AT_LEAST_S or not session.done(world):
            return False
        given_up = plan.over and world.loop.time() - plan.met_at > _DETECTED_S
        return not plan.way or given_up or world.lives > 1 or bool(_swallowed(world))

    finished = world.run(done, _LIMIT_S)
    verdict = judge.judge(finished)
    verdict.crashes -= len(world.heard("watchdog")[:1])
    return world, _said(world, plan) if plan.way else "", verdict


def _swallowed(world: World) -> list[str]:
    """What the device says of an exception after which it went on."""
    said = [end["reason"] for end in world.heard("mail-end")]
    said += [one["text"] for one in world.heard("program")]
    said += world.line.answered.decode().split("\r\n")  # to whoever typed
    return [text for text in said if INJECTED in text]


def _said(world: World, plan: Plan) -> str:
    """Did the device say what had happened, in events, on the panel, and in the journal?"""
    faults = [one["text"] for one in world.heard("fault") if one["code"] == _RESTARTED]
    lines = journal(world)
    if plan.way == BLOCK or (plan.task == "supervisor" and plan.way == HANG):
        names = ["watchdog"]
    else:
        names = ["%s task" % plan.task, INJECTED]
    named = any(name in text for text in faults for name in names)
    noted = any(name in text for text in lines for name in names)
    if world.lives > 1 and faults:
        if not (named and noted):
            return MISNAMED
        return BITTEN if world.heard("watchdog") else RESTARTED
    if _swallowed(world):
        typed = INJECTED in world.line.answered.decode()
        return HANDLED if typed or any(INJECTED in line for line in lines) else UNSAID
    return OVER if plan.over else UNSAID


def journal(world: World) -> list[str]:
    """Its lines as they are in flash."""
    import vfs

    from firmware.store.ledger import Ledger
    from hal.storage import Storage, mount

    with installed(world):
        world.flash("data").before = lambda _kind, _tears: None
        clock: Any = SimpleNamespace(now=lambda: 0)
        ledger = Ledger(Storage(mount(world.flash("data"), vfs.VfsLfs2)), clock)
        ledger.open()
        return ["%s %s" % (kind, text) for _time, kind, text in ledger.journal(True, 200)]


def campaign(session: Session, seed: int, every: int, share: tuple[int, int], out: int) -> None:
    """All injections of one session with one seed; each tells `out` one line."""
    calm = Plan(session, seed, every, fixed=(-1, ""))
    live(session, seed, calm)
    plan = Plan(session, seed, every, share)
    plan.out = out
    gc.disable()  # a collection would touch, and so copy, all that children share with it
    getattr(gc, "freeze")()  # noqa: B009 - the stubs know MicroPython's gc
    try:
        _world, said, verdict = live(session, seed, plan)
    except BaseException:
        if not plan.child:
            raise
        said, verdict = UNSAID, Verdict(crashes=1, notes=[traceback.format_exc()])
    if plan.child:
        tell(out, {"name": plan.name, "task": plan.task, "site": plan.site}, said, verdict)
        os._exit(0)


def tell(out: int, what: dict[str, Any], said: str, verdict: Verdict) -> None:
    """One line of what an injection came to."""
    line = {**what, "said": said, **verdict.counts()}
    if verdict.failed or said in (UNSAID, MISNAMED):
        line["notes"] = [note[-1500:] for note in verdict.notes[-3:]]
    os.write(out, (json.dumps(line) + "\n").encode())


def lines_of(session: Session, seed: int, every: int, workers: int) -> Iterator[dict[str, Any]]:
    """What the injections of one session tell, from so many processes."""
    what = "session %s" % session.name
    return told(what, workers, partial(campaign, session, seed, every))
