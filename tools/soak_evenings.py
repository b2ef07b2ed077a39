"""The heap over many more days than `soak_heap` has time for: the whole receiver on MicroPython,
on a board of fakes, in virtual time.

    python -m tools.soak_evenings [DAYS]

Each day is a visit with one mail of every kind. The fake storage lies in the heap, so the ledger's
file grows and is compacted there: what counts is the least of some days.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
from typing import Any

from sim import shadows
from sim.pop3_server import Maildrop
from tools import micropython_binary
from tools.soak_heap import growth
from tools.soak_mails import KINDS

DAYS = 60
_DEVICE = (
    "from firmware.on_demand import keep_code; keep_code(); "
    "import tests.faults.device as device; device.main()"
)


def evenings(count: int) -> list[int]:
    """Octets of the heap in use behind each visit, after a collection."""
    shadows.install()
    from tests.faults import run
    from tests.faults.wire_model import PeerModel

    class Keeping(run.OnMicroPython):
        """A device that keeps its native code, as the desk does."""

        def __enter__(self) -> Keeping:
            path = ":".join([str(run.ROOT / "sim/modules/micropython"), str(run.ROOT), ".frozen"])
            self._errors = tempfile.TemporaryFile("w+")
            command = [str(micropython_binary.find()), "-X", "heapsize=" + run.HEAP, "-c", _DEVICE]
            self._process = subprocess.Popen(
                command, cwd=run.ROOT, env=dict(os.environ, MICROPYPATH=path), text=True,
                bufsize=1, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors)
            if self._question() != ["order"]:
                raise RuntimeError("MicroPython did not begin")
            return self

    chance, drop = random.Random("evenings"), Maildrop()

    def fill() -> None:
        for make in KINDS.values():
            drop.add(make(chance))

    with Keeping() as device:

        def told(_events: list[Any]) -> bool:
            if drop.mails:
                raise RuntimeError("%d mails are left" % len(drop.mails))
            fill()
            print("day %d: %d octets" % (len(device.used), device.used[-1]), flush=True)
            return len(device.used) < count

        fill()
        device(PeerModel(drop, None, None), run.SETTINGS, told)
        return device.used


if __name__ == "__main__":
    octets = evenings(int(sys.argv[1]) if sys.argv[1:] else DAYS)
    print("grown by %d octets since day 10" % growth(octets))
