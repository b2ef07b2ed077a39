"""Modules that are loaded when called for, and forgotten afterwards, to spare the heap."""
from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

# Modules on demand that have native code, and what they hold of others
_NATIVE = (
    "firmware.fax.ccitt_core",
    "firmware.fax.ccitt_rare",
    "firmware.fax.lines",
    "firmware.fax.packed",
    "firmware.fax.plotter",
    "firmware.fax.turn",
    "firmware.mail.charset",
)
_stay: list[str] = []
_cold: list[Any] = [0, None]  # what is held: the number of a group or a name, and the module


def load(name: str) -> Any:
    """The module of that dotted name. Raises ImportError, MemoryError."""
    let_go()
    if name not in sys.modules:
        gc.collect()  # it shall lie together, not between what is garbage
    return __import__(name, None, None, ("__name__",))


def held(name: str) -> Any:
    """The module of that dotted name, which stays until another is loaded or the heap is looked
    at. Raises ImportError, MemoryError.
    """
    if _cold[0] != name:
        try:
            module = load(name)
        except MemoryError:
            drop(name)
            gc.collect()
            module = load(name)
        drop(name)
        _cold[:] = name, module
    return _cold[1]


def cold_group(number: int) -> Any:
    """Functions that the build took out of their modules because they are seldom called
    (`tools/packing/cold_list.py`). Raises MemoryError.
    """
    if _cold[0] != number:
        held("firmware.g%d" % number)
        _cold[0] = number
    return _cold[1]


def let_go() -> None:
    """Hold no group of seldom called functions: it is loaded again when called for."""
    _cold[:] = 0, None


def call(name: str, function: str, *arguments: Any) -> Any:
    """Call a module's function; the module stays only when it was there before."""
    stays = name in sys.modules
    try:
        return getattr(load(name), function)(*arguments)
    finally:
        if not stays:
            drop(name)


def keep_code() -> None:
    """For a machine whose MicroPython never gives native code back: modules that have some stay
    once they are loaded, else each loading would cost memory for good.
    """
    _stay.extend(_NATIVE)


def drop(start: str, but: tuple[str, ...] = ()) -> None:
    """Forget all modules whose names begin so, `but` these; their memory is free when nobody holds
    a part of them.
    """
    for name in list(sys.modules):
        if name.startswith(start) and name not in but and name not in _stay:
            del sys.modules[name]
            room, _dot, short = name.rpartition(".")
            package = sys.modules.get(room)
            if hasattr(package, short):
                delattr(package, short)
