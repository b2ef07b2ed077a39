"""All memory that decoding a fax takes, all but a row allocated once at boot and lent to reader,
decoder and plotter in turn.
"""
from __future__ import annotations

from array import array

from micropython import const

from firmware.fax import ccitt_tables

MAX_WIDTH = const(5184)  # A4 at 600 dpi; A3 at 400, the widest of RFC 3949 §4.2.1, has 4864
# zeros behind the last octet, so that a decoder runs dry instead of over the end
INPUT_PAD = const(32)
AROUND = const(64)  # elements that ccitt_core.py needs around those of a line
BAND_PAD = const(8)  # a run that ends with the band touches, without changing it, the octet behind
STRIPS = const(64)  # entries of a page's strip table held at a time
ENTRIES = const(256)  # octets of a directory read at a time: a strip table's column at least

# octets of coded data held at a time; changing elements: a line of MAX_WIDTH dots, in a small heap
# one of 400 dpi (of a wider one as many); 16 head lines of 216 octets, or 8
_INPUT, _SMALL_INPUT = const(3728), const(1536)
_ELEMENTS, _SMALL_ELEMENTS = const(5248), const(3584)
_BAND, _SMALL_BAND = const(3456), const(1728)

_BITS = const(10)  # a look-up takes so many bits of the input
_RUNS = const(1024)
_LONG = const(3072)
_LENGTH = const(3584)
_TABLES = const(3648)
_ONE = const(32768)


class FaxBuffers:
    """Buffers of some 26 KB in all, 19 where the heap is `small`: coded input, changing elements,
    look-up tables, a band of packed lines. Who works in them goes by their lengths.
    """

    def __init__(self, small: bool = False) -> None:
        self.elements = array("H", bytes(2 * (_SMALL_ELEMENTS if small else _ELEMENTS)))
        self.input = bytearray((_SMALL_INPUT if small else _INPUT) + INPUT_PAD)
        self.band = bytearray((_SMALL_BAND if small else _BAND) + BAND_PAD)
        self.tables = array("H", bytes(2 * _TABLES))
        self.reverse = bytearray(256)
        self.entries = bytearray(ENTRIES)
        self.strips = array("I", bytes(4 * 2 * STRIPS))
        self.state = array("I", bytes(4 * 26))  # of the decoder
        self.plot = array("I", bytes(4 * 12))  # of the plotter
        _fill_tables(self.tables)
        for octet in range(256):
            self.reverse[octet] = _reversed(octet)

    def row(self) -> bytearray:
        """Room for a row, for uncompressed pages only: not kept."""
        return bytearray((MAX_WIDTH + 7) // 8)


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


def _fill_tables(tables: array[int]) -> None:
    """Fill the look-up tables.

    Modes by ten bits at 0; see `_fill_modes`. RUNS by ten bits, WHITE, 1024 behind it BLACK:
    `32768 | run << 4 | length`; where a run < 32 of the other colour follows within the ten bits,
    and none of the two is 0, `second << 10 | run << 4 | length of both`; 32768 where no code
    begins so. LONG: 512, words of both colours that take more, by the nine bits behind four zeros
    (no black word begins with seven zeros, every long white one does), `run << 4 | length`, or 0.
    LENGTH: of the words for runs < 32, black, then white.
    """
    for index in range(_RUNS, _LONG):
        tables[index] = _ONE
    white, black = _words(ccitt_tables.WHITE), _words(ccitt_tables.BLACK)
    for run in range(32):
        tables[_LENGTH + run] = black[run][1]
        tables[_LENGTH + 32 + run] = white[run][1]
    for base, words, others in ((_RUNS, white, black), (2 * _RUNS, black, white)):
        for index, (code, length) in enumerate(words):
            run = index if index < 64 else (index - 63) * 64
            if length > _BITS:
                _enter(tables, _LONG, 9, code, length - 4, run << 4 | length)
                continue
            _enter(tables, base, _BITS, code, length, _ONE | run << 4 | length)
            if 0 < run < 64:
                _enter_pairs(tables, base, others, code, run << 4 | length)
    for index, (code, length) in enumerate(_words(ccitt_tables.EXTENDED)):
        _enter(tables, _LONG, 9, code, length - 4, 1792 + 64 * index << 4 | length)
    _fill_modes(tables)


def _enter_pairs(
    tables: array[int], base: int, others: list[tuple[int, int]], first: int, entry: int
) -> None:
    """Enter what begins with the word `first` and goes on with a short run of the other colour."""
    for run in range(1, 32):
        code, length = others[run]
        both = length + (entry & 15)
        if both <= _BITS:
            _enter(tables, base, _BITS, first << length | code, both, run << 10 | entry + length)


def _fill_modes(tables: array[int]) -> None:
    """Up to four vertical modes: three bits each, 1 to 3 for VL1 to VL3, 4 to 7 for V0 to VR3, the
    first lowest, `<< 4 | length of all`; horizontal: 3; pass: 4; 0 where no mode begins so.
    """
    modes = _words(ccitt_tables.MODES)
    for code, length in modes[7:]:
        _enter(tables, 0, _BITS, code, length, length)
    _enter_modes(tables, modes[2::-1] + modes[3:7], 0, 0, 4)


def _enter_modes(
    tables: array[int], modes: list[tuple[int, int]], code: int, entry: int, shift: int
) -> None:
    for index, (word, length) in enumerate(modes):
        both = length + (entry & 15)
        if both <= _BITS and shift < 16:
            more, longer = code << length | word, entry + (index + 1 << shift) + length
            _enter(tables, 0, _BITS, more, both, longer)
            _enter_modes(tables, modes, more, longer, shift + 3)
