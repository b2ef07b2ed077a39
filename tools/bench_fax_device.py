"""Runs inside MicroPython: decodes CCITT pages from memory to packed rows in memory, timed.

One line of standard input per page: file, octets of its rows. Answers one line of JSON each:
microseconds of processor time of one decoding, and the SHA-256 of the rows.
"""
from __future__ import annotations

import asyncio
import binascii
import gc
import hashlib
import json
import sys
import time

from firmware.fax.buffers import FaxBuffers
from firmware.fax.page import FaxPage
from firmware.fax.raster import plain_fit
from firmware.fax.tiff import TiffReader

ENOUGH = 0.1  # seconds of one run: the clock has milliseconds


class Memory:
    """A file in memory."""

    def __init__(self, data: bytes) -> None:
        self._view = memoryview(data)

    def read_now(self, offset: int, view: memoryview) -> int:
        """Copy out what there is."""
        octets = len(view)
        piece = self._view[offset : offset + octets]
        if len(piece) < octets:
            octets = len(piece)
            view = view[:octets]
        view[:] = piece
        return octets

    async def read_at(self, offset: int, view: memoryview) -> int:
        """The same."""
        return self.read_now(offset, view)

    def release(self, offset: int) -> None:
        """Keep everything."""


class Page:
    """Takes the rows into one block of memory."""

    def __init__(self, octets: int) -> None:
        self.rows = memoryview(bytearray(octets))
        self.filled = 0

    async def write(self, view: memoryview, lines: int) -> None:
        """Copy in."""
        self.rows[self.filled : self.filled + len(view)] = view
        self.filled += len(view)


async def decoded(data: bytes, buffers: FaxBuffers, page: Page) -> None:
    """Directory, decoding and rows."""
    source = Memory(data)
    fax = FaxPage(buffers)
    page.filled = 0
    reader = TiffReader(source, buffers)
    await reader.open()
    directory = await reader.next_page()
    if directory is not None:
        await fax.render(source, directory, plain_fit(directory), page)


async def timed(data: bytes, buffers: FaxBuffers, page: Page) -> int:
    """Decode a few times; microseconds of processor time for one."""
    gc.collect()
    began = time.clock()  # type: ignore[attr-defined]
    spent, count = 0.0, 0
    while not count or spent < ENOUGH:
        await decoded(data, buffers, page)
        count += 1
        spent = time.clock() - began  # type: ignore[attr-defined]
    return int(spent * 1e6 / count)


async def main() -> None:
    """Answer until the input ends."""
    buffers = FaxBuffers()
    for line in sys.stdin:
        name, octets = line.split()
        with open(name, "rb") as file:
            data = file.read()
        page = Page(int(octets))
        micros = await timed(data, buffers, page)
        digest = hashlib.sha256(page.rows[: page.filled]).digest()
        print(json.dumps([micros, binascii.hexlify(digest).decode()]))


if __name__ == "__main__":
    asyncio.run(main())
