"""Trusted certificates: read, described, stored, and kept out when they are none."""

from __future__ import annotations

from binascii import b2a_base64, hexlify

from firmware.store.certificate_file import MOST, decode, describe, replace
from firmware.store.certificates import LARGEST, NAME, fingerprint, stored, validity
from tests.unit.certificate_support import FIRST, SECOND
from tests.unit.store_support import FakeStorage
from tests.unit.support import raises


def pem(der: bytes, width: int = 64) -> bytes:
    text = b2a_base64(der).strip()
    lines = [text[at : at + width] for at in range(0, len(text), width)]
    body = b"\n".join(lines)
    return b"-----BEGIN CERTIFICATE-----\n" + body + b"\n-----END CERTIFICATE-----\n"


def words(data: bytes) -> str:
    """What is said against a file."""
    return str(raises(ValueError, decode, data))


def test_pem_and_der_hold_any_number() -> None:
    assert decode(FIRST) == [FIRST]
    assert decode(FIRST + SECOND) == [FIRST, SECOND]
    text = b"subject=First\n" + pem(FIRST) + b"\r\nsecond:\r\n" + pem(SECOND, 76)
    assert decode(text) == [FIRST, SECOND]
    assert decode(text.replace(b"\n", b"\r\n")) == [FIRST, SECOND]
    assert decode(b"") == []


def test_name_and_dates_are_read() -> None:
    assert describe(FIRST) == ("First Root", 1767323045, 2398475045)
    assert describe(SECOND) == ("Zw??lf Ltd", 946684799, 2561198400)
    assert validity(memoryview(FIRST))[:2] == (1767323045, 2398475045)


def test_a_fingerprint_is_sha256_of_all_of_it() -> None:
    digits = "5db84d7cabb751e87ce6e5efad5abdb47dce80ee8fddc50c430633f21fcf27f3"
    assert str(hexlify(fingerprint(FIRST)), "ascii") == digits


def test_what_is_no_certificate_is_refused() -> None:
    assert words(b"hello").startswith("not a certificate")
    assert words(FIRST[:-1]) == "a certificate is cut off or has something behind it"
    assert words(FIRST + b"x").startswith("not a certificate")
    assert words(pem(FIRST)[:200]) == "a certificate has no end line"
    assert words(pem(FIRST + b"x")) == "a certificate is cut off or has something behind it"
    assert words(b"\x30\x82\x00\x04abcd") == "not a certificate"
    large = b"\x30\x82" + bytes([LARGEST >> 8, LARGEST & 255]) + bytes(LARGEST)
    assert "more than %d octets" % LARGEST in words(large)


def test_no_damage_gets_past_as_anything_but_a_value_error() -> None:
    refused = 0
    for at in range(len(FIRST)):
        for octet in (0, 0x7F, 0x80, 0x82, 0xFF):
            damaged = bytearray(FIRST)
            damaged[at] = octet
            try:
                describe(damaged)
            except ValueError:
                refused += 1
    assert refused


def test_stored_ones_come_back_one_by_one() -> None:
    storage = FakeStorage()
    assert list(stored(storage)) == []
    assert replace(storage, [FIRST, SECOND, FIRST]) == 2
    assert list(stored(storage)) == [FIRST, SECOND]
    assert replace(storage, [SECOND]) == 1
    assert list(stored(storage)) == [SECOND]


def test_too_many_change_nothing() -> None:
    storage = FakeStorage()
    replace(storage, [FIRST])
    many = [SECOND[:-1] + bytes([number]) for number in range(MOST + 1)]
    assert "there is room for %d" % MOST in str(raises(ValueError, replace, storage, many))
    assert list(stored(storage)) == [FIRST]


def test_a_damaged_store_is_told() -> None:
    storage = FakeStorage()
    replace(storage, [FIRST, SECOND])
    storage.files[NAME] = storage.files[NAME][:-1]
    assert str(raises(ValueError, list, stored(storage))) == "the stored certificates are damaged"
