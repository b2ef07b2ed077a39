"""The desk's flash areas: files that speak MicroPython's block device protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

import desk_link

if TYPE_CHECKING:
    from typing import Any

BLOCK_SIZE = 4096
_EIO = -5


class BlockFile:
    """An area of erase blocks in a file. Posted writes to the mechanism go out before anything is
    programmed, so
    that flash never knows of a line that a power cut kept from the paper."""

    def __init__(self, path: str) -> None:
        self._file = open(path, "r+b", buffering=0)
        self._blocks = self._file.seek(0, 2) // BLOCK_SIZE
        self._erased = b"\xff" * 512

    def settle(self) -> bool:
        """Let everything that was driven before take effect; False when there is no desk any more.
        An exception must not go through littlefs: it would leave its list of open files in a ring.
        """
        try:
            desk_link.flush()
        except OSError:
            return False
        return True

    def readblocks(self, block: int, buffer: Any, offset: int = 0) -> None:
        """Fill `buffer` from `offset` in `block`."""
        self._file.seek(block * BLOCK_SIZE + offset)
        self._file.readinto(buffer)

    def writeblocks(self, block: int, buffer: Any, offset: int = 0) -> int | None:
        """Program; the block was erased before. Negative when nothing was done."""
        if not self.settle():
            return _EIO
        self._file.seek(block * BLOCK_SIZE + offset)
        self._file.write(buffer)
        return None

    def ioctl(self, request: int, argument: int) -> int | None:
        """4: number of blocks; 5: their size; 6: erase one."""
        if request == 4:
            return self._blocks
        if request == 5:
            return BLOCK_SIZE
        if request == 6:
            if not self.settle():
                return _EIO
            self._file.seek(argument * BLOCK_SIZE)
            for _ in range(BLOCK_SIZE // 512):
                self._file.write(self._erased)
        return 0


def open_area(name: str) -> BlockFile:
    """The area 'data' (files) or 'spool' (raw). Raises OSError."""
    return BlockFile(desk_link.area(name))
