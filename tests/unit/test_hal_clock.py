"""Ticks wrap at 2**30 everywhere; the calendar counts from 1970 whatever the board counts from."""
from __future__ import annotations

from hal.clock import Clock, date_of, days_since_1970, sleep_us

PERIOD = 1 << 30


class FakeRtc:
    def __init__(self, when: tuple = (2021, 1, 1, 4, 0, 0, 0, 0)) -> None:
        self.when = when

    def datetime(self, when: tuple | None = None) -> tuple | None:
        if when is None:
            return self.when
        assert len(when) == 8
        self.when = when
        return None


def _clock(ticks: int = 0) -> Clock:
    return Clock(FakeRtc(), lambda: ticks)


def test_ticks_wrap_at_two_to_the_thirty() -> None:
    assert _clock(PERIOD - 1).ticks_ms() == PERIOD - 1
    assert _clock(PERIOD).ticks_ms() == 0
    assert _clock(5 * PERIOD + 7).ticks_ms() == 7


def test_own_time_base_is_below_the_period_and_moves_on() -> None:
    clock = Clock(FakeRtc())
    before = clock.ticks_ms()
    sleep_us(5000)
    assert 0 <= before < PERIOD
    assert 4 <= clock.ticks_diff(clock.ticks_ms(), before) < 100_000  # on a loaded machine


def test_a_difference_is_right_over_the_wrap() -> None:
    clock = _clock()
    assert clock.ticks_diff(5, PERIOD - 5) == 10
    assert clock.ticks_diff(PERIOD - 5, 5) == -10
    assert clock.ticks_diff(PERIOD // 2 - 1, 0) == PERIOD // 2 - 1
    assert clock.ticks_diff(0, PERIOD // 2 - 1) == 1 - PERIOD // 2


def test_adding_wraps_in_both_directions() -> None:
    clock = _clock()
    assert clock.ticks_add(PERIOD - 1, 2) == 1
    assert clock.ticks_add(1, -2) == PERIOD - 1


def test_a_deadline_set_before_the_wrap_is_met_after_it() -> None:
    now = [PERIOD - 100]
    clock = Clock(FakeRtc(), lambda: now[0])
    deadline = clock.ticks_add(clock.ticks_ms(), 300)
    now[0] += 299
    assert clock.ticks_diff(deadline, clock.ticks_ms()) == 1
    now[0] += 2
    assert clock.ticks_diff(deadline, clock.ticks_ms()) == -1


def test_a_calendar_that_was_never_set_reads_zero() -> None:
    assert Clock(FakeRtc((2000, 1, 1, 5, 12, 0, 0, 0))).now() == 0
    assert Clock(FakeRtc((2021, 1, 1, 4, 0, 0, 0, 0))).now() == 0


def test_known_moments() -> None:
    assert Clock(FakeRtc((2024, 2, 29, 3, 23, 59, 59, 0))).now() == 1709251199
    assert Clock(FakeRtc((2038, 1, 19, 1, 3, 14, 8, 0))).now() == 2147483648


def test_setting_gives_the_board_the_date_with_its_weekday() -> None:
    rtc = FakeRtc()
    clock = Clock(rtc)
    clock.set(1709251199)
    assert rtc.when == (2024, 2, 29, 3, 23, 59, 59, 0)  # a Thursday
    assert clock.now() == 1709251199


def test_dates_and_day_numbers_agree_day_by_day() -> None:
    before = date_of(-1)
    assert before == (1969, 12, 31)
    for day in range(60000):
        date = date_of(day)
        assert date > before
        before = date
        if day % 7 == 0:
            assert days_since_1970(date[0], date[1], date[2]) == day
    assert date == (2134, 4, 10)
