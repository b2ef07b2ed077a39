"""Content transfer encodings (RFC 2045 section 6), decoded in place and in whole buffers."""
from __future__ import annotations

from typing import TYPE_CHECKING

import micropython
from micropython import const

if TYPE_CHECKING:
    from micropython import ptr8

SLACK = const(4)  # octets free before the coded ones, for what the last piece left over

_IDENTITY = const(0)
_BASE64 = const(1)
_QUOTED = const(2)

# State of a decoder between pieces, one octet each.
# base64: bits waiting (0, 2, 4, 6), and these bits.
# quoted-printable: 0 in text, 1 after "=", 2 after "=X", 3 after "= "; and the X.
_BITS = const(0)
_HELD = const(1)
_ENDED = const(2)  # base64: padding has been seen
_DAMAGED = const(3)

_AS_IT_IS = ("", "7bit", "8bit", "binary", "7-bit", "8-bit",
             "x-uuencode", "uuencode", "x-uue", "uue")


def _classes() -> bytes:
    """Class of each octet: 0-63 its base64 value, 64 white space, 65 padding, 66 junk."""
    table = bytearray(b"\x42" * 256)
    for octet in b" \t\r\n\0":
        table[octet] = 64
    table[0x3D] = 65
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    for value, octet in enumerate(letters + letters.lower() + b"0123456789+/"):
        table[octet] = value
    return bytes(table)


CLASSES = _classes()


# Bounds: reads p[start..end-1], writes o[out..room-1]. In place, with o = p, room = end and
# out <= start: at most floor((6 + 6n) / 8) <= n octets come of n, so no write passes the octet
# being read.
@micropython.viper
def decode_base64(
    p: ptr8, start: int, end: int, o: ptr8, out: int, room: int, classes: ptr8, state: ptr8,
    strict: int,
) -> int:
    """Decode p[start..end-1], at most 32 KB, to o[out..room-1], allocating nothing; returns how
    many octets came of it, plus 65536 times how many it read. It stops where there is no room;
    `strict` also before anything but base64 and white space, and behind padding.
    """
    bits = int(state[0])
    held = int(state[1])
    if strict and int(state[2]):
        return 0
    first = start
    made = out
    while start < end and out < room:
        if bits == 0:
            begun = start
            count = (end - start) >> 2  # whole groups of 4; of 3 that there is room for:
            fit = ((room - out) * 21845) >> 16
            last = start + ((count if count < fit else fit) << 2)
            while start < last:
                a = int(classes[int(p[start])])
                b = int(classes[int(p[start + 1])])
                c = int(classes[int(p[start + 2])])
                d = int(classes[int(p[start + 3])])
                if (a | b | c | d) & 0xC0:
                    break
                o[out] = (a << 2) | (b >> 4)
                o[out + 1] = ((b << 4) | (c >> 2)) & 255
                o[out + 2] = ((c << 6) | d) & 255
                start += 4
                out += 3
            if start > begun:
                state[3] = int(state[3]) | int(state[2])  # more behind the padding
            if start >= end or out >= room:
                break
        a = int(classes[int(p[start])])
        if a > 64 and strict:
            break
        start += 1
        if a < 64:
            state[3] = int(state[3]) | int(state[2])  # more behind the padding
            held = (held << 6) | a
            bits += 6
            if bits >= 8:
                bits -= 8
                o[out] = held >> bits
                out += 1
            held &= (1 << bits) - 1
        elif a == 65:
            if bits == 6:
                state[3] = 1
            bits = 0
            held = 0
            state[2] = 1
        elif a == 66:
            state[3] = 1
    state[0] = bits
    state[1] = held
    return (start - first) << 16 | (out - made)


# Bounds: reads p[start..end-1]. At most two octets of the state come out before the one
# just read, so writes stay in p[out..end-1] while out <= start - 2.
@micropython.viper
def decode_quoted(
    p: ptr8, start: int, end: int, out: int, classes: ptr8, state: ptr8
) -> int:
    """Decode p[start..end-1] to p[out..], allocating nothing; returns where that ends."""
    mode = int(state[0])
    while start < end:
        c = int(p[start])
        start += 1
        if mode == 0 and c != 61:
            p[out] = c
            out += 1
            continue
        h = -1
        if mode == 1 or mode == 2:
            if c >= 48 and c <= 57:
                h = c - 48
            elif (c | 32) >= 97 and (c | 32) <= 102:
                h = (c | 32) - 87
        if mode == 0:
            mode = 1
        elif h >= 0 and mode == 1:
            state[1] = c
            mode = 2
        elif h >= 0:
            x = int(state[1])
            x = x - 48 if x <= 57 else (x | 32) - 87
            p[out] = (x << 4) | h
            out += 1
            mode = 0
        elif c == 10 and mode != 2:
            mode = 0
        elif (c == 13 or c == 32 or c == 9) and mode != 2:
            mode = 3
        else:
            state[3] = 1
            p[out] = 61
            out += 1
            if mode == 2:
                p[out] = int(state[1])
                out += 1
            mode = 0
            start -= 1  # the octet itself is looked at again, as text
    state[0] = mode
    return out


class Transfer:
    """The transfer decoding of one leaf part."""

    def __init__(self) -> None:
        self.state = bytearray(4)
        self.begin("")

    def begin(self, encoding: str) -> None:
        """Start a part of this Content-Transfer-Encoding (lower case); an unknown one is none."""
        state = self.state
        state[_BITS] = state[_HELD] = state[_ENDED] = state[_DAMAGED] = 0
        self.in_base64 = encoding == "base64"  # then `decode_base64` may be called with `state`
        self._kind = _BASE64 if self.in_base64 else _IDENTITY
        self.as_it_is = encoding in _AS_IT_IS  # no coding; uuencode is not read here
        self._unknown = ""
        if encoding == "quoted-printable":
            self._kind = _QUOTED
        elif not self.in_base64 and not self.as_it_is:
            self._unknown = "its transfer encoding '%s' is not known" % encoding[:24]

    def decode(self, view: memoryview, start: int, end: int) -> memoryview:
        """Decode view[start:end] in place, SLACK <= start; returns the part of `view` it is in."""
        if self._kind == _IDENTITY:
            return view[start:end]
        out = start - SLACK
        if self._kind == _BASE64:
            made = decode_base64(view, start, end, view, out, end, CLASSES, self.state, 0)
            return view[out : out + (made & 0xFFFF)]
        return view[out : decode_quoted(view, start, end, out, CLASSES, self.state)]

    def finish(self) -> str:
        """End the part: '' or what is wrong with it, in plain words."""
        state = self.state
        if self._kind == _BASE64 and (state[_DAMAGED] or state[_BITS] == 6):
            return "its base64 coding is damaged"
        if self._kind == _QUOTED and (state[_DAMAGED] or state[_BITS] == 2):
            return "its quoted-printable coding is damaged"
        return self._unknown
