"""Logical inputs and outputs over pins: drivers say on and off, the signal table says which level
that is.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


class Input:
    """An input; `active` is the level (0 or 1) that means on."""

    def __init__(self, pin: Any, active: int) -> None:
        self._pin = pin
        self._active = active

    def is_on(self) -> bool:
        """Read it."""
        return bool(self._pin.value() == self._active)


class Output:
    """An output; `active` is the level (0 or 1) that means on. Switching it allocates nothing."""

    def __init__(self, pin: Any, active: int) -> None:
        self._pin = pin
        self._active = active
        self._idle = 1 - active

    def on(self) -> None:
        """Switch it on."""
        self._pin.value(self._active)

    def off(self) -> None:
        """Switch it off."""
        self._pin.value(self._idle)
