"""The service manual's signals as data, and the rules that a board must keep.

Rows with `source` "manual" say what the extract of the service manual says and nothing more; what it leaves open is
empty here. Rows with `source` "assumed" are what a recorder needs beyond it; they are changed here and nowhere else.
A port (`hal/ports/`) says which of its pins carries which signal.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

# How a signal may be used: "in" and "out" are levels, "analog" goes to a converter, "bus" belongs to a serial bus.
# "" is not given: such a signal is only watched, through an input without any pull.
IN = "in"
OUT = "out"
ANALOG = "analog"
BUS = "bus"
NOT_GIVEN = ""

# active: the level (0 or 1) that means "on"; None where the signal is no level or the extract does not say.
# pull: True when the input needs the board's pull-up.
FIELDS = ("name", "board", "connector", "pin", "direction", "active", "pull", "levels", "function", "page", "source")

_MANUAL = "manual"
_ASSUMED = "assumed"
_LOW_ON = "3.3 V off, 0 V on"
_HIGH_ON = "0 V off, 3.3 V on"

TABLE = (
    # manual p. 46; the extract gives neither direction nor function
    ("nASFB", "NCU PCB", "CNJ25", "14", NOT_GIVEN, 0, False, "3.3 V OFF, 0 V ON", "", "46", _MANUAL),
    # manual pp. 266-267: CNP46 has pins 1 to 3 and these three wires; the extract leaves open which is on which pin
    ("VLED", "FBN8710", "CNP46", "", NOT_GIVEN, None, False, "", "ink mark detect sensor, wire R, to NCU",
     "266-267", _MANUAL),
    ("GND", "FBN8710", "CNP46", "", NOT_GIVEN, None, False, "", "ink mark detect sensor, wire B, to NCU",
     "266-267", _MANUAL),
    ("OIS", "FBN8710", "CNP46", "", NOT_GIVEN, None, False, "", "ink mark detect sensor, wire G, to NCU",
     "266-267", _MANUAL),

    ("VLED_ON", "NCU PCB", "", "", OUT, 1, False, _HIGH_ON, "switches VLED of the ink mark sensor", "", _ASSUMED),
    ("OIS_AD", "NCU PCB", "", "", ANALOG, None, False, "0 to 3.3 V", "converter input that OIS is wired to", "",
     _ASSUMED),

    ("nPAPER", "NCU PCB", "", "", IN, 0, True, _LOW_ON, "a sheet lies in the feeder", "", _ASSUMED),
    ("nREGIST", "NCU PCB", "", "", IN, 0, True, _LOW_ON, "a sheet is at the head", "", _ASSUMED),
    ("COVER", "NCU PCB", "", "", IN, 1, True, _HIGH_ON, "a cover is open", "", _ASSUMED),
    ("ASF_DRIVE", "NCU PCB", "", "", OUT, 1, False, _HIGH_ON,
     "feeder roller; each rising edge is one step of 1/15.4 mm", "", _ASSUMED),
    ("FEED_STEP", "NCU PCB", "", "", OUT, 1, False, _HIGH_ON,
     "platen roller; each rising edge is one line of 1/15.4 mm", "", _ASSUMED),

    ("HEAD_CLK", "NCU PCB", "", "", BUS, None, False, "", "recording head, shift clock", "", _ASSUMED),
    ("HEAD_DATA", "NCU PCB", "", "", BUS, None, False, "", "recording head, 1728 dots a line, leftmost first, 1 heats",
     "", _ASSUMED),
    ("nHEAD_LATCH", "NCU PCB", "", "", OUT, 0, False, _LOW_ON, "recording head, latched when it goes back to high",
     "", _ASSUMED),
    ("HEAD_STROBE", "NCU PCB", "", "", OUT, 1, False, _HIGH_ON, "recording head, heats the latched dots while on",
     "", _ASSUMED),

    ("nKEY_START", "panel", "", "", IN, 0, True, _LOW_ON, "start key", "", _ASSUMED),
    ("nKEY_STOP", "panel", "", "", IN, 0, True, _LOW_ON, "stop key", "", _ASSUMED),
    ("nKEY_FUNC", "panel", "", "", IN, 0, True, _LOW_ON, "function key", "", _ASSUMED),
    ("ALARM", "panel", "", "", OUT, 1, False, _HIGH_ON, "alarm lamp", "", _ASSUMED),
    ("PANEL_SCL", "panel", "", "", BUS, None, False, "", "display clock (I2C)", "", _ASSUMED),
    ("PANEL_SDA", "panel", "", "", BUS, None, False, "", "display data (I2C)", "", _ASSUMED),

    ("SERVICE_TX", "NCU PCB", "", "", BUS, None, False, "", "service line, out", "", _ASSUMED),
    ("SERVICE_RX", "NCU PCB", "", "", BUS, None, False, "", "service line, in", "", _ASSUMED),

    ("NET_CLK", "LAN", "", "", BUS, None, False, "", "network controller W5500, clock (SPI)", "", _ASSUMED),
    ("NET_MOSI", "LAN", "", "", BUS, None, False, "", "network controller W5500, data to it", "", _ASSUMED),
    ("NET_MISO", "LAN", "", "", BUS, None, False, "", "network controller W5500, data from it", "", _ASSUMED),
    ("nNET_CS", "LAN", "", "", BUS, 0, False, _LOW_ON, "network controller W5500, select", "", _ASSUMED),
    ("nNET_RST", "LAN", "", "", BUS, 0, False, _LOW_ON, "network controller W5500, reset", "", _ASSUMED),
    ("nNET_INT", "LAN", "", "", BUS, 0, False, _LOW_ON, "network controller W5500, interrupt", "", _ASSUMED),
    ("SPOOL_MISO", "NCU PCB", "", "", BUS, None, False, "", "spool flash, data from it; shares the head's clock and data",
     "", _ASSUMED),
    ("nSPOOL_CS", "NCU PCB", "", "", BUS, 0, False, _LOW_ON, "spool flash, select", "", _ASSUMED),
)

# Parts of the ink mark detect circuit as the extract prints them (manual pp. 266-267): part, what it says of it.
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
    """Signal table, port and drivers do not agree; the text begins with the signal or option concerned."""


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
    """Raise SignalError when a signal is there twice, two share a connector pin, or a row is not well formed."""
    names = set()
    contacts = {}
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
                raise SignalError("%s: %s pin %s carries %s already" % (name, contact[0], contact[1], contacts[contact]))
            contacts[contact] = name


def check_pins(pins: dict[str, int]) -> None:
    """Raise SignalError when a port names an unknown signal or one of its pins twice.

    :param pins: signal name → the port's pin number
    """
    carried = {}
    for name in pins:
        find(name)
        number = pins[name]
        if number in carried:
            raise SignalError("%s: pin %d carries %s already" % (name, number, carried[number]))
        carried[number] = name
