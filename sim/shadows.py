"""The shadow modules: what stands in for MicroPython's own modules on each runtime, and how this
process gets them.
"""

from __future__ import annotations

import sys
from pathlib import Path

_MODULES = Path(__file__).parent / "modules"
DESK = _MODULES / "desk"
CPYTHON = _MODULES / "cpython"
MICROPYTHON = _MODULES / "micropython"


def install() -> None:
    """Put the shadows for CPython first on this process's path, so that firmware/ and hal/ can be
    imported.
    """
    for folder in (DESK, CPYTHON):
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
