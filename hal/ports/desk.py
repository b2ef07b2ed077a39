"""The desk: the same drivers over simulated pins, a simulated LAN interface and flash that is a
file.

A port is a module with these names; `hal/board.py` builds the Board from it. Pins are the port's
own numbers. Every option is read by exactly one driver, and a driver's option that is missing is
an error: no hidden defaults.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

import desk_link
import flash
import machine
import network
import vfs

from hal.storage import made_anew, open_filesystem

if TYPE_CHECKING:
    from typing import Any

    from hal.wiring import Wiring

NAME = "desk"
CODE_STAYS = True  # MicroPython for unix never gives native code back, 32 octets of heap each

PINS = {
    "nASFB": 1,
    "VLED_ON": 2,
    "OIS_AD": 3,
    "nPAPER": 4,
    "nREGIST": 5,
    "COVER": 6,
    "ASF_DRIVE": 7,
    "FEED_STEP": 8,
    "HEAD_CLK": 9,
    "HEAD_DATA": 10,
    "nHEAD_LATCH": 11,
    "HEAD_STROBE": 12,
    "nKEY_START": 13,
    "nKEY_STOP": 14,
    "nKEY_FUNC": 15,
    "ALARM": 16,
    "PANEL_SCL": 17,
    "PANEL_SDA": 18,
}

# No heater to wait for and no motor: everything goes as fast as it can.
OPTIONS = """
HEAD_STROBE.pulse_us 0
FEED_STEP.period_us 0
ASF_DRIVE.period_us 0
ASF_DRIVE.retry_ms 0
VLED_ON.settle_us 0
nKEY.debounce_ms 0
nKEY.poll_ms 250
watchdog.timeout_ms 60000
"""


def head_spi(wiring: Wiring) -> Any:
    """The head's bus; the simulated SPI 0 is wired to the head."""
    clock, data = wiring.bus("HEAD_CLK"), wiring.bus("HEAD_DATA")
    return machine.SPI(0, baudrate=8_000_000, sck=machine.Pin(clock), mosi=machine.Pin(data))


def panel_i2c(wiring: Wiring) -> Any:
    """The display's bus."""
    scl, sda = wiring.bus("PANEL_SCL"), wiring.bus("PANEL_SDA")
    return machine.I2C(0, scl=machine.Pin(scl), sda=machine.Pin(sda), freq=400_000)


def converter(pin: int) -> Any:
    """An analog-digital converter on `pin`."""
    return machine.ADC(machine.Pin(pin))


def service_line(_wiring: Wiring) -> Any:
    """A stream that never blocks: readinto and write give None when nothing could be done; asyncio
    can poll it.
    """
    return machine.UART(0, 115200, timeout=0)


def network_interface(_wiring: Wiring) -> Any:
    """The LAN interface, started; its address comes by itself."""
    interface = network.LAN()
    interface.active(True)
    return interface


def filesystem() -> Any:
    """The data filesystem, with the methods of vfs.VfsLfs2."""
    return open_filesystem(flash.open_area("data"), vfs.VfsLfs2)


def filesystem_made_anew() -> Any:
    """The same, empty. Raises OSError."""
    return made_anew(flash.open_area("data"), vfs.VfsLfs2)


def spool_device(_wiring: Wiring) -> Any:
    """The spool's own block device."""
    return flash.open_area("spool")


def event_line(line: bytes) -> None:
    """Hand one monitor event, "kind {json}" without a newline, to whoever watches."""
    desk_link.event(line)
