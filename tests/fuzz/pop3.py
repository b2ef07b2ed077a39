"""What a server may say, and what must come of it: replies, listings, bodies, visits."""
from __future__ import annotations

import io
import poplib
import re
from typing import Any

from firmware.pop3.capability import Capabilities
from firmware.pop3.mailbox import RECORDED, Visit
from firmware.pop3.maildrop import ROW_OCTETS, MailWindow
from firmware.pop3.parsing import after_blanks, number_at, response_code
from firmware.pop3.reply import LINE_CAP, MIN_BUFFER, Body, ReplyReader
from firmware.pop3.session import Session
from firmware.recording.faults import PROTOCOL, Fault
from tests.faults import virtual_time
from tests.fuzz.drive import Octets, drive


def reply(data: bytes) -> None:
    """Status lines and listings: the same in pieces of any size, every line bounded."""
    step, octets = data[:1], data[1:]
    whole = drive(_replies(octets, 0))
    assert drive(_replies(octets, 1)) == whole
    assert drive(_replies(octets, step[0] if step else 3)) == whole


async def _replies(octets: bytes, step: int) -> list[Any]:
    reader = ReplyReader(Octets(octets, step), bytearray(MIN_BUFFER))
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


def listing(data: bytes) -> None:
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


def body(data: bytes) -> None:
    """Dot-stuffing against a model of the rules, and against poplib where lines end in CRLF."""
    step, octets = (data[0] if data else 0), data[1:]
    expected, used = model(octets)
    octets = octets[:used]  # what follows the end is another reply
    for size in (0, 1, step):
        found, code = drive(_body(octets, size))
        if code == PROTOCOL:
            assert octets[:3].upper() == b"+OK" or octets[:4].upper() == b"-ERR"
            continue
        assert code == 0 if expected is not None else code, (code, expected)
        if expected is not None:
            assert found == expected
            if not re.search(rb"(?<!\r)\n|\r(?!\n)", octets) and used < 1500:
                assert found == by_poplib(octets)


def model(octets: bytes) -> tuple[bytes | None, int]:
    """The mail that these octets hold and how many of them it takes; None when it has no end."""
    at, content = 0, b""
    while (end := octets.find(b"\r\n", at)) >= 0:
        line, at = octets[at:end], end + 2
        if line == b".":
            return content, at
        content += (line[1:] if line[:2] == b".." else line) + b"\r\n"
    return None, len(octets)


def by_poplib(octets: bytes) -> bytes:
    """The same by Python's client; it takes the dot off an unstuffed line, which we keep."""
    client = poplib.POP3.__new__(poplib.POP3)
    client._debugging = 0
    # its rule for a lone dot in front: one dot off, whatever follows
    kept = re.sub(rb"(^|\r\n)\.(?=[^.\r])", rb"\1..", octets)
    kept = re.sub(rb"(^|\r\n)\.(?=\r[^\n])", rb"\1..", kept)
    client.file = io.BytesIO(b"+OK\r\n" + kept)
    return b"".join(line + b"\r\n" for line in client._getlongresp()[1])


async def _body(octets: bytes, step: int) -> tuple[bytes, int]:
    reader = ReplyReader(Octets(b"+OK\r\n" + octets, step), bytearray(MIN_BUFFER))
    await reader.status()
    mail, found = Body(reader, 0, 1000, 1000), b""
    try:
        while (piece := await mail.next()) is not None:
            found += bytes(piece)
    except Fault as fault:
        return found, fault.code
    return found, 0


class _Ledger:
    """Keys that are finished."""

    def __init__(self) -> None:
        self.done: list[bytes] = []

    def is_finished(self, key: bytes) -> bool:
        return key in self.done

    def ended_as_notice(self, key: bytes) -> bool:
        return False

    def pages_done(self, key: bytes) -> int:
        return 1

    def finish(self, key: bytes, pages: int, notice: bool) -> None:
        self.done.append(key)

    def deleted(self, key: bytes) -> None:
        assert key in self.done

    def forget_others(self, live_keys: Any, box: int) -> None:
        list(live_keys)


class _Network:
    def __init__(self, link: Octets) -> None:
        self._link = link

    def is_up(self) -> bool:
        return True

    def resolve(self, host: str, port: int) -> list[Any]:
        return [(host, port)]

    async def connect(self, address: Any, timeout_ms: int) -> Octets:
        if self._link.sent:
            raise OSError(111)  # one connection is all there is
        return self._link


_SETTINGS = {"pop.host": "mail", "pop.port": 110, "pop.user": "user", "pop.password": "pw",
             "pop.login": "user", "pop.security": "plain", "pop.allow_plain": True,
             "pop.delete": "after-record", "pop.connect_s": 1, "pop.reply_s": 1,
             "pop.silence_s": 1}


def visit(data: bytes) -> None:
    """A whole visit to a server that says this, whatever it is asked: never an exception, and DELE
    only of mails that came whole.
    """
    link = Octets(data[1:], data[0] & 15 if data else 0, bool(data and data[0] & 128))
    ledger, whole = _Ledger(), []

    async def deliver(key: bytes, number: int, count: int, size: int, mail: Body) -> int:
        await mail.drain()
        whole.append(number)
        return RECORDED

    session = Session(_Network(link), bytearray(MIN_BUFFER))
    one = Visit(session, ledger, deliver, _SETTINGS, lambda code, text: None,
                bytearray(8 * ROW_OCTETS))
    result = virtual_time.run(one.run())
    deleted = [int(word[5:]) for line in link.sent for word in line.split(b"\r\n")
               if word[:5] == b"DELE "]
    assert set(deleted) <= set(whole) and result.deleted <= len(deleted)
