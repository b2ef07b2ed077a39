"""What mails say must not stay in memory: MicroPython keeps each interned string for good."""

from __future__ import annotations

import gc

from firmware.mail.charset import Decoder
from firmware.mail.header import Envelope, Part
from firmware.service.output import _printable


def _one_mail(number: int) -> None:
    """A mail with a character that no other has, wherever one may stand."""
    letter = bytes([0xE4 + number // 4096, 0x80 + number // 64 % 64, 0x80 + number % 64])
    envelope, part = Envelope(), Part()
    envelope.take("from", b'"' + letter + b'" <a@example.com>')
    envelope.take("subject", letter + b" and " + letter)
    envelope.take("date", letter)
    part.take("content-type", b'text/plain; charset="%s"; name="%s"' % (letter, letter))
    part.take("content-disposition", b"attachment; filename*=utf-8''" + letter)
    Decoder(part.charset).decode(letter, True)
    _printable(envelope.subject)
    for charset in ("iso-8859-1", "iso-8859-15", ""):
        Decoder(charset).decode(bytes([128 + number % 128]), True)


def _live() -> int:
    gc.collect()
    return gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0


def test_characters_of_mails_leave_nothing_behind() -> None:
    for number in range(5):
        _one_mail(number)
    before = _live()
    for number in range(5, 400):
        _one_mail(number)
    assert _live() - before < 400, "less than a dozen octets a character"
