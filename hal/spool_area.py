"""A raw block area for the spool, over a block device."""
from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from micropython import const

if TYPE_CHECKING:
    from typing import Any

_IOCTL_COUNT = const(4)
_IOCTL_SIZE = const(5)
_IOCTL_ERASE = const(6)


class SpoolArea:
    """Implements `devices.SpoolArea`.

    :param device: a block device of MicroPython's extended protocol: readblocks(block, buffer,
        offset), writeblocks(block, buffer, offset) which does not erase, ioctl 4 (block count), 5
        (block size), 6 (erase)
    :param spare: blocks at its end that are not the spool's
    """

    def __init__(self, device: Any, spare: int = 0) -> None:
        self._device = device
        self.block_size: int = device.ioctl(_IOCTL_SIZE, 0)
        self.block_count: int = device.ioctl(_IOCTL_COUNT, 0) - spare

    def erase(self, block: int) -> None:
        """Erase one block. Raises OSError; ValueError for a block that is not there."""
        if not 0 <= block < self.block_count:
            raise ValueError("no block %d" % block)
        _check(self._device.ioctl(_IOCTL_ERASE, block))

    def program(self, offset: int, data: bytearray | memoryview) -> None:
        """Program octets into erased space. Raises OSError; ValueError when they cross a block or
        leave the area.
        """
        block, start = divmod(offset, self.block_size)
        if start + len(data) > self.block_size or not 0 <= block < self.block_count:
            raise ValueError("%d octets at %d cross a block" % (len(data), offset))
        _check(self._device.writeblocks(block, data, start))

    def read(self, offset: int, view: bytearray | memoryview) -> None:
        """Fill `view` from `offset`. Raises OSError; ValueError when it leaves the area."""
        if offset < 0 or offset + len(view) > self.block_size * self.block_count:
            raise ValueError("%d octets at %d leave the area" % (len(view), offset))
        block, start = divmod(offset, self.block_size)
        if start + len(view) <= self.block_size:
            _check(self._device.readblocks(block, view, start))
            return
        view = memoryview(view)
        done = 0
        while done < len(view):
            piece = min(len(view) - done, self.block_size - start)
            _check(self._device.readblocks(block, view[done : done + piece], start))
            done += piece
            block, start = block + 1, 0


def _check(result: Any) -> None:
    """Block devices answer None or 0 for done and an error number, of either sign, for failed;
    booleans exist too.
    """
    if result not in (None, 0, True):
        raise OSError(errno.EIO, "flash")
