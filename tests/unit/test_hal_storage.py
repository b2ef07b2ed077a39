"""Files are durable when a call returns, and replaced as a whole, on real littlefs over flash in
RAM.
"""
from __future__ import annotations

import vfs

from hal.storage import Storage
from tests.unit.hal_fakes import RamBlocks
from tests.unit.support import raises


def _flash(count: int = 64) -> RamBlocks:
    device = RamBlocks(count, 512)
    vfs.VfsLfs2.mkfs(device)
    return device


def _reopened(device: RamBlocks) -> Storage:
    """A storage over the flash's present content: what is there after a power cut."""
    copy = RamBlocks(device.count, device.size)
    copy.data[:] = device.data
    return Storage(vfs.VfsLfs2(copy))


def _content(storage: Storage, name: str) -> bytes:
    buffer = bytearray(4096)
    return bytes(buffer[: storage.read(name, 0, buffer)])


def test_an_appended_record_is_there_after_a_power_cut() -> None:
    device = _flash()
    storage = Storage(vfs.VfsLfs2(device))
    storage.append("ledger", b"one")
    storage.append("ledger", bytearray(b"two"))
    storage.append("ledger", memoryview(b"three"))
    assert _content(_reopened(device), "ledger") == b"onetwothree"


def test_replacing_joins_the_parts_and_is_durable() -> None:
    device = _flash()
    storage = Storage(vfs.VfsLfs2(device))
    storage.replace("parameters", [b"old"])
    storage.replace("parameters", (part for part in (b"a=1\n", b"", b"b=2\n")))
    assert _content(_reopened(device), "parameters") == b"a=1\nb=2\n"
    assert storage.names() == ["parameters"]


def test_a_replacement_that_fails_half_way_leaves_the_old_file_and_no_other() -> None:
    device = _flash()
    storage = Storage(vfs.VfsLfs2(device))
    storage.replace("parameters", [b"old"])

    def parts() -> object:
        yield b"new"
        raise ValueError("no more")

    raises(ValueError, storage.replace, "parameters", parts())
    assert storage.names() == ["parameters"]
    assert _content(storage, "parameters") == b"old"


def test_what_a_cut_replacement_left_is_removed_at_boot() -> None:
    device = _flash()
    filesystem = vfs.VfsLfs2(device)
    with filesystem.open("/parameters.tmp", "wb") as file:
        file.write(b"half")
    with filesystem.open("/parameters", "wb") as file:
        file.write(b"whole")
    storage = Storage(filesystem)
    assert storage.names() == ["parameters"]
    assert _content(storage, "parameters") == b"whole"


def test_reading_begins_at_the_offset_and_ends_with_the_file() -> None:
    storage = Storage(vfs.VfsLfs2(_flash()))
    storage.append("journal", bytes(range(100)))
    view = bytearray(10)
    assert storage.read("journal", 95, view) == 5
    assert bytes(view[:5]) == bytes(range(95, 100))
    assert storage.read("journal", 100, view) == 0
    assert storage.read("journal", 40, memoryview(view)[:4]) == 4
    assert bytes(view[:4]) == bytes(range(40, 44))


def test_a_missing_file_reads_as_nothing() -> None:
    storage = Storage(vfs.VfsLfs2(_flash()))
    assert storage.read("none", 0, bytearray(4)) == 0
    assert storage.size("none") == -1
    storage.remove("none")


def test_size_and_removal() -> None:
    storage = Storage(vfs.VfsLfs2(_flash()))
    storage.append("journal", bytes(777))
    assert storage.size("journal") == 777
    storage.remove("journal")
    assert storage.size("journal") == -1
    assert storage.names() == []


def test_free_space_shrinks_with_what_is_stored() -> None:
    storage = Storage(vfs.VfsLfs2(_flash()))
    before = storage.free()
    storage.append("journal", bytes(2000))
    assert before - 4096 <= storage.free() <= before - 2000


def test_a_full_flash_is_an_error_and_the_old_file_stays() -> None:
    device = _flash(12)
    storage = Storage(vfs.VfsLfs2(device))
    storage.replace("parameters", [b"old"])
    raises(OSError, storage.replace, "parameters", [bytes(512)] * 20)
    assert _content(_reopened(device), "parameters") == b"old"
    assert storage.names() == ["parameters"]


def test_names_are_plain() -> None:
    storage = Storage(vfs.VfsLfs2(_flash()))
    for name in ("", "a/b", "/a"):
        raises(ValueError, storage.append, name, b"x")
