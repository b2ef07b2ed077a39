"""Runs a piece of device code in a process of either runtime and reads the JSON that it prints
last.
"""
from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tools import micropython_binary

ROOT = Path(__file__).resolve().parents[2]
RUNTIMES = ("cpython", "micropython")


def start(runtime: str, code: str, **popen: Any) -> subprocess.Popen[str]:
    """Start `code`; what `finish` gives it is in `arguments`."""
    paths = [str(ROOT / "sim" / "modules" / runtime), str(ROOT)]
    binary, variable = sys.executable, "PYTHONPATH"
    if runtime == "micropython":
        binary, variable = str(micropython_binary.find()), "MICROPYPATH"
        paths.append(".frozen")
    return subprocess.Popen(
        [binary, "-c", "import sys\narguments = sys.stdin.readline().split()\n" + code],
        env={**os.environ, variable: os.pathsep.join(paths)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **popen,
    )


def finish(process: subprocess.Popen[str], *arguments: str, timeout_s: float = 100) -> Any:
    """Give the arguments (without blanks), wait for the end; returns the JSON of its last line."""
    try:
        out, err = process.communicate(" ".join(arguments) + "\n", timeout=timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    assert process.returncode == 0, err or out
    return json.loads(out.strip().splitlines()[-1])


def run(runtime: str, code: str, *arguments: str) -> Any:
    """Start and finish."""
    return finish(start(runtime, code), *arguments)
