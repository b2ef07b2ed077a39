"""The signal table says what the manual says, and a board that does not fit it is refused with the
signal named.
"""
from __future__ import annotations

from hal import signals
from hal.live_signals import LiveSignals, SignalError
from hal.wiring import Wiring
from tests.unit.hal_fakes import Bench
from tests.unit.support import raises


class FakeConverter:
    def read_u16(self) -> int:
        return 1234


def _wiring(pins: dict, options: dict | None = None) -> Wiring:
    bench = Bench()
    for number in pins.values():
        bench.levels[number] = 1
    return Wiring(pins, options or {}, bench, lambda _number: FakeConverter())


def _line(name: str, index: int = 0, value: str | None = None) -> str:
    """A line of the table, one of its members changed."""
    members = [signals.find(name)[field] for field in signals.FIELDS]
    if value is not None:
        members[index] = value
    return "|".join(members) + "\n"


def test_nasfb_is_entered_as_manual_page_46_says() -> None:
    row = signals.find("nASFB")
    assert (row["board"], row["connector"], row["pin"]) == ("NCU PCB", "CNJ25", "14")
    assert (row["active"], row["levels"], row["page"]) == ("0", "3.3 V OFF, 0 V ON", "46")
    assert (row["direction"], row["function"], row["source"]) == ("", "", "manual")


def test_ink_mark_wires_leave_the_pin_order_open() -> None:
    for name, wire in (("VLED", "R"), ("GND", "B"), ("OIS", "G")):
        row = signals.find(name)
        assert (row["board"], row["connector"], row["pin"]) == ("FBN8710", "CNP46", "")
        assert row["function"].endswith("wire " + wire)
        assert (row["page"], row["source"]) == ("266-267", "manual")


def test_what_the_manual_does_not_say_is_marked_as_assumed_and_names_no_page() -> None:
    for row in signals.rows():
        assert row["source"] in ("manual", "assumed")
        assert (row["page"] == "") == (row["source"] == "assumed")


def test_the_table_itself_is_sound() -> None:
    signals.check_table()


def test_a_signal_entered_twice_is_refused() -> None:
    twice = _line("COVER") + _line("COVER")
    assert str(raises(SignalError, signals.check_table, twice)).startswith("COVER: ")


def test_two_signals_on_one_connector_pin_are_refused() -> None:
    table = _line("nASFB") + _line("nASFB", 0, "OTHER")
    message = str(raises(SignalError, signals.check_table, table))
    assert message == "OTHER: CNJ25 pin 14 carries nASFB already"


def test_a_row_with_an_unknown_direction_is_refused() -> None:
    line = _line("COVER", 4, "sideways")
    assert str(raises(SignalError, signals.check_table, line)).startswith("COVER: ")


def test_a_level_must_say_which_level_is_on() -> None:
    for level in ("", "2"):
        line = _line("COVER", 5, level)
        assert str(raises(SignalError, signals.check_table, line)).startswith("COVER: ")


def test_a_row_with_a_member_too_few_is_refused() -> None:
    assert "COVER" in str(raises(SignalError, signals.check_table, "COVER|NCU PCB||\n"))


def test_a_name_is_found_as_a_whole() -> None:
    assert signals.find("VLED")["source"] == "manual"
    assert signals.find("VLED_ON")["source"] == "assumed"
    for name in ("", "LED", "VLE"):
        raises(SignalError, signals.find, name)


def test_a_port_that_uses_a_pin_twice_is_refused() -> None:
    message = str(raises(SignalError, _wiring, {"COVER": 7, "nPAPER": 7}))
    assert "COVER" in message and "nPAPER" in message and "7" in message


def test_a_port_with_an_unknown_signal_is_refused() -> None:
    assert str(raises(SignalError, _wiring, {"COVFEFE": 7})) == "COVFEFE: unknown signal"


def test_an_input_can_not_be_claimed_as_output() -> None:
    message = str(raises(SignalError, _wiring({"COVER": 7}).output, "COVER"))
    assert message.startswith("COVER: its direction is 'in'")


