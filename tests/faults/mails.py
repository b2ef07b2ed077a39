"""The mails of the fault library, by letter. Each has a sender of its own."""
from __future__ import annotations

from base64 import encodebytes

from tests.unit.recording_support import tiff

_ROWS = [bytes([0xFF] * 27 + [0] * 189), bytes([0] * 189 + [0xFF] * 27)]


def _head(letter: str, kind: str = "text/plain") -> bytes:
    return ("Return-Path: <%s@example.com>\r\nMessage-ID: <%s@example.com>\r\n"
            "From: %s <%s@example.com>\r\nSubject: mail %s\r\n"
            "Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n"
            "Content-Type: %s\r\n" % (letter, letter, letter, letter, letter, kind)).encode()


def _text(letter: str, body: bytes) -> bytes:
    return _head(letter) + b"\r\n" + body


def _fax(letter: str, pages: int) -> bytes:
    coded = encodebytes(tiff(_ROWS, pages)).replace(b"\n", b"\r\n")
    return _head(letter, "image/tiff") + b"Content-Transfer-Encoding: base64\r\n\r\n" + coded


MAILS = {
    "A": _text("A", b"Alpha\r\n"),
    "B": _fax("B", 2),
    "C": _text("C", b"..dots\r\n.one\r\n...\r\nend\r\n"),
    # a lone LF.LF inside, and behind it what must not be lost
    "D": _text("D", b"before\n.\nafter\r\n"),
    "E": _text("E", b""),
    "F": _fax("F", 1),
    "G": _text("G", b"text\r\n.one\r\n.two.\r\n"),
    "H": _head("H") + b"X-Long: " + b"y" * 200000 + b"\r\n" + b"X-Many: z\r\n" * 9000
    + b"\r\nshort\r\n",
    "I": _text("I", bytes(range(1, 10)) + bytes(range(14, 256)) + b"\0\0 text\r\n"),
    "J": b"Jolly text without any header\r\n\r\nand a second line\r\n",
    "K": _head("K", "application/octet-stream") + b"\r\n" + (b"k" * 40000 + b"\r\n") * 3,
    "L": _text("L", b"this line is no end:\r\n.\r\nof the mail\r\n"),
    "M": _text("M", b"no line end behind this"),
    "P": _head("P", "application/pdf") + b"\r\n%PDF-1.4\r\n",
    "N": _text("N", b"the next mail\r\n"),
}
