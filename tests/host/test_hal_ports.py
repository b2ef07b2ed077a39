"""Every port builds a whole Board: each pin in its direction and once, each option read, nothing
left over.
"""
from __future__ import annotations

import importlib
import io
import sys
import types
from collections.abc import Iterator
from typing import Any

import pytest

import hal.board
from hal import signals
from hal.signals import SignalError
from tests.unit.hal_fakes import RamBlocks

PORTS = ("desk", "rp2_w5500", "esp32_lan")


CALLS = ("active", "ipconfig", "read_u16", "write", "readinto")
MAKERS = ("SPI", "I2C", "ADC", "UART", "RTC", "WDT")


class Made:
    """Anything made of pins; remembers how."""

    ATTN_11DB = 3

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        self.arguments = arguments
        self.settings = settings

    def __getattr__(self, name: str) -> Any:
        if name in CALLS:
            return lambda *_a, **_k: 0
        raise AttributeError(name)


class Pin:
    """machine.Pin, as strict as one can be without a board: known arguments only."""

    IN, OUT, PULL_UP = 0, 1, 2
    driven: dict[int, int] = {}  # noqa: RUF012 - one machine
    modes: dict[int, int] = {}  # noqa: RUF012

    def __init__(self, number: int, mode: int | None = None, pull: int | None = None,
                 value: int | None = None) -> None:
        assert pull in (None, Pin.PULL_UP)
        self.number = number
        if mode is not None:
            Pin.modes[number] = mode
        if value is not None:
            Pin.driven[number] = value

    def value(self, level: int | None = None) -> int:
        if level is not None:
            assert Pin.modes[self.number] == Pin.OUT
            Pin.driven[self.number] = level
        return Pin.driven.get(self.number, 1)


class Partition(RamBlocks):
    TYPE_DATA = 1

    @classmethod
    def find(cls, kind: int, label: str) -> list[Partition]:
        assert (kind, label) == (1, "spool")
        return [cls(16)]


class LittleFs:
    def __init__(self, _device: Any, readsize: int = 32) -> None:
        pass

    @staticmethod
    def mkfs(_device: Any) -> None:
        pass

    def ilistdir(self, _path: str) -> Iterator[Any]:
        return iter(())

    def open(self, _path: str, _mode: str) -> Any:
        return io.BytesIO()


@pytest.fixture(params=PORTS)
def port(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    modules: dict[str, dict[str, Any]] = {
        "machine": {
            "Pin": Pin,
            "reset_cause": lambda: 1,
            "PWRON_RESET": 1,
            "WDT_RESET": 3,
            **dict.fromkeys(MAKERS, Made),
        },
        "network": {"LAN": Made, "WIZNET5K": Made, "PHY_W5500": 102},
        "esp32": {"Partition": Partition},
        "flash": {"open_area": lambda _name: RamBlocks(16)},
        "vfs": {"VfsLfs2": LittleFs},
        "desk_link": {"event": lambda _line: None},
    }
    for name, members in modules.items():
        module = types.ModuleType(name)
        module.__dict__.update(members)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(hal.board, "machine", sys.modules["machine"])
    name = "hal.ports." + request.param
    monkeypatch.delitem(sys.modules, name, raising=False)
    loaded = importlib.import_module(name)
    if hasattr(loaded, "Mounted"):
        monkeypatch.setattr(loaded, "Mounted", LittleFs)
    Pin.driven, Pin.modes = {}, {}
    yield loaded
    sys.modules.pop(name, None)


def test_a_board_is_built_and_nothing_is_left_over(port: Any) -> None:
    board = hal.board.open_board(port)
    assert board.name == port.NAME
    assert board.spool_area.block_size == 4096


def test_code_stays_only_where_it_is_native(port: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert hal.board.open_board(port).code_stays == port.CODE_STAYS
    monkeypatch.setitem(sys.modules, "pointers", types.ModuleType("pointers"))
    assert not hal.board.open_board(port).code_stays


def test_heater_motors_and_lamps_start_off(port: Any) -> None:
    hal.board.open_board(port)
    for name, number in port.PINS.items():
        row = signals.find(name)
        if row["direction"] == signals.OUT:
            assert Pin.driven[number] != int(row["active"]), name


def test_the_manuals_signal_of_unknown_direction_is_never_driven(port: Any) -> None:
    hal.board.open_board(port)
    number = port.PINS.get("nASFB")
    assert number is None or (Pin.modes[number] == Pin.IN and number not in Pin.driven)


@pytest.mark.parametrize("name", ["HEAD_STROBE", "nPAPER", "OIS_AD", "ALARM", "HEAD_CLK"])
def test_a_missing_pin_is_named(port: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(port.PINS, name)
    with pytest.raises(SignalError, match="^%s: " % name):
        hal.board.open_board(port)


def test_two_signals_on_one_pin_are_named(port: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(port.PINS, "COVER", port.PINS["ALARM"])
    with pytest.raises(SignalError, match=r"COVER|ALARM"):
        hal.board.open_board(port)


def test_a_pin_without_a_driver_is_named(port: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(port.PINS, "VLED_ON", port.PINS["VLED_ON"])
    monkeypatch.setitem(port.PINS, "VLED", 99)
    with pytest.raises(SignalError, match=r"^VLED: "):
        hal.board.open_board(port)


def test_an_unread_option_is_named(port: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(port, "OPTIONS", port.OPTIONS + "HEAD_STROBE.colour 1\n")
    with pytest.raises(SignalError, match=r"^HEAD_STROBE\.colour: "):
        hal.board.open_board(port)


def test_the_watchdog_is_within_what_the_chip_can_do(port: Any) -> None:
    from hal.assembly import options_of  # of the machine that the port stands on here

    options = options_of(port.OPTIONS)
    assert options["watchdog.timeout_ms"] <= (8388 if port.NAME == "rp2_w5500" else 60000)
