"""A second copy of one small file, in a block of the spool's flash: it outlives the filesystem.

A block: "copy" · octets (2) · CRC-32 of the content (4) · content; numbers are big-endian.
"""
from __future__ import annotations

import binascii
import struct
from typing import TYPE_CHECKING

from micropython import const

if TYPE_CHECKING:
    from typing import Any

_HEAD = const(10)
_IOCTL_COUNT = const(4)
_IOCTL_SIZE = const(5)
_IOCTL_ERASE = const(6)


class SecondCopy:
    """Uses the last block but one of a block device.

    :param device: see `SpoolArea`
    :param name: the file that is kept twice
    """

    def __init__(self, device: Any, name: str) -> None:
        self.name = name
        self._device = device
        self._block: int = device.ioctl(_IOCTL_COUNT, 0) - 2
        self._size: int = device.ioctl(_IOCTL_SIZE, 0)

    def keep(self, content: bytes) -> None:
        """Keep this; what doesn't fit into a block is not kept. Raises OSError."""
        if _HEAD + len(content) > self._size:
            content = b""
        self._device.ioctl(_IOCTL_ERASE, self._block)
        head = struct.pack(">4sHI", b"copy", len(content), binascii.crc32(content))
        self._device.writeblocks(self._block, bytearray(head + content), 0)

    def content(self) -> bytes:
        """What is kept; b"" when there is nothing, or it is damaged. Raises OSError."""
        head = bytearray(_HEAD)
        self._device.readblocks(self._block, head, 0)
        mark, octets, checksum = struct.unpack(">4sHI", head)
        if mark != b"copy" or _HEAD + octets > self._size:
            return b""
        content = bytearray(octets)
        self._device.readblocks(self._block, content, _HEAD)
        return bytes(content) if binascii.crc32(content) == checksum else b""
