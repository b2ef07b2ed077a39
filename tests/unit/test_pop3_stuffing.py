"""Unstuffing in place, against a plain model, with guard octets around what it may touch."""
from __future__ import annotations

from array import array

from firmware.pop3.stuffing import CRLF_LINES, FROM, LF_LINES, LIMIT, STEP, WRITTEN, unstuff

GUARD = b"\xa5" * 8
LETTERS = (b".", b"\r", b"\n", b"a", b"\r\n.", b"\r\n..", b"\n..", b"text ", b"\0", b"\xff")


def model(wire: bytes, before: bytes, step: int) -> tuple[bytes, int]:
    """Octets kept and index of the terminating dot, octet by octet."""
    ending = b"\r\n" if step == CRLF_LINES else b"\n"
    kept = bytearray()
    at = 0
    while at < len(wire):
        so_far = before + wire[:at]
        if so_far[len(so_far) - len(ending):] == ending and wire[at:at + 1] == b".":
            behind = wire[at + 1:]
            if behind[:len(ending)] == ending:
                return bytes(kept), at
            if behind[:1] == b".":
                kept.extend(b".")
                at += 2
                continue
        kept.extend(wire[at:at + 1])
        at += 1
    return bytes(kept), -1


def check(wire: bytes, before: bytes, step: int) -> None:
    buffer = bytearray(GUARD + before + wire + GUARD)
    start = len(GUARD) + 2
    state = array("I", [0, 0, 0, 0])
    state[FROM], state[LIMIT], state[STEP] = start, start + len(wire), step
    at = unstuff(buffer, state)
    kept, end = model(wire, before, step)
    assert at == (end + start if end >= 0 else -1)
    assert bytes(buffer[start:state[WRITTEN]]) == kept
    assert buffer[:start] == GUARD + before and buffer[-len(GUARD):] == GUARD
    if end >= 0:
        assert bytes(buffer[start + end:-len(GUARD)]) == wire[end:]


def mail(length: int, seed: int) -> bytes:
    """Letters that `seed` chooses; an `x` ends them, since no dot may stand at the limit."""
    found = bytearray()
    while len(found) < length:
        seed = (seed * 1103515245 + 12345) & 0x3FFFFFFF
        found.extend(LETTERS[(seed >> 12) % len(LETTERS)])
    return bytes(found) + b"x"


def test_agrees_with_the_model_and_stays_within_its_bounds() -> None:
    for step in (CRLF_LINES, LF_LINES):
        for before in (b"\r\n", b"a\n", b"\n\r", b"ab"):
            for seed in range(150):
                check(mail(seed % 40, seed * 7919 + step), before, step)


def test_terminating_line_is_found_wherever_it_stands() -> None:
    for step, ending in ((CRLF_LINES, b"\r\n"), (LF_LINES, b"\n")):
        for length in range(12):
            line = b"a" * length + ending
            check(line + b"." + ending + b"+OK", ending[-1:] * 2, step)
            check(b".." + line + b"." + ending + b"+OK", (b"\r" + ending)[-2:], step)


def test_nothing_at_all_is_nothing() -> None:
    check(b"", b"\r\n", CRLF_LINES)
