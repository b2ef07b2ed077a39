"""What one runtime has stored the other one reads, on the same flash image."""
from __future__ import annotations

from pathlib import Path

import pytest

from tests.host.hal_support import run

PROLOGUE = """
import json, vfs
from hal.storage import Storage

class Flash:
    size = 4096
    def __init__(self, path):
        self.file = open(path, "r+b")
    def readblocks(self, block, buffer, offset=0):
        self.file.seek(block * self.size + offset)
        self.file.readinto(buffer)
    def writeblocks(self, block, buffer, offset=0):
        self.file.seek(block * self.size + offset)
        self.file.write(buffer)
        self.file.flush()
    def ioctl(self, operation, argument):
        if operation == 4:
            return 64
        if operation == 5:
            return self.size
        if operation == 6:
            self.writeblocks(argument, b"\\xff" * self.size)
        return 0

flash = Flash(arguments[0])
"""

WRITE = PROLOGUE + """
vfs.VfsLfs2.mkfs(flash)
storage = Storage(vfs.VfsLfs2(flash))
for number in range(40):
    storage.append("ledger", bytes([number]) * 32)
storage.replace("parameters", [b"pop.port=110\\n", b"x" * 3000])
storage.replace("parameters", [b"pop.port=1100\\n", b"y" * 3000])
storage.append("gone", b"x")
storage.remove("gone")
with storage._filesystem.open("/journal.tmp", "wb") as file:
    file.write(b"cut off")
print(json.dumps(None))
"""

READ = PROLOGUE + """
storage = Storage(vfs.VfsLfs2(flash))
buffer = bytearray(5000)
ledger = bytes(buffer[:storage.read("ledger", 0, buffer)])
parameters = bytes(buffer[:storage.read("parameters", 0, buffer)])
storage.append("ledger", b"more")
print(json.dumps([
    sorted(storage.names()),
    ledger == b"".join(bytes([number]) * 32 for number in range(40)),
    parameters == b"pop.port=1100\\n" + b"y" * 3000,
    storage.size("ledger"),
]))
"""


@pytest.mark.parametrize(
    "writer,reader", [("cpython", "micropython"), ("micropython", "cpython")]
)
def test_an_image_written_by_one_runtime_is_read_by_the_other(
    writer: str, reader: str, tmp_path: Path
) -> None:
    image = tmp_path / "flash"
    image.write_bytes(b"\xff" * (64 * 4096))
    run(writer, WRITE, str(image))
    for times in (1, 2):
        expected = [["ledger", "parameters"], times == 1, True, 1280 + 4 * times]
        assert run(reader, READ, str(image)) == expected
