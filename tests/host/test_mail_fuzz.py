"""No octets crash, hang or grow the mail reader, and no segmentation changes what it reads."""
from __future__ import annotations

import base64
import binascii
import quopri
import random
import subprocess
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware.mail import words
from firmware.mail.header import LIMIT, Part, parse_address, text_of
from firmware.mail.message import HEADROOM, MAX_PARTS
from tests.unit.mail_support import fingerprint, read_mail, told
from tests.unit.test_mail_transfer import decoded
from tools.micropython_binary import find

ROOT = Path(__file__).resolve().parents[2]

QUICK = settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))

# Pieces that mails are made of, so that random joins hit the grammar's corners often.
PIECES = [
    b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\n\n", b"--b", b"--bb", b"--b--", b"--bb--", b"--", b"-",
    b"\r\n--b\r\n", b"\n--bb\n", b"\r\n--b--\r\n", b" ", b"\t", b":", b";", b"=", b'"', b"x",
    b"Content-Type: multipart/mixed; boundary=b\r\n", b"Content-Type: message/rfc822\n\n",
    b'Content-Type: multipart/alternative; boundary="bb"\n', b"Content-Type: text/plain\n",
    b"Content-Transfer-Encoding: base64\r\n", b"Content-Transfer-Encoding: quoted-printable\n",
    b"Content-Disposition: attachment; filename*0*=utf-8''a%", b"QUJD", b"QQ==", b"=41", b"=\r\n",
    b"From: ", b"Subject: ", b"=?utf-8?Q?", b"?=", b"<a@b>", b" folded", b"\0\xff", b"y" * 90,
    b"z" * 300, b" " * 70, b"From x\n", b"Date: 1 Jan 2024 1:1\n",
    b"begin 644 a.tif\r\n", b"\nbegin ", b"end\r\n", b"#0V%T\r\n", b"`\n", b"M\n",
    b"Content-Transfer-Encoding: x-uuencode\n",
]
MAILS = st.lists(
    st.one_of(st.sampled_from(PIECES), st.binary(max_size=6)), max_size=40).map(b"".join)
HEADED = st.tuples(st.sampled_from([
    b"", b"Content-Type: multipart/mixed; boundary=b\r\n\r\n",
    b"Content-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\n"
    b"Content-Type: multipart/mixed; boundary=b\n\n--b\n",
]), MAILS).map(b"".join)


def outcome(mail: bytes, step: int, complete: bool) -> Any:
    kept, envelope = read_mail(mail, step, complete, room=512)
    assert len(kept) <= MAX_PARTS + 1
    parts = [(one.part.number, one.part.name, one.part.charset, one.part.alternative)
             for one in kept]
    fields = [envelope.sender, envelope.sender_name, envelope.subject, envelope.date,
              envelope.message_id]
    assert all(len(text) <= 128 for text in fields)
    return told(kept), parts, fields


@QUICK
@given(HEADED, st.integers(1, 50), st.booleans())
def test_no_segmentation_changes_what_is_read(mail: bytes, step: int, complete: bool) -> None:
    whole = outcome(mail, 0, complete)
    assert all(damage != "(never ended)" for _type, _octets, damage in whole[0])
    assert outcome(mail, 1, complete) == whole
    assert outcome(mail, step, complete) == whole


@QUICK
@given(st.binary(max_size=3000))
def test_any_octets_are_a_mail(mail: bytes) -> None:
    assert outcome(mail, 0, True) == outcome(mail, 7, True)


@QUICK
@given(st.binary(max_size=300), st.integers(1, 90), st.sampled_from([b"\r\n", b"\n", b"\r", b" "]),
       st.booleans(), st.integers(0, 20))
def test_base64_of_any_shape(
    octets: bytes, width: int, ending: bytes, padded: bool, step: int
) -> None:
    coded = base64.b64encode(octets)
    coded = coded if padded else coded.rstrip(b"=")
    lines = ending.join(coded[at : at + width] for at in range(0, len(coded), width))
    assert decoded("base64", lines, step) == (octets, "")


@QUICK
@given(st.binary(max_size=300), st.integers(0, 20))
def test_any_octets_are_some_base64_and_some_quoted_printable(octets: bytes, step: int) -> None:
    for encoding in ("base64", "quoted-printable"):
        assert decoded(encoding, octets, step) == decoded(encoding, octets)
        assert len(decoded(encoding, octets)[0]) <= len(octets)


