"""Runs on either runtime: decodes TIFF files named on standard input, one JSON line each: SHA-256
of each page's rows.

Rows are unscaled, packed, MSB leftmost, 1 = black; or lines of the head.
"""
from __future__ import annotations

import asyncio
import binascii
import hashlib
import json
import sys
from typing import TYPE_CHECKING

from firmware.fax.buffers import FaxBuffers
from firmware.fax.page import FaxPage
from firmware.fax.raster import page_fit, plain_fit
from firmware.fax.tiff import TiffError, TiffReader

if TYPE_CHECKING:
    from typing import Any


class FileSource:
    """A file on the disk; hands out short pieces now and then, as a spool does."""

    def __init__(self, name: str) -> None:
        self._file = open(name, "rb")
        self._calls = 0

    async def read_at(self, offset: int, view: memoryview) -> int:
        return self.read_now(offset, view)

    def read_now(self, offset: int, view: memoryview) -> int:
        self._calls += 1
        self._file.seek(offset)
        piece = view[: 1 + self._calls % 97] if self._calls % 3 == 0 else view
        return self._file.readinto(piece)

    def release(self, offset: int) -> None:
        pass

    def close(self) -> None:
        self._file.close()


class HashSink:
    """Takes rows into a hash."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.lines = 0

    async def write(self, view: memoryview, lines: int) -> None:
        self._hash.update(view)
        self.lines += lines

    def digest(self) -> str:
        return binascii.hexlify(self._hash.digest()).decode()


async def pages(name: str, buffers: FaxBuffers, head: bool) -> "list[Any]":
    """[lines, hash, bad rows, note] of each page, and at the end the reason if a page could not be
    read. `head`: of the lines that the head records of it.
    """
    result: "list[Any]" = []
    source = FileSource(name)
    reader = TiffReader(source, buffers)
    try:
        await reader.open()
        while True:
            directory = await reader.next_page()
            if directory is None:
                break
            sink = HashSink()
            fit = plain_fit(directory)
            if head:
                fit = page_fit(directory, 1728, 1 << 20, 0, 0)
            quality = await FaxPage(buffers).render(source, directory, fit, sink)
            result.append([sink.lines, sink.digest(), quality.bad_rows, quality.note])
    except TiffError as error:
        result.append(error.reason)
    source.close()
    return result


def main() -> None:
    """Read file names until the input ends; a '+' before a name asks for the head's lines."""
    buffers = FaxBuffers()
    for line in sys.stdin:
        name = line.strip()
        head = name.startswith("+")
        print(json.dumps(asyncio.run(pages(name[1:] if head else name, buffers, head))))


if __name__ == "__main__":
    main()
