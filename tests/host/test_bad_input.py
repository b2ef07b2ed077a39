"""What senders and servers do wrong: it is told with a code, and the next mail is served."""

from __future__ import annotations

import io
import struct
from email.message import EmailMessage
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from sim.pop3_server import Maildrop, serving
from tests.host.test_sim_end_to_end import desk, summary


def letter(pages: int = 1, compression: str = "group4") -> bytes:
    """A fax with something on it."""
    sheets = []
    for page in range(pages):
        image = Image.new("1", (1728, 400), 1)
        pen = ImageDraw.Draw(image)
        pen.ellipse((100, 20, 900 + 50 * page, 380), outline=0, width=9)
        pen.line((0, 399, 1727, 0), fill=0, width=3)
        sheets.append(image)
    out = io.BytesIO()
    sheets[0].save(
        out,
        "TIFF",
        compression=compression,
        dpi=(204, 98),
        save_all=True,
        tiffinfo={278: 400},  # one strip
        append_images=sheets[1:],
    )
    return out.getvalue()


def mail_of(
    attachment: bytes, name: str = "fax.tif", kind: tuple[str, str] = ("image", "tiff")
) -> bytes:
    message = EmailMessage()
    message["From"] = "sender@example.com"
    message["Subject"] = name
    message["Message-ID"] = "<%s@example.com>" % name
    message.add_attachment(attachment, *kind, filename=name)
    return message.as_bytes()


def entry_at(tiff: bytes, tag: int) -> int:
    """Where the directory entry of `tag` stands in a little-endian TIFF of one page."""
    directory = struct.unpack_from("<I", tiff, 4)[0]
    count = struct.unpack_from("<H", tiff, directory)[0]
    for number in range(count):
        at = directory + 2 + 12 * number
        if struct.unpack_from("<H", tiff, at)[0] == tag:
            return int(at)
    raise KeyError(tag)


def with_value(tiff: bytes, tag: int, value: int) -> bytes:
    """The TIFF with another value (LONG) in the entry of `tag`."""
    out = bytearray(tiff)
    at = entry_at(tiff, tag)
    struct.pack_into("<HII", out, at + 2, 4, 1, value)
    return bytes(out)


def looped() -> bytes:
    """The last directory points at the first again."""
    tiff = bytearray(letter())
    directory = struct.unpack_from("<I", tiff, 4)[0]
    count = struct.unpack_from("<H", tiff, directory)[0]
    struct.pack_into("<I", tiff, directory + 2 + 12 * count, directory)
    return bytes(tiff)


def corrupt_rows() -> bytes:
    """An MH page in whose middle octets are flipped."""
    tiff = bytearray(letter(compression="group3"))
    offset = len(tiff) // 3
    for at in range(offset, 2 * offset, 37):
        tiff[at] ^= 0x5A
    return bytes(tiff)


def without_boundary() -> bytes:
    return (
        b"From: sender@example.com\r\nSubject: no boundary\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="never"\r\n\r\n' + b"some line\r\n" * 50
    )


def huge_header() -> bytes:
    return (
        b"From: sender@example.com\r\nX-Huge: "
        + b"a" * 10_000_000
        + b"\r\nSubject: huge\r\n\r\nThe text behind it.\r\n"
    )


BAD = {
    "truncated.tif": (mail_of(letter()[:1500]), "code 41"),
    "loop.tif": (mail_of(looped(), "loop.tif"), "code 411"),
    "strip-offset.tif": (mail_of(with_value(letter(), 273, 0xFFFFFFFF), "offset.tif"), "code 41"),
    "length.tif": (mail_of(with_value(letter(), 257, 0xFFFFFFFF), "length.tif"), ""),
    "width.tif": (mail_of(with_value(letter(), 256, 0xFFFFFFFF), "width.tif"), "code 412"),
    "byte-count.tif": (mail_of(with_value(letter(), 279, 0xFFFFFFFF), "count.tif"), ""),
    "directory.tif": (mail_of(letter()[:4] + b"\xff\xff\xff\xff" + letter()[8:]), "code 411"),
    # more rows than one in fifty are lost
    "corrupt.tif": (mail_of(corrupt_rows(), "corrupt.tif"), "391 rows of 400 came (code 413)"),
    "boundary.eml": (without_boundary(), "code 410"),
    "header.eml": (huge_header(), ""),
    "paper.pdf": (mail_of(b"%PDF-1.7 ...", "paper.pdf", ("application", "pdf")), "code 414"),
    "garbage.tif": (mail_of(bytes(range(256)) * 20, "garbage.tif"), "code 411"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_mail_is_told_of_and_the_next_one_is_served(name: str, tmp_path: Path) -> None:
    mail, told = BAD[name]
    files = []
    for number, octets in enumerate((mail, mail_of(letter(), "good.tif"))):
        files.append(tmp_path / ("%d.eml" % number))
        files[-1].write_bytes(octets)
    done = desk("--once", "--json", "--paper", tmp_path / "paper", "--mail", *files)
    facts = summary(done)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (facts["mails"], facts["unfinished"], facts["deleted"]) == (2, 0, 2), done.stdout
    assert facts["pages"] >= 2
    assert told in done.stdout
    assert facts["notices"] == (1 if told else 0), done.stdout


def test_a_mail_of_nothing_but_a_header_is_told_of(tmp_path: Path) -> None:
    file = tmp_path / "0.eml"
    file.write_bytes(b"From: a@example.com\r\nSubject: only this\r\n\r\n")
    done = desk("--once", "--json", "--paper", tmp_path / "paper", "--mail", file)
    assert (done.returncode, summary(done)["pages"]) == (0, 1), done.stdout


def test_a_wrong_password_is_said_and_deletes_nothing(tmp_path: Path) -> None:
    maildrop = Maildrop([mail_of(letter())], "fax", "right")
    secret = tmp_path / "password"
    secret.write_text("wr0ng-secret\n")
    with serving(maildrop) as server:
        url = "pop3://fax@127.0.0.1:%d" % server.port
        done = desk(
            "--once",
            "--json",
            "--server",
            url,
            "--password-file",
            secret,
            "--paper",
            tmp_path / "paper",
        )
    assert done.returncode == 3, done.stdout
    assert "721 " in done.stdout and "pop.password" in done.stdout
    assert "wr0ng-secret" not in done.stdout + done.stderr
    assert maildrop.deleted == [] and maildrop.retrieved == []
