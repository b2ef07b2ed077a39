"""Fakes for the store's unit tests: files in RAM, a strict block area, a clock that is set by
hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class FakeStorage:
    """`devices.Storage` in RAM; `fail` makes the next calls that write raise OSError."""

    def __init__(self, small: int = 0) -> None:
        self.small = small
        self.files: dict[str, bytearray] = {}
        self.fail = False
        self.fail_read = 0
        self.appends = 0
        self.replaces = 0
        self.number = -1

    def append(self, name: str, record: "bytes | bytearray | memoryview") -> None:
        if self.fail:
            raise OSError(28)
        self.appends += 1
        self.files[name] = bytearray(self.files.get(name, b"")) + bytes(record)

    def replace(self, name: str, parts: "Iterable[bytes]") -> None:
        data = bytearray()
        for part in parts:
            data.extend(part)
        if self.fail:
            raise OSError(28)
        self.replaces += 1
        self.files[name] = data

    def read(self, name: str, offset: int, view: "bytearray | memoryview") -> int:
        if self.fail_read:
            self.fail_read -= 1
            raise OSError(5)
        data = self.files.get(name, b"")[offset : offset + len(view)]
        memoryview(view)[: len(data)] = data
        return len(data)

    def size(self, name: str) -> int:
        return len(self.files[name]) if name in self.files else -1

    def remove(self, name: str) -> None:
        self.files.pop(name, None)

    def names(self) -> list[str]:
        return list(self.files)

    def free(self) -> int:
        return 100000

    def rebuild(self, but: "tuple[str, ...]") -> None:
        raise OSError(5)

    def mark(self, number: int) -> None:
        self.number = number

    def marked(self) -> int:
        return self.number


class FakeArea:
    """`devices.SpoolArea` as NOR flash is: an erased octet is 0xFF, and only erased octets can be
    programmed.
    """

    def __init__(self, blocks: int, block_size: int) -> None:
        self.block_size = block_size
        self.block_count = blocks
        self.data = bytearray(b"\xee" * (blocks * block_size))
        self.blank = bytearray(blocks * block_size)
        self.erases = 0
        self.programs = 0

    def erase(self, block: int) -> None:
        assert 0 <= block < self.block_count
        start = block * self.block_size
        self.data[start : start + self.block_size] = b"\xff" * self.block_size
        self.blank[start : start + self.block_size] = b"\x01" * self.block_size
        self.erases += 1

    def program(self, offset: int, data: "bytearray | memoryview") -> None:
        end = offset + len(data)
        assert offset // self.block_size == (end - 1) // self.block_size, (
            "a program crosses a block"
        )
        assert sum(self.blank[offset:end]) == len(data), "octets programmed that are not erased"
        self.data[offset:end] = data
        self.blank[offset:end] = bytes(len(data))
        self.programs += 1

    def read(self, offset: int, view: "bytearray | memoryview") -> None:
        assert offset + len(view) <= len(self.data), "a read crosses the end of the area"
        view[:] = self.data[offset : offset + len(view)]


class FakeClock:
    """`devices.Clock` at a time set by hand."""

    def __init__(self) -> None:
        self.seconds = 1700000000
        self.ticks = 0

    def ticks_ms(self) -> int:
        return self.ticks

    def ticks_diff(self, later: int, earlier: int) -> int:
        return later - earlier

    def ticks_add(self, ticks: int, delta: int) -> int:
        return ticks + delta

    def now(self) -> int:
        return self.seconds

    def set(self, seconds: int) -> None:
        self.seconds = seconds
