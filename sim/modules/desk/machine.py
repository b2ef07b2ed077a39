"""Shadow of MicroPython's `machine` for the desk: the same calls, ending at the mechanism. Kept
small: it eats heap.
"""

from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING

import desk_link
from micropython import const

if TYPE_CHECKING:
    from typing import Any

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
_GET_FILENO = const(10)  # py/stream.h: MP_STREAM_GET_FILENO


class Pin:
    """A pin by its number."""

    IN = 0
    OUT = 1
    PULL_UP = 1
    PULL_DOWN = 2

    def __init__(
        self, id: int, mode: int = -1, pull: int | None = None, *, value: int | None = None
    ) -> None:
        self.id = id
        if mode == Pin.OUT and value is not None:
            desk_link.pin_write(id, value)

    def value(self, level: int | None = None) -> Any:
        """Read the pin, or drive it."""
        if level is None:
            return desk_link.pin_read(self.id)
        desk_link.pin_write(self.id, level)

    __call__ = value

    def on(self) -> None:
        """Drive it high."""
        desk_link.pin_write(self.id, 1)

    def off(self) -> None:
        """Drive it low."""
        desk_link.pin_write(self.id, 0)


class ADC:
    """An analog input."""

    def __init__(self, pin: Any) -> None:
        self._id = pin.id if isinstance(pin, Pin) else pin

    def read_u16(self) -> int:
        """Convert, 0..65535."""
        return desk_link.adc_read(self._id)


class SPI:
    """The bus of the recording head."""

    MSB = 0

    def __init__(self, id: int, *_pins: Any, **_settings: Any) -> None:
        pass

    def write(self, data: Any) -> None:
        """Clock octets out."""
        desk_link.spi_write(data)


class I2C:
    """The bus of the panel."""

    def __init__(self, id: int, *_pins: Any, **_settings: Any) -> None:
        pass

    def writeto(self, address: int, data: Any, stop: bool = True) -> int:
        """Write to a device; returns the octets acknowledged."""
        desk_link.i2c_write(address, data)
        return len(data)


class UART(io.IOBase):
    """The service line: a pseudo-terminal."""

    def __init__(self, id: int, *_settings: Any, **_more: Any) -> None:
        self._descriptor = desk_link.serial()
        self._file = open(self._descriptor, "r+b", buffering=0)

    def readinto(self, view: Any) -> int | None:
        """Read what has come; None when nothing has."""
        return self._file.readinto(view)

    def write(self, data: Any) -> int | None:
        """Write what fits; None when nothing does."""
        return self._file.write(data)

    def ioctl(self, request: int, argument: int) -> int:
        """For MicroPython's poller."""
        return self._descriptor if request == _GET_FILENO else -1

    def fileno(self) -> int:
        """For CPython's."""
        return self._descriptor


class RTC:
    """The calendar: the host's, moved by what was set."""

    _ahead = 0

    def datetime(self, when: Any = None) -> Any:
        """Read or set (year, month, day, weekday, hour, minute, second, subsecond), UTC."""
        if when is None:
            now = time.gmtime(time.time() + RTC._ahead)
            return now[0], now[1], now[2], now[6], now[3], now[4], now[5], 0
        year, month, day, _weekday, hour, minute, second, _sub = when
        then = time.mktime((year, month, day, hour, minute, second, 0, 0, 0))
        here = time.mktime(time.gmtime())
        RTC._ahead = int(then - here)


class WDT:
    """The watchdog; the desk keeps it."""

    def __init__(self, id: int = 0, timeout: int = 5000) -> None:
        self._timeout = timeout
        self.feed()

    def feed(self) -> None:
        """Say that all is well."""
        desk_link.watchdog(self._timeout)


def reset() -> None:
    """Restart; does not come back."""
    desk_link.reset()


def reset_cause() -> int:
    """Why it was started."""
    return desk_link.reset_cause()
