"""User names and passwords as SCRAM wants them: the part of SASLprep (RFC 4013) that a small
machine can do.

Done: spaces (RFC 3454 table C.1.2), characters mapped to nothing (B.1), prohibited characters
(C.2, C.3, C.4, C.6, C.8), compatibility forms of Latin-1 and of full-width ASCII. Not done, for
want of Unicode's tables: compatibility forms beyond, composition of letters with combining marks,
the check of text that runs from right to left.
"""
from __future__ import annotations

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
               (0x206A, 0x206F), (0xE000, 0xF8FF), (0xFFF9, 0xFFFD), (0xFFFE, 0xFFFF),
               (0x1D173, 0x1D17A), (0xE0001, 0x10FFFF))
_LATIN = {0xA8: b" \xcc\x88", 0xAA: b"a", 0xAF: b" \xcc\x84", 0xB2: b"2", 0xB3: b"3",
          0xB4: b" \xcc\x81", 0xB5: b"\xce\xbc", 0xB8: b" \xcc\xa7", 0xB9: b"1", 0xBA: b"o",
          0xBC: b"1\xe2\x81\x844", 0xBD: b"1\xe2\x81\x842", 0xBE: b"3\xe2\x81\x844"}


def prepared(text: bytes) -> bytes:
    """Prepare UTF-8 text. Raises Fault NOT_CONFIGURED for a character that is prohibited."""
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
    if _within(code, _PROHIBITED):
        raise Fault(NOT_CONFIGURED, "user name or password holds a character that can't be used")
    if _within(code, _SPACES):
        return b" "
    if _within(code, _NOTHING):
        return b""
    if 0xFF01 <= code <= 0xFF5E:
        return bytes([code - _FULL_WIDTH])
    return _LATIN.get(code, octets)


def _within(code: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(low <= code <= high for low, high in ranges)
