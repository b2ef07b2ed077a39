"""What fills the store of trusted certificates: reading PEM and DER, and saying what is in one.
Loaded by the console.

Only what is a certificate gets in; the file is replaced as a whole.
"""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING

from micropython import const

from firmware.store.certificates import NAME, element, fingerprint, length_of, stored, validity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from firmware.devices import Storage

MOST = const(16)  # TLS holds all of them in memory while a connection stands

_BEGIN = b"-----BEGIN CERTIFICATE-----"
_END = b"-----END CERTIFICATE-----"
# the attributes of a name that tell who it is: common name, organisational unit, organisation
_NAMES = (b"\x55\x04\x03", b"\x55\x04\x0b", b"\x55\x04\x0a")


def replace(storage: Storage, certificates: Iterable[bytes]) -> int:
    """Store these, as `decode` gives them, instead of all that were; equal ones once. Returns how
    many.

    Raises ValueError when they are too many; OSError. Nothing is changed then.
    """
    kept: list[bytes] = []
    for der in certificates:
        if der not in kept:
            kept.append(der)
    if len(kept) > MOST:
        raise ValueError("%d certificates; there is room for %d" % (len(kept), MOST))
    storage.replace(NAME, kept)
    return len(kept)


def decode(data: bytes) -> list[bytes]:
    """The certificates in a file's octets: PEM, any number, or DER, one behind the other.

    Raises ValueError.
    """
    found: list[bytes] = []
    if _BEGIN not in data:
        while data:
            length = length_of(data)
            found.append(data[:length])
            data = data[length:]
    else:
        for block in data.split(_BEGIN)[1:]:
            text, end, _rest = block.partition(_END)
            if not end:
                raise ValueError("a certificate has no end line")
            found.append(_octets(text))
    for der in found:
        if length_of(der) != len(der):
            raise ValueError("a certificate is cut off or has something behind it")
        describe(der)
    return found


def _octets(base64: bytes) -> bytes:
    try:
        return binascii.a2b_base64(base64)
    except ValueError:
        raise ValueError("a certificate's base64 is damaged") from None


def add(storage: Storage, typed: bytes | bytearray) -> None:
    """Store what was typed, PEM or base64 alone, beside what is stored.

    Raises ValueError, OSError; nothing is stored then.
    """
    text = bytes(typed)
    try:
        found = decode(text if b"-----" in text else _octets(text))
        replace(storage, list(stored(storage)) + found)
    except ValueError as error:
        raise ValueError("nothing is stored: %s" % error) from None


def remove(storage: Storage, which: str) -> int:
    """Take one out by its number, counted from 1, or 'all'. Returns how many are left. Raises
    ValueError, OSError.
    """
    kept = list(stored(storage)) if which != "all" else []
    if which != "all":
        if not which.isdigit() or not 0 < int(which) <= len(kept):
            raise ValueError("there is no certificate %s" % which[:10])
        del kept[int(which) - 1]
    if kept:
        replace(storage, kept)
    else:
        storage.remove(NAME)
    return len(kept)


def rows(storage: Storage) -> list[tuple[str, int, int, bytes]]:
    """What `describe` says of each that is stored, and its SHA-256. Raises ValueError, OSError."""
    found = []
    for der in stored(storage):
        name, begins, ends = describe(der)
        found.append((name, begins, ends, fingerprint(der)))
    return found


def describe(der: bytes | memoryview) -> tuple[str, int, int]:
    """(whose it is, the first second when it is valid, the last), seconds since 1970-01-01 UTC.

    Raises ValueError when it is no certificate.
    """
    begins, ends, at = validity(der)
    try:
        return _name(der, at), begins, ends
    except IndexError:
        raise ValueError("not a certificate") from None


def _name(der: bytes | memoryview, at: int) -> str:
    """The attribute that tells most of the name at `at`, printable ASCII; '' when there is none.
    """
    _tag, at, end = element(der, at)
    best = len(_NAMES)
    text = ""
    while at < end:
        _tag, inner, at = element(der, at)
        _tag, inner, _after = element(der, inner)
        _tag, inner, after = element(der, inner)
        kind = bytes(der[inner:after])
        _tag, inner, after = element(der, after)
        rank = _NAMES.index(kind) if kind in _NAMES else best
        if rank < best:
            best = rank
            value = bytes(der[inner:after])
            text = "".join([chr(octet) if 0x20 <= octet <= 0x7E else "?" for octet in value])
    return text
