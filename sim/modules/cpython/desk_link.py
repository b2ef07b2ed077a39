"""The device's end of the desk in the same process: every call goes straight to what `bind` was
given.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

_CALLS = (
    "pin_write",
    "pin_read",
    "adc_read",
    "spi_write",
    "i2c_write",
    "link_up",
    "event",
    "watchdog",
)
_ALL = (*_CALLS, "flush", "reset")

pin_write: Callable[[int, int], None]
pin_read: Callable[[int], int]
adc_read: Callable[[int], int]
spi_write: Callable[[Any], None]
i2c_write: Callable[[int, Any], None]
link_up: Callable[[], int]
event: Callable[[bytes], None]
watchdog: Callable[[int], None]
reset: Callable[[], None]

_places: dict[str, Any] = {}


def _nothing_held_back() -> None:
    pass


flush: Callable[[], None] = _nothing_held_back


def bind(
    wiring: Any, reset: Callable[[], None], serial: int, areas: dict[str, str], reset_cause: int
) -> None:
    """Connect: `wiring` as in sim/wiring.py, what restarts the device, the serial descriptor, the
    flash files.
    """
    for name in _CALLS:
        globals()[name] = getattr(wiring, name)
    globals().update(reset=reset, flush=_nothing_held_back)
    _places.update(serial=serial, areas=areas, reset_cause=reset_cause)


def unbind(refuse: Callable[..., Any]) -> None:
    """Cut off: from now on every call ends in `refuse`."""
    globals().update(dict.fromkeys(_ALL, refuse))


def reset_cause() -> int:
    """Why the device was started."""
    return int(_places["reset_cause"])


def serial() -> int:
    """Descriptor of the service line, one of its own for each start."""
    return os.dup(_places["serial"])


def area(name: str) -> str:
    """Path of a flash area's file."""
    return str(_places["areas"][name])
