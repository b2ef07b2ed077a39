"""The service manual's signals as data, and the rules that a board must keep.

Rows with the source "manual" say what the extract of the service manual says and nothing more;
what it leaves open is empty here. Rows with the source "assumed" are what a recorder needs beyond
it; they are changed here and nowhere else. A port (`hal/ports/`) says which of its pins carries
which signal.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from hal.live_signals import SignalError

if TYPE_CHECKING:
    from collections.abc import Iterator

# How a signal may be used: "in" and "out" are levels, "analog" goes to a converter, "bus" belongs
# to a serial bus. "" is not given: such a signal is only watched, by an input without pull.
IN = "in"
OUT = "out"
ANALOG = "analog"
BUS = "bus"
NOT_GIVEN = ""

# active: the level (0 or 1) that means "on", '' where the signal is no level or it is not said
FIELDS = (
    "name", "board", "connector", "pin", "direction", "active", "levels", "function", "page",
    "source",
)

# One text, because as tuples it would take four times the memory. Of p. 46 the extract gives
# neither direction nor function; of pp. 266-267 it leaves open which wire is on which pin of
# CNP46, and prints the wires' letters R, B, G.
TABLE = """\
nASFB|NCU PCB|CNJ25|14||0|3.3 V OFF, 0 V ON||46|manual
VLED|FBN8710|CNP46|||||ink mark detect sensor, to NCU, wire R|266-267|manual
GND|FBN8710|CNP46|||||ink mark detect sensor, to NCU, wire B|266-267|manual
OIS|FBN8710|CNP46|||||ink mark detect sensor, to NCU, wire G|266-267|manual
VLED_ON|NCU PCB|||out|1||switches VLED of the ink mark sensor||assumed
OIS_AD|NCU PCB|||analog||0 to 3.3 V|converter input that OIS is wired to||assumed
nPAPER|NCU PCB|||in|0||a sheet lies in the feeder||assumed
nREGIST|NCU PCB|||in|0||a sheet is at the head||assumed
COVER|NCU PCB|||in|1||a cover is open||assumed
ASF_DRIVE|NCU PCB|||out|1||feeder roller, 1/15.4 mm a rising edge||assumed
FEED_STEP|NCU PCB|||out|1||platen roller, 1/15.4 mm (a line) a rising edge||assumed
HEAD_CLK|NCU PCB|||bus|||head, shift clock||assumed
HEAD_DATA|NCU PCB|||bus|||head, 1728 dots a line, leftmost first, 1 heats||assumed
nHEAD_LATCH|NCU PCB|||out|0||head, latches the line when it goes off||assumed
HEAD_STROBE|NCU PCB|||out|1||head, heats the latched dots while on||assumed
nKEY_START|panel|||in|0||start key||assumed
nKEY_STOP|panel|||in|0||stop key||assumed
nKEY_FUNC|panel|||in|0||function key||assumed
ALARM|panel|||out|1||alarm lamp||assumed
PANEL_SCL|panel|||bus|||display, clock (I2C)||assumed
PANEL_SDA|panel|||bus|||display, data (I2C)||assumed
SERVICE_TX|NCU PCB|||bus|||service line, out||assumed
SERVICE_RX|NCU PCB|||bus|||service line, in||assumed
NET_CLK|LAN|||bus|||network controller W5500, clock (SPI)||assumed
NET_MOSI|LAN|||bus|||network controller W5500, data to it||assumed
NET_MISO|LAN|||bus|||network controller W5500, data from it||assumed
nNET_CS|LAN|||bus|0||network controller W5500, select||assumed
nNET_RST|LAN|||bus|0||network controller W5500, reset||assumed
nNET_INT|LAN|||bus|0||network controller W5500, interrupt||assumed
SPOOL_MISO|NCU PCB|||bus|||spool flash, data from it; on the head's bus||assumed
nSPOOL_CS|NCU PCB|||out|0||spool flash, select||assumed
"""

# Parts of the ink mark detect circuit as the extract prints them (manual pp. 266-267)
PARTS = (
    ("EE-SY113", "PC5, pins E K A C, ink mark detect sensor"),
    ("UDZS5.1B", "D20, pins K A, not mounted"),
)

_LEVELS = {"0": "3.3 V off, 0 V on", "1": "0 V off, 3.3 V on"}  # of assumed signals


def rows(table: str = TABLE) -> Iterator[dict[str, str]]:
    """Each row, its members named as in FIELDS. Raises SignalError for a row out of shape."""
    for line in table.split("\n"):
        if line:
            yield _members(line)


def find(name: str) -> dict[str, str]:
    """The row of a signal. Raises SignalError for an unknown one."""
    at = ("\n" + TABLE).find("\n" + name + "|")
    if at < 0:
        raise SignalError("%s: unknown signal" % name)
    return _members(TABLE[at : TABLE.find("\n", at)])


def _members(line: str) -> dict[str, str]:
    values = line.split("|")
    if len(values) != len(FIELDS):
        raise SignalError("%s: the row is not well formed" % values[0])
    row = {}
    for index, name in enumerate(FIELDS):
        row[name] = values[index]
    row["levels"] = row["levels"] or _LEVELS.get(row["active"], "")
    return row


def check_table(table: str = TABLE) -> None:
    """Raise SignalError when a signal is there twice, two share a connector pin, or a row has an
    impossible member.
    """
    contacts: dict[str, str] = {}
    names = set()
    for row in rows(table):
        name = row["name"]
        if row["direction"] not in (IN, OUT, ANALOG, BUS, NOT_GIVEN):
            raise SignalError("%s: unknown direction '%s'" % (name, row["direction"]))
        if row["active"] not in ("0", "1") and (row["active"] or row["direction"] in (IN, OUT)):
            raise SignalError("%s: the table does not say which level is on" % name)
        if name in names:
            raise SignalError("%s: it is in the table twice" % name)
        names.add(name)
        contact = "%s pin %s" % (row["connector"], row["pin"])
        if row["pin"] and contact in contacts:
            raise SignalError("%s: %s carries %s already" % (name, contact, contacts[contact]))
        contacts[contact] = name


def check_pins(pins: dict[str, int]) -> None:
    """Raise SignalError when a port names an unknown signal or one of its pins twice.

    :param pins: signal name → the port's pin number
    """
    carried: dict[int, str] = {}
    for name, number in pins.items():
        find(name)
        if number in carried:
            raise SignalError("%s: pin %d carries %s already" % (name, number, carried[number]))
        carried[number] = name
