"""Pointers made from addresses: the same text on MicroPython, and on CPython with its stand-in."""
from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import micropython

if TYPE_CHECKING:
    from micropython import ptr8, ptr16, ptr32


@micropython.viper
def every_second(words: ptr16, count: int) -> int:
    p = ptr16(int(words) + 2)
    total = 0
    while count:
        total += int(p[0])
        p = ptr16(int(p) + 4)
        count -= 1
    return total


@micropython.viper
def copy(to: ptr8, words: ptr32) -> int:
    p = ptr8(int(words) + 4)
    q = ptr16(to)
    q[1] = int(p[0])
    q = ptr16(int(q) + 2)
    return int(p[1]) + (int(p) - int(words)) + int(q[0])


def test_a_pointer_moves_in_octets_and_reads_words() -> None:
    assert every_second(array("H", [1, 2, 4, 8, 16, 32]), 3) == 42


def test_a_part_of_a_buffer_has_its_own_address() -> None:
    assert every_second(memoryview(array("H", [1, 2, 4, 8, 16, 32]))[2:], 2) == 40


def test_octets_of_words_and_words_of_octets() -> None:
    to = bytearray(4)
    assert copy(to, array("I", [7, 0x0905])) == 9 + 4 + 5
    assert to == b"\x00\x00\x05\x00"
