"""What a server may say, and what must come of it: replies, listings, bodies. On either runtime.
"""
from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from firmware.pop3.body import Body
from firmware.pop3.capability import Capabilities
from firmware.pop3.maildrop import ROW_OCTETS, MailWindow
from firmware.pop3.parsing import after_blanks, number_at, response_code
from firmware.pop3.reply import LINE_CAP, MIN_BUFFER, ReplyReader
from firmware.recording.faults import PROTOCOL, Fault
from tests.fuzz.drive import Octets

if TYPE_CHECKING:
    from typing import Any

_BUFFER = bytearray(MIN_BUFFER)


async def reply(data: bytes) -> None:
    """Status lines and listings: the same in pieces of any size, every line bounded."""
    step, octets = data[:1], data[1:]
    whole = await _replies(octets, 0)
    assert await _replies(octets, 1 + (step[0] & 15 if step else 2)) == whole


async def _replies(octets: bytes, step: int) -> list[Any]:
    reader = ReplyReader(Octets(octets, step), _BUFFER)
    said: list[Any] = []
    try:
        while True:
            said.append((await reader.status(), reader.text, reader.lf_only))
            assert len(reader.text) < LINE_CAP
            response_code(reader.text)
            said.append(await _lines(reader))
    except Fault as fault:
        said.append(fault.code)
    return said


async def _lines(reader: ReplyReader) -> list[bytes]:
    capabilities = Capabilities()
    lines = []
    while (line := await reader.listed_line()) is not None:
        lines.append(bytes(line))
        capabilities.add(line)
        number, at = number_at(line, after_blanks(line, 0))
        assert -1 <= number <= 0x3FFFFFFF and at <= len(line)
    assert all(len(name) <= 24 for name in capabilities.names())
    return lines


async def listing(data: bytes) -> None:
    """LIST and UIDL lines into the window: bounded, and no two mails of one key."""
    window = MailWindow(bytearray(8 * ROW_OCTETS))
    window.open(1)
    sizes, _, uids = data.partition(b"\xff")
    for line in sizes.split(b"\n"):
        number, at = number_at(line, after_blanks(line, 0))
        size, _ = number_at(line, after_blanks(line, at))
        if number > 0:
            window.list(number, max(size, 0))
    for line in uids.split(b"\n"):
        number, at = number_at(line, after_blanks(line, 0))
        if number > 0:
            window.identify(b"user@host", number, line[after_blanks(line, at):])
    known = [window.key(number) for number in window.numbers(2)]
    assert len(known) == len(set(known)) <= 8


async def body(data: bytes) -> None:
    """Dot-stuffing against a model of the rules, and against poplib where lines end in CRLF."""
    step, octets = (data[0] if data else 0), data[1:]
    expected, used = model(octets)
    octets = octets[:used]  # what follows the end is another reply
    for size in (0, 1 + (step & 31)):
        found, code = await _body(octets, size)
        if code == PROTOCOL:
            assert octets[:3].upper() == b"+OK" or octets[:4].upper() == b"-ERR"
            continue
        assert code == 0 if expected is not None else code, (code, expected)
        assert expected is None or found == expected
    if expected is not None and sys.implementation.name == "cpython" and _lines_are_sound(octets):
        from tests.fuzz.by_poplib import by_poplib

        assert expected == by_poplib(octets) or octets[:3].upper() in (b"+OK", b"-ER")


def _lines_are_sound(octets: bytes) -> bool:
    """True when no CR or LF stands alone, and no line is longer than poplib takes."""
    ends = octets.count(b"\r\n")
    return ends == octets.count(b"\r") == octets.count(b"\n") and len(octets) < 1500


def model(octets: bytes) -> tuple[bytes | None, int]:
    """The mail that these octets hold and how many of them it takes; None when it has no end."""
    at, content = 0, b""
    while (end := octets.find(b"\r\n", at)) >= 0:
        line, at = octets[at:end], end + 2
        if line == b".":
            return content, at
        content += (line[1:] if line[:2] == b".." else line) + b"\r\n"
    return None, len(octets)


async def _body(octets: bytes, step: int) -> tuple[bytes, int]:
    reader = ReplyReader(Octets(b"+OK\r\n" + octets, step), _BUFFER)
    await reader.status()
    mail, found = Body(reader, 0, 1000, 1000), bytearray()
    try:
        while (piece := await mail.next()) is not None:
            found += piece
    except Fault as fault:
        return bytes(found), fault.code
    return bytes(found), 0


def replies() -> list[bytes]:
    """Sound inputs of `reply`."""
    return [b"\1+OK [X] hi\r\n1 100\r\n2  2000\r\n.\r\n+OK\r\nUSER\r\nSASL PLAIN\r\n..x\r\n.\r\n",
            b"\3+OK\r\n1 abc\r\n2 def\r\n.\r\n-ERR [IN-USE] x\r\n.\r\n"]


def bodies() -> list[bytes]:
    """Sound inputs of `body`."""
    return [b"\1From: x\r\n\r\n..one\r\n...\r\n.two\r\nend.\r\n.\r\n",
            b"\5\r\n.\n.\r\n.\r.\r\n..\r\n\n.\r\n.\r\n", b"\2" + b"x" * 1030 + b"\r\n.\r\n"]
