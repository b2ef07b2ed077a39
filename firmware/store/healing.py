"""What is done about a data filesystem that holds what it has but takes nothing new, because it is
damaged within: it is formatted anew, and what is known is written again. Loaded when it comes to
that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.recording.faults import Fault
from firmware.store.record_log import SMALL

if TYPE_CHECKING:
    from collections.abc import Callable

    from firmware.devices import Storage


def is_sick(storage: Storage) -> bool:
    """True when the filesystem can't even say how much space it has: it has to look at all that it
    holds for that, as before it gives space to anybody.
    """
    try:
        storage.free()
    except OSError:
        return True
    return False


def heal(storage: Storage, name: str, rebuilt: str, write: Callable[[], None]) -> bool:
    """Format anew and `write` the log of that name; the file `rebuilt` says until then that it is
    lost. False when the flash takes nothing any more.
    """
    try:
        storage.rebuild((name, name + SMALL))
        write()
        storage.remove(rebuilt)
    except (Fault, OSError):
        return False
    return True
