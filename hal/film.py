"""The ink film's end mark, seen by the reflective sensor EE-SY113 (manual pp. 266-267: VLED, GND,
OIS behind CNP46).

The sensor's light current spreads from 160 to 1600 uA from unit to unit, so the two readings of
film and mark are calibrated per unit, and which of them is the mark is a setting too.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from micropython import const

from hal.clock import sleep_us

if TYPE_CHECKING:
    from typing import Any

    from hal.level import Output

FULL_SCALE = const(65535)
NOMINAL_DARK = const(2500)  # a typical unit (0.8 mA) into 2 kOhm, film and mark; assumed
NOMINAL_BRIGHT = const(28500)
LEAST_CONTRAST = const(1024)  # closer together, film and mark can't be told apart
_LONGEST_SETTLE_US = const(5000)


class Film:
    """Implements `devices.Film`. Until `configure` is called a typical unit is assumed.

    :param led: output VLED_ON; lit only while a reading is taken, for the LED's life and because
        of its current
    :param converter: OIS; `read_u16()` gives 0..65535
    :param settle_us: from LED on to a valid reading, at most 5000; more raises ValueError
    """

    def __init__(self, led: Output, converter: Any, settle_us: int) -> None:
        if not 0 <= settle_us <= _LONGEST_SETTLE_US:
            raise ValueError("the sensor settles within 0 to %d us" % _LONGEST_SETTLE_US)
        self._led = led
        self._converter = converter
        self._settle_us = settle_us
        self._calibration: tuple[int, int, bool] | None = None
        self.configure(NOMINAL_DARK, NOMINAL_BRIGHT, True)

    def configure(self, dark: int, bright: int, mark_is_bright: bool) -> None:
        """Give the unit's calibration: 16-bit readings of the dark and the bright surface, and
        which is the mark.

        `dark` may be the larger reading, with a sensor that pulls its output down. Raises
        ValueError when a reading is out of range or the two are less than 1024 apart; the former
        calibration stays then.
        """
        if not (0 <= dark <= FULL_SCALE and 0 <= bright <= FULL_SCALE):
            raise ValueError("a reading lies between 0 and %d" % FULL_SCALE)
        if abs(bright - dark) < LEAST_CONTRAST:
            raise ValueError("dark and bright readings must be %d apart" % LEAST_CONTRAST)
        if self._calibration == (dark, bright, mark_is_bright):
            return  # what was seen last still holds
        self._calibration = (dark, bright, mark_is_bright)
        self._dark = dark
        self._span = bright - dark
        self._mark_is_bright = mark_is_bright
        self._bright_seen = not mark_is_bright

    async def read_raw(self) -> int:
        """One reading with the LED lit, 0..65535. Holds the processor for the settling time."""
        try:
            self._led.on()
            sleep_us(self._settle_us)
            reading: int = self._converter.read_u16()
        finally:
            self._led.off()
        return reading

    async def sample(self) -> bool:
        """True while the end mark is under the sensor; changes only past 5/8 of the way from one
        to the other.
        """
        above_dark = await self.read_raw() - self._dark
        if self._span < 0:
            above_dark = -above_dark
        threshold = abs(self._span) * (3 if self._bright_seen else 5) // 8
        self._bright_seen = above_dark > threshold
        return self._bright_seen == self._mark_is_bright
