"""The spool: against a simple model with random operations, its window, its waits, its wear."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

from firmware.store.part_source import PartSource
from firmware.store.spool import (
    SPARE,
    Incomplete,
    OutsideWindow,
    Spool,
    SpoolAbandoned,
)
from tests.unit.store_support import FakeArea
from tests.unit.support import raises

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

_BLOCK = 64
_BLOCKS = 4


def octet(offset: int) -> int:
    return (offset * 7 + offset // 251) & 0xFF


def octets(offset: int, count: int) -> bytes:
    return bytes([octet(at) for at in range(offset, offset + count)])


def new_spool(blocks: int = _BLOCKS, block: int = _BLOCK) -> tuple[Spool, FakeArea]:
    area = FakeArea(blocks + SPARE, block)
    return Spool(area, bytearray(block)), area


async def outcome(waiting: "Coroutine[Any, Any, Any]") -> "type[BaseException] | None":
    """The kind of exception that the coroutine ends in, within a minute."""
    try:
        await asyncio.wait_for(waiting, 60)
    except Exception as error:
        return type(error)
    return None


async def waits(task: "asyncio.Task[Any]") -> bool:
    """True when the task still waits after everybody had turns."""
    for _turn in range(20):
        await asyncio.sleep(0)
    return not task.done()


async def produce(spool: Spool, total: int, seed: int, complete: bool = True) -> None:
    chance = random
    chance.seed(seed)
    lengths = [chance.choice((1, 3, 17, 64, 65, 200)) for _ in range(total)]
    at = 0
    for length in lengths:
        if at == total:
            break
        length = min(length, total - at)
        await spool.append(memoryview(octets(at, length)))
        at += length
    spool.finish(complete)


async def read_as_the_model_says(spool: Spool, total: int, seed: int) -> None:
    """Read at random places of the window, release at random; every octet must be the model's."""
    released = 0
    buffer = bytearray(100)
    number = seed * 7919 + 1
    while released < total:
        number = (number * 1103515245 + 12345) & 0x7FFFFFFF
        pick = number >> 8
        held = max(0, spool.written - released)
        offset = released + pick % (held + 2)
        length = 1 + (pick >> 9) % 100
        view = memoryview(buffer)[:length]
        try:
            got = await asyncio.wait_for(spool.read_at(offset, view), 60)
        except OutsideWindow:
            assert offset >= spool.written, "a read inside the window was refused"
            assert spool.written - released > (_BLOCKS - 1) * _BLOCK, (
                "refused although the window has room"
            )
            got = 0
        else:
            assert got > 0 or offset >= total
            assert bytes(view[:got]) == octets(offset, got)
        if got == 0 or (pick >> 16) % 3 == 0:
            released = min(total, released + (pick >> 4) % 150)
            spool.release(released)
    assert await spool.read_at(total, memoryview(buffer)) == 0


async def one_random_mail(spool: Spool, seed: int) -> None:
    spool.begin()
    total = (seed * 577) % 3000
    await asyncio.gather(produce(spool, total, seed), read_as_the_model_says(spool, total, seed))


def test_random_appends_reads_and_releases_agree_with_the_model() -> None:
    async def run() -> None:
        spool, area = new_spool()
        for seed in range(60):
            await one_random_mail(spool, seed)
            if seed % 3 == 0:
                await spool.erase_ahead(seed % 5)
        assert area.erases > 0

    asyncio.run(run())


def test_a_small_mail_touches_no_flash() -> None:
    async def run() -> None:
        spool, area = new_spool()
        for _mail in range(3):
            spool.begin()
            await spool.append(memoryview(octets(0, _BLOCK)))
            spool.finish(True)
            view = memoryview(bytearray(_BLOCK + 9))
            assert await spool.read_at(0, view) == _BLOCK and bytes(view[:_BLOCK]) == octets(
                0, _BLOCK
            )
            assert await spool.read_at(_BLOCK, view) == 0
        assert area.erases == area.programs == 0

    asyncio.run(run())


def test_what_is_released_before_its_block_is_full_is_never_programmed() -> None:
    async def run() -> None:
        spool, area = new_spool()
        view = memoryview(bytearray(_BLOCK))
        for at in range(0, 40 * _BLOCK, _BLOCK):
            await spool.append(memoryview(octets(at, _BLOCK)))
            assert await spool.read_at(at, view) == _BLOCK and bytes(view) == octets(at, _BLOCK)
            spool.release(at + _BLOCK)
        assert area.erases == area.programs == 0

    asyncio.run(run())


