"""Everything that is checked without running it: ruff, the type checker, the rules of the house.

    python -m tools.lint

The type checker reads all code with CPython's types and small stubs of MicroPython's own modules;
the ports of the boards are read once more with the stubs of their board, standard library
included.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tools import house_rules
from tools.build import BuildError, build_tree

ROOT = Path(__file__).resolve().parents[1]
BOARDS = {"rp2": "hal/ports/rp2_w5500.py", "esp32": "hal/ports/esp32_lan.py"}
MYPY = (sys.executable, "-m", "mypy", "--no-error-summary")


def stubs_of(board: str) -> Path:
    """Where `make` puts the type stubs of a board."""
    return Path(sys.prefix) / ("stubs-" + board)


def _run(what: str, command: Sequence[str], environment: dict[str, str] | None = None) -> bool:
    began = time.monotonic()
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    print("%-34s %s (%.1f s)" % (what, _word(done.returncode == 0), time.monotonic() - began))
    if done.returncode:
        print((done.stdout + done.stderr).rstrip())
    return done.returncode == 0


def _word(good: bool) -> str:
    return "ok" if good else "FAILED"


def check_port(board: str, port: str) -> bool:
    """Read one port with the types of its board; prints what is wrong, True when nothing is."""
    stubs = stubs_of(board)
    if not (ROOT / port).is_file():
        print("%-34s FAILED: no such file" % port)
        return False
    if not stubs.is_dir():
        print("%-34s FAILED: no stubs in %s; make lint fetches them" % (port, stubs))
        return False
    # the rest of hal/ is read for its types only: its own errors come from the main run
    options = ["--strict", "--follow-imports", "silent", "--custom-typeshed-dir", str(stubs)]
    config = ["--config-file", "tools/mypy-boards.ini", "--cache-dir", ".mypy_cache/" + board]
    return _run(
        "%s, stubs of %s" % (port, board),
        [*MYPY, *config, *options, port],
        {"MYPYPATH": str(stubs)},
    )


def _compiles() -> bool:
    """What MicroPython's compiler refuses, and CPython's does not."""
    began = time.monotonic()
    text = ""
    try:
        build_tree(ROOT / "build", "x64")
    except BuildError as error:
        text = str(error)
    took = time.monotonic() - began
    print("%-34s %s (%.1f s)" % ("compiles for MicroPython", _word(not text), took))
    if text:
        print(text)
    return not text


def _house() -> bool:
    found = house_rules.findings()
    print("%-34s %s" % ("rules of the house", _word(not found)))
    for text in found:
        print(text)
    return not found


def main() -> int:
    """Run all checks, whatever the first ones say; returns the exit status."""
    ruff = (sys.executable, "-m", "ruff", "check", "--quiet", "--output-format", "concise", ".")
    good = [
        _run("ruff", ruff),
        _run("types", MYPY),
        *[check_port(board, port) for board, port in BOARDS.items()],
        _compiles(),
        _house(),
    ]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
