"""The number of the newest record, kept where damage to the filesystem does not reach it: in a
block of the spool's flash.

littlefs can lose its newest commits to a flipped bit without noticing. Then the ledger's numbers
end before the one that stands here.
"""
from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from micropython import const

if TYPE_CHECKING:
    from typing import Any

_ENTRY = const(8)  # "last", the number (2), its complement (2)
_BLANK = b"\xff" * _ENTRY
_WINDOW = const(256)
_IOCTL_COUNT = const(4)
_IOCTL_SIZE = const(5)
_IOCTL_ERASE = const(6)


class Witness:
    """Uses the last block of a block device; it is erased once in 512 entries.

    :param device: see `SpoolArea`
    """

    def __init__(self, device: Any) -> None:
        self._device = device
        self._block: int = device.ioctl(_IOCTL_COUNT, 0) - 1
        self._size: int = device.ioctl(_IOCTL_SIZE, 0)
        self._at = -1  # where the next entry goes; -1: not known yet
        self._number = -1
        self._entry = bytearray(_ENTRY)

    def number(self) -> int:
        """The number entered last, -1 when there is none. Raises OSError."""
        if self._at < 0:
            window = bytearray(min(self._size, _WINDOW))
            end = 0
            for start in range(0, self._size, len(window)):
                self._device.readblocks(self._block, window, start)
                for at in range(0, len(window), _ENTRY):
                    if window[at : at + _ENTRY] != _BLANK:
                        end = start + at + _ENTRY
                        self._take(window, at)
            self._at = end
        return self._number

    def _take(self, window: bytearray, at: int) -> None:
        mark, number, complement = struct.unpack_from(">4sHH", window, at)
        if mark == b"last" and number ^ complement == 0xFFFF:
            self._number = number

    def enter(self, number: int) -> None:
        """Enter a number of 16 bits. Raises OSError."""
        self.number()
        if self._at + _ENTRY > self._size:
            self._device.ioctl(_IOCTL_ERASE, self._block)
            self._at = 0
        struct.pack_into(">4sHH", self._entry, 0, b"last", number, number ^ 0xFFFF)
        self._device.writeblocks(self._block, self._entry, self._at)
        self._at += _ENTRY
        self._number = number
