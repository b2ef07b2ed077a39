"""The machine's physics: where paper goes, what the sensors say, where dots come out."""

from __future__ import annotations

import pytest

from sim.film import MARK_LINES, Film
from sim.head import LINE_OCTETS
from sim.mechanism import Mechanism
from sim.paper_path import FEED_PATH_LINES, SHEET_ROWS
from sim.scenario import Scenario, ScenarioError
from tests.host.desk_support import Sheets

BLACK = b"\xff" * LINE_OCTETS


def machine(sheets: int = 2, film: Film | None = None) -> Mechanism:
    return Mechanism(Sheets(), sheets, film)


def pulse(at: Mechanism, name: str, times: int = 1) -> None:
    for _ in range(times):
        at.outputs[name](1)
        at.outputs[name](0)


def record(at: Mechanism, dots: bytes) -> None:
    at.head.shift(dots)
    at.outputs["nHEAD_LATCH"](0)
    at.outputs["nHEAD_LATCH"](1)
    pulse(at, "HEAD_STROBE")
    pulse(at, "FEED_STEP")


def sheets(at: Mechanism) -> list[list[bytes | None]]:
    return at.paper._taker.done  # type: ignore[attr-defined, no-any-return]


def test_a_sheet_goes_from_the_tray_under_the_head_and_out() -> None:
    at = machine(1)
    assert (at.inputs["nPAPER"](), at.inputs["nREGIST"]()) == (0, 1)
    pulse(at, "ASF_DRIVE", FEED_PATH_LINES - 1)
    assert (at.inputs["nPAPER"](), at.inputs["nREGIST"]()) == (1, 1)
    pulse(at, "ASF_DRIVE")
    assert at.inputs["nREGIST"]() == 0
    pulse(at, "FEED_STEP", SHEET_ROWS - 1)
    assert at.inputs["nREGIST"]() == 0
    pulse(at, "FEED_STEP")
    assert at.inputs["nREGIST"]() == 1
    assert at.paper.delivered == 1


def test_an_empty_tray_feeds_nothing() -> None:
    at = machine(0)
    pulse(at, "ASF_DRIVE", 3 * FEED_PATH_LINES)
    assert at.inputs["nREGIST"]() == 1
    at.load_paper(1)
    pulse(at, "ASF_DRIVE", FEED_PATH_LINES)
    assert at.inputs["nREGIST"]() == 0


def test_the_feeder_lets_the_sheet_under_the_head_alone() -> None:
    at = machine(2)
    pulse(at, "ASF_DRIVE", 2 * FEED_PATH_LINES)
    assert at.paper.sheets == 1
    assert at.paper.passed == 0


def test_only_rising_edges_step() -> None:
    at = machine()
    for level in (1, 1, 1, 0, 0):
        at.outputs["ASF_DRIVE"](level)
    assert at.paper.passed == 1 - FEED_PATH_LINES


def test_dots_come_out_where_they_are_strobed() -> None:
    at = machine()
    pulse(at, "ASF_DRIVE", FEED_PATH_LINES)
    record(at, BLACK)
    pulse(at, "FEED_STEP")
    record(at, bytes(LINE_OCTETS))
    at.clear_jam()
    assert sheets(at) == [[BLACK, None, bytes(LINE_OCTETS)]]


def test_the_register_keeps_what_was_shifted_in_last() -> None:
    at = machine()
    pulse(at, "ASF_DRIVE", FEED_PATH_LINES)
    at.head.shift(b"\x01" * 100)
    record(at, b"\x02" * 200)
    at.clear_jam()
    assert sheets(at) == [[b"\x01" * 16 + b"\x02" * 200]]


def test_what_is_not_latched_is_not_recorded() -> None:
    at = machine()
    pulse(at, "ASF_DRIVE", FEED_PATH_LINES)
    at.head.shift(BLACK)
    pulse(at, "HEAD_STROBE")
    pulse(at, "FEED_STEP")
    at.clear_jam()
    assert sheets(at) == [[bytes(LINE_OCTETS)]]


def test_lines_without_a_feed_lie_on_top_of_each_other() -> None:
    at = machine()
    pulse(at, "ASF_DRIVE", FEED_PATH_LINES)
    at.jam()
    record(at, b"\xf0" * LINE_OCTETS)
    record(at, b"\x0f" * LINE_OCTETS)
    at.paper.jammed = False
    pulse(at, "FEED_STEP")
    at.clear_jam()
    assert sheets(at) == [[BLACK]]


