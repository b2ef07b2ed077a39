"""Logins at a server that lives in a list; SCRAM's side of the server.
"""
from __future__ import annotations

import asyncio
import hashlib
from binascii import a2b_base64
from typing import TYPE_CHECKING

from firmware.pop3.auth import hashes
from firmware.pop3.auth.sasl import base64
from firmware.pop3.reply import MIN_BUFFER
from firmware.pop3.session import Session
from firmware.recording.faults import Fault
from tests.unit.pop3_support import FakeNetwork, ScriptedLink, listing

if TYPE_CHECKING:
    from typing import Any

_SALTED: dict[Any, bytes] = {}
OK = b"+OK\r\n"
NO = b"-ERR no\r\n"
ALL = "LOGIN PLAIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 XOAUTH2 OAUTHBEARER"
GREETING = b"+OK ready <1896.697170952@dbc.mtview.ca.us>\r\n"


def said(octets: bytes) -> bytes:
    """A challenge."""
    return b"+ " + base64(octets) + b"\r\n"


class Attempt:
    """One login at a server that announces `sasl` and answers the lines it is given in turn."""

    def __init__(self, *answers: Any, mechanism: str = "auto", sasl: str = "", user: str = "user",
                 password: str = "secret word", token: str = "", greeting: bytes = b"+OK hi\r\n",
                 secured: bool = False, allow_plain: bool = True, capa: Any = None,
                 segment: int = 0, salted: Any = None) -> None:
        self.trace: list[str] = []
        self.trailed: list[int] = []  # lines sent before what may follow a login was sent ahead
        lines = [b"SASL " + sasl.encode()] if sasl else []
        self.link = TurnLink(greeting, list(answers), segment)
        if capa is None:
            capa = listing(b"USER", *lines)
        self.link.capa = capa
        session = Session(FakeNetwork(self.link), bytearray(MIN_BUFFER),
                          trace=lambda side, line: self.trace.append(side + " " + line))
        self.session = session
        if salted is not None:
            session.salted = salted
        self.fault: Fault | None = None
        self.told = ""

        async def enter() -> None:
            await session.connect("server.example.com", 143)
            session.secured = secured
            await session.capa()
            session.trail = lambda: self.trailed.append(len(self.link.sent))
            self.told = await session.login(user, password, mechanism, token, allow_plain)

        try:
            asyncio.run(enter())
        except Fault as fault:
            self.fault = fault
        self.sent = self.link.sent[1:]
        self.code = self.fault.code if self.fault else 0

    def decoded(self) -> list[bytes]:
        """The lines sent behind the AUTH command, decoded."""
        return [a2b_base64(line) for line in self.sent[1:]]


class TurnLink(ScriptedLink):
    """Answers one line after the other, whatever is in them; past the last it refuses."""

    capa = b""

    def __init__(self, greeting: bytes, answers: list[Any], segment: int) -> None:
        super().__init__(greeting, {}, segment)
        self.answers = answers

    async def write(self, data: bytes) -> None:
        line = self._unsent + bytes(data)
        if line[-2:] != b"\r\n":
            self._unsent = line
            return
        self._unsent = b""
        answer = self.capa if line[:4] == b"CAPA" else self.answers.pop(0) if self.answers else NO
        self.sent.append(line[:-2])
        self._say(answer(line[:-2]) if callable(answer) else answer)


class ScramServer:
    """The server's side of SCRAM, wrong in one way if asked to be."""

    def __init__(self, new: Any, password: bytes, salt: bytes = b"salt5678", rounds: int = 4096,
                 **wrong: Any) -> None:
        self.new = new
        self.password = password
        self.salt = salt
        self.rounds = rounds
        self.wrong = wrong
        self.both = b""
        self.first = b""
        self.said = b""

    def begin(self, line: bytes) -> bytes:
        words = line.split(b" ")
        return self._challenge(words[2]) if len(words) > 2 else b"+ \r\n"

    def _challenge(self, octets: bytes) -> bytes:
        message = a2b_base64(octets)
        assert message[:5] == b"n,,n="
        self.first = message[3:]
        nonce = self.first[self.first.find(b",r=") + 3:]
        self.both = self.wrong.get("nonce", nonce + b"3rfcNHYJY1ZVvWVs7j")
        rounds = self.wrong.get("count", b"%d" % self.rounds)
        first = b"r=" + self.both + b",s=" + base64(self.salt) + b",i=" + rounds
        self.said = self.wrong.get("first", first)
        return said(self.said)

    def proof(self, line: bytes) -> bytes:
        if not self.first:
            return self._challenge(line)
        if line == b"*":
            return NO
        message = a2b_base64(line)
        bare, _, proof = message.rpartition(b",p=")
        assert bare == b"c=biws,r=" + self.both
        salted = salted_password(self.new, self.password, self.salt, self.rounds)
        whole = self.first + b"," + self.said + b"," + bare
        key = hashes.hmac(self.new, salted, b"Client Key")
        seal = hashes.hmac(self.new, self.new(key).digest(), whole)
        if bytes([key[at] ^ seal[at] for at in range(len(key))]) != a2b_base64(proof):
            return b"-ERR [AUTH] no\r\n"
        signature = hashes.hmac(self.new, hashes.hmac(self.new, salted, b"Server Key"), whole)
        final = b"v=" + base64(signature)
        answer: bytes = self.wrong.get("final", lambda _: said(final))(final)
        return answer


def salted_password(new: Any, password: bytes, salt: bytes, rounds: int) -> bytes:
    """What `hashes.pbkdf2` gives, reckoned in one go, otherwise, and once."""
    key = (new, password, salt, rounds)
    if key in _SALTED:
        return _SALTED[key]
    last = hashes.hmac(new, password, salt + b"\0\0\0\1")
    total = bytearray(last)
    for _ in range(1, rounds):
        last = hashes.hmac(new, password, last)
        for at in range(len(total)):
            total[at] ^= last[at]
    _SALTED[key] = bytes(total)
    return _SALTED[key]


def login_by_scram(name: str = "scram-sha-256", server: Any = None, extra: Any = OK,
                   **options: Any) -> Attempt:
    new = hashlib.sha1 if name == "scram-sha-1" else hashlib.sha256
    server = server or ScramServer(new, b"pencil")
    options.setdefault("password", "pencil")
    if options.pop("initial", True):
        options.setdefault("sasl", name.upper())
        answers: tuple[Any, ...] = (server.begin, server.proof, extra)
    else:
        answers = (server.begin, server.proof, server.proof, extra)
    return Attempt(*answers, mechanism=options.pop("mechanism", name), **options)


class NoHashes:
    """A hashlib as some ports have it."""

    sha256 = hashlib.sha256
