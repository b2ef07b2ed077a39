"""From pins to signals: which wire of the mechanism hangs on which pin of the board, as the
firmware's own tables say.

`Wiring` is the one face of the desk that both runtimes reach: directly in the same process, or
over a socket.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeVar

from sim.mechanism import Mechanism

_Wire = TypeVar("_Wire")


class Host(Protocol):
    """What the device says that is no signal of the mechanism."""

    def event(self, line: bytes) -> None:
        """One event for people: kind, a blank, a JSON object."""
        ...

    def watchdog(self, timeout_ms: int) -> None:
        """The watchdog was set or fed; it restarts the device after `timeout_ms`."""
        ...


class NotWired(Exception):
    """A pin or an address is used on which nothing hangs, or it is used the wrong way round."""


class Wiring:
    """Levels and octets from one board's pins and buses to the mechanism's signals and back."""

    def __init__(
        self, mechanism: Mechanism, pins: Mapping[str, int], panel_address: int, host: Host
    ) -> None:
        self._mechanism = mechanism
        self._panel_address = panel_address
        self._host = host
        names = {pin: name for name, pin in pins.items()}
        self._outputs = _attach(mechanism.outputs, names)
        self._inputs = _attach(mechanism.inputs, names)
        self._analog = _attach(mechanism.analog, names)
        self._levels: dict[int, int] = {}

    def pin_write(self, pin: int, level: int) -> None:
        """Drive a pin. Raises NotWired."""
        self._levels[pin] = level
        try:
            drive = self._outputs[pin]
        except KeyError:
            raise NotWired("pin %d is driven, but is no output of the board" % pin) from None
        drive(level)

    def pin_read(self, pin: int) -> int:
        """The level at a pin; of a driven pin, what it was driven to. Raises NotWired."""
        read = self._inputs.get(pin)
        if read is not None:
            return read()
        if pin not in self._outputs:
            raise NotWired("pin %d is read, but nothing is wired to it" % pin)
        return self._levels.get(pin, 0)

    def adc_read(self, pin: int) -> int:
        """A 16-bit conversion result. Raises NotWired."""
        try:
            return self._analog[pin]()
        except KeyError:
            raise NotWired("pin %d is converted, but is no analog input" % pin) from None

    def spi_write(self, data: bytes) -> None:
        """Clock octets into the head."""
        self._mechanism.head.shift(data)

    def i2c_write(self, address: int, data: bytes) -> None:
        """Write to a device on the bus. Raises NotWired."""
        if address != self._panel_address:
            raise NotWired("I2C address 0x%02x is written to, but nothing answers there" % address)
        self._mechanism.display.write(data)

    def link_up(self) -> int:
        """1 while the network cable is in."""
        return int(self._mechanism.cable)

    def event(self, line: bytes) -> None:
        """Hand an event on."""
        self._host.event(line)

    def watchdog(self, timeout_ms: int) -> None:
        """Hand a feeding on."""
        self._host.watchdog(timeout_ms)


def _attach(signals: Mapping[str, _Wire], names: Mapping[int, str]) -> dict[int, _Wire]:
    return {pin: signals[name] for pin, name in names.items() if name in signals}
