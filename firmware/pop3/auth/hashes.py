"""HMAC (RFC 2104) and PBKDF2 (RFC 8018 section 5.2) over the port's own hashes."""
from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from micropython import const

if TYPE_CHECKING:
    from typing import Any

_BLOCK = const(64)  # octets, of MD5, SHA-1 and SHA-256 alike
_PACE = const(16)  # rounds between two turns of the other tasks, below 10 ms at 125 MHz


def _keys(new: Any, key: bytes) -> tuple[bytes, bytes]:
    if len(key) > _BLOCK:
        key = new(key).digest()
    padded = key + bytes(_BLOCK - len(key))
    return bytes([octet ^ 0x36 for octet in padded]), bytes([octet ^ 0x5C for octet in padded])


def hmac(new: Any, key: bytes, message: bytes) -> bytes:
    """The HMAC of `message`; `new` is the constructor of a hash, as `hashlib.sha256`."""
    inner, outer = _keys(new, key)
    return _digest(new, outer + _digest(new, inner + message))


def _digest(new: Any, octets: bytes) -> bytes:
    digest: bytes = new(octets).digest()
    return digest


async def pbkdf2(new: Any, password: bytes, salt: bytes, rounds: int) -> bytes:
    """The first block of PBKDF2 with HMAC: what SCRAM calls Hi (RFC 5802 section 2.2)."""
    inner, outer = _keys(new, password)
    last = _digest(new, outer + _digest(new, inner + salt + b"\0\0\0\1"))
    size = len(last)
    total = int.from_bytes(last, "big")
    # The hashed blocks stay in place: what a round leaves to the collector is what hashlib makes.
    inside, outside = bytearray(inner + last), bytearray(outer + last)
    inside_end, outside_end = memoryview(inside)[_BLOCK:], memoryview(outside)[_BLOCK:]
    for number in range(1, rounds):
        inside_end[:] = last
        outside_end[:] = new(inside).digest()
        last = new(outside).digest()
        total ^= int.from_bytes(last, "big")
        if not number % _PACE:
            await asyncio.sleep(0)
    return total.to_bytes(size, "big")
