"""Header fields: words, addresses, parameters."""
from __future__ import annotations

from firmware.mail.header import LIMIT, Envelope, Part, parse_address
from firmware.mail.words import clean, decode_words, parameter, parameter_text, split_value


def test_encoded_words_of_both_kinds_and_several_sets() -> None:
    assert decode_words(b"=?utf-8?Q?J=C3=B6rg?=") == "Jörg"
    assert decode_words(b"=?UTF-8?b?SsO2cmc=?=") == "Jörg"
    assert decode_words(b"=?iso-8859-1?q?J=F6rg_K?= rest") == "Jörg K rest"
    assert decode_words(b"=?windows-1252*en?Q?=80?= 5") == "€ 5"


def test_adjacent_words_join_and_a_split_character_heals() -> None:
    assert decode_words(b"=?utf-8?B?ww==?=\t =?utf-8?B?tg==?=") == "ö"
    assert decode_words(b"=?utf-8?Q?=C3?= =?UTF-8?Q?=B6?=") == "ö"
    assert decode_words(b"a =?utf-8?Q?b?=  =?iso-8859-1?Q?c?= d") == "a bc d"


def test_what_is_no_encoded_word_stays() -> None:
    for raw in (b"=?", b"=?utf-8?X?a?=", b"=?utf-8?Q?a", b"=??Q?a?=", b"a=?b", b"1 =? 2 ?= 3"):
        assert decode_words(raw) == str(raw, "utf-8")


def test_octets_beyond_ascii_without_coding_are_guessed() -> None:
    assert decode_words("Jörg".encode()) == "Jörg"
    assert decode_words(b"J\xf6rg") == "Jörg"


def test_display_text_is_one_bounded_line() -> None:
    assert clean(" a\r\n\tb\x00\x1b[31mc \x85", 20) == "a b [31mc"
    assert clean("x" * 1000, 128) == "x" * 128


def test_addresses() -> None:
    for raw, address, name in (
        (b"a@b.c", "a@b.c", ""),
        (b"<a@b.c>", "a@b.c", ""),
        (b" Jane Doe  <a@b.c>", "a@b.c", "Jane Doe"),
        (b'"Doe, Jane" <a@b.c>, x@y.z', "a@b.c", "Doe, Jane"),
        (b'"Jane \\"J\\" Doe" <a@b.c>', "a@b.c", 'Jane "J" Doe'),
        (b"a@b.c (Jane (the \\) one) Doe)", "a@b.c", "Jane (the ) one) Doe"),
        (b"Jane a@b.c", "a@b.c", "Jane"),
        (b"=?utf-8?Q?J=C3=B6rg,?= <a@b.c>", "a@b.c", "Jörg,"),
        (b'"=?utf-8?Q?J=C3=B6rg?=" <a@b.c>', "a@b.c", "Jörg"),
        (b"=?utf-8?Q?A,_B_<x>?= <a@b.c>", "a@b.c", "A, B <x>"),
        (b"Friends: Jane <a@b.c>, x@y.z;", "a@b.c", "Jane"),
        (b"undisclosed-recipients:;", "", ""),
        (b"<@r.one,@r.two:a@b.c>", "a@b.c", ""),
        (b"Jane <a @ b.c>", "a@b.c", "Jane"),
        (b'<"Jane Doe" @ b.c>', '"Jane Doe"@b.c', ""),
        (b"a @ b.c", "a@b.c", ""),
        (b'"Jane Doe"@b.c', '"Jane Doe"@b.c', ""),
        (b"<a@b.c> (Jane)", "a@b.c", "Jane"),
        (b", ,a@b.c", "a@b.c", ""),
        (b"root", "root", ""),
        (b"Jane Doe", "", "Jane Doe"),
        (b"Jane <>", "", "Jane"),
        (b"Jane <a@b.c", "a@b.c", "Jane"),
        (b"", "", ""),
        (b'"', "", ""),
        (b"(", "", ""),
        (b'"a\\', "", "a"),
    ):
        assert parse_address(raw) == (address, name), raw


def test_texts_are_bounded() -> None:
    address, name = parse_address(b"n" * 900 + b" <" + b"a" * 900 + b"@b>")
    assert len(address) == LIMIT and len(name) == LIMIT


def test_the_envelope_prefers_from_over_sender_over_return_path() -> None:
    envelope = Envelope()
    envelope.take("return-path", b"<r@x>")
    assert envelope.sender == "r@x"
    envelope.take("from", b"F <f@x>")
    envelope.take("sender", b"S <s@x>")
    envelope.take("from", b"F2 <f2@x>")
    assert (envelope.sender, envelope.sender_name) == ("f@x", "F")


def test_a_from_without_address_borrows_the_address() -> None:
    envelope = Envelope()
    envelope.take("return-path", b"<r@x>")
    envelope.take("from", b"Jane Doe")
    assert (envelope.sender, envelope.sender_name) == ("r@x", "Jane Doe")


def test_the_first_subject_date_and_id_count() -> None:
    envelope = Envelope()
    for number in (b"1", b"2"):
        for name in ("subject", "date", "message-id"):
            envelope.take(name, name.encode() + number)
    assert (envelope.subject, envelope.date, envelope.message_id) == (
        "subject1", "date1", "message-id1")


def test_parameters_quoted_and_not() -> None:
    value, parameters = split_value(
        b' Text/Plain (x); Charset="utf-8" ; name="a;\\"b\\" C:\\d.tif"; boundary=a b ;x;=y')
    assert value == "text/plain"
    assert parameter(parameters, "charset") == (b"utf-8", None)
    assert parameter(parameters, "name") == (b'a;"b" C:\\d.tif', None)
    assert parameter(parameters, "boundary") == (b"a b", None)
    assert parameter(parameters, "none") == (b"", None)


def test_parameters_of_rfc_2231() -> None:
    for raw, text in (
        (b"x; name*=utf-8'en'f%C3%B6.tif", "fö.tif"),
        (b"x; name*=iso-8859-1''f%F6.tif", "fö.tif"),
        (b"x; name*1=cd; name*0=ab", "abcd"),
        (b"x; name*1*=%b6; name*0*=utf-8''%C3; name*2=\"%41\"", "ö%41"),
        (b"x; name*0*=\"''a\"; name*10=k; name*2=c; name*9=j", "acjk"),
        (b"x; name=plain; name*=utf-8''%41", "A"),
        (b"x; name*=%4", "%4"),
        (b"x; name*x=1; name*1x*=2; name=ok", "ok"),
        (b"x; name*0*0=1;name=ok", "ok"),
        (b"x; name==?utf-8?Q?f=C3=B6?=", "fö"),
    ):
        assert parameter_text(split_value(raw)[1], "name") == text, raw


def test_a_part_takes_its_fields() -> None:
    part = Part()
    part.take("content-type", b'IMAGE/TIFF; name="type.tif"; charset=X; boundary="q "')
    part.take("content-type", b"text/html")
    part.take("content-transfer-encoding", b" Base64 ")
    assert (part.content_type, part.name, part.encoding) == ("image/tiff", "type.tif", "base64")
    assert (part.charset, part.boundary) == ("x", b"q")
    part.take("content-disposition", b"Attachment; filename=d.tif")
    assert (part.disposition, part.name) == ("attachment", "d.tif")


def test_a_content_type_that_is_none_is_plain_text() -> None:
    for raw in (b"", b"text", b"/", b"a/", b"/b", b"a/b/c", b";"):
        part = Part()
        part.take("content-type", raw)
        assert part.content_type == "text/plain", raw
