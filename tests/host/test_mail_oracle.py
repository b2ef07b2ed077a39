"""The mail reader against Python's own `email` package, over mails that it or hypothesis makes."""
from __future__ import annotations

import email
import email.policy
import email.utils
from email.header import Header, decode_header, make_header
from email.message import EmailMessage, Message
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware.mail.charset import Decoder
from firmware.mail.header import parse_address
from firmware.mail.words import decode_words, parameter_text, split_value
from tests.unit.mail_support import read_mail, told

QUICK = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))

# A byte order mark is left out: in front of a text it is dropped, other than Python does.
NAMES = st.text(
    st.characters(
        codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="\ufeff"),
    min_size=1, max_size=30,
).map(lambda text: " ".join(text.split())).filter(bool)
ATOMS = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=10)
LINES = st.lists(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")),
                         max_size=90), max_size=8)


def leaves(mail: bytes) -> list[tuple[str, bytes, str]]:
    """What Python's parser finds: (type, octets, file name) of each leaf."""
    found: list[tuple[str, bytes, str]] = []

    def walk(message: Message) -> None:
        if message.is_multipart():
            for part in message.get_payload():
                walk(part)  # type: ignore[arg-type]
            return
        octets = message.get_payload(decode=True)
        assert isinstance(octets, bytes)
        found.append((message.get_content_type(), octets, message.get_filename() or ""))

    walk(email.message_from_bytes(mail, policy=email.policy.compat32))
    return found


@st.composite
def bodies(draw: Any, depth: int = 0) -> EmailMessage:
    """A MIME tree as Python's own generator writes it."""
    message = EmailMessage(policy=email.policy.SMTP)
    kind = draw(st.sampled_from(["text", "file", "mixed", "alternative", "mail"]))
    if kind == "text" or (depth > 2 and kind != "file"):
        coding = draw(st.sampled_from(["quoted-printable", "base64", "8bit"]))
        message.set_content("\n".join(draw(LINES)) + "\n", cte=coding)
    elif kind == "file":
        octets = draw(st.binary(max_size=400))
        message.set_content(octets, "image", "tiff", filename=draw(NAMES), cte="base64")
    elif kind == "mail":
        message.set_content(draw(bodies(depth + 1)))
    else:
        if kind == "mixed":
            message.make_mixed()
        else:
            message.make_alternative()
        for part in draw(st.lists(bodies(depth + 1), min_size=1, max_size=4)):
            message.attach(part)
        boundary = draw(st.sampled_from(["b", "bb", "b-", "=_x 1", "b'()+_,./:=?", "B" * 70]))
        message.set_boundary("%d%s" % (depth, boundary))
    return message


@QUICK
@given(bodies(), st.integers(1, 200))
def test_the_same_parts_as_pythons_parser(message: EmailMessage, step: int) -> None:
    mail = message.as_bytes()
    expected = leaves(mail)
    kept, _envelope = read_mail(mail, step)
    assert [(a, b) for a, b, _damage in told(kept)] == [(a, b) for a, b, _name in expected]
    assert [damage for _type, _octets, damage in told(kept)] == [""] * len(kept)


@QUICK
@given(NAMES)
def test_file_names_of_rfc_2231_as_python_writes_them(name: str) -> None:
    message = EmailMessage(policy=email.policy.SMTP)
    message.set_content(b"x", "image", "tiff", filename=name)
    raw = message.as_bytes().split(b"Content-Disposition:")[1].split(b"\r\n\r\n")[0]
    unfolded = raw.split(b"\r\nMIME-Version")[0].replace(b"\r\n", b"")
    if len(unfolded) < 1000:
        assert parameter_text(split_value(unfolded)[1], "filename") == name


@QUICK
@given(NAMES, st.sampled_from(["utf-8", "iso-8859-1", "windows-1252", "iso-8859-15"]))
def test_encoded_words_as_python_writes_them(text: str, charset: str) -> None:
    text = text.encode(charset, "ignore").decode(charset)
    text = "".join(c for c in text if not "\x7f" <= c <= "\xa0").strip()
    coded = Header(text, charset, maxlinelen=40).encode(linesep="\r\n").replace("\r\n", "")
    expected = str(make_header(decode_header(coded)))
    assert decode_words(coded.encode()) == expected == text


@QUICK
@given(NAMES, ATOMS, ATOMS)
def test_addresses_as_python_writes_them(name: str, local: str, domain: str) -> None:
    name = name.replace("=?", "")
    address = "%s@%s" % (local, domain)
    written = email.utils.formataddr((name, address))
    got_address, got_name = parse_address(written.encode())
    assert got_address == address
    assert got_name == " ".join("".join(
        " " if "\x7f" <= c <= "\xa0" else c for c in name).split())


@QUICK
@given(st.lists(st.sampled_from(
    ["a", "b", "@", " ", ".", '"', "(", ")", "<", ">", ",", ":", ";", "\\", "=?utf-8?q?x?="]),
    max_size=30).map("".join))
def test_addresses_of_any_shape_end_in_two_strings(text: str) -> None:
    address, name = parse_address(text.encode())
    assert isinstance(address, str) and isinstance(name, str)


@QUICK
@given(st.binary(max_size=60), st.lists(st.integers(0, 60), max_size=6))
def test_utf_8_damaged_anyhow_is_what_python_makes_of_it(octets: bytes, cuts: list[int]) -> None:
    decoder = Decoder("utf-8")
    text = ""
    at = 0
    for cut in [*sorted(cuts), len(octets)]:
        text += decoder.decode(octets[at:cut]) if cut > at else ""
        at = max(at, cut)
    text += decoder.decode(b"", True)
    assert text == octets.decode("utf-8-sig", "replace")


@QUICK
@given(st.binary(max_size=60))
def test_windows_1252_is_what_python_makes_of_it(octets: bytes) -> None:
    assert Decoder("windows-1252").decode(octets, True) == octets.decode("cp1252", "replace")
    high = bytes(octet for octet in octets if not 0x80 <= octet < 0xA0)
    assert Decoder("iso-8859-1").decode(high, True) == high.decode("latin-1")
    assert Decoder("iso-8859-15").decode(high, True) == high.decode("iso-8859-15")