def test_the_producer_waits_while_the_window_is_full_and_goes_on_after_a_release() -> None:
    async def run() -> None:
        spool, _area = new_spool()
        size = (_BLOCKS + 1) * _BLOCK
        task = asyncio.create_task(spool.append(memoryview(octets(0, size + 10))))
        assert await waits(task) and spool.written == size
        view = memoryview(bytearray(size))
        assert await spool.read_at(0, view) == size and bytes(view) == octets(0, size)
        spool.release(_BLOCK - 1)
        assert await waits(task)
        spool.release(_BLOCK)
        await asyncio.wait_for(task, 60)
        assert await spool.read_at(size, view) == 10 and bytes(view[:10]) == octets(size, 10)

    asyncio.run(run())


def test_a_read_that_can_never_be_answered_is_refused() -> None:
    async def run() -> None:
        spool, _area = new_spool()
        size = (_BLOCKS + 1) * _BLOCK
        view = memoryview(bytearray(8))
        reading = asyncio.create_task(spool.read_at(size + 100, view))
        task = asyncio.create_task(spool.append(memoryview(octets(0, size + 110))))
        assert await outcome(reading) is OutsideWindow
        assert await outcome(spool.read_at(size, view)) is OutsideWindow
        spool.release(2 * _BLOCK)
        # at once after the release: no refusal
        assert await asyncio.wait_for(spool.read_at(size, view), 60) == 8
        assert bytes(view) == octets(size, 8)
        assert await outcome(spool.read_at(_BLOCK, view)) is OutsideWindow
        await task

    asyncio.run(run())


def test_a_full_window_at_the_end_of_the_mail_refuses_nothing() -> None:
    async def run() -> None:
        spool, _area = new_spool()
        size = (_BLOCKS + 1) * _BLOCK
        reading = asyncio.create_task(spool.read_at(size + 50, memoryview(bytearray(8))))
        await spool.append(memoryview(octets(0, size)))
        assert await waits(reading)
        spool.finish(True)
        assert await asyncio.wait_for(reading, 60) == 0

    asyncio.run(run())


def test_a_mail_that_broke_off_is_incomplete_but_what_came_can_be_read() -> None:
    async def run() -> None:
        spool, _area = new_spool()
        view = memoryview(bytearray(20))
        reading = asyncio.create_task(spool.read_at(30, view))
        await spool.append(memoryview(octets(0, 30)))
        assert await waits(reading)
        spool.finish(False)
        assert await outcome(reading) is Incomplete
        assert await spool.read_at(10, view) == 20 and bytes(view) == octets(10, 20)

    asyncio.run(run())


def test_the_producer_hears_that_the_reader_gave_up() -> None:
    async def run() -> None:
        spool, _area = new_spool()
        task = asyncio.create_task(spool.append(memoryview(octets(0, 2000))))
        assert await waits(task)
        spool.abandon()
        assert await outcome(task) is SpoolAbandoned
        assert await outcome(spool.append(memoryview(b"x"))) is SpoolAbandoned
        assert await outcome(spool.read_at(5000, memoryview(bytearray(1)))) is Incomplete
        spool.begin()
        await spool.append(memoryview(b"next"))
        view = memoryview(bytearray(4))
        assert await spool.read_at(0, view) == 4 and bytes(view) == b"next"

    asyncio.run(run())


def test_a_new_mail_ends_the_reads_of_the_old_one() -> None:
    async def run() -> None:
        spool, _area = new_spool()
        part = PartSource(spool, 0)
        reading = asyncio.create_task(spool.read_at(0, memoryview(bytearray(4))))
        assert await waits(reading)
        spool.begin()
        assert await outcome(reading) is Incomplete
        await spool.append(memoryview(b"abcd"))
        part.release(4)
        assert spool.released == 0
        assert await outcome(part.read_at(0, memoryview(bytearray(4)))) is Incomplete

    asyncio.run(run())


