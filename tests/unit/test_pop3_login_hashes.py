"""What the login mechanisms are made of: MD5, HMAC, PBKDF2, base64 in pieces, SASLprep.

RFC 1321, 2104, 8018, 4648, 4013, each with its examples.
"""
from __future__ import annotations

import asyncio
import hashlib
from binascii import hexlify

from firmware.pop3.auth import digest, hashes
from firmware.pop3.auth.md5 import MD5
from firmware.pop3.auth.sasl import base64, encoded
from firmware.pop3.auth.saslprep import prepared
from firmware.recording import faults
from firmware.recording.faults import Fault
from tests.unit.pop3_login_support import NoHashes
from tests.unit.pop3_support import replaced
from tests.unit.support import raises

# hashes

def hex_of(octets: bytes) -> str:
    return str(hexlify(octets), "ascii")


def test_md5_gives_the_digests_of_rfc_1321() -> None:
    for text, expected in ((b"", "d41d8cd98f00b204e9800998ecf8427e"),
                         (b"a", "0cc175b9c0f1b6a831c399e269772661"),
                         (b"abc", "900150983cd24fb0d6963f7d28e17f72"),
                         (b"message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
                         (b"1234567890" * 8, "57edf4a22be3c955ac49da2e2107b67a")):
        assert hex_of(MD5(text).digest()) == expected
    pieces = MD5()
    for octet in b"1234567890" * 8:
        pieces.update(bytes([octet]))
    assert hex_of(pieces.digest()) == "57edf4a22be3c955ac49da2e2107b67a"


def test_md5_is_the_same_at_every_length_around_a_block() -> None:
    if not hasattr(hashlib, "md5"):
        return
    for length in range(50, 135):
        text = bytes([length * n & 255 for n in range(length)])
        assert MD5(text).digest() == hashlib.md5(text).digest(), length


def test_where_the_port_has_no_md5_ours_is_taken() -> None:
    restore = replaced(digest, "hashlib", NoHashes)
    try:
        ours = digest.md5()
    finally:
        restore()
    assert ours is not digest.md5() or not hasattr(hashlib, "md5")
    assert hex_of(ours(b"abc").digest()) == "900150983cd24fb0d6963f7d28e17f72"


def test_hmac_gives_the_examples_of_rfc_2202_and_4231() -> None:
    what = b"what do ya want for nothing?"
    for new in (digest.md5(), MD5):
        assert hex_of(hashes.hmac(new, b"Jefe", what)) == "750c783e6ab0b503eaa86e310a5db738"
        assert hex_of(hashes.hmac(new, b"\x0b" * 16, b"Hi There")) == (
            "9294727a3638bb1c13f48ef8158bfc9d")
    assert hex_of(hashes.hmac(hashlib.sha1, b"Jefe", what)) == (
        "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")
    long_key = b"Test Using Larger Than Block-Size Key - Hash Key First"
    assert hex_of(hashes.hmac(hashlib.sha1, b"\xaa" * 80, long_key)) == (
        "aa4ae5e15272d00e95705637ce8a3b55ed402112")
    assert hex_of(hashes.hmac(hashlib.sha256, b"Jefe", what)) == (
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")


def test_pbkdf2_gives_the_examples_of_rfc_6070_and_7914() -> None:
    for rounds, key in ((1, "0c60c80f961f0e71f3a9b524af6012062fe037a6"),
                        (2, "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"),
                        (4096, "4b007901b765489abead49d926f721d065a429c1")):
        found = asyncio.run(hashes.pbkdf2(hashlib.sha1, b"password", b"salt", rounds))
        assert hex_of(found) == key
    found = asyncio.run(hashes.pbkdf2(hashlib.sha256, b"passwd", b"salt", 1))
    assert hex_of(found) == "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"


def test_other_tasks_have_their_turn_while_pbkdf2_runs() -> None:
    turns = [0]

    async def count() -> None:
        while True:
            turns[0] += 1
            await asyncio.sleep(0)

    async def both() -> None:
        task = asyncio.create_task(count())
        await hashes.pbkdf2(hashlib.sha256, b"x", b"y", 4096)
        task.cancel()

    asyncio.run(both())
    assert turns[0] >= 4096 // 20


def test_base64_is_the_same_in_whatever_pieces() -> None:
    text = bytes([n * 7 & 255 for n in range(2000)])
    for cut in (0, 1, 2, 3, 767, 768, 769, 1999, 2000):
        assert b"".join(encoded((text[:cut], b"", text[cut:]))) == base64(text)
    assert b"".join(encoded(())) == b""


# saslprep

def test_saslprep_does_what_rfc_4013_shows() -> None:
    for text, expected in (("I\xadX", "IX"), ("user", "user"), ("USER", "USER"), ("\xaa", "a"),
                           ("p\xe4ss\xa0w\u3000rd", "p\xe4ss w rd"), ("\uff21\uff5e", "A~"),
                           ("a\u200bb\u200cc\ufeff", "a bc"), ("\xbd", "1\u20442"),
                           ("\U0001f600", "\U0001f600"), ("", "")):
        assert prepared(text.encode()) == expected.encode()
    for text in ("\x07", "a\x7f", "\x85", "\ue000", "\ufffd", "\u202e", "\U0001ffff",
                 "e\u0301", "\ufb01", "\u2163"):
        assert raises(Fault, prepared, text.encode()).code == faults.NOT_CONFIGURED
