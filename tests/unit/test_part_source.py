"""A part of the mail, read without waiting: only what is there, and is still the part's."""
from __future__ import annotations

import asyncio

from firmware.store.part_source import PartSource
from firmware.store.spool import SPARE, Spool
from tests.unit.store_support import FakeArea

BLOCK = 64


def now(part: PartSource, offset: int, most: int = 100) -> bytes:
    view = bytearray(most)
    got = part.read_now(offset, memoryview(view))
    assert got >= 0
    return bytes(view[:got])


def test_what_is_there_is_read_at_once_and_nothing_else() -> None:
    spool = Spool(FakeArea(4 + SPARE, BLOCK), bytearray(BLOCK))
    data = bytes(range(200))

    async def run() -> None:
        spool.begin()
        await spool.append(b"before")
        part = PartSource(spool, 6)
        assert now(part, 0) == b""
        await spool.append(data[:150])
        assert now(part, 0) == data[:100] and now(part, 120) == data[120:150]
        assert now(part, 150) == b"" and now(part, 1000) == b""
        part.close()
        await spool.append(b"another part")
        assert now(part, 140) == data[140:150] and now(part, 150) == b""

    asyncio.run(run())


def test_nothing_is_read_of_what_is_gone() -> None:
    spool = Spool(FakeArea(4 + SPARE, BLOCK), bytearray(BLOCK))

    async def run() -> None:
        spool.begin()
        part = PartSource(spool, 0)
        await spool.append(bytes(range(100)))
        part.release(70)
        assert now(part, 69) == b"" and now(part, 70) == bytes(range(70, 100))
        spool.begin()
        await spool.append(b"of another mail" * 6)
        assert now(part, 80) == b"" and now(part, 0) == b""

    asyncio.run(run())