def test_cancelled_at_any_turn_the_producer_can_go_on_and_nothing_is_wrong() -> None:
    async def run(turns: int) -> None:
        spool, _area = new_spool(_BLOCKS, 2048)
        total = 3 * 2048 + 700
        task = asyncio.create_task(spool.append(memoryview(octets(0, total))))
        for _turn in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            await spool.erase_ahead(1)
        at = spool.written
        await spool.append(memoryview(octets(at, total - at)))
        view = memoryview(bytearray(total))
        assert await spool.read_at(0, view) == total and bytes(view) == octets(0, total)

    for turns in range(14):
        asyncio.run(run(turns))


def test_a_cancelled_wait_for_room_leaves_the_reader_unhurt() -> None:
    async def run() -> None:
        spool, _area = new_spool()
        task = asyncio.create_task(spool.append(memoryview(octets(0, 2000))))
        assert await waits(task)
        task.cancel()
        assert await cancelled(task)
        reading = asyncio.create_task(spool.read_at(spool.written, memoryview(bytearray(1))))
        assert await waits(reading)
        spool.finish(False)
        assert await outcome(reading) is Incomplete

    asyncio.run(run())


async def cancelled(task: "asyncio.Task[Any]") -> bool:
    try:
        await task
    except asyncio.CancelledError:
        return True
    return False


def test_blocks_erased_ahead_are_not_erased_again_and_the_window_is_left_alone() -> None:
    async def run() -> None:
        spool, area = new_spool()
        await spool.append(memoryview(octets(0, 2 * _BLOCK + 5)))
        await spool.erase_ahead(99)
        erased = area.erases
        assert erased == _BLOCKS
        await spool.append(memoryview(octets(2 * _BLOCK + 5, 2 * _BLOCK)))
        assert area.erases == erased
        view = memoryview(bytearray(4 * _BLOCK + 5))
        assert await spool.read_at(0, view) == len(view) and bytes(view) == octets(0, len(view))

    asyncio.run(run())


def test_mails_use_the_whole_ring_in_turn() -> None:
    async def run() -> None:
        spool, area = new_spool()
        for _mail in range(8):
            spool.begin()
            await spool.append(memoryview(octets(0, _BLOCK + 1)))
        assert sum(area.blank) == 0 and area.erases == 8

    asyncio.run(run())


def test_parts_end_where_they_end_and_count_from_their_own_start() -> None:
    async def run() -> None:
        spool, _area = new_spool()
        view = memoryview(bytearray(50))
        await spool.append(memoryview(b"head"))
        first = PartSource(spool, spool.written)
        reading = asyncio.create_task(first.read_at(6, view))
        assert first.size is None
        await spool.append(memoryview(b"123456"))
        assert await waits(reading)
        first.close()
        assert await asyncio.wait_for(reading, 60) == 0
        second = PartSource(spool, spool.written)
        await spool.append(memoryview(b"abc"))
        assert (first.size, await first.read_at(2, view), bytes(view[:4])) == (6, 4, b"3456")
        assert (await second.read_at(1, view), bytes(view[:2])) == (2, b"bc")
        first.release(1 << 20)
        assert spool.released == 10
        spool.finish(False)
        assert await outcome(second.read_at(3, view)) is Incomplete
        assert await first.read_at(6, view) == 0

    asyncio.run(run())


def test_a_part_can_be_skipped_while_it_arrives() -> None:
    async def run() -> None:
        spool, _area = new_spool()
        first = PartSource(spool, 0)
        skipping = asyncio.create_task(first.skip())
        await asyncio.wait_for(spool.append(memoryview(octets(0, 3000))), 60)
        first.close()
        second = PartSource(spool, spool.written)
        await asyncio.wait_for(spool.append(memoryview(b"next")), 60)
        await asyncio.wait_for(skipping, 60)
        view = memoryview(bytearray(4))
        assert await second.read_at(0, view) == 4 and bytes(view) == b"next"

    asyncio.run(run())


def test_a_full_window_can_be_skipped_too() -> None:
    async def run() -> None:
        spool, _area = new_spool()
        part = PartSource(spool, 0)
        task = asyncio.create_task(spool.append(memoryview(octets(0, 3000))))
        assert await waits(task)
        skipping = asyncio.create_task(part.skip())
        await asyncio.wait_for(task, 60)
        part.close()
        await asyncio.wait_for(skipping, 60)

    asyncio.run(run())


def test_a_buffer_of_the_wrong_size_is_refused() -> None:
    raises(ValueError, Spool, FakeArea(2, 64), bytearray(32))
