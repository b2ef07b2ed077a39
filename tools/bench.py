"""All measurements in one run on one machine, peers beside us.

    python -m tools.bench [ROW...] [--json FILE]

One table: ours and theirs are medians of at least five runs taken in turn, with the spread (half
the distance between the quartiles, of the median); the ratio is ours to theirs, below 1 is better
than the peer. A peer that isn't installed is shown as missing. docs/architecture.md says what is
measured.
"""

from __future__ import annotations

import argparse
import importlib
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

# row of the targets: the module that measures it, and the row's name where it measures several
SOURCES = {
    "S1": "tools.bench_pop3:S1",
    "S2": "tools.bench_pop3:S2",
    "S3": "tools.bench_pop3:S3",
    "S4": "tools.bench_fax",
    "S5": "tools.bench_stream:S5",
    "S6": "tools.bench_stream:S6",
    "M2": "tools.bench_memory",
    "M3": "tools.bench_stream:M3",
    "W1": "tools.bench_wear",
}
RUNS = 5

Row = dict[str, Any]


def spread(values: Sequence[float]) -> float:
    """Half the distance between the quartiles, as a part of the median."""
    if len(values) < 2:
        return 0.0
    lower, middle, upper = statistics.quantiles(values, n=4, method="inclusive")
    return (upper - lower) / 2 / middle if middle else 0.0


def row(
    name: str,
    what: str,
    peer: str,
    ours: Sequence[float],
    theirs: Sequence[float],
    unit: str,
    note: str = "",
) -> Row:
    """One row from single measurements; an empty list stands for what could not be measured."""
    mine = statistics.median(ours) if ours else None
    other = statistics.median(theirs) if theirs else None
    return {
        "row": name,
        "what": what,
        "peer": peer,
        "ours": mine,
        "theirs": other,
        "ratio": mine / other if mine is not None and other else None,
        "unit": unit,
        "ours_spread": spread(ours),
        "theirs_spread": spread(theirs),
        "note": note,
    }


def in_turn(*runs: Callable[[], float], count: int = RUNS) -> list[list[float]]:
    """Results of each, taken in turn, so that a slow spell of the machine hits all alike."""
    found: list[list[float]] = [[] for _ in runs]
    for _ in range(count):
        for results, run in zip(found, runs, strict=True):
            results.append(run())
    return found


def table(rows: Sequence[Row]) -> list[str]:
    """The rows as lines of text."""
    cells: list[tuple[str, ...]] = [("row", "what", "peer", "ours", "theirs", "ratio", "unit", "")]
    cells.extend(_cells(one) for one in rows)
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    return [
        "  ".join(
            cell.rjust(width) if column in (3, 4, 5) else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    ]


def _cells(one: Row) -> tuple[str, ...]:
    return (
        one["row"],
        one["what"],
        one["peer"],
        _value(one["ours"], one.get("ours_spread")),
        _value(one["theirs"], one.get("theirs_spread")),
        "-" if one["ratio"] is None else "%.2f" % one["ratio"],
        one["unit"],
        one.get("note", ""),
    )


def _value(value: float | None, around: float | None) -> str:
    if value is None:
        return "missing"
    return "%.4g%s" % (value, " ±%.0f%%" % (100 * around) if around is not None else "")


def collect(names: Sequence[str]) -> list[Row]:
    """Measure. What fails becomes a row that says so; it must not hide the other rows."""
    found: list[Row] = []
    for name in names:
        began = time.monotonic()
        try:
            module, _colon, part = SOURCES[name].partition(":")
            rows = importlib.import_module(module).rows(*filter(None, [part]))
        except Exception as error:  # noqa: BLE001 - the row tells it
            rows = [row(name, "failed", "", [], [], "", "%s: %s" % (type(error).__name__, error))]
        found.extend(rows)
        print("# %s took %.1f s" % (name, time.monotonic() - began), file=sys.stderr)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns 1 when something of ours could not be measured."""
    parser = argparse.ArgumentParser(
        prog="make bench", description="Measure beside the peers; below ratio 1 we are faster."
    )
    parser.add_argument("rows", nargs="*", metavar="ROW", help="of " + ", ".join(SOURCES))
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the rows as JSON")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.rows if name not in SOURCES]
    if unknown:
        parser.error("no such row: %s; there are %s" % (", ".join(unknown), ", ".join(SOURCES)))
    rows = collect(options.rows or list(SOURCES))
    print("\n".join(table(rows)))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 1 if any(one["ours"] is None for one in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
