"""The number kept apart from the filesystem: entered, read again, whatever a cut or a bit did."""

from __future__ import annotations

from hal.spool_area import SpoolArea
from hal.storage import Storage
from hal.witness import Witness
from tests.unit.hal_fakes import RamBlocks
from tests.unit.support import raises

SIZE = 64  # 8 entries a block


def kept(device: RamBlocks) -> int:
    return Witness(device).number()


def test_a_flash_that_holds_something_else_knows_no_number() -> None:
    device = RamBlocks(3, SIZE)
    for filler in (0xFF, 0, 0xE1):
        device.data[-SIZE:] = bytes([filler]) * SIZE
        assert kept(device) == -1


def test_the_last_number_is_known_after_a_restart_also_when_the_block_was_full() -> None:
    device = RamBlocks(3, SIZE)
    device.data[:] = bytes([0x5A]) * 3 * SIZE
    witness = Witness(device)
    numbers = list(range(30))
    numbers.extend((0xFFFE, 0xFFFF, 0))
    for number in numbers:
        witness.enter(number)
        assert witness.number() == number and kept(device) == number
        if number == 13:
            witness = Witness(device)
    assert bytes(device.data[: 2 * SIZE]) == bytes([0x5A]) * 2 * SIZE


def test_a_changed_bit_makes_the_number_older_never_another() -> None:
    device = RamBlocks(1, SIZE)
    witness = Witness(device)
    for number in (7, 8, 9):
        witness.enter(number)
    for bit in range(24 * 8):
        device.data[bit // 8] ^= 1 << bit % 8
        assert kept(device) in (8, 9)
        Witness(device).enter(10)
        assert kept(device) == 10
        device.data[bit // 8] ^= 1 << bit % 8
        device.data[24:32] = b"\xff" * 8


def test_the_spool_does_not_touch_it() -> None:
    device = RamBlocks(4, SIZE)
    area = SpoolArea(device, 1)
    assert area.block_count == 3
    raises(ValueError, area.erase, 3)


def test_storage_does_without_it_and_bears_its_failure() -> None:
    class Dead(RamBlocks):
        def readblocks(self, block: int, buffer: bytearray, offset: int = 0) -> None:
            raise OSError(5)

    class NoFiles:
        def ilistdir(self, path: str) -> tuple[()]:
            return ()

    for storage in (Storage(NoFiles()), Storage(NoFiles(), Witness(Dead(1, SIZE)))):
        storage.mark(5)
        assert storage.marked() == -1
    storage = Storage(NoFiles(), Witness(RamBlocks(1, SIZE)))
    storage.mark(5)
    assert storage.marked() == 5
