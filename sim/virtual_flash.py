"""Flash as a block device that can be cut, torn, flipped, worn out.

Programming only takes bits away and erasing brings a block's bits back, as in NOR flash, so that a
program into octets that are not erased is as wrong here as on a board.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

PROGRAM, ERASE = "program", "erase"
TEARS = 4  # none of it done, half of it, all of it, any bits of it
_COUNT, _SIZE, _ERASE = 4, 5, 6
_IO_ERROR = -5

# called before each change with (program or erase, TEARS); None: carry on, else how it is torn
Hook = Callable[[str, int], int | None]


def _carry_on(_kind: str, _tears: int) -> None:
    return None


class Flash:
    """The extended block device protocol of MicroPython over octets in RAM.

    :param endurance: erases that a block lasts; a worn block keeps what it has, and does not say
        so. 0: for ever
    :param fallen: raises; called after a torn change
    """

    def __init__(
        self,
        blocks: int,
        block_size: int = 4096,
        name: str = "",
        endurance: int = 0,
        noise: random.Random | None = None,
    ) -> None:
        self.data = bytearray(b"\xff" * blocks * block_size)
        self.block_size = block_size
        self.name = name
        self.before: Hook = _carry_on
        self.fallen: Callable[[], None] = lambda: None
        self.dead = False  # every program and erase fails
        self.erased = 0  # blocks
        self.programmed = 0  # octets
        self._blocks = blocks
        self._endurance = endurance
        self._erases = [0] * blocks
        self._noise = noise or random.Random(1)

    def readblocks(self, block: int, buffer: Any, offset: int = 0) -> int:
        """Fill `buffer` from `offset` in `block`."""
        start = block * self.block_size + offset
        buffer[:] = self.data[start : start + len(buffer)]
        return 0

    def writeblocks(self, block: int, data: Any, offset: int = 0) -> int:
        """Program."""
        if self.dead:
            return _IO_ERROR
        torn = self.before(self.name + PROGRAM, TEARS)
        start = block * self.block_size + offset
        old = self.data[start : start + len(data)]
        new = _and(old, bytes(data))
        self.programmed += len(data)
        if torn is None:
            self.data[start : start + len(data)] = new
            return 0
        self.data[start : start + len(data)] = self._torn(old, new, torn)
        self.fallen()
        return _IO_ERROR

    def ioctl(self, request: int, argument: int) -> int:
        """4: number of blocks; 5: their size; 6: erase one."""
        if request == _COUNT:
            return self._blocks
        if request == _SIZE:
            return self.block_size
        return self._erase(argument) if request == _ERASE else 0

    def flip(self, bit: int) -> None:
        """Turn one bit of the flash over."""
        self.data[bit // 8] ^= 1 << bit % 8

    @property
    def worn_blocks(self) -> int:
        """Blocks that can't be erased any more."""
        return sum(self._worn(block) for block in range(self._blocks))

    def _erase(self, block: int) -> int:
        if self.dead:
            return _IO_ERROR
        torn = self.before(self.name + ERASE, TEARS)
        start, end = block * self.block_size, (block + 1) * self.block_size
        if torn is None:
            self.erased += 1
            self._erases[block] += 1
            if not self._worn(block):
                self.data[start:end] = b"\xff" * self.block_size
            return 0
        old = self.data[start:end]
        self.data[start:end] = self._torn(old, bytearray(b"\xff" * len(old)), torn)
        self.fallen()
        return _IO_ERROR

    def _worn(self, block: int) -> bool:
        return bool(self._endurance) and self._erases[block] > self._endurance

    def _torn(self, old: bytearray, new: bytearray, tear: int) -> bytearray:
        if tear < 3:
            done = (0, len(new) // 2, len(new))[tear]
            return new[:done] + old[done:]
        chance = int.from_bytes(self._noise.randbytes(len(new)), "big")
        was, becomes = int.from_bytes(old, "big"), int.from_bytes(new, "big")
        return bytearray((was ^ ((was ^ becomes) & chance)).to_bytes(len(new), "big"))


def _and(old: bytearray, new: bytes) -> bytearray:
    both = int.from_bytes(old, "big") & int.from_bytes(new, "big")
    return bytearray(both.to_bytes(len(new), "big"))
