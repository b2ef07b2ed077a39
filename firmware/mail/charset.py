"""From the octets of a character set to str, over any segmentation; never fails."""
from __future__ import annotations

from typing import TYPE_CHECKING

import micropython
from micropython import const

if TYPE_CHECKING:
    from micropython import ptr8

_UTF8 = const(0)
_GUESS = const(1)  # UTF-8 until the first octet that can't be, Windows-1252 from there on
_SINGLE = const(2)

# 0x80-0x9F of Windows-1252; its five unused codes are U+FFFD.
_CP1252 = "€\ufffd‚ƒ„…†‡ˆ‰Š‹Œ\ufffdŽ\ufffd\ufffd‘’“”•–—˜™š›œ\ufffdžŸ"
# Where ISO-8859-15 differs from ISO-8859-1.
_LATIN9 = {0xA4: "€", 0xA6: "Š", 0xA8: "š", 0xB4: "Ž", 0xB8: "ž", 0xBC: "Œ", 0xBD: "œ", 0xBE: "Ÿ"}
_REPLACEMENT = b"\xef\xbf\xbd"


# Offset of the first octet in no whole, valid UTF-8 sequence (RFC 3629 section 4), or `end`.
# Bounds: reads p[at..end-1] only; a sequence is looked into as far as `end`.
@micropython.viper
def _valid(p: ptr8, at: int, end: int, ascii_only: int) -> int:
    while at < end:
        c = int(p[at])
        if c < 128:
            at += 1
            continue
        if ascii_only or c < 0xC2 or c > 0xF4:
            return at
        more = 1
        if c >= 0xE0:
            more = 2
        if c >= 0xF0:
            more = 3
        if at + more >= end:
            return at
        low = 0x80
        high = 0xBF
        if c == 0xE0:
            low = 0xA0
        if c == 0xF0:
            low = 0x90
        if c == 0xED:
            high = 0x9F
        if c == 0xF4:
            high = 0x8F
        k = 1
        while k <= more:
            d = int(p[at + k])
            if d < low or d > high:
                return at
            low = 0x80
            high = 0xBF
            k += 1
        at += more + 1
    return at


def _possible(octets: bytes | bytearray) -> int:
    """How many octets of the front of `octets`, no whole sequence, could begin one."""
    first = octets[0]
    if not 0xC2 <= first <= 0xF4:
        return 0
    length = 2 if first < 0xE0 else 3 if first < 0xF0 else 4
    low = {0xE0: 0xA0, 0xF0: 0x90}.get(first, 0x80)
    high = {0xED: 0x9F, 0xF4: 0x8F}.get(first, 0xBF)
    count = 1
    while count < min(length, len(octets)) and low <= octets[count] <= high:
        low, high = 0x80, 0xBF
        count += 1
    return count


class Decoder:
    """A decoder for one text. Pieces of at most 1 KiB keep the strings small.

    US-ASCII, no name and unknown names are UTF-8 while they can be that, then Windows-1252,
    because that is what 8-bit octets under such a name are. The ISO-8859 sets have Windows-1252 at
    0x80-0x9F, which only adds characters that print. A byte order mark in front is dropped.
    """

    def __init__(self, charset: str) -> None:
        name = charset.lower().replace("-", "").replace("_", "").replace(" ", "")
        name = " %s " % name
        self._latin9 = name in " iso885915 latin9 "
        self._mode = _GUESS
        if name in " utf8 unicode11utf8 ":
            self._mode = _UTF8
        elif self._latin9 or name in " iso88591 latin1 l1 windows1252 cp1252 ":
            self._mode = _SINGLE
        self._rest = b""
        self._first = True

    def decode(self, view: bytes | bytearray | memoryview, final: bool = False) -> str:
        """Decode the next piece; `final` ends the text. What can't be decoded is U+FFFD."""
        data = self._rest + bytes(view) if self._rest else view
        self._rest = b""
        end = len(data)
        out = bytearray()
        at = 0
        while at < end:
            stop = _valid(data, at, end, self._mode == _SINGLE)
            if stop > at:
                out.extend(memoryview(data)[at:stop])
            at = stop
            if at == end:
                break
            if self._mode == _SINGLE:
                out.extend(self._single(data[at]))
                at += 1
            else:
                at += self._odd(bytes(memoryview(data)[at : min(at + 4, end)]), out, final)
        return self._text(out)

    def _odd(self, octets: bytes, out: bytearray, final: bool) -> int:
        """Handle the front of `octets`, no valid sequence; returns how many are done with."""
        count = _possible(octets)
        if count == len(octets) and not final:
            self._rest = octets
            return count
        if self._mode == _GUESS:
            self._mode = _SINGLE
            return 0
        out.extend(_REPLACEMENT)
        return max(count, 1)

    def _single(self, octet: int) -> bytes:
        """An octet from 0x80 on as UTF-8; by slices, for a character taken out of a str by its
        index is interned for good.
        """
        if octet < 0xA0:
            return _CP1252[octet - 0x80 : octet - 0x7F].encode()
        if self._latin9 and octet in _LATIN9:
            return _LATIN9[octet].encode()
        return bytes((0xC0 | octet >> 6, 0x80 | octet & 0x3F))

    def _text(self, out: bytearray) -> str:
        text = str(out, "utf-8")
        if text and self._first:
            self._first = False
            if text.startswith("\ufeff"):
                return text[1:]
        return text
