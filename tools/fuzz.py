"""Fuzzing: `python -m tools.fuzz [SECONDS] [NAME...] [--inputs N] [--seed N] [--json FILE]`, for
`make fuzz`.

The targets stand in `tests/fuzz/targets.py`. Each gets, by turns: the inputs kept under
`tests/corpus/NAME`; on MicroPython (the code as a device runs it, viper included) and on CPython
inputs by a seed, thousands a second (`tests/fuzz/campaign.py`); what hypothesis makes of its
grammar; and, where atheris is installed, what coverage suggests. An input that fails is made small
and kept as `tests/corpus/NAME/crash-…`. Last come the property tests of `make test`, with other
examples (`tools/fuzz_properties.py`).
"""
from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
import time
import traceback
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.fuzz.targets import TARGETS
from tools import fuzz_guided, fuzz_properties
from tools.fuzz_process import Failure, campaign, fails

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT / "tests" / "corpus"
BATCH = 200  # examples of hypothesis between two looks at the clock
SECONDS = 120
# share of the time; what hypothesis and atheris make is slower, and made with more thought
SHARES = {"micropython": 5, "cpython": 3, "hypothesis": 1, "atheris": 3, "pytest": 1}


def on_path() -> None:
    """Let the firmware run here."""
    for shadow in ("sim/modules/cpython", "sim/modules/desk"):
        if str(ROOT / shadow) not in sys.path:
            sys.path.insert(0, str(ROOT / shadow))


def target(name: str) -> Callable[[bytes], None]:
    """The target as a plain function, on CPython."""
    from tests.faults import virtual_time
    from tests.fuzz.drive import drive

    function = TARGETS[name].load()
    run = virtual_time.run if TARGETS[name].loops else drive
    return lambda octets: run(function(octets))


def corpus(name: str) -> list[bytes]:
    """The inputs kept for a target."""
    return [file.read_bytes() for file in sorted((CORPUS / name).glob("*")) if file.is_file()]


def keep(name: str, octets: bytes) -> Path:
    """Keep an input that failed."""
    folder = CORPUS / name
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / ("crash-" + hashlib.sha256(octets).hexdigest()[:16])
    file.write_bytes(octets)
    return file


def known(name: str) -> int:
    """Try the inputs kept and the sound ones. Returns how many. Raises Failure."""
    function, inputs = target(name), corpus(name) + TARGETS[name].sound()
    for octets in inputs:
        try:
            function(octets)
        except Exception as error:
            traceback.print_exc()
            raise Failure(octets) from error
    return len(inputs)


def by_hypothesis(name: str, seconds: float, seed: int = 0, most: int = 10**9) -> int:
    """Joins of pieces, chosen and made small by hypothesis. Returns how many. Raises Failure."""
    count, until = 0, time.monotonic() + seconds
    while time.monotonic() < until and count < most:
        count += _batch(name, until, seed, min(BATCH, most - count))
        seed += 1
    return count


def _batch(name: str, until: float, seed: int, most: int) -> int:
    from hypothesis import HealthCheck, given, settings
    from hypothesis import seed as seeded
    from hypothesis import strategies as st

    function, count = target(name), 0
    failing: list[bytes] = []
    pieces = st.one_of(st.sampled_from(TARGETS[name].pieces), st.binary(max_size=6))
    inputs = st.tuples(st.binary(max_size=1), st.lists(pieces, max_size=40).map(b"".join))

    def one(drawn: tuple[bytes, bytes]) -> None:
        nonlocal count
        octets = b"".join(drawn)
        if time.monotonic() < until or octets in failing:
            count += 1
            try:
                function(octets)
            except Exception:
                failing.append(octets)
                raise

    bound = settings(max_examples=most, deadline=None, database=None, print_blob=False,
                     suppress_health_check=list(HealthCheck))
    try:
        seeded(seed)(bound(given(inputs)(one)))()
    except Exception as error:
        if not failing:
            raise
        raise Failure(min(failing, key=len)) from error
    return count


