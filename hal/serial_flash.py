"""A W25Q-type SPI NOR flash as a block device (W25Q128JV data sheet, chapter 8), for boards that
have one.
"""
from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from micropython import const

from hal.clock import sleep_us

if TYPE_CHECKING:
    from typing import Any

    from hal.level import Output

_PAGE = const(256)
_BLOCK = const(4096)
_WRITE_ENABLE = const(0x06)
_READ_STATUS = const(0x05)
_READ = const(0x03)
_PROGRAM = const(0x02)
_ERASE_BLOCK = const(0x20)
_BUSY = const(0x01)
_POLL_US = const(100)
_BUSY_POLLS = const(5000)  # 0.5 s; a block erase takes 400 ms at most
_IOCTL_COUNT = const(4)
_IOCTL_SIZE = const(5)
_IOCTL_ERASE = const(6)


class SerialFlash:
    """Blocks of 4 KiB in the extended block device protocol.

    :param spi: `write(buffer)`, `readinto(buffer)`
    :param select: output, on while the chip is addressed
    :param block_count: blocks of 4096 octets to use, from the chip's start
    """

    def __init__(self, spi: Any, select: Output, block_count: int) -> None:
        self._spi = spi
        self._select = select
        self._block_count = block_count
        self._command = bytearray(4)
        self._status = bytearray(1)

    def readblocks(self, block: int, buffer: Any, offset: int = 0) -> None:
        """Fill `buffer` from a block on."""
        self._select.on()
        self._send_command(_READ, block * _BLOCK + offset)
        self._spi.readinto(buffer)
        self._select.off()

    def writeblocks(self, block: int, buffer: Any, offset: int = 0) -> None:
        """Program erased space, page by page. Raises OSError when the chip stays busy."""
        data = memoryview(buffer)
        address = block * _BLOCK + offset
        done = 0
        while done < len(data):
            piece = min(len(data) - done, _PAGE - address % _PAGE)
            self._enable_write()
            self._select.on()
            self._send_command(_PROGRAM, address)
            self._spi.write(data[done : done + piece])
            self._select.off()
            self._wait_ready()
            done += piece
            address += piece

    def ioctl(self, operation: int, argument: int) -> int:
        """4: block count, 5: block size, 6: erase block `argument`; others do nothing. Raises
        OSError.
        """
        if operation == _IOCTL_COUNT:
            return self._block_count
        if operation == _IOCTL_SIZE:
            return _BLOCK
        if operation == _IOCTL_ERASE:
            self._enable_write()
            self._select.on()
            self._send_command(_ERASE_BLOCK, argument * _BLOCK)
            self._select.off()
            self._wait_ready()
        return 0

    def _send_command(self, command: int, address: int) -> None:
        self._command[0] = command
        self._command[1] = address >> 16 & 0xFF
        self._command[2] = address >> 8 & 0xFF
        self._command[3] = address & 0xFF
        self._spi.write(self._command)

    def _enable_write(self) -> None:
        self._status[0] = _WRITE_ENABLE
        self._select.on()
        self._spi.write(self._status)
        self._select.off()

    def _wait_ready(self) -> None:
        for _ in range(_BUSY_POLLS):
            self._status[0] = _READ_STATUS
            self._select.on()
            self._spi.write(self._status)
            self._spi.readinto(self._status)
            self._select.off()
            if not self._status[0] & _BUSY:
                return
            sleep_us(_POLL_US)
        raise OSError(errno.ETIMEDOUT, "the flash stays busy")