@pytest.mark.parametrize("why", ["no sheet", "cover", "film"])
def test_heat_without_paper_pressure_or_film_is_wasted(why: str) -> None:
    at = machine(0 if why == "no sheet" else 1, Film(0.0 if why == "film" else 10.0))
    pulse(at, "ASF_DRIVE", FEED_PATH_LINES)
    if why == "cover":
        at.open_cover()
    record(at, BLACK)
    assert at.wasted_strobes == 1
    at.close_cover()
    pulse(at, "FEED_STEP", SHEET_ROWS)
    assert all(row is None for sheet in sheets(at) for row in sheet)


def test_an_open_cover_is_seen_and_stops_the_rollers() -> None:
    at = machine()
    pulse(at, "ASF_DRIVE", FEED_PATH_LINES)
    at.open_cover()
    assert at.inputs["COVER"]() == 1
    pulse(at, "FEED_STEP", 10)
    assert at.paper.passed == 0


def test_a_jammed_sheet_stays_under_the_head_until_it_is_taken_out() -> None:
    at = machine()
    pulse(at, "ASF_DRIVE", FEED_PATH_LINES)
    at.jam()
    pulse(at, "FEED_STEP", 2 * SHEET_ROWS)
    assert at.inputs["nREGIST"]() == 0
    at.clear_jam()
    assert at.inputs["nREGIST"]() == 1
    assert at.paper.delivered == 0


@pytest.mark.parametrize("unit_ua", [160.0, 800.0, 1600.0])
def test_the_mark_is_brighter_than_the_film_in_every_unit(unit_ua: float) -> None:
    film = Film(1.0, unit_ua)
    film.led = 1
    plain = [film.reading() for _ in range(50)]
    film.wind_to_mark()
    marked = [film.reading() for _ in range(50)]
    assert min(marked) > max(plain) + 1024
    film.led = 0
    assert max(film.reading() for _ in range(50)) < 1024


def test_the_film_moves_with_the_paper_and_ends_with_its_mark() -> None:
    film = Film(10.0)
    film.left = MARK_LINES + 2
    at = machine(1, film)
    pulse(at, "ASF_DRIVE", FEED_PATH_LINES)
    pulse(at, "FEED_STEP")
    assert not film.mark_at_sensor
    pulse(at, "FEED_STEP")
    assert film.mark_at_sensor


def test_the_same_seed_gives_the_same_readings() -> None:
    one, other, third = Film(seed=5), Film(seed=5), Film(seed=6)
    readings = [one.reading() for _ in range(20)]
    assert readings == [other.reading() for _ in range(20)]
    assert readings != [third.reading() for _ in range(20)]


def test_a_tapped_key_is_seen_for_a_while_a_held_one_for_ever() -> None:
    at = machine()
    at.keys.tap("start")
    levels = [at.inputs["nKEY_START"]() for _ in range(10)]
    assert levels[0] == 0
    assert levels[-1] == 1
    at.keys.press("stop")
    assert {at.inputs["nKEY_STOP"]() for _ in range(100)} == {0}
    at.keys.release("stop")
    assert at.inputs["nKEY_STOP"]() == 1
    with pytest.raises(KeyError):
        at.keys.tap("help")


def run_pages(at: Mechanism, pages: int) -> None:
    for _ in range(pages):
        pulse(at, "ASF_DRIVE", FEED_PATH_LINES)
        pulse(at, "FEED_STEP", SHEET_ROWS)


def test_a_scenario_waits_for_pages_lines_and_seconds() -> None:
    at = machine(5)
    done: list[str] = []
    scenario = Scenario(
        "cable out; paper out after 2 pages; cover open at page 2 line 9 # so\ncable in after 3 s"
    )
    scenario.attach(at, done.append)
    assert done == ["cable out"]
    run_pages(at, 1)
    pulse(at, "ASF_DRIVE", FEED_PATH_LINES)
    pulse(at, "FEED_STEP", 8)
    assert not at.cover_open
    pulse(at, "FEED_STEP")
    assert at.cover_open
    at.close_cover()
    assert at.paper.sheets == 3
    pulse(at, "FEED_STEP", SHEET_ROWS)
    assert at.paper.sheets == 0
    assert scenario.waits_for_time
    scenario.tick(2.9)
    assert not at.cable
    scenario.tick(3.0)
    assert at.cable
    assert not scenario.waits_for_time
    assert len(done) == 4


@pytest.mark.parametrize("text", ["dance", "paper out at 3", "key help", "cover open after"])
def test_a_step_that_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(ScenarioError):
        Scenario(text)


def test_the_usual_unit_works_without_calibration() -> None:
    """hal/film.py takes 3/8 and 5/8 of the full scale until it is told better."""
    film = Film()
    film.led = 1
    assert max(film.reading() for _ in range(50)) < 65535 * 3 / 8
    film.wind_to_mark()
    assert min(film.reading() for _ in range(50)) > 65535 * 5 / 8
