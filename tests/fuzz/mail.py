"""What may lie in a mailbox: MIME structure, header fields, character sets. On either runtime."""
from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from firmware.mail.charset import Decoder
from firmware.mail.header import LIMIT, Envelope, Part
from firmware.mail.message import HEADROOM, MAX_PARTS, MessageReader
from firmware.mail.words import decode_words
from tests.unit.mail_support import KeepingSink, told

if TYPE_CHECKING:
    from typing import Any

_BUFFER = bytearray(HEADROOM + 512)
_FIELDS = ("from", "subject", "date", "content-type", "content-disposition",
           "content-transfer-encoding", "return-path", "message-id")
_CHARSETS = ("", "utf-8", "iso-8859-15", "windows-1252", "us-ascii", "x")


async def mime(data: bytes) -> None:
    """Parts of a mail: the same in pieces of any size, bounded, each one ended."""
    step, octets = (data[0] if data else 0), data[1:]
    whole = await _parts(octets, 0)
    assert await _parts(octets, step % 23 + 1) == whole
    assert len(whole) <= MAX_PARTS + 1
    assert all(damage != "(never ended)" for _type, _octets, damage in whole)


async def _parts(octets: bytes, step: int) -> list[Any]:
    sink = KeepingSink()
    reader = MessageReader(sink, _BUFFER)
    size = step or len(octets) or 1
    for at in range(0, len(octets), size):
        await reader.feed(memoryview(octets)[at:at + size])
    await reader.close(True)
    return told(sink.parts)


async def header(data: bytes) -> None:
    """One header field of any kind: bounded texts."""
    name, value = _FIELDS[data[0] % len(_FIELDS) if data else 0], data[1:]
    envelope, part = Envelope(), Part()
    envelope.take(name, value)
    part.take(name, value)
    decode_words(value)
    texts = (envelope.sender, envelope.sender_name, envelope.subject, envelope.date,
             envelope.message_id, part.name, part.content_type)
    assert all(len(text) <= LIMIT for text in texts)


async def charset(data: bytes) -> None:
    """Text in any character set: the same in pieces of any size; right where it is valid."""
    name, octets = _CHARSETS[data[0] % len(_CHARSETS) if data else 0], data[1:]
    whole = Decoder(name).decode(octets, True)
    decoder = Decoder(name)
    pieces = [decoder.decode(octets[at:at + 1]) for at in range(len(octets))]
    assert "".join(pieces) + decoder.decode(b"", True) == whole
    if sys.implementation.name != "cpython":
        return
    try:
        assert name != "utf-8" or octets.decode().lstrip("\ufeff") == whole.lstrip("\ufeff")
    except UnicodeDecodeError:
        assert "\ufffd" in whole


def mails() -> list[bytes]:
    """Sound inputs of `mime`."""
    text = b"Content-Type: text/plain; charset=utf-8\r\n\r\ntext\r\n"
    fax = (b"Content-Type: image/tiff; name=a.tif\r\nContent-Transfer-Encoding: base64\r\n\r\n"
           b"SUkqAAgAAAA=\r\n")
    coded = b"Content-Transfer-Encoding: quoted-printable\r\n\r\na=3D=\r\nb\r\n"
    both = b"--b\r\n" + text + b"--b\r\n" + fax + b"--b--\r\nend\r\n"
    inner = (b"--c\r\nContent-Type: multipart/alternative; boundary=\"b\"\r\n\r\n" + both
             + b"--c\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n" + coded + b"--c--\r\n")
    return [b"\0Content-Type: multipart/mixed; boundary=b\r\n\r\n" + both,
            b"\6From: a@b\r\nContent-Type: multipart/mixed;\r\n boundary=c\r\n\r\n" + inner,
            b"\1" + fax, b"\2" + coded,
            b"\3\r\ntext\r\nbegin 644 a.tif\r\n#0V%T\r\n`\r\nend\r\nmore\r\n"]
