"""Waveshare ESP32-S3-ETH: ESP32-S3 with a W5500 behind `network.LAN`; spool in a flash partition
of that name.

MicroPython must be built with SPI Ethernet (CONFIG_ETH_SPI_ETHERNET_W5500) and a data partition
"spool". `hal/ports/desk.py` says what a port is.
"""
from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import esp32
import machine
import network

from hal.clock import sleep_us
from hal.storage import Mounted

if TYPE_CHECKING:
    from typing import Any

    from hal.wiring import Wiring

NAME = "esp32_lan"
CODE_STAYS = True  # native code lies in memory of its own, up to the next reset

PINS = {
    "OIS_AD": 1,
    "VLED_ON": 2,
    "nASFB": 4,
    "nPAPER": 5,
    "nREGIST": 6,
    "COVER": 7,
    "ALARM": 8,
    "nNET_RST": 9,
    "nNET_INT": 10,
    "NET_MOSI": 11,
    "NET_MISO": 12,
    "NET_CLK": 13,
    "nNET_CS": 14,
    "nKEY_START": 15,
    "nKEY_STOP": 16,
    "nKEY_FUNC": 17,
    "SERVICE_TX": 18,
    "SERVICE_RX": 21,
    "FEED_STEP": 38,
    "ASF_DRIVE": 39,
    "HEAD_CLK": 40,
    "HEAD_DATA": 41,
    "nHEAD_LATCH": 42,
    "HEAD_STROBE": 45,
    "PANEL_SCL": 47,
    "PANEL_SDA": 48,
}

OPTIONS = """
HEAD_STROBE.pulse_us 900
FEED_STEP.period_us 1200
ASF_DRIVE.period_us 1200
ASF_DRIVE.retry_ms 500
VLED_ON.settle_us 200
nKEY.debounce_ms 20
nKEY.poll_ms 20
watchdog.timeout_ms 10000
"""


def head_spi(wiring: Wiring) -> Any:
    """The head's bus."""
    clock, data = wiring.bus("HEAD_CLK"), wiring.bus("HEAD_DATA")
    return machine.SPI(2, baudrate=8_000_000, sck=machine.Pin(clock), mosi=machine.Pin(data))


def panel_i2c(wiring: Wiring) -> Any:
    """The display's bus."""
    scl, sda = wiring.bus("PANEL_SCL"), wiring.bus("PANEL_SDA")
    return machine.I2C(0, scl=machine.Pin(scl), sda=machine.Pin(sda), freq=400_000)


def converter(pin: int) -> Any:
    """An analog-digital converter on `pin`, up to 3.1 V."""
    return machine.ADC(machine.Pin(pin), atten=machine.ADC.ATTN_11DB)


def service_line(wiring: Wiring) -> Any:
    """UART 1."""
    tx, rx = wiring.bus("SERVICE_TX"), wiring.bus("SERVICE_RX")
    return machine.UART(1, 115200, tx=tx, rx=rx, timeout=0, txbuf=1024)


def network_interface(wiring: Wiring) -> Any:
    """The W5500, with an address by DHCP."""
    restart = machine.Pin(wiring.bus("nNET_RST"), machine.Pin.OUT, value=0)
    sleep_us(1000)
    restart.value(1)
    sleep_us(50_000)  # until its clock is stable (W5500 data sheet, 5.5.1)
    spi = machine.SPI(1, baudrate=20_000_000, sck=machine.Pin(wiring.bus("NET_CLK")),
                      mosi=machine.Pin(wiring.bus("NET_MOSI")),
                      miso=machine.Pin(wiring.bus("NET_MISO")))
    select, interrupt = machine.Pin(wiring.bus("nNET_CS")), machine.Pin(wiring.bus("nNET_INT"))
    # the stubs know the constructor of other ports only
    interface = network.LAN(spi=spi, cs=select, int=interrupt,  # type: ignore[call-arg]
                            phy_type=network.PHY_W5500, phy_addr=1)
    interface.active(True)
    return interface


def filesystem() -> Any:
    """A folder of the filesystem that the board mounts at boot."""
    return Mounted("/data")


def spool_device(_wiring: Wiring) -> Any:
    """The partition "spool"."""
    return esp32.Partition.find(esp32.Partition.TYPE_DATA, label="spool")[0]


def event_line(line: bytes) -> None:
    """One line on USB for each event."""
    sys.stdout.write("event " + line.decode() + "\n")
