"""The signals as they are at this moment, and what is left in memory of their table after boot."""
from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any


class SignalError(Exception):
    """Signal table, port and drivers do not agree; the text begins with the signal or option."""


def forget(*names: str) -> None:
    """Take modules of this package out of memory; they are loaded again when asked for."""
    for name in names:
        sys.modules.pop(name, None)
        room, _dot, short = name.rpartition(".")
        package = sys.modules.get(room)
        if hasattr(package, short):
            delattr(package, short)


class LiveSignals:
    """Implements `devices.Signals`: the table with what each wire says at this moment.

    :param numbers: signal name → the port's pin number
    :param readers: signal name → reads its level or conversion result
    """

    def __init__(self, numbers: dict[str, int], readers: dict[str, Callable[[], int]]) -> None:
        self._numbers = numbers
        self._readers = readers

    def rows(self) -> Iterator[dict[str, Any]]:
        """One dict a row: the members of signals.FIELDS, and

        - port_pin: the port's pin number, None when not wired
        - raw: level (0, 1) or conversion result, None when it can't be read
        - state: 'on', 'off', or '' when that has no meaning
        """
        from hal import signals  # loaded when somebody looks

        for row in signals.rows():
            members: dict[str, Any] = row
            reader = self._readers.get(row["name"])
            raw = reader() if reader else None
            members["port_pin"] = self._numbers.get(row["name"])
            members["raw"] = raw
            known = raw is not None and row["active"]
            members["state"] = ("on" if raw == int(row["active"]) else "off") if known else ""
            yield members
        forget("hal.signals")
