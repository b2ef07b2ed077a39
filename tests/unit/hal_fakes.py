"""Strict stand-ins for machine pins and buses: what the real thing would not take, they refuse."""
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


class FakePin:
    """One pin; every level driven goes to the bench's log as (number, level)."""

    def __init__(self, bench: Bench, number: int, mode: int, pull: int | None,
                 value: int | None) -> None:
        self.number = number
        self.mode = mode
        self.pull = pull
        self.level = value
        self._bench = bench

    def value(self, level: int | None = None) -> int | None:
        if level is None:
            level = self._bench.read(self.number) if self.mode == Bench.IN else self.level
            assert level in (0, 1), "pin %d has no level" % self.number
            return level
        assert self.mode == Bench.OUT, "pin %d is an input and can't be driven" % self.number
        assert level in (0, 1), "no level: %r" % (level,)
        self.level = level
        self._bench.log.append((self.number, level))
        if self.number in self._bench.on_level:
            self._bench.on_level[self.number](level)
        return None


class Bench:
    """Makes pins like `machine.Pin` and holds what lies at their other end."""

    IN = 11
    OUT = 22
    PULL_UP = 33

    def __init__(self) -> None:
        self.pins: dict[int, FakePin] = {}
        self.levels: dict[int, Any] = {}  # of inputs: a level or a function that gives one
        self.on_level: dict[int, Any] = {}  # of outputs: called with each level driven
        self.log: list[tuple] = []

    def __call__(self, number: int, mode: int, pull: int | None = None,
                 value: int | None = None) -> FakePin:
        assert mode in (Bench.IN, Bench.OUT), "unknown mode %r" % (mode,)
        assert pull in (None, Bench.PULL_UP), "unknown pull %r" % (pull,)
        assert number not in self.pins, "pin %d is made twice" % number
        assert value is None or mode == Bench.OUT, "an input has no first level"
        pin = FakePin(self, number, mode, pull, value)
        self.pins[number] = pin
        return pin

    def read(self, number: int) -> int:
        assert number in self.levels, "nothing is wired to pin %d" % number
        level = self.levels[number]
        return level() if callable(level) else level

    def input(self, number: int, level: Any = 1) -> FakePin:
        self.levels[number] = level
        return self(number, Bench.IN)

    def output(self, number: int) -> FakePin:
        return self(number, Bench.OUT, value=0)


class RamBlocks:
    """A NOR flash in RAM, extended block device protocol: programs erased octets only, refuses
    what is outside.
    """

    def __init__(self, count: int, size: int = 4096) -> None:
        self.data = bytearray(b"\xff" * (count * size))
        self.size = size
        self.count = count
        self.erased: list[int] = []
        self.fail = False

    def readblocks(self, block: int, buffer: Any, offset: int = 0) -> None:
        at = self._place(block, offset, len(buffer))
        memoryview(buffer)[:] = memoryview(self.data)[at : at + len(buffer)]

    def writeblocks(self, block: int, buffer: Any, offset: int = 0) -> int | None:
        if self.fail:
            return -5
        at = self._place(block, offset, len(buffer))
        for index in range(len(buffer)):
            assert self.data[at + index] == 0xFF, "octet %d is programmed twice" % (at + index)
            self.data[at + index] = buffer[index]
        return None

    def ioctl(self, operation: int, argument: int) -> int | None:
        if operation == 4:
            return self.count
        if operation == 5:
            return self.size
        if operation == 6:
            if self.fail:
                return -5
            at = self._place(argument, 0, self.size)
            for index in range(at, at + self.size):
                self.data[index] = 0xFF
            self.erased.append(argument)
        return 0

    def _place(self, block: int, offset: int, length: int) -> int:
        at = block * self.size + offset
        assert block >= 0 and at + length <= len(self.data), "outside of the flash"
        return at
