"""User names and passwords as SCRAM wants them: the part of SASLprep (RFC 4013) that a small
machine can do.

Done: spaces (RFC 3454 table C.1.2), characters mapped to nothing (B.1), prohibited characters
(C.2 to C.9), compatibility forms of Latin-1 and of full-width ASCII. Whatever else NFKC would
change (combining marks, further compatibility forms) is refused, by ranges that hold a few
characters too many: prepared in the wrong way it would only be refused without a reason. Not done:
the check of text that runs from right to left, which changes nothing.
"""
from __future__ import annotations

from binascii import unhexlify
from typing import TYPE_CHECKING

from micropython import const

from firmware.recording.faults import NOT_CONFIGURED, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

_FULL_WIDTH = const(0xFEE0)  # above its ASCII form
_SPACES = ((0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200B), (0x202F, 0x202F), (0x205F, 0x205F),
           (0x3000, 0x3000))
_NOTHING = ((0xAD, 0xAD), (0x34F, 0x34F), (0x1806, 0x1806), (0x180B, 0x180D), (0x200C, 0x200D),
            (0x2060, 0x2060), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF))
_PROHIBITED = ((0, 0x1F), (0x7F, 0x9F), (0x340, 0x341), (0x6DD, 0x6DD), (0x70F, 0x70F),
               (0x180E, 0x180E), (0x200E, 0x200F), (0x2028, 0x202E), (0x2061, 0x2063),
               (0x206A, 0x206F), (0x2FF0, 0x2FFB), (0xD800, 0xF8FF), (0xFDD0, 0xFDEF),
               (0xFFF9, 0xFFFF), (0x1D173, 0x1D17A), (0xE0001, 0x10FFFF))
# What NFKC of Unicode 3.2 may change in itself or with its neighbours: first and last characters,
# five digits each.
_BEYOND = unhexlify(
    b"00132001330013f0014000149001490017f0017f001c4001cc001f1001f3002b0002b8002d8002dd"
    b"002e0002e400300003850038700387003d0003d6003f0003f2003f4003f5004830048600587005c4"
    b"0064b0065500670006700067500678006d6006ed0071100711007300074a0093c0093c0094d0094d"
    b"009510095f009bc009df00a3300a3300a3600a3600a3c00a5b00a5e00a5e00abc00abc00acd00acd"
    b"00b3c00b3c00b3e00b5d00bbe00bd700c4d00c5600cc200cd600d3e00d5700dca00ddf00e3300e3a"
    b"00e4800e4b00eb300eb900ec800ecb00edc00edd00f0c00f1900f3500f3900f4300f4300f4d00f4d"
    b"00f5200f5200f5700f5700f5c00f5c00f6900f6900f7100f8700f9300fc60102e0103901161011c2"
    b"01714017140173401734017d2017d2018a9018a901e9a01e9b01f7101ffe02011020170202402026"
    b"02033020370203c0203e0204702057020700208e020a8020a8020d002fd50302a0303a030990309f"
    b"030ff030ff03131033fe0f9000ffee1d15e1d7ff2f8002fa1d")
_LATIN = {0xA8: b" \xcc\x88", 0xAA: b"a", 0xAF: b" \xcc\x84", 0xB2: b"2", 0xB3: b"3",
          0xB4: b" \xcc\x81", 0xB5: b"\xce\xbc", 0xB8: b" \xcc\xa7", 0xB9: b"1", 0xBA: b"o",
          0xBC: b"1\xe2\x81\x844", 0xBD: b"1\xe2\x81\x842", 0xBE: b"3\xe2\x81\x844"}


def prepared(text: bytes) -> bytes:
    """Prepare UTF-8 text. Raises Fault NOT_CONFIGURED for a character that is prohibited or that
    can't be prepared here.
    """
    prepared_text = bytearray()
    for start, end in _characters(text):
        prepared_text.extend(_mapped(text[start:end]))
    return bytes(prepared_text)


def _characters(text: bytes) -> Iterator[tuple[int, int]]:
    # octets, not characters: MicroPython would keep each character for good
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or text[at] & 0xC0 != 0x80:
            yield start, at
            start = at


def _mapped(octets: bytes) -> bytes:
    code = octets[0] if len(octets) == 1 else octets[0] & (0xFF >> (len(octets) + 1))
    for octet in octets[1:]:
        code = code << 6 | octet & 0x3F
    if _within(code, _PROHIBITED) or code & 0xFFFE == 0xFFFE:
        raise Fault(NOT_CONFIGURED, "user name or password holds a character that can't be used")
    if _within(code, _SPACES):
        return b" "
    if _within(code, _NOTHING):
        return b""
    if 0xFF01 <= code <= 0xFF5E:
        return bytes([code - _FULL_WIDTH])
    if _is_beyond(code):
        raise Fault(NOT_CONFIGURED, "SCRAM can't take a letter of user name or password here: set "
                    "'pop.login' to plain, or another password")
    return _LATIN.get(code, octets)


def _is_beyond(code: int) -> bool:
    table = _BEYOND
    for at in range(0, len(table), 5):
        low = table[at] << 12 | table[at + 1] << 4 | table[at + 2] >> 4
        high = (table[at + 2] & 15) << 16 | table[at + 3] << 8 | table[at + 4]
        if low <= code <= high:
            return True
    return False


def _within(code: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(low <= code <= high for low, high in ranges)
