"""All memory that decoding a fax takes, allocated once at boot and lent to reader, decoder and
plotter in turn.
"""
from __future__ import annotations

from array import array

from micropython import const

from firmware.fax import ccitt_tables

MAX_WIDTH = const(4864)  # A3 at 400 dpi, the widest line of RFC 3949 §4.2.1
INPUT = const(3072)  # octets of coded data held at a time
# zeros behind the last octet, so that a decoder runs dry instead of over the end
INPUT_PAD = const(32)
# changing elements: one line of 4864 dots and what ccitt.py needs around it
ELEMENTS = const(4928)
BAND = const(3456)  # 16 head lines of 216 octets
BAND_PAD = const(8)  # a run that ends with the band touches, without changing it, the octet behind
STRIPS = const(64)  # entries of a page's strip table held at a time

_WHITE = const(0)
_LONG = const(512)
_BLACK = const(1024)
_MODE = const(1088)
_TABLES = const(1216)


class FaxBuffers:
    """Buffers of some 20 KB in all: coded input, changing elements, look-up tables, a band of
    packed lines.
    """

    def __init__(self) -> None:
        self.elements = array("H", bytes(2 * ELEMENTS))
        self.input = bytearray(INPUT + INPUT_PAD)
        self.band = bytearray(BAND + BAND_PAD)
        self.tables = array("H", bytes(2 * _TABLES))
        self.reverse = bytearray(256)
        self.row = bytearray((MAX_WIDTH + 7) // 8 + BAND_PAD)
        self.strips = array("I", bytes(4 * 2 * STRIPS))
        self.state = array("I", bytes(4 * 20))  # of the decoder
        self.plot = array("I", bytes(4 * 12))  # of the plotter
        _fill_tables(self.tables)
        for octet in range(256):
            self.reverse[octet] = _reversed(octet)


def _reversed(octet: int) -> int:
    result = 0
    for _bit in range(8):
        result = result << 1 | octet & 1
        octet >>= 1
    return result


def _words(book: bytes) -> list[tuple[int, int]]:
    """(code, length) of each word of a code book of ccitt_tables."""
    words = []
    for at in range(0, len(book), 2):
        marked = book[at] << 8 | book[at + 1]
        length = 0
        while marked >> length + 1:
            length += 1
        words.append((marked - (1 << length), length))
    return words


def _enter(tables: array[int], base: int, bits: int, code: int, length: int, entry: int) -> None:
    """Enter a word into the table of 1 << bits entries at `base`, at each index that begins with
    it.
    """
    first = code << (bits - length)
    for index in range(first, first + (1 << (bits - length))):
        tables[base + index] = entry


def _enter_run(tables: array[int], run: int, code: int, length: int, base: int, bits: int) -> None:
    entry = run << 4 | length
    if length <= bits:
        _enter(tables, base, bits, code, length, entry)
    else:  # these words begin with four zeros at least, so nine bits behind those tell them apart
        _enter(tables, _LONG, 9, code, length - 4, entry)


def _fill_tables(tables: array[int]) -> None:
    """Fill the look-up tables; an entry is `run << 4 | code length`, 0 where no code begins so.

    WHITE: 512, by nine bits. BLACK: 64, by six bits. LONG: 512, longer words of both, by the nine
    bits behind four zeros (no black word begins with seven zeros, every long white one does).
    MODE: 128, by seven bits; see `_fill_modes`.
    """
    for book, base, bits in ((ccitt_tables.WHITE, _WHITE, 9), (ccitt_tables.BLACK, _BLACK, 6)):
        for index, (code, length) in enumerate(_words(book)):
            run = index if index < 64 else (index - 63) * 64
            _enter_run(tables, run, code, length, base, bits)
    for index, (code, length) in enumerate(_words(ccitt_tables.EXTENDED)):
        _enter_run(tables, 1792 + 64 * index, code, length, _LONG, 9)
    _fill_modes(tables)


def _fill_modes(tables: array[int]) -> None:
    """Vertical: `offset + 3 << 6 | left << 5 | 16 | length`; horizontal: `32 | length`; pass:
    `length`.
    """
    for index, (code, length) in enumerate(_words(ccitt_tables.MODES)):
        entry = length
        if index < 7:
            entry |= index << 6 | (32 if index < 3 else 0) | 16
        elif index == 8:
            entry |= 32
        _enter(tables, _MODE, 7, code, length, entry)
