"""The ink film and its end mark under the reflective sensor EE-SY113 (manual pp. 266-267)."""

from __future__ import annotations

import random

LINES_PER_METRE = 15400
MARK_LINES = (
    9240  # 60 cm before its end the film carries the mark: almost two sheets can still be recorded
)

_LOAD_OHM = 2000  # from OIS to ground; assumed
_FULL_SCALE_V = 3.3
_REFLECTS_MARK = 0.9
_REFLECTS_FILM = 0.08
_LEAKAGE_UA = 0.2  # the data sheet's largest dark current
_NOISE_V = 0.004


class Film:
    """A film of some length that moves with the paper; the sensor looks at it while its LED is
    lit.

    `unit_ua` is this unit's light current; the data sheet allows 160 to 1600 microamperes. The
    default unit works with thresholds taken from the full scale; others want calibration.
    """

    def __init__(self, metres: float = 200.0, unit_ua: float = 1600.0, seed: int = 1) -> None:
        self.left = int(metres * LINES_PER_METRE)
        self.led = 0
        self._unit_ua = unit_ua
        self._noise = random.Random(seed)

    @property
    def mark_at_sensor(self) -> bool:
        """True when the end mark is what the sensor sees."""
        return self.left <= MARK_LINES

    def step(self) -> bool:
        """Use one line of film; False when there is none."""
        if self.left <= 0:
            return False
        self.left -= 1
        return True

    def wind_to_mark(self) -> None:
        """Go on to where the end mark begins."""
        self.left = min(self.left, MARK_LINES)

    def renew(self, metres: float = 200.0) -> None:
        """Put a new film in."""
        self.left = int(metres * LINES_PER_METRE)

    def reading(self) -> int:
        """OIS as a 16-bit conversion result, noise included; the same seed gives the same
        readings.
        """
        current_ua = _LEAKAGE_UA
        if self.led:
            current_ua += self._unit_ua * (
                _REFLECTS_MARK if self.mark_at_sensor else _REFLECTS_FILM
            )
        volts = current_ua * 1e-6 * _LOAD_OHM + self._noise.gauss(0.0, _NOISE_V)
        return max(0, min(65535, round(volts / _FULL_SCALE_V * 65535)))
