"""Directories in the spool's flash: records that were given up, long strip tables."""

from __future__ import annotations

import asyncio
from array import array
from typing import TYPE_CHECKING

from firmware.fax import kept
from firmware.fax.buffers import STRIPS
from firmware.fax.directory import Directory, TiffError
from firmware.recording.document import Kept
from firmware.store.spool import SPARE
from tests.unit.store_support import FakeArea

if TYPE_CHECKING:
    from typing import Any

PART = 3


def new() -> Kept:
    state = Kept()
    state.begin(b"mail-key")
    state.area = FakeArea(SPARE + 1, 4096)
    return state


class Fake(Directory):
    """A page with a strip table of its own; reading it ends at `broken`."""

    def __init__(self, number: int, strips: list[tuple[int, int]], broken: int = -1) -> None:
        self.mixed = self.fill_order = self.orientation = self.options = 0
        self.width, self.compression, self.photometric = 1728, 4, 1
        self.total, self.x_dpi_x100, self.y_dpi_x100 = 9, 20400, 19600
        self.counted = [-1, 0, 7]
        self.next = 5000 - number
        self.length, self.rows_per_strip, self.page = 1100, 100, number
        self.strips = len(strips)
        self._own, self._broken = strips, broken

    async def strip(self, index: int) -> tuple[int, int]:
        if index == self._broken:
            raise TiffError(1, "broken")
        return self._own[index]


def table(count: int, seed: int = 1) -> list[tuple[int, int]]:
    """Strips in any order, some without a gap to the one before."""
    strips = []
    at = 100_000
    for index in range(count):
        octets = index * seed * 37 % 901 + 1
        strips.append((at, octets))
        at += octets if index % 3 else octets - index * 11
    return strips


def keep(state: Kept, link: int, page: Any) -> bool:
    try:
        asyncio.run(kept.add(state, PART, link, page))
    except (kept.Full, TiffError):
        return False
    return True


def found(state: Kept, link: int) -> Any:
    words = array("I", bytes(4 * 2 * STRIPS))
    page = kept.page(state, PART, link, words)
    return page[0] if page else None


def strips_of(page: Directory, order: Any) -> list[tuple[int, int]]:
    async def read() -> list[tuple[int, int]]:
        found = []
        for index in order:
            found.append(await page.strip(index))  # noqa: PERF401
        return found

    return asyncio.run(read())


def test_a_page_comes_back_with_all_that_it_says() -> None:
    state = new()
    for number in range(40):
        assert keep(state, 900 - number, Fake(number, table(1 + number % 5, number + 1)))
    assert state.end < 1600, "some 30 octets a page with its strips"
    for number in range(39, -1, -1):
        page, said = found(state, 900 - number), Fake(number, [])
        for one, other in (
            (page.width, said.width), (page.counted, said.counted), (page.next, said.next),
            (page.length, said.length), (page.page, number), (page.strips, 1 + number % 5),
            (page.y_dpi_x100, 19600), (page.total, 9), (page.rows_per_strip, 100),
        ):
            assert one == other
        assert strips_of(page, range(page.strips)) == table(page.strips, number + 1)
    assert not kept.has(state, PART, 901) and not kept.has(state, PART + 1, 900)


def test_a_strip_table_longer_than_what_is_held_is_read_in_pieces_in_any_order() -> None:
    state = new()
    strips = table(300)
    assert keep(state, 8, Fake(1, strips))
    page = found(state, 8)
    for order in (range(300), range(299, -1, -1), (0, 299, 64, 63, 128, 1)):
        assert strips_of(page, order) == [strips[index] for index in order]
    low, high, ordered, following = kept.span(state, PART, 8) or (0, 0, True, 0)
    assert (low, high) == (min(strips)[0], max([at + octets for at, octets in strips]))
    assert not ordered and following == page.next


def test_there_is_room_for_one_row_a_strip_at_600_dpi() -> None:
    strips, at = [], 90_000
    for index in range(7017):  # at even offsets
        strips.append((at, 40 + index % 60))
        at += strips[-1][1] + 1 & -2
    state = new()
    assert keep(state, 8, Fake(1, strips))
    order = (0, 7016, 3500, 63, 64)
    assert strips_of(found(state, 8), order) == [strips[index] for index in order]


def test_what_was_given_up_is_passed_over() -> None:
    state = new()
    assert keep(state, 1, Fake(1, table(4)))
    assert not keep(state, 2, Fake(2, table(90), broken=80))
    assert not kept.has(state, PART, 2)
    assert keep(state, 2, Fake(2, table(3)))
    assert strips_of(found(state, 2), range(3)) == table(3) and found(state, 1).page == 1


def test_more_than_there_is_room_for_is_refused_and_what_is_there_stays() -> None:
    state = new()
    count = 0
    while keep(state, 10 + count, Fake(count, table(20, count + 1))):
        count += 1
    assert 60 < count < 400
    for number in range(count):
        page = found(state, 10 + number)
        assert page.page == number and strips_of(page, range(20)) == table(20, number + 1)
    state.empty()
    assert not kept.has(state, PART, 10) and keep(state, 10, Fake(5, table(2)))
    assert found(state, 10).page == 5


def test_why_there_is_no_page_comes_back_too() -> None:
    state = new()
    kept.refuse(state, PART, 77, 41, "its width is 0", 99)
    kept.refuse(state, PART, 99, 0, "", 0)
    words = array("I", bytes(4 * 2 * STRIPS))
    error, following = kept.page(state, PART, 77, words) or (None, 0)
    assert isinstance(error, TiffError) and (error.code, error.reason) == (41, "its width is 0")
    assert following == 99 and kept.page(state, PART, 99, words) == (None, 0)
    assert kept.span(state, PART, 77) == (-1, 0, True, 99)
