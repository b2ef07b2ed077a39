"""Tests of `tests/` with other chances than those of `make test`, by a seed, in a process of their
own: the property tests with other examples, the hostile servers with other pieces.
"""
from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
NAMES = ("properties", "servers")


def files(name: str) -> list[Path]:
    """Where they stand."""
    if name == "servers":
        return [ROOT / "tests" / "faults" / "test_pop3_scripts.py"]
    return [file for file in sorted((ROOT / "tests" / "host").glob("test_*.py"))
            if "\nfrom hypothesis import" in file.read_text(encoding="utf-8")]


def run(name: str, seconds: float, seed: int, most: int = 10**9) -> dict[str, Any]:
    """Rounds of all of them, by one seed after the other, for so long or until so many examples
    (servers) were tried, one round at least; what came of it.
    """
    begun = time.monotonic()
    row: dict[str, Any] = {"target": name, "way": "pytest", "inputs": 0, "failed": ""}
    while not row["inputs"] or (row["inputs"] < most and time.monotonic() - begun < seconds):
        count, failed = _round(name, seed)
        row["inputs"] += count
        if failed is not None:
            row["failed"] = "FAULTS_SEED=%d python -m pytest --hypothesis-seed=%d %s" % (
                seed, seed, " ".join(failed))
            break
        seed += 1
    row["seconds"] = round(time.monotonic() - begun, 1)
    return row


def _round(name: str, seed: int) -> tuple[int, list[str] | None]:
    """How many examples were tried by this seed, and the tests that failed, None when all is well.
    """
    command = [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", "-rf",
               "--hypothesis-seed=%d" % seed, "--hypothesis-show-statistics"]
    done = subprocess.run([*command, *map(str, files(name))], cwd=ROOT, text=True, check=False,
                          env=dict(os.environ, FAULTS_SEED=str(seed)), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    count = r"(?m)^(\d+) passed" if name == "servers" else r"\b(\d+) passing,"
    tried = sum(map(int, re.findall(count, done.stdout)))
    if not done.returncode and tried:
        return tried, None
    sys.stderr.write(done.stdout)
    return tried, re.findall(r"(?m)^(?:FAILED|ERROR) (\S+)", done.stdout)