def test_an_output_can_not_be_claimed_as_input() -> None:
    assert "ALARM" in str(raises(SignalError, _wiring({"ALARM": 7}).input, "ALARM"))


def test_a_signal_of_unknown_direction_can_only_be_watched() -> None:
    wiring = _wiring({"nASFB": 7})
    raises(SignalError, wiring.output, "nASFB")
    raises(SignalError, wiring.input, "nASFB")
    wiring.watch("nASFB")
    assert wiring.readers["nASFB"]() == 1


def test_watching_uses_no_pull() -> None:
    bench = Bench()
    Wiring({"nASFB": 7}, {}, bench, FakeConverter).watch("nASFB")
    assert bench.pins[7].mode == Bench.IN and bench.pins[7].pull is None


def test_a_signal_is_claimed_once() -> None:
    wiring = _wiring({"COVER": 7})
    wiring.input("COVER")
    assert str(raises(SignalError, wiring.input, "COVER")) == "COVER: it is used already"


def test_a_signal_that_the_port_does_not_wire_is_named() -> None:
    message = str(raises(SignalError, _wiring({}).input, "COVER"))
    assert message == "COVER: the port has no pin for it"


def test_a_pin_that_nobody_uses_is_an_error() -> None:
    assert str(raises(SignalError, _wiring({"ALARM": 7}).finish)).startswith("ALARM: ")


def test_an_option_that_nobody_reads_is_an_error() -> None:
    wiring = _wiring({}, {"HEAD_STROBE.pulse_us": 5})
    assert str(raises(SignalError, wiring.finish)).startswith("HEAD_STROBE.pulse_us: ")
    assert wiring.option("HEAD_STROBE.pulse_us") == 5
    wiring.finish()


def test_an_option_that_is_missing_is_an_error() -> None:
    assert "VLED_ON.settle_us" in str(raises(SignalError, _wiring({}).option, "VLED_ON.settle_us"))


def test_inputs_get_their_pull_up_and_outputs_begin_off() -> None:
    bench = Bench()
    wiring = Wiring({"COVER": 1, "ALARM": 2, "nHEAD_LATCH": 3}, {}, bench, FakeConverter)
    wiring.input("COVER")
    wiring.output("ALARM")
    wiring.output("nHEAD_LATCH")
    assert bench.pins[1].pull == Bench.PULL_UP
    assert bench.pins[2].level == 0
    assert bench.pins[3].level == 1  # active low


def test_levels_become_on_and_off_by_the_table() -> None:
    bench = Bench()
    wiring = Wiring({"COVER": 1, "nPAPER": 2}, {}, bench, FakeConverter)
    cover, paper = wiring.input("COVER"), wiring.input("nPAPER")
    bench.levels = {1: 1, 2: 1}
    assert cover.is_on() and not paper.is_on()
    bench.levels = {1: 0, 2: 0}
    assert not cover.is_on() and paper.is_on()


def test_live_rows_show_every_row_with_raw_and_logical_state() -> None:
    wiring = _wiring({"COVER": 1, "nPAPER": 2, "OIS_AD": 3, "ALARM": 4, "nASFB": 5})
    wiring.input("COVER")
    wiring.input("nPAPER")
    wiring.analog("OIS_AD")
    wiring.output("ALARM").on()
    wiring.watch("nASFB")
    rows = {}
    for row in LiveSignals({"COVER": 1}, wiring.readers).rows():
        rows[row["name"]] = row
    assert len(rows) == signals.TABLE.count("\n")
    seen = {name: (rows[name]["raw"], rows[name]["state"]) for name in rows}
    assert seen["COVER"] == (1, "on")
    assert seen["nPAPER"] == (1, "off")
    assert seen["nASFB"] == (1, "off")
    assert seen["ALARM"] == (1, "on")
    assert seen["OIS_AD"] == (1234, "")
    assert seen["VLED"] == (None, "")
    assert seen["nREGIST"] == (None, "")
    assert rows["COVER"]["port_pin"] == 1 and rows["nPAPER"]["port_pin"] is None
