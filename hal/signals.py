"""The service manual's signals as data, and the rules that a board must keep.

Rows with `source` "manual" say what the extract of the service manual says and nothing more; what
it leaves open is empty here. Rows with `source` "assumed" are what a recorder needs beyond it;
they are changed here and nowhere else. A port (`hal/ports/`) says which of its pins carries which
signal.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

# How a signal may be used: "in" and "out" are levels, "analog" goes to a converter, "bus" belongs
# to a serial bus. "" is not given: such a signal is only watched, through an input without any
# pull.
IN = "in"
OUT = "out"
ANALOG = "analog"
BUS = "bus"
NOT_GIVEN = ""

# active: the level (0 or 1) that means "on"; None where the signal is no level or the extract does
# not say. pull: True when the input needs the board's pull-up.
FIELDS = (
    "name", "board", "connector", "pin", "direction", "active", "pull", "levels", "function",
    "page", "source",
)


def _manual(name: str, board: str, connector: str, pin: str, active: int | None, levels: str,
            function: str, page: str) -> tuple[Any, ...]:
    return name, board, connector, pin, NOT_GIVEN, active, False, levels, function, page, "manual"


def _assumed(name: str, board: str, direction: str, active: int | None,
             function: str) -> tuple[Any, ...]:
    levels = "" if active is None else _HIGH_ON if active else _LOW_ON
    pull = direction == IN  # switches to ground
    return name, board, "", "", direction, active, pull, levels, function, "", "assumed"


_LOW_ON = "3.3 V off, 0 V on"
_HIGH_ON = "0 V off, 3.3 V on"
_SENSOR = "ink mark detect sensor, to NCU, wire "

TABLE = (
    # p. 46; the extract gives neither direction nor function
    _manual("nASFB", "NCU PCB", "CNJ25", "14", 0, "3.3 V OFF, 0 V ON", "", "46"),
    # pp. 266-267: CNP46 has pins 1 to 3 and these three wires; which is on which pin is left open
    _manual("VLED", "FBN8710", "CNP46", "", None, "", _SENSOR + "R", "266-267"),
    _manual("GND", "FBN8710", "CNP46", "", None, "", _SENSOR + "B", "266-267"),
    _manual("OIS", "FBN8710", "CNP46", "", None, "", _SENSOR + "G", "266-267"),

    _assumed("VLED_ON", "NCU PCB", OUT, 1, "switches VLED of the ink mark sensor"),
    _assumed("OIS_AD", "NCU PCB", ANALOG, None, "converter input that OIS is wired to"),

    _assumed("nPAPER", "NCU PCB", IN, 0, "a sheet lies in the feeder"),
    _assumed("nREGIST", "NCU PCB", IN, 0, "a sheet is at the head"),
    _assumed("COVER", "NCU PCB", IN, 1, "a cover is open"),
    _assumed("ASF_DRIVE", "NCU PCB", OUT, 1, "feeder roller, 1/15.4 mm a rising edge"),
    _assumed("FEED_STEP", "NCU PCB", OUT, 1, "platen roller, 1/15.4 mm (a line) a rising edge"),

    _assumed("HEAD_CLK", "NCU PCB", BUS, None, "head, shift clock"),
    _assumed("HEAD_DATA", "NCU PCB", BUS, None, "head, 1728 dots a line, leftmost first, 1 heats"),
    _assumed("nHEAD_LATCH", "NCU PCB", OUT, 0, "head, latches the line when it goes off"),
    _assumed("HEAD_STROBE", "NCU PCB", OUT, 1, "head, heats the latched dots while on"),

    _assumed("nKEY_START", "panel", IN, 0, "start key"),
    _assumed("nKEY_STOP", "panel", IN, 0, "stop key"),
    _assumed("nKEY_FUNC", "panel", IN, 0, "function key"),
    _assumed("ALARM", "panel", OUT, 1, "alarm lamp"),
    _assumed("PANEL_SCL", "panel", BUS, None, "display, clock (I2C)"),
    _assumed("PANEL_SDA", "panel", BUS, None, "display, data (I2C)"),

    _assumed("SERVICE_TX", "NCU PCB", BUS, None, "service line, out"),
    _assumed("SERVICE_RX", "NCU PCB", BUS, None, "service line, in"),

    _assumed("NET_CLK", "LAN", BUS, None, "network controller W5500, clock (SPI)"),
    _assumed("NET_MOSI", "LAN", BUS, None, "network controller W5500, data to it"),
    _assumed("NET_MISO", "LAN", BUS, None, "network controller W5500, data from it"),
    _assumed("nNET_CS", "LAN", BUS, 0, "network controller W5500, select"),
    _assumed("nNET_RST", "LAN", BUS, 0, "network controller W5500, reset"),
    _assumed("nNET_INT", "LAN", BUS, 0, "network controller W5500, interrupt"),
    _assumed("SPOOL_MISO", "NCU PCB", BUS, None, "spool flash, data from it; on the head's bus"),
    _assumed("nSPOOL_CS", "NCU PCB", OUT, 0, "spool flash, select"),
)

# Parts of the ink mark detect circuit as the extract prints them (manual pp. 266-267): part, what
# it says of it.
PARTS = (
    ("EE-SY113", "PC5, pins E K A C, ink mark detect sensor"),
    ("UDZS5.1B", "D20, pins K A, not mounted"),
)

_NAME = 0
_CONNECTOR = 2
_PIN = 3
_DIRECTION = 4
_ACTIVE = 5
_PULL = 6


class SignalError(Exception):
    """Signal table, port and drivers do not agree; the text begins with the signal or option
    concerned.
    """


def find(name: str) -> tuple[Any, ...]:
    """The row of a signal, in the order of FIELDS. Raises SignalError for an unknown one."""
    for row in TABLE:
        if row[_NAME] == name:
            return row
    raise SignalError("%s: unknown signal" % name)


def direction(name: str) -> str:
    """IN, OUT, ANALOG, BUS or NOT_GIVEN. Raises SignalError."""
    return str(find(name)[_DIRECTION])


def active(name: str) -> int | None:
    """The level that means "on", or None. Raises SignalError."""
    level: int | None = find(name)[_ACTIVE]
    return level


def pulled_up(name: str) -> bool:
    """True when the input needs the board's pull-up. Raises SignalError."""
    return bool(find(name)[_PULL])


def check_table(table: tuple[tuple[Any, ...], ...] = TABLE) -> None:
    """Raise SignalError when a signal is there twice, two share a connector pin, or a row is not
    well formed.
    """
    names = set()
    contacts: dict[tuple[str, str], str] = {}
    for row in table:
        name = row[_NAME]
        if len(row) != len(FIELDS) or row[_DIRECTION] not in (IN, OUT, ANALOG, BUS, NOT_GIVEN):
            raise SignalError("%s: the row is not well formed" % name)
        if name in names:
            raise SignalError("%s: it is in the table twice" % name)
        names.add(name)
        contact = (row[_CONNECTOR], row[_PIN])
        if row[_PIN]:
            if contact in contacts:
                raise SignalError("%s: %s pin %s carries %s already"
                                  % (name, contact[0], contact[1], contacts[contact]))
            contacts[contact] = name


def check_pins(pins: dict[str, int]) -> None:
    """Raise SignalError when a port names an unknown signal or one of its pins twice.

    :param pins: signal name → the port's pin number
    """
    carried: dict[int, str] = {}
    for name in pins:
        find(name)
        number = pins[name]
        if number in carried:
            raise SignalError("%s: pin %d carries %s already" % (name, number, carried[number]))
        carried[number] = name
