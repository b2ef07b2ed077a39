"""WIZnet W5500-EVB-Pico2 (and -Pico): RP2 with a W5500 on SPI 0; head and spool flash share SPI 1.

The board's pins are all in use, so nASFB is not wired here. `hal/ports/desk.py` says what a port
is.
"""
from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import machine
import network

from hal.serial_flash import SerialFlash
from hal.storage import Mounted

if TYPE_CHECKING:
    from typing import Any

    from hal.wiring import Wiring

NAME = "rp2_w5500"
CODE_STAYS = False  # native code lies in the heap

PINS = {
    "SERVICE_TX": 0,
    "SERVICE_RX": 1,
    "nPAPER": 2,
    "nREGIST": 3,
    "PANEL_SDA": 4,
    "PANEL_SCL": 5,
    "COVER": 6,
    "nKEY_START": 7,
    "SPOOL_MISO": 8,
    "nSPOOL_CS": 9,
    "HEAD_CLK": 10,
    "HEAD_DATA": 11,
    "nHEAD_LATCH": 12,
    "HEAD_STROBE": 13,
    "FEED_STEP": 14,
    "ASF_DRIVE": 15,
    "NET_MISO": 16,
    "nNET_CS": 17,
    "NET_CLK": 18,
    "NET_MOSI": 19,
    "nNET_RST": 20,
    "VLED_ON": 22,
    "ALARM": 25,
    "OIS_AD": 26,
    "nKEY_STOP": 27,
    "nKEY_FUNC": 28,
}

# the watchdog waits the longest that the chip can do
OPTIONS = """
HEAD_STROBE.pulse_us 900
FEED_STEP.period_us 1200
ASF_DRIVE.period_us 1200
ASF_DRIVE.retry_ms 500
VLED_ON.settle_us 200
nKEY.debounce_ms 20
nKEY.poll_ms 20
watchdog.timeout_ms 8388
"""

_SPOOL_BLOCKS = 64  # of 4 KiB


def _head_bus() -> machine.SPI:
    """Whoever asks sets up the one SPI 1, always the same way."""
    return machine.SPI(1, baudrate=8_000_000, sck=machine.Pin(PINS["HEAD_CLK"]),
                       mosi=machine.Pin(PINS["HEAD_DATA"]), miso=machine.Pin(PINS["SPOOL_MISO"]))


def head_spi(wiring: Wiring) -> Any:
    """The head's bus."""
    wiring.bus("HEAD_CLK")
    wiring.bus("HEAD_DATA")
    wiring.bus("SPOOL_MISO")
    return _head_bus()


def panel_i2c(wiring: Wiring) -> Any:
    """The display's bus."""
    scl, sda = wiring.bus("PANEL_SCL"), wiring.bus("PANEL_SDA")
    return machine.I2C(0, scl=machine.Pin(scl), sda=machine.Pin(sda), freq=400_000)


def converter(pin: int) -> Any:
    """An analog-digital converter on `pin`."""
    return machine.ADC(machine.Pin(pin))


def service_line(wiring: Wiring) -> Any:
    """UART 0."""
    tx, rx = wiring.bus("SERVICE_TX"), wiring.bus("SERVICE_RX")
    return machine.UART(0, 115200, tx=machine.Pin(tx), rx=machine.Pin(rx), timeout=0, txbuf=1024)


def network_interface(wiring: Wiring) -> Any:
    """The W5500, with an address by DHCP."""
    spi = machine.SPI(0, baudrate=20_000_000, sck=machine.Pin(wiring.bus("NET_CLK")),
                      mosi=machine.Pin(wiring.bus("NET_MOSI")),
                      miso=machine.Pin(wiring.bus("NET_MISO")))
    select, restart = machine.Pin(wiring.bus("nNET_CS")), machine.Pin(wiring.bus("nNET_RST"))
    # the stubs were taken from a board without this chip
    interface = network.WIZNET5K(spi, select, restart)  # type: ignore[attr-defined]
    interface.active(True)
    interface.ipconfig(dhcp4=True)
    return interface


def filesystem() -> Any:
    """A folder of the filesystem that the board mounts at boot."""
    return Mounted("/data")


def spool_device(wiring: Wiring) -> Any:
    """A W25Q flash beside the head; the head latches nothing of what goes to the flash."""
    return SerialFlash(_head_bus(), wiring.output("nSPOOL_CS"), _SPOOL_BLOCKS)


def event_line(line: bytes) -> None:
    """One line on USB for each event."""
    sys.stdout.write("event " + line.decode() + "\n")
