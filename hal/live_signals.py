"""The signal table with what each wire says at this moment."""
from __future__ import annotations

from typing import TYPE_CHECKING

from hal.passing import Passing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any


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
        with Passing("signals"):
            from hal import signals

            for row in signals.rows():
                yield self._live(row)

    def _live(self, row: dict[str, Any]) -> dict[str, Any]:
        reader = self._readers.get(row["name"])
        raw = reader() if reader else None
        row["port_pin"] = self._numbers.get(row["name"])
        row["raw"] = raw
        known = raw is not None and row["active"]
        row["state"] = ("on" if raw == int(row["active"]) else "off") if known else ""
        return row
