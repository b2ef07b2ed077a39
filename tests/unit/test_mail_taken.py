"""Base64 taken where it lies, from the receive buffer into the spool: what comes out must be what
feeding gives, however the octets come.
"""
from __future__ import annotations

import asyncio
import binascii
from typing import TYPE_CHECKING

from firmware.mail.message import HEADROOM, MessageReader
from firmware.mail.transfer import CLASSES, decode_base64
from firmware.pop3.body import Body
from firmware.pop3.reply import ReplyReader
from firmware.store.spool import Spool, SpoolAbandoned
from tests.unit.mail_support import KeepingSink, crlf, read_mail, told
from tests.unit.pop3_support import ScriptedLink, stuffed
from tests.unit.store_support import FakeArea
from tests.unit.support import raises

if TYPE_CHECKING:
    from firmware.mail.header import Part

_BLOCK = 64
_RECEIVE = 2048
_GUARD = b"\xa5" * 8


def coded(octets: bytes, width: int = 76) -> str:
    text = str(binascii.b2a_base64(octets), "ascii").strip()
    return "\n".join([text[at : at + width] for at in range(0, len(text), width)])


def parts(*bodies: str, ending: str = "\n") -> bytes:
    """A multipart of base64 parts with these bodies."""
    text = 'Content-Type: multipart/mixed; boundary="b+/"\n\n'
    for body in bodies:
        text += "--b+/\nContent-Type: image/tiff\nContent-Transfer-Encoding: base64\n\n"
        text += body + ending
    return crlf(text + "--b+/--\n")


class SpoolSink(KeepingSink):
    """Puts the parts' octets into a spool, and takes them from there."""

    def __init__(self, spool: Spool) -> None:
        super().__init__()
        self.spool = spool
        self.begun = 0

    def begin_part(self, part: Part) -> None:
        super().begin_part(part)
        self.begun = self.spool.written

    async def data(self, view: memoryview) -> None:
        await self.spool.append(view)

    def end_part(self, part: Part, damage: str) -> None:
        octets = bytearray(self.spool.written - self.begun)
        if octets:
            self.spool.copy(self.begun, memoryview(octets), self.spool.written)
        self.parts[-1].octets = octets
        self.spool.release(self.spool.written)
        super().end_part(part, damage)


async def taken(mail: bytes, segment: int) -> tuple[list[tuple[str, bytes, str]], int]:
    """What a mail off the wire gives, and how many octets were fed, not taken."""
    link = ScriptedLink([b"+OK\r\n", stuffed(mail), b"+OK behind\r\n"], segment=segment)
    replies = ReplyReader(link, bytearray(_RECEIVE))
    assert await replies.status()
    spool = Spool(FakeArea(256, _BLOCK), bytearray(_BLOCK))
    spool.begin()
    sink = SpoolSink(spool)
    reader = MessageReader(sink, bytearray(HEADROOM + _RECEIVE), spool)
    body = Body(replies, 0, 60000, 5000)
    body.taker = reader
    fed = 0
    while (piece := await body.next()) is not None:
        fed += len(piece)
        await reader.feed(piece)
    await reader.close(True)
    assert body.octets == len(mail)
    assert await replies.status() and replies.text == b"behind"
    return told(sink.parts), fed


def test_awkward_parts_come_out_as_by_feeding_in_any_pieces() -> None:
    octets = bytes(range(256)) * 3
    bodies = (coded(octets), coded(octets, 1), coded(octets[:300], 5) + "\n\n", "",
              coded(octets[:100]) + "\n" + coded(octets[:7]), "QU!JD\n" + coded(octets),
              "Q\nUJ\n D\t\n", "QQ==\n.\n..QUJD", coded(octets) + "\n--b+\n" + coded(octets),
              "--b\n-", coded(octets) + "\n\n \n", "QUJD\n.dots\nQUJD", "QUJDR")
    mail = parts(*bodies)
    wanted = told(read_mail(mail)[0])
    assert len(wanted) == len(bodies)
    for segment in (0, 1, 2, 3, 7, 64, 77, 78, 79, 500):
        assert asyncio.run(taken(mail, segment))[0] == wanted, segment


def test_a_delimiter_right_behind_the_data_needs_its_line_end() -> None:
    for ending in ("", "\n", "\n\n"):
        mail = parts("QUJD", "QUJD", ending=ending)
        wanted = told(read_mail(mail)[0])
        for segment in range(12):
            assert asyncio.run(taken(mail, segment))[0] == wanted, (ending, segment)


def test_almost_all_of_a_large_part_is_taken() -> None:
    octets = bytes(range(251)) * 50
    mail = parts(coded(octets))
    for segment in (0, 600):
        found, fed = asyncio.run(taken(mail, segment))
        assert found == [("image/tiff", octets, "")]
        assert fed < _RECEIVE + 100 and len(mail) > 8 * _RECEIVE


def test_nobody_wants_the_rest() -> None:
    async def abandoned() -> None:
        link = ScriptedLink([b"+OK\r\n", stuffed(parts(coded(bytes(9000))))])
        replies = ReplyReader(link, bytearray(_RECEIVE))
        assert await replies.status()
        spool = Spool(FakeArea(256, _BLOCK), bytearray(_BLOCK))
        body = Body(replies, 0, 60000, 5000)
        reader = body.taker = MessageReader(SpoolSink(spool), bytearray(HEADROOM + 2048), spool)
        piece = await body.next()
        assert piece is not None
        await reader.feed(piece)
        spool.abandon()
        while (piece := await body.next()) is not None:
            await reader.feed(piece)

    raises(SpoolAbandoned, lambda: asyncio.run(abandoned()))


def decoded_to(source: bytearray, start: int, end: int, target: bytearray, at: int,
               state: bytearray) -> int:
    return decode_base64(source, start, end, target, at, len(target), CLASSES, state, 1)


def test_decoding_keeps_to_the_room_and_stops_before_what_is_not_base64() -> None:
    text = b"QUJDREVG\r\nR0hJ"
    for room in range(14):
        for size in range(len(text) + 1):
            state = bytearray(4)
            target = bytearray(b"\0" * room)
            source = bytearray(_GUARD + text[:size] + b".UJD" + _GUARD)
            out = bytearray()
            at = 8
            while True:
                done = decoded_to(source, at, len(source) - 8, target, 0, state)
                at += done >> 16
                out.extend(target[: done & 0xFFFF])
                if not done or not room:
                    break
            assert bytes(out) == (b"ABCDEFGHI"[: len(out)] if room else b"")
            assert at == (8 + size if room else 8)


def test_decoding_writes_nowhere_else() -> None:
    for room in range(1, 12):
        state = bytearray(4)
        target = bytearray(_GUARD + b"\0" * room)
        source = bytearray(b"QUJDREVGR0hJSktM" * 2)
        done = decoded_to(source, 0, len(source), target, 8, state)
        assert bytes(target[:8]) == _GUARD and bytes(target[8:]) == b"ABCDEFGHIJKL"[:room]
        assert done & 0xFFFF == room and not decoded_to(source, 0, 4, target, 8 + room, state)
