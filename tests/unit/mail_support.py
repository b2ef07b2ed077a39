"""A sink that keeps what a mail reader gives, for unit tests that run on both runtimes."""
from __future__ import annotations

import asyncio
import binascii
import hashlib
from typing import TYPE_CHECKING

from firmware.mail.message import HEADROOM, MessageReader

if TYPE_CHECKING:
    from firmware.mail.header import Envelope, Part


class Kept:
    """One part as it came: the part, its octets, its damage."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.octets = bytearray()
        self.damage = "(never ended)"


class KeepingSink:
    """Keeps every part; copies each view at once, because it is only lent."""

    def __init__(self) -> None:
        self.parts: list[Kept] = []
        self.calls = 0

    def begin_part(self, part: Part) -> None:
        self.parts.append(Kept(part))

    async def data(self, view: memoryview) -> None:
        self.calls += 1
        self.parts[-1].octets.extend(view)

    def end_part(self, part: Part, damage: str) -> None:
        assert part is self.parts[-1].part
        self.parts[-1].damage = damage


def read_mail(
    mail: bytes, step: int = 0, complete: bool = True, room: int = 1024
) -> tuple[list[Kept], Envelope]:
    """Read `mail` in pieces of `step` octets (0: whole); the parts that came, and the envelope."""
    sink = KeepingSink()
    reader = MessageReader(sink, bytearray(HEADROOM + room))

    async def run() -> None:
        size = step or len(mail) or 1
        for at in range(0, len(mail), size):
            await reader.feed(memoryview(mail)[at : at + size])
        await reader.close(complete)

    asyncio.run(run())
    return sink.parts, reader.envelope


def told(kept: list[Kept]) -> list[tuple[str, bytes, str]]:
    """(type, octets, damage) of each part."""
    return [(one.part.content_type, bytes(one.octets), one.damage) for one in kept]


def fingerprint(mail: bytes, step: int, complete: bool) -> str:
    """A digest of all that is read of `mail`."""
    kept, envelope = read_mail(mail, step, complete, room=512)
    digest = hashlib.sha256()
    for one in kept:
        part = one.part
        for text in (part.content_type, part.charset, part.name, part.disposition, one.damage):
            digest.update(text.encode() + b"\0")
        digest.update(b"%d %d %d " % (part.number, part.alternative, len(one.octets)))
        digest.update(one.octets)
    for text in (envelope.sender, envelope.sender_name, envelope.subject, envelope.date,
                 envelope.message_id):
        digest.update(text.encode() + b"\0")
    return binascii.hexlify(digest.digest()).decode()


def crlf(text: str) -> bytes:
    """A mail written with line feeds, as it travels."""
    return text.replace("\n", "\r\n").encode()
