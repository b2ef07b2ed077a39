"""The raw area erases, programs and reads where it is told and nowhere else, also on a serial NOR
flash.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from hal.level import Output
from hal.serial_flash import SerialFlash
from hal.spool_area import SpoolArea
from tests.unit.hal_fakes import Bench, RamBlocks
from tests.unit.support import raises

if TYPE_CHECKING:
    from typing import Any

SELECT = 5


def test_geometry_comes_from_the_device() -> None:
    area = SpoolArea(RamBlocks(4, 1024))
    assert (area.block_count, area.block_size) == (4, 1024)


def test_what_is_programmed_is_read_back_across_blocks() -> None:
    area = SpoolArea(RamBlocks(4, 64))
    for block in range(4):
        area.program(block * 64, bytes([block]) * 32)
        area.program(block * 64 + 32, bytearray(bytes([0x80 + block]) * 32))
    view = bytearray(150)
    area.read(20, view)
    whole = b"".join(bytes([block]) * 32 + bytes([0x80 + block]) * 32 for block in range(4))
    assert bytes(view) == whole[20:170]


def test_erasing_touches_one_block() -> None:
    device = RamBlocks(3, 64)
    area = SpoolArea(device)
    for block in range(3):
        area.program(block * 64, bytes(64))
    area.erase(1)
    assert device.erased == [1]
    assert bytes(device.data) == bytes(64) + b"\xff" * 64 + bytes(64)


def test_programming_across_a_block_is_refused() -> None:
    area = SpoolArea(RamBlocks(3, 64))
    raises(ValueError, area.program, 60, bytes(5))
    area.program(60, bytes(4))


def test_what_lies_outside_is_refused() -> None:
    area = SpoolArea(RamBlocks(3, 64))
    raises(ValueError, area.program, 192, bytes(1))
    raises(ValueError, area.program, -1, bytes(1))
    raises(ValueError, area.read, 190, bytearray(3))
    raises(ValueError, area.read, -1, bytearray(1))
    raises(ValueError, area.erase, 3)
    raises(ValueError, area.erase, -1)


def test_a_device_that_reports_an_error_raises() -> None:
    device = RamBlocks(3, 64)
    area = SpoolArea(device)
    device.fail = True
    raises(OSError, area.program, 0, bytes(1))
    raises(OSError, area.erase, 0)


class FakeNor:
    """A W25Q chip behind SPI: strict about write enable, pages, select and business."""

    def __init__(self, blocks: int) -> None:
        self.memory = bytearray(b"\xff" * (blocks * 4096))
        self.bench = Bench()
        self.select = Output(self.bench.output(SELECT), 0)
        self.select.off()
        self.bench.on_level[SELECT] = self._selected
        self.enabled = False
        self.polls_left = 0
        self.stuck = False
        self.sent = b""
        self.erases: list[int] = []

    def _selected(self, level: int) -> None:
        if level:
            self._finish()
        self.sent = b""

    def write(self, data: Any) -> None:
        assert self.bench.pins[SELECT].level == 0, "the chip is not selected"
        self.sent += bytes(data)

    def readinto(self, view: Any) -> None:
        assert self.bench.pins[SELECT].level == 0, "the chip is not selected"
        if self.sent[0] == 0x05:
            busy = self.stuck or self.polls_left > 0
            self.polls_left -= 1
            view[0] = 1 if busy else 0
        else:
            assert self.sent[0] == 0x03 and len(self.sent) == 4
            assert self.polls_left <= 0, "the chip is busy"
            at = int.from_bytes(self.sent[1:], "big")
            memoryview(view)[:] = memoryview(self.memory)[at : at + len(view)]

    def _finish(self) -> None:
        command = self.sent[0]
        if command == 0x06:
            self.enabled = True
        elif command in (0x02, 0x20):
            assert self.enabled, "write is not enabled"
            self.enabled = False
            self.polls_left = 3
            at = int.from_bytes(self.sent[1:4], "big")
            if command == 0x20:
                assert len(self.sent) == 4
                self.erases.append(at)
                self.memory[at : at + 4096] = b"\xff" * 4096
            else:
                self._program(at, self.sent[4:])
        else:
            assert command in (0x03, 0x05)

    def _program(self, at: int, data: bytes) -> None:
        assert 0 < at % 256 + len(data) <= 256, "wraps around in its page"
        for index, octet in enumerate(data):
            self.memory[at + index] &= octet


def _pattern(length: int) -> bytes:
    return bytes((index * 31 + index // 256) & 0xFF for index in range(length))


def test_serial_flash_programs_page_by_page_and_reads_back() -> None:
    chip = FakeNor(2)
    area = SpoolArea(SerialFlash(chip, chip.select, 2))
    assert (area.block_count, area.block_size) == (2, 4096)
    data = _pattern(1000)
    area.program(4096 + 100, bytearray(data))
    view = bytearray(1000)
    area.read(4096 + 100, view)
    assert bytes(view) == data
    assert bytes(chip.memory[:4096]) == b"\xff" * 4096


def test_serial_flash_erases_the_block_it_is_told() -> None:
    chip = FakeNor(3)
    area = SpoolArea(SerialFlash(chip, chip.select, 3))
    area.program(4096, bytearray(10))
    area.erase(1)
    assert chip.erases == [4096]
    assert bytes(chip.memory) == b"\xff" * (3 * 4096)


def test_a_serial_flash_that_stays_busy_raises() -> None:
    chip = FakeNor(1)
    chip.stuck = True
    raises(OSError, SpoolArea(SerialFlash(chip, chip.select, 1)).erase, 0)
    assert chip.bench.pins[SELECT].level == 1
