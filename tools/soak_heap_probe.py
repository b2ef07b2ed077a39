"""Inside MicroPython: the firmware; tells how many octets of the heap are live a while after each
visit, when what was loaded for it is gone.

    micropython -c "...; import soak_heap_probe"     (see soak_heap.py)
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from tools import device_probe
else:
    import device_probe

QUIET_MS = 5000

_time: Any = time  # as MicroPython has it


class _Visits:
    """How many there were, and when the last one ended."""

    ended = count = told = 0


def _hear(line: bytes) -> None:
    if line.startswith(b"visit-end"):
        _Visits.ended = _time.ticks_ms()
        _Visits.count += 1


def _look() -> None:
    if _Visits.told != _Visits.count:
        quiet_ms = _time.ticks_diff(_time.ticks_ms(), _Visits.ended)
        if quiet_ms > QUIET_MS:
            _Visits.told = _Visits.count
            device_probe.tell(b"live", {"octets": device_probe.live()})


device_probe.run(_look, _hear)
