"""Fuzzing of TIFF and CCITT with the viper code: `python -m tools.fuzz_fax [SECONDS [SEED]]`
damages sound files inside MicroPython, every buffer between guard words.
"""
from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tools import micropython_binary

ROOT = Path(__file__).resolve().parents[1]
_TEXT = (
    "import sys; sys.path[:0] = ['sim/modules/micropython', '.']; "
    "from tests.faults import fuzz_fax; "
    "print(fuzz_fax.campaign(%d, %d), 'inputs, nothing wrong')"
)


def main(arguments: Sequence[str]) -> int:
    """Run a campaign; returns MicroPython's exit status."""
    seconds = int(arguments[0]) if arguments else 60
    seed = int(arguments[1]) if len(arguments) > 1 else 1
    command = [str(micropython_binary.find()), "-X", "heapsize=8M", "-c", _TEXT % (seconds, seed)]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
