"""The littlefs of the desk: images that both runtimes read, and a power cut that comes out as what
it is.
"""

from __future__ import annotations

import errno
import subprocess
from pathlib import Path

import pytest
import vfs

from tools.micropython_binary import find

BLOCKS, BLOCK = 32, 4096

MICROPYTHON = """
import vfs
class Device:
    def __init__(self, path):
        self.file = open(path, "r+b", buffering=0)
    def readblocks(self, n, buffer, offset=0):
        self.file.seek(n * 4096 + offset)
        self.file.readinto(buffer)
    def writeblocks(self, n, buffer, offset=0):
        self.file.seek(n * 4096 + offset)
        self.file.write(buffer)
    def ioctl(self, op, arg):
        if op == 4: return 32
        if op == 5: return 4096
        if op == 6: self.writeblocks(arg, b"\\xff" * 4096)
        return 0
device = Device(%r)
"""


class Memory:
    """A block device that can be told to fail after some programs."""

    def __init__(self, octets: bytes = b"\xff" * BLOCKS * BLOCK) -> None:
        self.octets = bytearray(octets)
        self.programs_left = -1

    def readblocks(self, block: int, buffer: bytearray, offset: int = 0) -> None:
        start = block * BLOCK + offset
        buffer[:] = self.octets[start : start + len(buffer)]

    def writeblocks(self, block: int, buffer: bytes, offset: int = 0) -> None:
        if self.programs_left == 0:
            raise PowerCutError
        self.programs_left -= 1
        start = block * BLOCK + offset
        self.octets[start : start + len(buffer)] = buffer

    def ioctl(self, request: int, argument: int) -> int:
        if request == 6:
            self.writeblocks(argument, b"\xff" * BLOCK)
        return {4: BLOCKS, 5: BLOCK}.get(request, 0)


class PowerCutError(Exception):
    """As raised by a device under test."""


def formatted() -> tuple[Memory, vfs.VfsLfs2]:
    device = Memory()
    vfs.VfsLfs2.mkfs(device)
    return device, vfs.VfsLfs2(device)


def read(filesystem: vfs.VfsLfs2, name: str) -> bytes:
    with filesystem.open(name, "rb") as file:
        return file.read()


def write(filesystem: vfs.VfsLfs2, name: str, data: bytes, mode: str = "wb") -> None:
    with filesystem.open(name, mode) as file:
        file.write(data)


def run_micropython(program: str, image: Path) -> str:
    whole = MICROPYTHON % str(image) + program
    return subprocess.run([find(), "-c", whole], check=True, capture_output=True, text=True).stdout


def test_micropython_reads_what_cpython_wrote(tmp_path: Path) -> None:
    device, filesystem = formatted()
    write(filesystem, "/ledger", b"one")
    write(filesystem, "/ledger", b"two", "ab")
    write(filesystem, "/big", bytes(10000))
    image = tmp_path / "image"
    image.write_bytes(device.octets)
    said = run_micropython(
        "fs = vfs.VfsLfs2(device)\nprint(fs.open('/ledger', 'rb').read(), fs.stat('/big')[6])",
        image,
    )
    assert said == "b'onetwo' 10000\n"


def test_cpython_reads_what_micropython_wrote(tmp_path: Path) -> None:
    image = tmp_path / "image"
    image.write_bytes(b"\xff" * BLOCKS * BLOCK)
    run_micropython(
        "vfs.VfsLfs2.mkfs(device)\nfs = vfs.VfsLfs2(device)\nfile = fs.open('/a', 'wb')\n"
        "file.write(b'there')\nfile.close()\nfs.mkdir('/d')\n",
        image,
    )
    filesystem = vfs.VfsLfs2(Memory(image.read_bytes()))
    assert read(filesystem, "/a") == b"there"
    assert sorted(filesystem.ilistdir("/")) == [("a", 0x8000, 0, 5), ("d", 0x4000, 0, 0)]


def test_files_do_what_files_do() -> None:
    _device, filesystem = formatted()
    write(filesystem, "a", b"0123456789")
    with filesystem.open("a", "r+b") as file:
        file.seek(4)
        file.write(b"x")
        assert file.tell() == 5
        buffer = bytearray(3)
        assert file.readinto(buffer) == 3
        assert bytes(buffer) == b"567"
        assert file.read() == b"89"
    filesystem.rename("a", "b")
    assert read(filesystem, "b") == b"0123x56789"
    before = filesystem.statvfs("/")[3]
    write(filesystem, "c", bytes(3 * BLOCK))
    assert filesystem.statvfs("/")[3] <= before - 3
    filesystem.remove("c")
    assert filesystem.statvfs("/")[3] == before


def test_flushed_octets_are_there_after_a_power_cut() -> None:
    device, filesystem = formatted()
    file = filesystem.open("a", "wb")
    file.write(b"kept")
    file.flush()
    file.write(b" and lost")
    assert read(vfs.VfsLfs2(Memory(bytes(device.octets))), "a") == b"kept"


def test_errors_are_oserrors_with_their_number() -> None:
    _device, filesystem = formatted()
    with pytest.raises(OSError, match="No such file") as caught:
        filesystem.open("nothing", "rb")
    assert caught.value.errno == errno.ENOENT
    with pytest.raises(OSError, match="space") as caught:
        write(filesystem, "a", bytes(BLOCKS * BLOCK))
    assert caught.value.errno == errno.ENOSPC
    with pytest.raises(OSError, match="Invalid or incomplete"):
        vfs.VfsLfs2(Memory())


def test_what_the_device_raises_comes_out_of_the_call() -> None:
    device, filesystem = formatted()
    write(filesystem, "a", b"old")
    device.programs_left = 1
    with pytest.raises(PowerCutError):
        write(filesystem, "a", b"new" * 1000)
    device.programs_left = -1
    assert read(vfs.VfsLfs2(device), "a") == b"old"
