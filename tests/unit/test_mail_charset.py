"""Character sets: what arrives as octets is read as people meant it, in any pieces."""
from __future__ import annotations

from firmware.mail.charset import Decoder


def text_of(charset: str, octets: bytes, step: int = 0) -> str:
    decoder = Decoder(charset)
    out = ""
    for at in range(0, len(octets), step or max(1, len(octets))):
        out += decoder.decode(memoryview(octets)[at : at + (step or len(octets))])
    return out + decoder.decode(b"", True)


def test_utf_8_split_anywhere() -> None:
    text = "a£€𝄞 ż\r\n"
    for name in ("utf-8", "UTF8", "", "us-ascii", "x-unknown"):
        for step in (0, 1, 2, 3):
            assert text_of(name, text.encode(), step) == text


def test_single_octet_sets() -> None:
    assert text_of("ISO-8859-1", b"caf\xe9 \xa4\xff") == "café ¤ÿ"
    assert text_of("latin1", b"\xe9") == "é"
    assert text_of("iso-8859-15", b"\xa4\xa6\xa8\xb4\xb8\xbc\xbd\xbe\xe9") == "€ŠšŽžŒœŸé"
    assert text_of("Windows-1252", b"\x80\x93x\x94\x81") == "€“x”\ufffd"


def test_quotes_of_windows_under_the_name_of_latin_1_print() -> None:
    assert text_of("iso-8859-1", b"\x93x\x94") == "“x”"


def test_octets_that_are_no_utf_8_under_no_name_are_windows_1252() -> None:
    for step in (0, 1, 2):
        assert text_of("us-ascii", b"caf\xe9 au \x80", step) == "café au €"
        assert text_of("koi8-r", b"ok \xc3", step) == "ok Ã"


def test_utf_8_damage_becomes_the_replacement_character() -> None:
    damaged = b"a\xffb\xc3(\xe2\x82x\xf0\x9f"
    for step in (0, 1, 2, 3):
        assert text_of("utf-8", damaged, step) == "a\ufffdb\ufffd(\ufffdx\ufffd"
        assert text_of("utf-8", b"\xed\xa0\x80\xc0\x80\xf5", step) == "\ufffd" * 6


def test_a_byte_order_mark_in_front_is_dropped() -> None:
    for step in (0, 1):
        assert text_of("utf-8", b"\xef\xbb\xbfa\xef\xbb\xbf", step) == "a\ufeff"
