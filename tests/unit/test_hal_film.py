"""The end mark of the ink film is seen whatever the unit's sensor gives, and its LED shines only
while it looks.
"""
from __future__ import annotations

import asyncio

from hal.film import Film
from hal.level import Output
from tests.unit.hal_fakes import Bench
from tests.unit.support import raises

LED = 1


class FakeSensor:
    """Dark unless its LED is lit; strict about when it is asked."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.reading = 0
        self.fail = False

    def read_u16(self) -> int:
        assert self.bench.pins[LED].level == 1, "a reading without light"
        if self.fail:
            raise OSError(5)
        return self.reading


def _film(settle_us: int = 0) -> tuple:
    bench = Bench()
    led = Output(bench.output(LED), 1)
    sensor = FakeSensor(bench)
    return Film(led, sensor, settle_us), sensor, bench


def _samples(film: Film, sensor: FakeSensor, readings: list) -> list:
    async def main() -> list:
        seen = []
        for sensor.reading in readings:
            seen.append(await film.sample())
        return seen

    return asyncio.run(main())


def test_a_reading_lights_the_led_and_puts_it_out_again() -> None:
    film, sensor, bench = _film(settle_us=50)
    sensor.reading = 4711
    assert asyncio.run(film.read_raw()) == 4711
    assert bench.log == [(LED, 1), (LED, 0)]


def test_the_led_goes_out_when_the_reading_fails() -> None:
    film, sensor, bench = _film()
    sensor.fail = True
    raises(OSError, asyncio.run, film.read_raw())
    assert bench.pins[LED].level == 0


def test_a_bright_mark_is_seen_with_hysteresis() -> None:
    film, sensor, _bench = _film()
    film.configure(1000, 9000, True)  # thresholds: 6000 on the way up, 4000 on the way down
    readings = [1000, 5900, 6100, 4100, 5000, 3900, 5900, 9500]
    assert _samples(film, sensor, readings) == [False, False, True, True, True, False, False, True]


def test_a_dark_mark_is_seen_with_hysteresis() -> None:
    film, sensor, _bench = _film()
    film.configure(1000, 9000, False)
    readings = [9000, 4100, 3900, 5900, 6100]
    assert _samples(film, sensor, readings) == [False, False, True, True, False]


def test_a_sensor_that_pulls_its_output_down_when_bright_works_too() -> None:
    film, sensor, _bench = _film()
    film.configure(9000, 1000, True)  # dark reads high
    readings = [9000, 4100, 3900, 5900, 6100]
    assert _samples(film, sensor, readings) == [False, False, True, True, False]


def test_weak_and_strong_units_of_the_sensor_are_told_apart_after_calibration() -> None:
    for micro_amps in (160, 1600):
        film, sensor, _bench = _film()
        dark, bright = micro_amps * 2, micro_amps * 36
        film.configure(dark, bright, True)
        assert _samples(film, sensor, [dark, bright, dark]) == [False, True, False]


def test_the_same_calibration_again_forgets_nothing() -> None:
    film, sensor, _bench = _film()
    film.configure(1000, 9000, True)
    assert _samples(film, sensor, [6100]) == [True]
    film.configure(1000, 9000, True)
    assert _samples(film, sensor, [5000]) == [True]  # between the thresholds
    film.configure(1000, 9001, True)
    assert _samples(film, sensor, [5000]) == [False]


def test_a_typical_unit_is_told_apart_before_it_is_calibrated() -> None:
    film, sensor, _bench = _film()
    assert _samples(film, sensor, [2540, 28600, 2540]) == [False, True, False]


def test_readings_too_close_together_are_refused() -> None:
    film, _sensor, _bench = _film()
    raises(ValueError, film.configure, 5000, 6023, True)
    film.configure(5000, 6024, True)


def test_readings_out_of_range_are_refused() -> None:
    film, _sensor, _bench = _film()
    raises(ValueError, film.configure, -1, 6000, True)
    raises(ValueError, film.configure, 0, 65536, True)


def test_a_settling_time_that_would_hold_the_loop_is_refused() -> None:
    raises(ValueError, _film, 5001)