def smaller(octets: bytes, still_fails: Callable[[bytes], bool], tries: int = 400) -> bytes:
    """Pieces taken out for as long as it fails without them."""
    size = max(len(octets) // 2, 1)
    while True:
        at = 0
        while at < len(octets):
            shorter = octets[:at] + octets[at + size:]
            tries -= 1
            if tries < 0:
                return octets
            if still_fails(shorter):
                octets = shorter
            else:
                at += size
        if size == 1:
            return octets
        size //= 2


def fuzz(name: str, way: str, seconds: float, inputs: int, seed: int) -> dict[str, Any]:
    """One way for one target; what came of it."""
    if way == "pytest":
        return fuzz_properties.run(name, seconds, seed, inputs)
    row: dict[str, Any] = {"target": name, "way": way, "inputs": 0, "failed": ""}
    begun = time.monotonic()
    try:
        if way == "kept":
            row["inputs"] = known(name)
        elif way == "hypothesis":
            row["inputs"] = by_hypothesis(name, seconds, seed, inputs)
        elif way == "atheris":
            row["inputs"] = fuzz_guided.guided(name, seconds, CORPUS / name)
        else:
            row["inputs"], row["heap growth"] = campaign(name, way, inputs, seconds, seed)
    except Failure as failure:
        octets, row["inputs"] = failure.octets, failure.count
        if way in ("micropython", "cpython"):
            octets = smaller(octets, lambda shorter: fails(name, way, shorter))
        row["failed"] = str(keep(name, octets).relative_to(CORPUS.parent))
    row["seconds"] = round(time.monotonic() - begun, 1)
    return row


def _ways(name: str) -> list[str]:
    if name in fuzz_properties.NAMES:
        return ["pytest"]
    ways = ["kept", "micropython", "cpython", "hypothesis"]
    if TARGETS[name].alone:
        ways.remove("micropython")
    return ways + ["atheris"] * bool(find_spec("atheris"))


def _arguments(given: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz")
    parser.add_argument("words", nargs="*", metavar="SECONDS | NAME",
                        help="for how long (%d s), and what: %s" % (
                            SECONDS, ", ".join([*TARGETS, *fuzz_properties.NAMES])))
    parser.add_argument("--inputs", type=int, default=10**9,
                        help="as many at most for each target and way")
    parser.add_argument("--seed", type=int, help="of the first batch (0; of tests: any)")
    parser.add_argument("--way", action="append", help="micropython, cpython, hypothesis, …")
    parser.add_argument("--json", type=Path, help="counts by target, and sums, into this file")
    return parser.parse_args(given)


def main(given: list[str]) -> int:
    """Fuzz all, or those named, for so many seconds together; 1 when something was found."""
    arguments = _arguments(given)
    on_path()
    words = arguments.words
    seconds = float(words.pop(0)) if words and words[0][0].isdigit() else SECONDS
    names = words or [*TARGETS, "properties"]
    known_names = [*TARGETS, *fuzz_properties.NAMES]
    unknown = [name for name in names if name not in known_names]
    if unknown:
        sys.stderr.write("no fuzzer %s; there are: %s\n" % (unknown[0], ", ".join(known_names)))
        return 2
    rows = []
    for name in names:
        ways = [way for way in _ways(name) if not arguments.way or way in arguments.way]
        shares = sum(SHARES.get(way, 0) for way in ways) or 1
        for way in ways:
            share = seconds / len(names) * SHARES.get(way, 0) / shares
            fresh = random.SystemRandom().randrange(10**6) if way == "pytest" else 0
            seed = fresh if arguments.seed is None else arguments.seed
            row = fuzz(name, way, share, arguments.inputs, seed)
            rows.append(row)
            print("%-8s %-11s %9d inputs %8.1f s %s" % (
                name, way, row["inputs"], row["seconds"], row["failed"] and "FAILED, %s: %s" % (
                    "again by" if way == "pytest" else "kept as", row["failed"])), flush=True)
            if arguments.json:
                arguments.json.write_text(json.dumps(_report(rows), indent=1) + "\n")
    report = _report(rows)
    print("%d inputs, %d failures" % (report["inputs"], report["failures"]))
    return 1 if report["failures"] else 0


def _report(rows: list[dict[str, Any]]) -> dict[str, Any]:
    by_target = {row["target"]: 0 for row in rows}
    for row in rows:
        by_target[row["target"]] += row["inputs"]
    failures = sum(bool(row["failed"]) for row in rows)
    return {"inputs": sum(by_target.values()), "failures": failures, "by target": by_target,
            "rows": rows}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
