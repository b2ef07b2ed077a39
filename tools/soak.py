"""Years of operation in virtual time, with whatever can go wrong in them; and the device's heap,
day by day, on MicroPython.

    python -m tools.soak [--seeds N] [--days D] [--seed S] [--first DAY] [--json FILE]

Each seed is a machine of its own: mails of every kind, at any time, while server, network, paper,
film, cover, power, clock and people do what they do (tools/soak_trouble.py), and a person looks
after it by day. It is judged all the time by who sees every sheet and the server
(sim/verdict.py), each hour and each night. The first thing that does not hold ends the seed, and
the command that does the same again is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim import shadows

if TYPE_CHECKING:
    from tools.soak_mails import Sample

DAYS = 365
SEEDS = 4
EACH = 4  # mails of every kind in the pool
HEAP_DAYS = 40


def samples(each: int = EACH) -> Sequence[Sample]:
    """The pool of mails; it takes some seconds to find out what their pages look like."""
    shadows.install()
    from tools.soak_mails import pool

    return pool(each)


def live(seed: int, days: int, first: int, mails: Sequence[Sample]) -> dict[str, Any]:
    """One seed's days, and what came of them."""
    shadows.install()
    from tools.soak_year import Year

    began = os.times()
    year = Year(seed, days, mails, first)
    verdict = year.run()
    cpu_s = os.times().user + os.times().system - began.user - began.system
    return {
        "seed": seed,
        "first": first,
        "days": year.day - first + 1,
        "virtual_s": round(year.lived_s),
        "cpu_s": round(cpu_s, 1),
        "sheets": year.judge.sheets,
        "lives": year.world.lives,
        "steps": year.world.steps,
        "trace": "%08x" % year.world.trace,
        "nights": year.nights,
        "largest_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        **verdict.counts(),
        "counts": dict(sorted(year.counts.items())),
        "notes": verdict.notes[:5] if verdict.failed else [],
    }


def again(told: dict[str, Any]) -> str:
    """The command that does the same again."""
    first = " FIRST=%d" % told["first"] if told["first"] != 1 else ""
    return "make soak SEED=%d SEEDS=1 DAYS=%d%s HEAP_DAYS=0" % (told["seed"], told["days"], first)


def in_children(seeds: Sequence[int], days: int, first: int, workers: int,
                mails: Sequence[Sample]) -> Iterator[dict[str, Any]]:
    """Each seed in a process of its own, so many at a time; what each tells, as they end."""
    shadows.install()
    import tools.soak_year  # noqa: F401 - all children have the same text

    waiting, running = list(seeds), 0
    read, write = os.pipe()
    with os.fdopen(read, "rb") as lines:
        while waiting or running:
            while waiting and running < workers:
                _begin(waiting.pop(0), days, first, mails, write)
                running += 1
            yield json.loads(lines.readline())
            running -= 1
            os.wait()
    os.close(write)


def _begin(seed: int, days: int, first: int, mails: Sequence[Sample], out: int) -> None:
    if os.fork():
        return
    try:
        told = live(seed, days, first, mails)
    except BaseException:  # noqa: BLE001 - told to whoever waits
        told = {"seed": seed, "first": first, "days": days, "crashes": 1,
                "notes": [traceback.format_exc()]}
    os.write(out, (json.dumps(told) + "\n").encode())
    os._exit(0)  # what dead devices held must not run now


def _show(told: dict[str, Any]) -> None:
    if told["notes"]:
        print("%s   # %s" % (again(told), "; ".join(told["notes"])), flush=True)
        return
    counts = told["counts"]
    text = "seed %d: %d days, %d mails, %d sheets, %d power cuts, %d marked duplicates; %.0f s"
    print(text % (told["seed"], told["days"], counts["mails"], told["sheets"],
                  counts.get("cuts", 0), told["marked_duplicates"], told["cpu_s"]), flush=True)


def summary(told: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """All seeds together."""
    sums: Counter[str] = Counter()
    happened: Counter[str] = Counter()
    for one in told:
        sums.update({name: value for name, value in one.items() if isinstance(value, int)
                     and name not in ("seed", "first", "largest_mb")})
        happened.update(one.get("counts", {}))
    cpu_s = sum(one.get("cpu_s", 0) for one in told)
    return {
        "seeds": [one["seed"] for one in told],
        **sums,
        "largest_mb": max((one.get("largest_mb", 0) for one in told), default=0),
        "times_real_time": round(sums["virtual_s"] / cpu_s) if cpu_s else 0,
        "happened": dict(sorted(happened.items())),
        "failures": [{"again": again(one), "notes": one["notes"]} for one in told if one["notes"]],
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 1 when anything is wrong."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many (%d)" % SEEDS)
    parser.add_argument("--days", type=int, default=DAYS, help="of each seed (%d)" % DAYS)
    parser.add_argument("--seed", type=int, default=1, help="the first seed (1)")
    parser.add_argument("--first", type=int, default=1, metavar="DAY",
                        help="begin with the events of this day, the machine new (1)")
    parser.add_argument("--heap-days", type=int, default=HEAP_DAYS, metavar="DAYS",
                        help="short days on MicroPython, for the heap (%d; 0: none)" % HEAP_DAYS)
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures")
    options = parser.parse_args(arguments)
    began = time.monotonic()
    seeds = range(options.seed, options.seed + options.seeds)
    told = []
    mails = samples()
    for one in in_children(seeds, options.days, options.first, options.workers, mails):
        _show(one)
        told.append(one)
    report = summary(sorted(told, key=lambda one: int(one["seed"])))
    level = True
    if options.heap_days:
        from tools import soak_heap

        report["heap"] = soak_heap.report(options.heap_days)
        level = report["heap"]["level"]
    print(json.dumps({name: value for name, value in report.items() if name != "happened"}))
    print("%.0f s" % (time.monotonic() - began))
    if options.json:
        options.json.write_text(json.dumps({**report, "runs": told}, indent=1) + "\n")
    return int(bool(report["failures"]) or not level)


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # what dead devices held must not run now
