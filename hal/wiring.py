"""Puts signal table and port together: every pin is claimed once and in its direction, every
option is read once.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from hal import signals
from hal.level import Input, Output
from hal.live_signals import SignalError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Wiring:
    """Hands out one port's pins and options; `finish` refuses what nobody asked for. All errors
    are SignalError.

    :param pins: signal name → the port's pin number
    :param options: option name → number
    :param pin: makes a pin as `machine.Pin` does
    :param converter: makes an analog-digital converter of a pin number
    """

    def __init__(self, pins: dict[str, int], options: dict[str, int], pin: Any,
                 converter: Callable[[int], Any]) -> None:
        signals.check_table()
        signals.check_pins(pins)
        self._numbers = pins
        self._unclaimed = set(pins)
        self._options = dict(options)
        self._pin = pin
        self._converter = converter
        self.readers: dict[str, Callable[[], int]] = {}  # signal name → reads level or conversion

    def input(self, name: str) -> Input:
        """Claim an input; its switch goes to ground, so it gets the board's pull-up."""
        number, active = self._claim(name, signals.IN)
        pin = self._pin(number, self._pin.IN, self._pin.PULL_UP)
        self.readers[name] = pin.value
        return Input(pin, active)

    def output(self, name: str) -> Output:
        """Claim an output; it starts off."""
        number, active = self._claim(name, signals.OUT)
        pin = self._pin(number, self._pin.OUT, value=1 - active)
        self.readers[name] = pin.value
        return Output(pin, active)

    def analog(self, name: str) -> Any:
        """Claim an analog input; gives its converter (`read_u16`)."""
        converter = self._converter(self._claim(name, signals.ANALOG)[0])
        self.readers[name] = converter.read_u16
        return converter

    def bus(self, name: str) -> int:
        """Claim a pin of a serial bus; gives its number, the bus itself is made by the port."""
        return self._claim(name, signals.BUS)[0]

    def watch(self, name: str) -> None:
        """Claim a signal of unknown direction, if the port has it: an input without pull, which
        drives nothing.
        """
        if name in self._numbers:
            pin = self._pin(self._claim(name, signals.NOT_GIVEN)[0], self._pin.IN)
            self.readers[name] = pin.value

    def option(self, name: str) -> int:
        """Read an option."""
        if name not in self._options:
            raise SignalError("%s: the port has no such option, or it is read twice" % name)
        return self._options.pop(name)

    def finish(self) -> None:
        """Refuse pins and options that no driver wanted."""
        for name in self._unclaimed:
            raise SignalError("%s: the port has a pin for it, but nothing uses it" % name)
        for name in self._options:
            raise SignalError("%s: nothing reads this option" % name)

    def _claim(self, name: str, direction: str) -> tuple[int, int]:
        """Pin number, and the level that is on (0 for what is no level)."""
        row = signals.find(name)
        if row["direction"] != direction:
            raise SignalError("%s: its direction is '%s', not '%s'"
                              % (name, row["direction"], direction))
        if name not in self._numbers:
            raise SignalError("%s: the port has no pin for it" % name)
        if name not in self._unclaimed:
            raise SignalError("%s: it is used already" % name)
        self._unclaimed.remove(name)
        return self._numbers[name], int(row["active"] or 0)
