"""The certificates of authorities that are trusted, and as much of X.509 (RFC 5280) as it takes to
tell one from another. Loaded when a server is checked, and by the console.

They lie in one file, DER behind DER; each says how long it is. Only what is a certificate gets in;
the file is replaced as a whole.
"""

from __future__ import annotations

import binascii
import hashlib
from typing import TYPE_CHECKING

from micropython import const

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from firmware.devices import Storage

NAME = "roots"
LARGEST = const(4096)  # octets of one certificate
MOST = const(16)  # TLS holds all of them in memory while it shakes hands

_SEQUENCE = const(0x30)
_UTC_TIME = const(0x17)
_FULL_TIME = const(0x18)
_VERSION = const(0xA0)
_BEGIN = b"-----BEGIN CERTIFICATE-----"
_END = b"-----END CERTIFICATE-----"
# the attributes of a name that tell who it is: common name, organisational unit, organisation
_NAMES = (b"\x55\x04\x03", b"\x55\x04\x0b", b"\x55\x04\x0a")


def stored(storage: Storage) -> Iterator[bytes]:
    """All that are stored, one at a time, DER. Raises OSError, ValueError when the file is
    damaged.
    """
    head = bytearray(4)
    at = 0
    while storage.read(NAME, at, head):
        length = _length(head)
        der = bytearray(length)
        if storage.read(NAME, at, der) != length:
            raise ValueError("the stored certificates are damaged")
        at += length
        yield bytes(der)


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
            length = _length(data)
            found.append(data[:length])
            data = data[length:]
    else:
        for block in data.split(_BEGIN)[1:]:
            text, end, _rest = block.partition(_END)
            if not end:
                raise ValueError("a certificate has no end line")
            found.append(_octets(text))
    for der in found:
        if _length(der) != len(der):
            raise ValueError("a certificate is cut off or has something behind it")
        describe(der)
    return found


def describe(der: bytes | memoryview) -> tuple[str, int, int]:
    """(whose it is, the first second when it is valid, the last), seconds since 1970-01-01 UTC.

    Raises ValueError when it is no certificate.
    """
    try:
        _tag, at, _end = _element(der, 0)
        _tag, at, _end = _element(der, at)
        tag, _start, end = _element(der, at)
        for _skipped in range(3 if tag == _VERSION else 2):  # version, serial number, algorithm
            at = end
            _tag, _start, end = _element(der, at)
        _tag, at, end = _element(der, end)  # behind the issuer
        begins, at = _time(der, at)
        ends, _at = _time(der, at)
        _tag, at, end = _element(der, end)
        return _name(der, at, end), begins, ends
    except IndexError:
        raise ValueError("not a certificate") from None


def fingerprint(der: bytes | memoryview) -> bytes:
    """SHA-256 of a certificate, 32 octets."""
    return hashlib.sha256(der).digest()


def _octets(base64: bytes) -> bytes:
    try:
        return binascii.a2b_base64(base64)
    except ValueError:
        raise ValueError("a certificate's base64 is damaged") from None


def _element(der: bytes | memoryview, at: int) -> tuple[int, int, int]:
    """(tag, index of the contents, index behind it) of an element of DER (X.690). Raises
    IndexError.
    """
    tag, length = der[at], der[at + 1]
    at += 2
    if length & 0x80:
        octets = length & 0x7F
        length = int.from_bytes(bytes(der[at : at + octets]), "big")
        at += octets
    if at + length > len(der):
        raise IndexError
    return tag, at, at + length


def _length(data: bytes | bytearray | memoryview) -> int:
    """Octets of the certificate that begins here. Raises ValueError."""
    if len(data) >= 4 and data[0] == _SEQUENCE and data[1] == 0x82:
        length = (data[2] << 8 | data[3]) + 4
        if length <= LARGEST:
            return length
    raise ValueError("not a certificate, or one of more than %d octets" % LARGEST)


def _time(der: bytes | memoryview, at: int) -> tuple[int, int]:
    """(seconds since 1970, index behind it) of a UTCTime or a GeneralizedTime."""
    tag, at, end = _element(der, at)
    text = str(bytes(der[at:end]), "ascii")
    if tag == _UTC_TIME:
        text = ("20" if text < "5" else "19") + text
    if tag not in (_UTC_TIME, _FULL_TIME) or len(text) != 15 or not text[:14].isdigit():
        raise ValueError("not a certificate's date")
    year, month, day = int(text[:4]), int(text[4:6]), int(text[6:8])
    if month <= 2:  # years from March, so that the leap day is a year's last
        year -= 1
        month += 12
    leap_days = year // 4 - year // 100 + year // 400
    days = 365 * year + leap_days + (153 * (month - 3) + 2) // 5 + day - 719469
    seconds = int(text[8:10]) * 3600 + int(text[10:12]) * 60 + int(text[12:14])
    return days * 86400 + seconds, end


def _name(der: bytes | memoryview, at: int, end: int) -> str:
    """The attribute of a name that tells most, printable ASCII; '' when there is none."""
    best = len(_NAMES)
    text = ""
    while at < end:
        _tag, inner, at = _element(der, at)
        _tag, inner, _after = _element(der, inner)
        _tag, inner, after = _element(der, inner)
        kind = bytes(der[inner:after])
        _tag, inner, after = _element(der, after)
        rank = _NAMES.index(kind) if kind in _NAMES else best
        if rank < best:
            best = rank
            value = bytes(der[inner:after])
            text = "".join([chr(octet) if 0x20 <= octet <= 0x7E else "?" for octet in value])
    return text
