"""What may lie in a mailbox: MIME structure, header fields, character sets, whole mails."""
from __future__ import annotations

from typing import Any

from firmware.mail.charset import Decoder
from firmware.mail.header import LIMIT, Envelope, Part
from firmware.mail.message import HEADROOM, MAX_PARTS, MessageReader
from firmware.mail.words import decode_words
from sim.pop3_server import Maildrop
from tests.faults import virtual_time
from tests.faults.machine import serve
from tests.faults.run import SETTINGS
from tests.faults.wire_model import PeerModel
from tests.fuzz.drive import drive
from tests.unit.mail_support import KeepingSink, told

_FIELDS = ("from", "subject", "date", "content-type", "content-disposition",
           "content-transfer-encoding", "return-path", "message-id")
_CHARSETS = ("", "utf-8", "iso-8859-15", "windows-1252", "us-ascii", "x")


def mime(data: bytes) -> None:
    """Parts of a mail: the same in pieces of any size, bounded, each one ended."""
    step, octets = (data[0] if data else 0), data[1:]
    whole = drive(_parts(octets, 0))
    assert drive(_parts(octets, 1)) == whole
    assert drive(_parts(octets, step or 7)) == whole
    assert len(whole) <= MAX_PARTS + 1
    assert all(damage != "(never ended)" for _type, _octets, damage in whole)


async def _parts(octets: bytes, step: int) -> list[Any]:
    sink = KeepingSink()
    reader = MessageReader(sink, bytearray(HEADROOM + 512))
    size = step or len(octets) or 1
    for at in range(0, len(octets), size):
        await reader.feed(memoryview(octets)[at:at + size])
    await reader.close(True)
    return told(sink.parts)


def header(data: bytes) -> None:
    """One header field of any kind: bounded texts."""
    name, value = _FIELDS[data[0] % len(_FIELDS) if data else 0], data[1:]
    envelope, part = Envelope(), Part()
    envelope.take(name, value)
    part.take(name, value)
    decode_words(value)
    texts = (envelope.sender, envelope.sender_name, envelope.subject, envelope.date,
             envelope.return_path, envelope.message_id, part.name, part.content_type)
    assert all(len(text) <= LIMIT for text in texts)


def charset(data: bytes) -> None:
    """Text in any character set: the same in pieces of any size; right where it is valid."""
    name, octets = _CHARSETS[data[0] % len(_CHARSETS) if data else 0], data[1:]
    whole = Decoder(name).decode(octets, True)
    decoder = Decoder(name)
    pieces = [decoder.decode(octets[at:at + 1]) for at in range(len(octets))]
    assert "".join(pieces) + decoder.decode(b"", True) == whole
    try:
        assert name != "utf-8" or octets.decode().lstrip("\ufeff") == whole.lstrip("\ufeff")
    except UnicodeDecodeError:
        assert "\ufffd" in whole


def whole_mail(data: bytes) -> None:
    """Any octets as a mail, through the whole receiver: it ends on paper and is deleted."""
    drop = Maildrop()
    drop.add(data, exact=True)
    seen: list[Any] = []

    def told_of(events: list[Any]) -> bool:
        seen.extend(events)
        return False

    virtual_time.run(serve(PeerModel(drop), SETTINGS, told_of))
    end = next(fields for kind, fields in seen if kind == "visit-end")
    ends = [fields for kind, fields in seen if kind == "mail-end"]
    assert (end["result"], end["deleted"], len(drop.deleted)) == ("ok", 1, 1), seen
    assert [one["result"] in ("recorded", "notice") for one in ends] == [True]
    assert any(kind == "page" for kind, _fields in seen)
