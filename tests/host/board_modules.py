"""The C modules of two boards, for MicroPython's unix port: what the boards' documentation names,
and nothing else; `start` starts the firmware on them. Its command line is
"rp2|esp32 SERVICE_LINE TREE", with the service line as a descriptor; BOARD_PINS in the environment
is {"signal": pin}, since an argument can't be so long. The packer sees nothing of this file. When
the firmware restarts the machine it says so and ends with status 3.
"""

from __future__ import annotations

import io
import json
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

SHEET_LINES = 4574
PICK_STEPS = 100  # until a sheet is at the head
LINE_OCTETS = 216
BLOCK = 4096
STATUS, READ, PROGRAM, ERASE, WRITE_ENABLE = 5, 3, 2, 0x20, 6  # W25Q128JV data sheet, 8.1.2
PINS: dict[str, int] = {}
ARGUMENTS = sys.argv[1:]


class Blocks:
    """A NOR flash in RAM; the extended block device protocol of MicroPython."""

    def __init__(self, count: int) -> None:
        self._data = bytearray(b"\xff" * (count * BLOCK))

    def readblocks(self, block: int, buffer: Any, offset: int = 0) -> None:
        at = block * BLOCK + offset
        memoryview(buffer)[:] = memoryview(self._data)[at : at + len(buffer)]

    def writeblocks(self, block: int, buffer: Any, offset: int = 0) -> None:
        at = block * BLOCK + offset
        for index in range(len(buffer)):
            self._data[at + index] &= buffer[index]

    def ioctl(self, operation: int, argument: int) -> int:
        if operation == 6:
            at = argument * BLOCK
            self._data[at : at + BLOCK] = b"\xff" * BLOCK
        return {4: len(self._data) // BLOCK, 5: BLOCK}.get(operation, 0)


class Mechanism:
    """Paper path, head and spool flash at the other end of the pins."""

    def __init__(self) -> None:
        self.levels: dict[int, int] = {}
        self.line = b""
        self.dots = 0
        self._picked = 0
        self._left = 0
        self._flash = Blocks(64)
        self._command = b""

    def read(self, number: int) -> int:
        if number == PINS["nPAPER"]:
            return 0
        if number == PINS["nREGIST"]:
            return int(not self._left)
        return self.levels.get(number, int(number != PINS["COVER"]))

    def drive(self, number: int, level: int) -> None:
        rises = level > self.levels.get(number, 0)
        self.levels[number] = level
        if number == PINS.get("nSPOOL_CS"):
            self._select(level)
        elif rises and number == PINS["HEAD_STROBE"]:
            self.dots += sum(1 for octet in self.line if octet)
        elif rises and number == PINS["ASF_DRIVE"]:
            self._picked += 1
            if self._picked == PICK_STEPS:
                self._left = SHEET_LINES
        elif rises and number == PINS["FEED_STEP"] and self._left:
            self._left -= 1
            if not self._left:
                self._picked = 0
                print("sheet with", self.dots)

    def shift(self, data: Any) -> None:
        if self._is_flash():
            self._command += bytes(data)
        else:
            assert len(data) == LINE_OCTETS
            self.line = bytes(data)

    def answer(self, buffer: Any) -> None:
        assert self._is_flash()
        if self._command[0] == STATUS:
            buffer[0] = 0
        else:
            assert self._command[0] == READ
            self._flash.readblocks(0, buffer, self._address())

    def _is_flash(self) -> bool:
        return self.levels.get(PINS.get("nSPOOL_CS", -1), 1) == 0

    def _address(self) -> int:
        return int.from_bytes(self._command[1:4], "big")

    def _select(self, level: int) -> None:
        if level and self._command:
            if self._command[0] == PROGRAM:
                self._flash.writeblocks(0, self._command[4:], self._address())
            elif self._command[0] == ERASE:
                self._flash.ioctl(6, self._address() // BLOCK)
            else:
                assert self._command[0] in (STATUS, READ, WRITE_ENABLE)
        self._command = b""


MECHANISM = Mechanism()


class Pin:
    """machine.Pin; what the constants are is the port's affair."""

    IN, OUT, PULL_UP = 11, 22, 33

    def __init__(self, id: int, mode: int = -1, pull: int = -1, value: int | None = None) -> None:
        assert mode in (-1, Pin.IN, Pin.OUT) and pull in (-1, Pin.PULL_UP)
        self._id = id
        self._mode = mode
        if value is not None:
            MECHANISM.drive(id, value)

    def value(self, level: int | None = None) -> int | None:
        if level is None:
            return MECHANISM.read(self._id)
        assert self._mode == Pin.OUT
        MECHANISM.drive(self._id, level)
        return None


class SPI:
    """machine.SPI."""

    def __init__(self, id: int, baudrate: int, sck: Pin, mosi: Pin, miso: Pin | None = None
                 ) -> None:
        pass

    def write(self, data: Any) -> None:
        MECHANISM.shift(data)

    def readinto(self, buffer: Any) -> None:
        MECHANISM.answer(buffer)


class I2C:
    """machine.I2C."""

    def __init__(self, id: int, scl: Pin, sda: Pin, freq: int) -> None:
        pass

    def writeto(self, address: int, data: Any) -> int:
        return len(data)


class ADC:
    """machine.ADC."""

    ATTN_11DB = 44

    def __init__(self, pin: Pin, atten: int = 44) -> None:
        assert atten == ADC.ATTN_11DB

    def read_u16(self) -> int:
        return 2500


class UART(io.IOBase):
    """machine.UART."""

    def __init__(self, id: int, baudrate: int, tx: Any, rx: Any, timeout: int, txbuf: int) -> None:
        self._file = open(int(ARGUMENTS[1]), "r+b", buffering=0)

    def readinto(self, buffer: Any) -> Any:
        return self._file.readinto(buffer)

    def write(self, data: Any) -> Any:
        return self._file.write(data)

    def ioctl(self, request: int, argument: int) -> int:
        return int(ARGUMENTS[1]) if request == 10 else -1


class RTC:
    """machine.RTC."""

    def datetime(self, when: Any = None) -> Any:
        now = time.gmtime()
        return None if when else (now[0], now[1], now[2], now[6], now[3], now[4], now[5], 0)


class WDT:
    """machine.WDT."""

    def __init__(self, id: int = 0, timeout: int = 5000) -> None:
        pass

    def feed(self) -> None:
        pass


class Interface:
    """An interface of `network`, with link and address."""

    def active(self, is_active: bool) -> None:
        pass

    def isconnected(self) -> bool:
        return True


class Wiznet(Interface):
    """network.WIZNET5K, of the rp2 port."""

    def __init__(self, spi: SPI, cs: Pin, reset: Pin) -> None:
        pass

    def ipconfig(self, dhcp4: bool) -> None:
        pass


class Lan(Interface):
    """network.LAN, of the esp32 port."""

    def __init__(self, *, spi: SPI, cs: Pin, int: Pin, phy_type: int, phy_addr: int) -> None:
        assert phy_type == EspNetwork.PHY_W5500


class Partition(Blocks):
    """esp32.Partition."""

    TYPE_DATA = 55

    @staticmethod
    def find(type: int, label: str) -> list[Partition]:
        assert (type, label) == (Partition.TYPE_DATA, "spool")
        return [Partition(64)]


class Machine:
    """The module machine."""

    Pin, SPI, I2C, ADC, UART, RTC, WDT = Pin, SPI, I2C, ADC, UART, RTC, WDT
    PWRON_RESET, HARD_RESET, WDT_RESET = 61, 62, 63

    @staticmethod
    def reset_cause() -> int:
        return Machine.PWRON_RESET

    @staticmethod
    def reset() -> None:
        print("reset")
        sys.exit(3)


class RpNetwork:
    """The module network."""

    WIZNET5K = Wiznet


class EspNetwork:
    """The module network."""

    LAN = Lan
    PHY_W5500 = 77


class Esp:
    """The module esp32."""

    Partition = Partition


class Instead:
    """A module of this MicroPython with some members of the board's."""

    def __init__(self, module: Any, **members: Any) -> None:
        self._module = module
        for name, value in members.items():
            setattr(self, name, value)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


def start() -> None:
    """What a board does: mount the flash, start the firmware in its root."""
    import os

    import vfs

    platform = ARGUMENTS[0]
    PINS.update(json.loads(os.getenv("BOARD_PINS")))
    flash = Blocks(64)
    vfs.VfsLfs2.mkfs(flash)
    vfs.mount(vfs.VfsLfs2(flash), "/data")
    modules = sys.modules
    modules["machine"] = Machine  # type: ignore[assignment]
    modules["network"] = RpNetwork if platform == "rp2" else EspNetwork  # type: ignore[assignment]
    if platform == "esp32":
        modules["esp32"] = Esp  # type: ignore[assignment]
    # motors and heater have nothing to wait for
    modules["time"] = Instead(time, sleep_us=lambda _us: None)  # type: ignore[assignment]
    modules["sys"] = Instead(sys, platform=platform)  # type: ignore[assignment]
    os.chdir(ARGUMENTS[2])
    sys.path[:] = ["", ".frozen"]
    from firmware.main import run

    run()
