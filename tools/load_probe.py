"""Inside MicroPython: the firmware; tells with each page how many modules and groups of functions
have been loaded on demand until then.

    micropython -c "...; import load_probe"
"""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from tools import device_probe
else:
    import device_probe

_builtins: Any = builtins
_import = _builtins.__import__
_count = [0]
_by_page: list[int] = []


def _load(name: str, *how: Any) -> Any:
    if len(how) > 2 and how[2] == ("__name__",):  # as firmware/on_demand.py asks for a module
        _count[0] += 1
    return _import(name, *how)


def _hear(line: bytes) -> None:
    if line.startswith(b"page "):
        _by_page.append(_count[0])
        device_probe.tell(b"held", {"loads": _by_page})


_builtins.__import__ = _load
device_probe.run(lambda: None, _hear)
