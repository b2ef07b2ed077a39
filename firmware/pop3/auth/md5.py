"""MD5 (RFC 1321) for ports whose hashlib has none. Some milliseconds a block: good for a login."""
from __future__ import annotations

from micropython import const

_MASK = 0xFFFFFFFF
_BLOCK = const(64)
_SHIFTS = b"\x07\x0c\x11\x16\x05\x09\x0e\x14\x04\x0b\x10\x17\x06\x0a\x0f\x15"
# the integer part of 4294967296 * abs(sin(n)), n = 1..64, little-endian: too fine for a small
# machine's floating point
_SINES = (
    b"\x78\xa4\x6a\xd7\x56\xb7\xc7\xe8\xdb\x70\x20\x24\xee\xce\xbd\xc1\xaf\x0f\x7c\xf5"
    b"\x2a\xc6\x87\x47\x13\x46\x30\xa8\x01\x95\x46\xfd\xd8\x98\x80\x69\xaf\xf7\x44\x8b"
    b"\xb1\x5b\xff\xff\xbe\xd7\x5c\x89\x22\x11\x90\x6b\x93\x71\x98\xfd\x8e\x43\x79\xa6"
    b"\x21\x08\xb4\x49\x62\x25\x1e\xf6\x40\xb3\x40\xc0\x51\x5a\x5e\x26\xaa\xc7\xb6\xe9"
    b"\x5d\x10\x2f\xd6\x53\x14\x44\x02\x81\xe6\xa1\xd8\xc8\xfb\xd3\xe7\xe6\xcd\xe1\x21"
    b"\xd6\x07\x37\xc3\x87\x0d\xd5\xf4\xed\x14\x5a\x45\x05\xe9\xe3\xa9\xf8\xa3\xef\xfc"
    b"\xd9\x02\x6f\x67\x8a\x4c\x2a\x8d\x42\x39\xfa\xff\x81\xf6\x71\x87\x22\x61\x9d\x6d"
    b"\x0c\x38\xe5\xfd\x44\xea\xbe\xa4\xa9\xcf\xde\x4b\x60\x4b\xbb\xf6\x70\xbc\xbf\xbe"
    b"\xc6\x7e\x9b\x28\xfa\x27\xa1\xea\x85\x30\xef\xd4\x05\x1d\x88\x04\x39\xd0\xd4\xd9"
    b"\xe5\x99\xdb\xe6\xf8\x7c\xa2\x1f\x65\x56\xac\xc4\x44\x22\x29\xf4\x97\xff\x2a\x43"
    b"\xa7\x23\x94\xab\x39\xa0\x93\xfc\xc3\x59\x5b\x65\x92\xcc\x0c\x8f\x7d\xf4\xef\xff"
    b"\xd1\x5d\x84\x85\x4f\x7e\xa8\x6f\xe0\xe6\x2c\xfe\x14\x43\x01\xa3\xa1\x11\x08\x4e"
    b"\x82\x7e\x53\xf7\x35\xf2\x3a\xbd\xbb\xd2\xd7\x2a\x91\xd3\x86\xeb"
)


class MD5:
    """As `hashlib.md5`: `update` with octets, then `digest`, once."""

    def __init__(self, octets: bytes = b"") -> None:
        self._state = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476]
        self._held = b""
        self._length = 0
        self.update(octets)

    def update(self, octets: bytes) -> None:
        """Take octets in."""
        self._length += len(octets)
        held = self._held + bytes(octets)
        whole = len(held) // _BLOCK * _BLOCK
        for at in range(0, whole, _BLOCK):
            _take(self._state, held[at:at + _BLOCK])
        self._held = held[whole:]

    def digest(self) -> bytes:
        """The 16 octets."""
        bits = self._length * 8
        self.update(b"\x80" + bytes((55 - self._length) % _BLOCK) + bits.to_bytes(8, "little"))
        return b"".join(word.to_bytes(4, "little") for word in self._state)


def _take(state: list[int], block: bytes) -> None:
    a, b, c, d = state
    for step in range(64):
        turn = step // 16
        if turn == 0:
            mixed, word = b & c | ~b & d, step
        elif turn == 1:
            mixed, word = d & b | ~d & c, 5 * step + 1
        elif turn == 2:
            mixed, word = b ^ c ^ d, 3 * step + 5
        else:
            mixed, word = c ^ (b | ~d & _MASK), 7 * step
        total = a + (mixed & _MASK) + _word(_SINES, step) + _word(block, word % 16) & _MASK
        shift = _SHIFTS[4 * turn + step % 4]
        a, d, c = d, c, b
        b = b + (total << shift | total >> 32 - shift) & _MASK
    for at, value in enumerate((a, b, c, d)):
        state[at] = state[at] + value & _MASK


def _word(octets: bytes, index: int) -> int:
    return int.from_bytes(octets[4 * index:4 * index + 4], "little")
