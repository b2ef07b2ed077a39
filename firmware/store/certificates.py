"""The certificates of authorities that are trusted, and as much of X.509 (RFC 5280) as it takes to
judge a server's by them. Loaded when a server is checked; `certificate_file` fills the store.

They lie in one file, DER behind DER; each says how long it is.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from micropython import const

if TYPE_CHECKING:
    from collections.abc import Iterator

    from firmware.devices import Storage

NAME = "roots"
LARGEST = const(4096)  # octets of a certificate that is stored

_SEQUENCE = const(0x30)
_UTC_TIME = const(0x17)
_FULL_TIME = const(0x18)
_VERSION = const(0xA0)


def stored(storage: Storage) -> Iterator[bytes]:
    """All that are stored, one at a time, DER. Raises OSError, ValueError when the file is
    damaged.
    """
    head = bytearray(4)
    at = 0
    while storage.read(NAME, at, head):
        length = length_of(head)
        der = bytearray(length)
        if storage.read(NAME, at, der) != length:
            raise ValueError("the stored certificates are damaged")
        at += length
        yield bytes(der)


def validity(der: bytes | memoryview) -> tuple[int, int, int]:
    """(the first second when a certificate is valid, the last, index of whose name it bears), in
    seconds since 1970-01-01 UTC.

    Raises ValueError when it is no certificate.
    """
    try:
        _tag, at, _end = element(der, 0)
        _tag, at, _end = element(der, at)
        tag, _start, at = element(der, at)
        for _skipped in range(3 if tag == _VERSION else 2):  # serial number, algorithm, issuer
            _tag, _start, at = element(der, at)
        _tag, start, at = element(der, at)
        begins, start = _time(der, start)
        ends, _start = _time(der, start)
    except IndexError:
        raise ValueError("not a certificate") from None
    return begins, ends, at


def fingerprint(der: bytes | memoryview) -> bytes:
    """SHA-256 of a certificate, 32 octets."""
    return hashlib.sha256(der).digest()


def element(der: bytes | memoryview, at: int) -> tuple[int, int, int]:
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


def length_of(data: bytes | bytearray | memoryview) -> int:
    """Octets of the certificate that begins here, of one that is stored. Raises ValueError."""
    if len(data) >= 4 and data[0] == _SEQUENCE and data[1] == 0x82:
        length = (data[2] << 8 | data[3]) + 4
        if length <= LARGEST:
            return length
    raise ValueError("not a certificate, or one of more than %d octets" % LARGEST)


def _time(der: bytes | memoryview, at: int) -> tuple[int, int]:
    """(seconds since 1970, index behind it) of a UTCTime or a GeneralizedTime."""
    tag, at, end = element(der, at)
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
