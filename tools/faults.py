"""Cut the power everywhere, boot, let it finish, and ask whether any page was lost.

    python -m tools.faults [--cuts N] [--seed S] [--session NAME...] [--json FILE]
    python -m tools.faults --cut SESSION:SEED:STEP:WAY[:STEP:WAY]

A session runs in a virtual world (sim/world.py). At each of its steps the process forks once for
every way in which that step can be cut: the child lets the power fail there, boots the device
again, lets it finish and is judged (sim/verdict.py). Steps are every program and erase of the
flash (not done, half done, done, any bits of it done), every connect, send (nothing, half, all of
it went out) and receive, and the mechanical steps: the first two of a run of equal steps, every
sixteenth, and one in twelve of the rest by the seed (on the long sheets of texts every 64th and
one in 48; of a sheet that is stuck every 1024th and one in 768). In one child of eight the power
fails a second time, at a step of the recovery that the seed chooses.

Runs go on with other seeds until there are enough cuts. Every failure comes with the command that
does the same again.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import random
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from sim.verdict import Judge, Verdict
from sim.world import FEED, PICK, STROBE, World
from tools.faults_sessions import BY_NAME, SESSIONS, Session
from tools.workers import told

LIMIT_S = 4 * 3600.0  # virtual
CUTS = 100_000
_HANG_S = 120  # of real time, for one child
_BATCH = 16
_SAMPLE = 4 / 3  # of a stride
_LONG_ROWS = 500
_SECOND = 1 / 8
_MECHANICAL = (FEED, PICK, STROBE)


class Plan:
    """Where the power is cut, in one process or in children of it.

    :param share: (n, of): only every so-manieth cut is this process's
    :param fixed: {step: way}: cut there in this process, fork no children
    """

    def __init__(
        self,
        session: Session,
        seed: int,
        share: tuple[int, int] = (0, 1),
        fixed: dict[int, int] | None = None,
    ) -> None:
        self.child = False
        self.kind = ""
        self.cuts: list[tuple[int, int]] = []
        self.step = 0
        self.total = 0  # steps of the session without a cut
        self._name = session.name
        self._seed = seed
        self._share = share
        self._fixed = fixed
        self._chance = random.Random("%s %d cuts" % (session.name, seed))
        self._stride = 64 if session.setup.rows > _LONG_ROWS else 16
        if "jam" in session.setup.scenario:
            self._stride = 1024  # rollers turn thousands of steps on a sheet that does not move
        self._turn = self._equal = 0
        self._last = ""
        self._second = 0

    def __call__(self, kind: str, ways: int) -> int | None:
        """The world's cutter."""
        self.step += 1
        if self._fixed is not None:
            return self._cut(kind, self._fixed[self.step]) if self.step in self._fixed else None
        if self.child:
            if self.step != self._second:
                return None
            return self._cut(kind, self._chance.randrange(ways))
        if not self._wanted(kind):
            return None
        for way in range(ways):
            self._turn += 1
            if self._turn % self._share[1] == self._share[0] and self._fork():
                return self._cut(kind, way)
        return None

    @property
    def name(self) -> str:
        """What --cut takes to do the same again."""
        steps = ":".join("%d:%d" % cut for cut in self.cuts)
        return "%s:%d:%s" % (self._name, self._seed, steps)

    def _wanted(self, kind: str) -> bool:
        if kind not in _MECHANICAL:
            self._last = ""
            return True
        group = PICK if kind == PICK else FEED
        self._equal = self._equal + 1 if group == self._last else 0
        self._last = group
        stride = self._stride
        return self._equal % stride < 2 or self._chance.random() * stride < _SAMPLE

    def _cut(self, kind: str, way: int) -> int:
        self.kind = self.kind or kind
        self.cuts.append((self.step, way))
        return way

    def _fork(self) -> bool:
        """True in the child."""
        child = os.fork()
        if child:
            _pid, status = os.waitpid(child, 0)
            if status:
                self._tell_crash(status)
            return False
        self.child = True
        asyncio._set_running_loop(self.loop)  # asyncio knows its loop by the process
        signal.alarm(_HANG_S)
        self._chance = random.Random("%s %d %d" % (self._name, self._seed, self._turn))
        if self._chance.random() < _SECOND:
            self._second = self.step + self._chance.randint(1, max(1, self.total))
        return True

    def _tell_crash(self, status: int) -> None:
        hang = Verdict(crashes=1, notes=["the process of the cut ended with status %d" % status])
        _tell(self.out, self._name_of_child(), "", hang, 1)

    def _name_of_child(self) -> str:
        return "%s:%d:%d:?" % (self._name, self._seed, self.step)

    out = 1  # descriptor on which children tell
    loop: asyncio.AbstractEventLoop | None = None


def live(session: Session, seed: int, plan: Plan) -> tuple[World, Verdict]:
    """The session from its beginning to its end, with the cuts of `plan`."""
    world = session.world(seed)
    judge = Judge(world)
    world.cutter, plan.loop = plan, world.loop
    finished = world.run(session.done, LIMIT_S)
    return world, judge.judge(finished)


