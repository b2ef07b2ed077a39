"""A file that is kept twice: which of the two counts, and what is carried over into a new
filesystem.
"""

from __future__ import annotations

import vfs

from hal import second_copy
from hal.storage import Storage, made_anew, mount
from tests.unit.hal_fakes import RamBlocks
from tests.unit.support import raises

NAME = "parameters"


def storage_on(flash: RamBlocks, spool: RamBlocks) -> Storage:
    return Storage(
        mount(flash, vfs.VfsLfs2), None, spool, lambda: made_anew(flash, vfs.VfsLfs2)
    )


def new() -> tuple[RamBlocks, RamBlocks, Storage]:
    flash, spool = RamBlocks(16), RamBlocks(3)
    vfs.VfsLfs2.mkfs(flash)
    return flash, spool, storage_on(flash, spool)


def content(storage: Storage) -> bytes:
    buffer = bytearray(200)
    return bytes(buffer[: storage.read(NAME, 0, buffer)])


def test_a_copy_that_is_damaged_in_any_bit_is_none() -> None:
    spool = RamBlocks(3)
    assert second_copy.content(spool) == b""
    second_copy.keep(spool, b"pop.host=mail")
    assert second_copy.content(spool) == b"pop.host=mail"
    for bit in range(8 * 23):
        spool.data[4096 + bit // 8] ^= 1 << bit % 8
        assert second_copy.content(spool) == b""
        spool.data[4096 + bit // 8] ^= 1 << bit % 8
    assert spool.erased == [1]


def test_what_does_not_fit_into_a_block_is_not_kept() -> None:
    spool = RamBlocks(3)
    second_copy.keep(spool, b"old")
    second_copy.keep(spool, bytes(4090))
    assert second_copy.content(spool) == b""


def test_the_copy_counts_where_they_differ_and_is_made_where_there_is_none() -> None:
    flash, spool, storage = new()
    storage.replace_one(NAME, (b"only here",))
    assert content(storage_on(flash, spool)) == b"only here"
    assert second_copy.content(spool) == b"only here"
    storage = storage_on(flash, spool)
    storage.replace(NAME, (b"new", b"er"))
    storage.replace_one(NAME, (b"older",))  # the filesystem went back
    assert content(storage_on(flash, spool)) == b"newer"
    storage.remove(NAME)
    assert content(storage_on(flash, spool)) == b"newer"


def test_a_file_that_could_not_be_replaced_has_no_copy_that_says_otherwise() -> None:
    flash, spool, storage = new()
    storage.replace(NAME, (b"old",))
    raises(OSError, storage.replace, NAME, (bytes(4000) * 20,))
    storage.append("junk", bytes(storage.free() - 3 * 4096))
    raises(OSError, storage.replace, NAME, (bytes(16000),))
    assert content(storage_on(flash, spool)) == b"old"


def test_files_are_carried_over_into_a_new_filesystem() -> None:
    flash, _spool, storage = new()
    storage.replace(NAME, (b"values",))
    storage.append("server", b"what it can")
    storage.append("ledger", b"records")
    roots = bytes([at * 7 % 251 for at in range(9000)])
    storage.append("roots", roots)
    storage.rebuild(("ledger", "ledger.new"))
    assert sorted(storage.names()) == ["formatted", NAME, "rebuilt", "roots", "server"]
    assert content(storage) == b"values"
    found = bytearray(len(roots))
    assert storage.read("roots", 0, found) == storage.size("roots") == len(roots)
    assert found == roots
    raises(OSError, Storage(mount(flash, vfs.VfsLfs2)).rebuild, ())
