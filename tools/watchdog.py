"""Hang and kill every task of the device at every await, and ask whether it says so, restarts and
loses nothing.

    python -m tools.watchdog [--every N] [--seed S] [--session NAME...] [--json FILE]
    python -m tools.watchdog --point SESSION:SEED:STEP:WAY

Sessions of tools/faults_sessions.py run in a virtual world, with somebody at console and keys.
Each place in the program's text where a task waits is taken the first two times that it does, and
one time in N of the others, by the seed; tools/watchdog_tasks.py does it, three ways.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sim.verdict import Verdict
from tools.faults_sessions import BY_NAME, Session
from tools.watchdog_tasks import MISNAMED, UNSAID, Plan, journal, lines_of, live

EVERY = 40
SESSIONS = (
    "several-mails", "text-fax-and-notice", "through-the-spool", "paper-out-between-pages",
    "cover-opened-within-a-page", "server-breaks-off-in-a-mail", "deletion-refused",
    "no-uidl-no-top", "never-deleted", "compaction-when-idle", "cable-out",
)


class Campaign:
    """Sums up what injections tell."""

    def __init__(self, seed: int, every: int, workers: int) -> None:
        self.total = Verdict()
        self.points = 0
        self.by_task: dict[str, Counter[str]] = {}
        self.sites: set[str] = set()
        self.failures: list[dict[str, Any]] = []
        self._seed, self._every, self._workers = seed, every, workers

    def run(self, sessions: Sequence[Session]) -> None:
        """All injections of these sessions; stops early after many failures."""
        for session in sessions:
            for line in lines_of(session, self._seed, self._every, self._workers):
                self._take(line)
            text = "%d injections, %d failures; %s done"
            what = (self.points, len(self.failures), session.name)
            print(text % what, file=sys.stderr, flush=True)
            if len(self.failures) >= 20:
                return

    def _take(self, line: dict[str, Any]) -> None:
        name, task, site, said = (line.pop(key) for key in ("name", "task", "site", "said"))
        notes = line.pop("notes", [])
        verdict = Verdict(**line, notes=notes)
        self.total.add(verdict)
        self.points += 1
        self.sites.add(site)
        way = name.split(":")[-1]
        self.by_task.setdefault(task, Counter())["%s, %s" % (way, said)] += 1
        if verdict.failed or said in (UNSAID, MISNAMED):
            self.failures.append({"point": name, "site": site, "said": said, **line,
                                  "notes": notes})
            print("make watchdog POINT=%s   # %s, %s %s" % (name, site, said, "; ".join(notes)),
                  flush=True)

    def report(self) -> dict[str, Any]:
        """The object of --json."""
        said: Counter[str] = Counter()
        for counts in self.by_task.values():
            for way_and_said, count in counts.items():
                said[way_and_said.split(", ")[1]] += count
        return {
            "injections": self.points,
            "awaits": len(self.sites),
            "seed": self._seed,
            "said": dict(said),
            "by_task": {task: dict(sorted(counts.items()))
                        for task, counts in sorted(self.by_task.items())},
            **self.total.counts(),
            "failures": self.failures,
        }


def again(text: str) -> int:
    """Do one injection once more, and tell what happened; for --point."""
    name, seed, step, way = text.split(":")
    plan = Plan(BY_NAME[name], int(seed), EVERY, fixed=(int(step), way))
    world, said, verdict = live(BY_NAME[name], int(seed), plan)
    for one in world.said:
        print("%10.3f %s %s" % (one.time, one.kind, one.fields))
    print("\n".join(["the journal, newest first:", *journal(world)]))
    print("%s of %s at %s: %s" % (way, plan.task, plan.site, said))
    print(json.dumps(verdict.counts()), *verdict.notes, sep="\n")
    return int(verdict.failed or said in (UNSAID, MISNAMED))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 1 when anything is wrong."""
    parser = argparse.ArgumentParser(prog="make watchdog", description=__doc__.splitlines()[0])
    parser.add_argument("--every", type=int, default=EVERY,
                        help="one in so many of the later passes of a place (%d)" % EVERY)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--session", nargs="*", choices=sorted(BY_NAME), default=SESSIONS)
    parser.add_argument("--point", help="do this one again, as a failure named it")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures")
    options = parser.parse_args(arguments)
    if options.point:
        return again(options.point)
    whole = Campaign(options.seed, options.every, options.workers)
    began = time.monotonic()
    whole.run([BY_NAME[name] for name in options.session])
    report = whole.report()
    print(json.dumps({name: value for name, value in report.items() if name != "failures"}))
    print("%d injections in %.0f s" % (whole.points, time.monotonic() - began))
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    return int(bool(whole.failures))


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # what dead devices held must not run now