def campaign(session: Session, seed: int, share: tuple[int, int], out: int) -> None:
    """All cuts of one session with one seed; each tells `out` one line."""
    calm = Plan(session, seed, fixed={})
    _world, verdict = live(session, seed, calm)
    if share[0] == 0:
        _tell(out, calm.name, "none", verdict, 0)
    plan = Plan(session, seed, share)
    plan.total = calm.step
    plan.out = out
    gc.disable()  # a collection would touch, and so copy, all that children share with it
    getattr(gc, "freeze")()  # noqa: B009 - the stubs know MicroPython's gc
    try:
        _world, verdict = live(session, seed, plan)
        text = verdict
    except BaseException:
        if not plan.child:
            raise
        text = Verdict(crashes=1, notes=[traceback.format_exc()])
    if plan.child:
        _tell(out, plan.name, plan.kind, text, len(plan.cuts))
        os._exit(0)


def _tell(out: int, name: str, kind: str, verdict: Verdict, cuts: int) -> None:
    line = {"name": name, "kind": kind, "cuts": cuts, **verdict.counts()}
    if verdict.failed:
        line["notes"] = [note[-1000:] for note in verdict.notes[-3:]]
    os.write(out, (json.dumps(line) + "\n").encode())


class Campaign:
    """Worker processes over sessions and seeds; sums up what they tell."""

    def __init__(
        self, sessions: Sequence[Session], seed: int, workers: int, file: Path | None = None
    ) -> None:
        self.total = Verdict()
        self.by_kind: Counter[str] = Counter()
        self.by_session: Counter[str] = Counter()
        self.cuts = self.doubles = self.runs = 0
        self.failures: list[dict[str, Any]] = []
        self._sessions = sessions
        self._seed = seed
        self._workers = workers
        self._file = file  # kept up to date

    def run(self, cuts: int) -> None:
        """Go on until there are `cuts`, at least each session once; stops early after many
        failures.
        """
        seed = self._seed
        while self.runs == 0 or self.cuts < cuts:
            for session in self._sessions:
                for line in self._lines(session, seed):
                    self._take(line)
                self.runs += 1
                self._show(session, seed)
                if len(self.failures) >= 20 or (self.cuts >= cuts and seed > self._seed):
                    return
            seed += 1

    def _lines(self, session: Session, seed: int) -> Iterator[dict[str, Any]]:
        what = "session %s" % session.name
        return told(what, self._workers, partial(campaign, session, seed))

    def _show(self, session: Session, seed: int) -> None:
        text = "%d cuts, %d failures; %s with seed %d done"
        what = (self.cuts, len(self.failures), session.name, seed)
        print(text % what, file=sys.stderr, flush=True)
        if self._file is not None:
            self._file.write_text(json.dumps(self.report(), indent=1) + "\n")

    def _take(self, line: dict[str, Any]) -> None:
        name = line.pop("name")
        notes = line.pop("notes", [])
        kind, cuts = line.pop("kind"), line.pop("cuts")
        verdict = Verdict(**line, notes=notes)
        self.total.add(verdict)
        if cuts:
            self.cuts += 1
            self.doubles += cuts > 1
            self.by_kind[kind] += 1
            self.by_session[name.split(":")[0]] += 1
        if verdict.failed:
            self.failures.append({"cut": name, **line, "notes": notes})
            print("make faults CUT=%s   # %s" % (name, "; ".join(notes)), flush=True)

    def report(self) -> dict[str, Any]:
        """The object of --json."""
        return {
            "cuts": self.cuts,
            "double_cuts": self.doubles,
            "sessions": len(self._sessions),
            "runs": self.runs,
            "seed": self._seed,
            "by_kind": dict(sorted(self.by_kind.items())),
            "by_session": dict(self.by_session),
            **self.total.counts(),
            "failures": self.failures,
        }


def again(text: str) -> int:
    """Do one cut once more, and tell what happened; for --cut."""
    name, seed, *numbers = text.split(":")
    values = [int(number) for number in numbers]
    plan = Plan(BY_NAME[name], int(seed), fixed=dict(zip(values[::2], values[1::2], strict=True)))
    world, verdict = live(BY_NAME[name], int(seed), plan)
    for said in world.said:
        print("%10.3f %s %s" % (said.time, said.kind, said.fields))
    for number, sheet in enumerate(world.observer.sheets, 1):
        print("sheet %d: %d rows, %d of the page%s%s" % (
            number, len(sheet.rows), len(sheet.body()), ", marked" * sheet.marked(),
            ", in the machine at a cut" * sheet.interrupted))
    print("deleted: %d, left: %d" % (len(world.maildrop.deleted), len(world.maildrop.mails)))
    print("\n".join([*verdict.notes, "trace %08x" % world.trace]))
    print(json.dumps(verdict.counts()))
    return int(verdict.failed)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 1 when anything is wrong."""
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__.splitlines()[0])
    parser.add_argument("--cuts", type=int, default=CUTS, help="how many at least (%d)" % CUTS)
    parser.add_argument("--seed", type=int, default=1, help="the first seed (1)")
    parser.add_argument("--session", nargs="*", choices=sorted(BY_NAME), help="only these")
    parser.add_argument("--cut", help="do this one again, as a failure named it")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures")
    options = parser.parse_args(arguments)
    if options.cut:
        return again(options.cut)
    chosen = [BY_NAME[name] for name in options.session] if options.session else SESSIONS
    whole = Campaign(chosen, options.seed, options.workers, options.json)
    began = time.monotonic()
    try:
        whole.run(options.cuts)
    except KeyboardInterrupt:
        print("broken off; what there is so far:")
    report = whole.report()
    print(json.dumps({name: value for name, value in report.items() if name != "failures"}))
    print("%d cuts in %.0f s" % (whole.cuts, time.monotonic() - began))
    return int(bool(whole.failures))


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # what dead devices held must not run now