WRITTEN = st.lists(st.one_of(st.sampled_from([
    b"a@b.c", b"<", b">", b" ", b"  ", b"\t", b'"', b"\\", b"(", b")", b",", b":", b";", b"=",
    b"@", b"=?utf-8?Q?J=C3=B6rg?=", b"Jane Doe", b"\xf6", b"name", b"name=", b"; name=",
    b';filename="', b"*=utf-8''a%41", b"*0*=", b"*1=", b"text/plain", b"Image/Tiff", b"/",
    b"=?", b"?="]),
    st.binary(max_size=2)), max_size=9).map(b"".join)


@QUICK
@given(WRITTEN)
def test_what_is_read_quickly_is_what_reading_in_full_gives(raw: bytes) -> None:
    assert text_of(raw, LIMIT) == words.decoded(raw, LIMIT)
    assert parse_address(raw) == words.parse_address(raw, LIMIT)
    part = Part()
    part.take("content-disposition", raw)
    assert part.disposition == words.split_value(raw)[0]
    assert part.name == words.text_in(raw, b"filename", LIMIT)
    part.take("content-type", raw)
    assert part.boundary == words.octets_in(raw, b"boundary").rstrip()


@QUICK
@given(st.binary(max_size=300), st.booleans(), st.integers(0, 60), st.sampled_from(["\n", "\r\n"]))
def test_uuencoded_as_python_writes_it(
    octets: bytes, backquotes: bool, step: int, ending: str
) -> None:
    lines = [binascii.b2a_uu(octets[at : at + 45], backtick=backquotes).decode().rstrip("\n")
             for at in range(0, len(octets), 45)]
    text = ["", "x", "begin 644 a.tif", *lines, "`" if backquotes else " ", "end", "y"]
    kept, _envelope = read_mail(ending.join(text).encode(), step, room=512)
    assert told(kept) == [("text/plain", ("x" + ending).encode(), ""),
                          ("image/tiff", octets, ""), ("text/plain", b"y", "")]


@QUICK
@given(st.binary(max_size=300), st.integers(0, 20))
def test_quoted_printable_as_python_writes_it(octets: bytes, step: int) -> None:
    coded = quopri.encodestring(octets)  # which has all line ends as the first one is
    assert decoded("quoted-printable", coded, step) == (quopri.decodestring(coded), "")


def test_the_reader_keeps_no_more_than_its_buffer() -> None:
    """A long mail of everything at once passes through the smallest buffer."""
    body = b"".join(PIECES) * 200
    mail = b"Content-Type: multipart/mixed; boundary=" + b"q" * 200 + b"\r\n\r\n--" + b"q" * 200
    mail += b"\r\nContent-Type: a/b\r\n\r\n" + body + b"\r\n--" + b"q" * 200 + b"--\r\n"
    kept, _envelope = read_mail(mail, 0, True, room=512)
    assert told(kept) == [("a/b", body, "")]
    assert HEADROOM + 512 < 4096


PROGRAM = """
import sys
sys.path[:0] = [%r, %r]
import binascii
from tests.unit.mail_support import fingerprint
for line in open(%r):
    step, complete, mail = line.split()
    print(fingerprint(binascii.unhexlify(mail), int(step), complete == "1"))
"""


def test_micropython_reads_the_same(tmp_path: Path) -> None:
    chance = random.Random(2)
    corpus = []
    for _ in range(400):
        head = chance.choice([b"", b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"])
        count = chance.randrange(60)
        pieces = [chance.choice([*PIECES, chance.randbytes(5)]) for _ in range(count)]
        mail = head + b"".join(pieces)
        corpus.append((mail or b"\0", chance.randrange(1, 60), chance.random() < 0.8))
    file = tmp_path / "mails"
    file.write_text("".join("%d %d %s\n" % (step, complete, mail.hex())
                            for mail, step, complete in corpus))
    program = PROGRAM % (str(ROOT / "sim/modules/micropython"), str(ROOT), str(file))
    said = subprocess.run([find(), "-X", "heapsize=384k", "-c", program],
                          capture_output=True, text=True, check=True).stdout.split()
    assert said == [fingerprint(mail, step, complete) for mail, step, complete in corpus]
