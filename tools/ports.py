"""Serial ports: which have a board, and why one can't be opened, in words that help."""

from __future__ import annotations

import errno

import serial
from serial.tools import list_ports

_WHY = {
    errno.ENOENT: "there is no such port",
    errno.ENXIO: "nothing is connected there",
    errno.EAGAIN: "another program (a console, make flash?) is using it: end that one first",
    errno.EBUSY: "another program (a console, make flash?) is using it: end that one first",
    errno.EACCES: "you may not; on Linux, members of the group 'dialout' may",
}


class PortError(Exception):
    """A port can't be opened; the text says why and what helps."""


def boards() -> str:
    """The ports that something is connected to by USB."""
    found = [port.device for port in list_ports.comports() if port.vid is not None]
    return ", ".join(sorted(found)) or "none"


def open_port(port: str, baud: int) -> serial.Serial:
    """Open it for nobody else. Raises PortError."""
    try:
        # a modem line toggled on opening restarts some boards: leave it as it is
        return serial.Serial(port, baud, timeout=0, exclusive=True)
    except (OSError, serial.SerialException) as error:
        why = _WHY.get(error.errno or 0, "it is no serial port (%s)" % error)
        seen = "; boards seen: %s" % boards() if error.errno in (errno.ENOENT, errno.ENXIO) else ""
        raise PortError("%s can't be opened: %s%s" % (port, why, seen)) from error
