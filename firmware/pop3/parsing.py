"""Small readers of octets that a server sent."""
from __future__ import annotations

from micropython import const

LARGEST = const(0x3FFFFFFF)  # numbers are held to this: a small integer on every port


def number_at(line: memoryview | bytes, at: int) -> tuple[int, int]:
    """The decimal number at `at`, held to LARGEST however many digits it has; -1 for none.

    Returns it and the index behind it.
    """
    value = -1
    while at < len(line) and 0x30 <= line[at] <= 0x39:
        value = min(max(value, 0) * 10 + line[at] - 0x30, LARGEST)
        at += 1
    return value, at


def after_blanks(line: memoryview | bytes, at: int) -> int:
    """Index of the first octet from `at` on that is neither a space nor a tab."""
    while at < len(line) and line[at] in b" \t":
        at += 1
    return at


def is_printable(octets: bytes | memoryview, lowest: int = 0x20) -> bool:
    """True when every octet is printable ASCII; `lowest` = 0x21 leaves the space out."""
    return not len(octets) or (min(octets) >= lowest and max(octets) <= 0x7E)


def response_code(text: bytes) -> str:
    """The response code that a status line's text begins with, in brackets (RFC 2449), or ''."""
    end = text.find(b"]")
    if not text.startswith(b"[") or not 1 < end < 40:
        return ""
    code = text[1:end].upper()
    return str(code, "ascii") if is_printable(code, 0x21) else ""
