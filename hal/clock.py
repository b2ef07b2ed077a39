"""Time: wrapping ticks, the calendar, and short exact waits.

Ticks wrap at 2**30 ms on every runtime, as they do on a 32-bit board, so that code that handles
them wrongly fails on the desk as well. A time base can be handed in (virtual time).
"""
from __future__ import annotations

import time as _time
from typing import TYPE_CHECKING

from micropython import const

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_PERIOD = const(0x40000000)
_HALF = const(0x20000000)
_FIRST_YEAR = const(2024)  # an earlier calendar was never set: boards start in 2000 or 2021
_DAYS_TO_1970 = const(719468)  # from 0000-03-01
_DAY_S = const(86400)


def _base() -> Callable[[], int]:
    if hasattr(_time, "ticks_ms"):
        return _time.ticks_ms  # type: ignore[no-any-return]
    return lambda: _time.monotonic_ns() // 1_000_000


def sleep_us(duration_us: int) -> None:
    """Hold the processor for a pulse or a settling time; 0 returns at once. Not for more than some
    milliseconds.
    """
    if duration_us:
        if hasattr(_time, "sleep_us"):
            _time.sleep_us(duration_us)
        else:
            _time.sleep(duration_us / 1_000_000)


def days_since_1970(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 to a date of the Gregorian calendar."""
    if month <= 2:  # count years from March, so that the leap day is a year's last
        year -= 1
        month += 12
    leap_days = year // 4 - year // 100 + year // 400
    return 365 * year + leap_days + (153 * (month - 3) + 2) // 5 + day - 1 - _DAYS_TO_1970


def date_of(days: int) -> tuple[int, int, int]:
    """(year, month, day) of the day so many days after 1970-01-01."""
    days += _DAYS_TO_1970
    era, days = days // 146097, days % 146097
    year = (days - days // 1460 + days // 36524 - days // 146096) // 365
    days -= 365 * year + year // 4 - year // 100
    month = (5 * days + 2) // 153
    day = days - (153 * month + 2) // 5 + 1
    return era * 400 + year + (month >= 10), month + 3 if month < 10 else month - 9, day


class Clock:
    """Implements `devices.Clock`.

    :param rtc: the board's calendar, `machine.RTC`
    :param ticks: a time base in ms, of any period that is a multiple of 2**30; None takes the
        runtime's own
    """

    def __init__(self, rtc: Any, ticks: Callable[[], int] | None = None) -> None:
        self._rtc = rtc
        self._ticks = ticks or _base()

    def ticks_ms(self) -> int:
        """Milliseconds that wrap at 2**30."""
        return self._ticks() & (_PERIOD - 1)

    def ticks_diff(self, later: int, earlier: int) -> int:
        """`later - earlier` in ms, right within half a period."""
        return ((later - earlier + _HALF) & (_PERIOD - 1)) - _HALF

    def ticks_add(self, ticks: int, delta: int) -> int:
        """`ticks + delta`, wrapped."""
        return (ticks + delta) & (_PERIOD - 1)

    def now(self) -> int:
        """Seconds since 1970-01-01 UTC; 0 while the calendar is not set."""
        year, month, day, _weekday, hour, minute, second, _fraction = self._rtc.datetime()
        if year < _FIRST_YEAR:
            return 0
        in_day: int = hour * 3600 + minute * 60 + second
        return days_since_1970(year, month, day) * _DAY_S + in_day

    def set(self, seconds: int) -> None:
        """Set the calendar, seconds since 1970-01-01 UTC."""
        days, rest = seconds // _DAY_S, seconds % _DAY_S
        year, month, day = date_of(days)
        # 1970-01-01 was a Thursday; the calendar counts weekdays from Monday, 0
        weekday = (days + 3) % 7
        self._rtc.datetime(
            (year, month, day, weekday, rest // 3600, rest // 60 % 60, rest % 60, 0))
