"""The transfer decodings, piece by piece and in place."""
from __future__ import annotations

import binascii

import micropython

from firmware.mail.transfer import SLACK, Transfer, decode_base64, decode_quoted
from firmware.mail.words import decode_octets

GUARD = b"\xa5" * 8


def decoded(encoding: str, coded: bytes, step: int = 0) -> tuple[bytes, str]:
    """Decode `coded` in pieces of `step` octets; watch that nothing is written outside them."""
    transfer = Transfer()
    transfer.begin(encoding)
    out = bytearray()
    for at in range(0, len(coded), step or max(1, len(coded))):
        piece = coded[at : at + (step or len(coded))]
        buffer = bytearray(GUARD + b"\0" * SLACK + piece + GUARD)
        start = len(GUARD) + SLACK
        out.extend(transfer.decode(memoryview(buffer), start, start + len(piece)))
        assert bytes(buffer[:8]) == GUARD and bytes(buffer[-8:]) == GUARD
    return bytes(out), transfer.finish()


def test_base64_decodes_every_octet_in_any_pieces() -> None:
    octets = bytes(range(256)) * 3
    coded = binascii.b2a_base64(octets)
    for step in (0, 1, 2, 3, 4, 5, 7, 76):
        assert decoded("base64", coded, step) == (octets, "")


def test_base64_takes_lines_of_any_length_and_any_end() -> None:
    octets = bytes(range(100))
    coded = binascii.b2a_base64(octets).strip()
    for width in (1, 3, 60, 76, 999):
        for ending in (b"\r\n", b"\n", b"\r", b" \t\r\n", b"\r\n\r\n"):
            lines = [coded[at : at + width] for at in range(0, len(coded), width)]
            assert decoded("base64", ending.join(lines) + ending) == (octets, "")


def test_base64_without_padding_is_whole() -> None:
    assert decoded("base64", b"QUJDRA") == (b"ABCD", "")
    assert decoded("base64", b"QUJDREU") == (b"ABCDE", "")


def test_base64_reads_on_over_foreign_octets_and_tells() -> None:
    assert decoded("base64", b"QU!JD\xff") == (b"ABC", "its base64 coding is damaged")


def test_base64_with_a_lone_last_letter_is_damaged() -> None:
    assert decoded("base64", b"QUJDR") == (b"ABC", "its base64 coding is damaged")
    assert decoded("base64", b"QUJDR===") == (b"ABC", "its base64 coding is damaged")


def test_base64_padded_in_the_middle_is_read_to_its_end_and_told() -> None:
    for step in (0, 1, 3):
        assert decoded("base64", b"QQ==\r\nQkI=\r\nQ0ND", step) == (
            b"ABBCCC", "its base64 coding is damaged")


def test_what_follows_the_padding_is_told_in_whatever_pieces_it_comes() -> None:
    damage = "its base64 coding is damaged"
    for step in range(20):
        assert decoded("base64", b"SUkqAAgAAAA=\r\nQUJDQUJD\r\n", step)[1] == damage, step


def test_quoted_printable_codes_soft_breaks_and_plain_text() -> None:
    coded = b"caf=C3=A9 =3d 1=\r\n23=\n4=  \t\r\n5\r\n"
    for step in (0, 1, 2, 3, 5):
        assert decoded("quoted-printable", coded, step) == (b"caf\xc3\xa9 = 12345\r\n", "")


def test_quoted_printable_keeps_what_is_no_code_and_tells() -> None:
    for step in (0, 1, 2):
        assert decoded("quoted-printable", b"a=b c=4x=zz", step) == (
            b"a=b c=4x=zz", "its quoted-printable coding is damaged")


def test_quoted_printable_at_the_end_of_the_part() -> None:
    assert decoded("quoted-printable", b"end=") == (b"end", "")
    damage = "its quoted-printable coding is damaged"
    assert decoded("quoted-printable", b"end=4") == (b"end", damage)


def test_the_worst_growth_stays_within_the_octets_lent() -> None:
    assert decoded("quoted-printable", b"=A=A=A=Ax", 1)[0] == b"=A=A=A=Ax"
    assert decoded("quoted-printable", b"=Ax" * 200, 1)[0] == b"=Ax" * 200


def test_other_encodings_pass_as_they_are() -> None:
    for encoding in ("", "7bit", "8bit", "binary"):
        assert decoded(encoding, b"=41 QQ==\0\xff") == (b"=41 QQ==\0\xff", "")
    assert decoded("x-own", b"abc") == (b"abc", "its transfer encoding 'x-own' is not known")


def test_a_decoder_starts_afresh_with_each_part() -> None:
    transfer = Transfer()
    transfer.begin("base64")
    transfer.decode(memoryview(bytearray(b"\0\0\0\0Q!Q=Q")), SLACK, 9)
    transfer.begin("base64")
    buffer = bytearray(b"\0\0\0\0QUJD")
    assert bytes(transfer.decode(memoryview(buffer), SLACK, 8)) == b"ABC"
    assert transfer.finish() == ""


def test_decoding_allocates_nothing() -> None:
    buffer = bytearray(b"\0\0\0\0" + b"QUJD\r\n" * 100)
    classes = bytes(256)
    state = bytearray(4)
    micropython.heap_lock()
    done = decode_base64(buffer, 4, 604, buffer, 0, 604, classes, state, 0)
    end = decode_quoted(buffer, 4, 604, 0, classes, state)
    micropython.heap_unlock()
    assert done == 600 << 16 | 450 and end == 600


def test_a_short_text_at_once() -> None:
    assert decode_octets(b"Zm9v", "base64") == b"foo"
    assert decode_octets(b"f=6F=6f", "quoted-printable") == b"foo"
