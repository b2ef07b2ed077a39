"""The embedded maildrop: a POP3 server on loopback, honest unless a script tells it otherwise.

RFC 1939 (with TOP, UIDL and APOP), 2449 (CAPA, RESP-CODES, PIPELINING). Mails are deleted after
QUIT in the TRANSACTION state and never else. A script sees every reply before it is sent and may
send anything instead, at any pace, or drop the connection.
"""
from __future__ import annotations

import asyncio
import hashlib
import itertools
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

LINE_CAP = 1024
IDLE_S = 600.0  # RFC 1939 section 3: ten minutes at least
CAPABILITIES = ("TOP", "USER", "UIDL", "RESP-CODES", "PIPELINING", "EXPIRE NEVER",
                "IMPLEMENTATION desk")
MULTI_LINE = ("CAPA", "LIST", "UIDL", "TOP", "RETR")


class Mail:
    """A mail as it lies in the maildrop: lines end in CRLF, the last one too."""

    def __init__(self, content: bytes, uid: str) -> None:
        self.content = content
        self.uid = uid


class Maildrop:
    """The mails of one user, and what became of them.

    :param messages: contents, or files that hold them; their line ends are made CRLF
    """

    def __init__(self, messages: Iterable[bytes | str | Path] = (), user: str = "user",
                 password: str = "secret") -> None:
        self.user = user
        self.password = password
        self.mails: list[Mail] = []
        self.retrieved: list[Mail] = []  # by RETR, in this order, each as often as it was
        self.deleted: list[Mail] = []
        self.commands: list[str] = []  # of all sessions, secrets masked
        self.sessions = 0
        self.locked = False
        for message in messages:
            self.add(message)

    def add(self, message: bytes | str | Path, exact: bool = False) -> Mail:
        """Deliver a mail; sessions that are open do not see it. `exact`: leave bare LF and CR be.
        """
        content = message if isinstance(message, bytes) else Path(message).read_bytes()
        if not exact:
            content = re.sub(rb"\r\n|\r|\n", b"\r\n", content)
        if not content.endswith(b"\r\n"):
            content += b"\r\n"
        mail = Mail(content, self._new_uid(content))
        self.mails.append(mail)
        return mail

    def _new_uid(self, content: bytes) -> str:
        """Of the content, so that it is the same in every run; copies of one mail are numbered."""
        digest = hashlib.sha256(content).hexdigest()[:32]
        taken = {mail.uid for mail in self.mails}
        numbered = ("%s.%d" % (digest, copy) for copy in itertools.count(2))
        return digest if digest not in taken else next(u for u in numbered if u not in taken)


@dataclass
class Exchange:
    """A command and the honest reply to it. `verb` is '' for the greeting."""

    verb: str
    argument: str
    reply: bytes
    session: int  # counted from 1
    count: int  # how often this verb came in this session, this time included


@dataclass
class Pause:
    """Say nothing for a while."""

    seconds: float


class Drop:
    """Break the connection off."""


Action = bytes | Pause | Drop
Script = Callable[[Exchange], Iterable[Action] | None]  # None: the honest reply


def refuse(verb: str, text: str = "no", times: int = -1) -> Script:
    """Answer `verb` with -ERR, always or the first `times` times."""
    left = iter(range(times)) if times >= 0 else itertools.count()

    def script(exchange: Exchange) -> Iterable[Action] | None:
        refused = exchange.verb == verb and next(left, None) is not None
        return [b"-ERR " + text.encode() + b"\r\n"] if refused else None

    return script


def drop_after(verb: str, octets: int, at_count: int = 1) -> Script:
    """Send the first `octets` octets of the reply to the n-th `verb` of a session, then drop."""
    def script(exchange: Exchange) -> Iterable[Action] | None:
        if exchange.verb != verb or exchange.count != at_count:
            return None
        return [exchange.reply[:octets], Drop()]

    return script


def replace(verb: str, reply: bytes) -> Script:
    """Answer `verb` with these octets."""
    return lambda exchange: [reply] if exchange.verb == verb else None


def line_ends(ending: bytes) -> Script:
    """End all lines in `ending`, the dot's too: a server that speaks LF only."""
    return lambda exchange: [exchange.reply.replace(b"\r\n", ending)]


def segments(size: int, seconds: float = 0.0) -> Script:
    """Send every reply in pieces of `size` octets, with a pause behind each."""
    def script(exchange: Exchange) -> Iterator[Action]:
        for at in range(0, len(exchange.reply), size):
            yield exchange.reply[at:at + size]
            yield Pause(seconds)

    return script


def stall(verb: str, seconds: float, octets: int = 0) -> Script:
    """Pause behind the first `octets` octets of the reply to `verb`."""
    def script(exchange: Exchange) -> Iterable[Action] | None:
        if exchange.verb != verb:
            return None
        return [exchange.reply[:octets], Pause(seconds), exchange.reply[octets:]]

    return script


def first_of(*scripts: Script) -> Script:
    """The first script that has something to say about a reply."""
    def script(exchange: Exchange) -> Iterable[Action] | None:
        return next((said for one in scripts if (said := one(exchange)) is not None), None)

    return script


class Refusal(Exception):
    """The text of an -ERR."""


@dataclass
class _Session:
    """State and commands of one session; knows nothing of sockets."""

    maildrop: Maildrop
    timestamp: str
    user: str = ""
    mails: list[Mail] | None = None  # of the maildrop, once logged in
    marked: set[int] = field(default_factory=set)
    over: bool = False

    def reply(self, verb: str, argument: str) -> bytes:
        handler = getattr(self, "do_" + verb.lower(), None) if verb.isalpha() else None
        try:
            if handler is None:
                raise Refusal("unknown command")
            text, lines = handler(argument)
        except Refusal as refusal:
            return b"-ERR %s\r\n" % str(refusal).encode()
        status = b"+OK %s\r\n" % text.encode() if text else b"+OK\r\n"
        if lines is None:
            return status
        return status + b"".join(_stuffed(line) for line in lines) + b".\r\n"

    def close(self) -> None:
        """The connection is gone: nothing is deleted."""
        if self.mails is not None:
            self.maildrop.locked = False
            self.mails = None

    def _enter(self) -> tuple[str, None]:
        if self.maildrop.locked:
            raise Refusal("[IN-USE] maildrop already locked")
        self.maildrop.locked = True
        self.mails = list(self.maildrop.mails)
        return "%d messages" % len(self.mails), None

    def _authorizing(self) -> None:
        if self.mails is not None:
            raise Refusal("already logged in")

    def _transacting(self) -> list[Mail]:
        if self.mails is None:
            raise Refusal("log in first")
        return self.mails

    def _kept(self) -> list[tuple[int, Mail]]:
        numbered = enumerate(self._transacting(), 1)
        return [(number, mail) for number, mail in numbered if number not in self.marked]

    def _mail(self, argument: str) -> tuple[int, Mail]:
        number = int(argument) if argument.isdecimal() else 0
        for candidate, mail in self._kept():
            if candidate == number:
                return number, mail
        raise Refusal("no such message")

    def do_user(self, argument: str) -> tuple[str, None]:
        self._authorizing()
        self.user = argument
        return "", None

    def do_pass(self, argument: str) -> tuple[str, None]:
        self._authorizing()
        user, self.user = self.user, ""
        if not user:
            raise Refusal("USER first")
        if (user, argument) != (self.maildrop.user, self.maildrop.password):
            raise Refusal("[AUTH] wrong user or password")
        return self._enter()

    def do_apop(self, argument: str) -> tuple[str, None]:
        self._authorizing()
        name, _, digest = argument.rpartition(" ")
        right = hashlib.md5((self.timestamp + self.maildrop.password).encode()).hexdigest()
        if (name, digest) != (self.maildrop.user, right):
            raise Refusal("[AUTH] wrong user or digest")
        return self._enter()

    def do_capa(self, argument: str) -> tuple[str, list[bytes]]:
        return "", [line.encode() for line in CAPABILITIES]

    def do_stat(self, argument: str) -> tuple[str, None]:
        kept = self._kept()
        return "%d %d" % (len(kept), sum(len(mail.content) for _, mail in kept)), None

    def _listing(self, argument: str,
                 row: Callable[[Mail], str]) -> tuple[str, list[bytes] | None]:
        if argument:
            number, mail = self._mail(argument)
            return "%d %s" % (number, row(mail)), None
        return "", [b"%d %s" % (number, row(mail).encode()) for number, mail in self._kept()]

    def do_list(self, argument: str) -> tuple[str, list[bytes] | None]:
        return self._listing(argument, lambda mail: str(len(mail.content)))

    def do_uidl(self, argument: str) -> tuple[str, list[bytes] | None]:
        return self._listing(argument, lambda mail: mail.uid)

    def do_retr(self, argument: str) -> tuple[str, list[bytes]]:
        _number, mail = self._mail(argument)
        self.maildrop.retrieved.append(mail)
        return "%d octets" % len(mail.content), mail.content[:-2].split(b"\r\n")

    def do_top(self, argument: str) -> tuple[str, list[bytes]]:
        number, _, count = argument.partition(" ")
        _number, mail = self._mail(number)
        if not count.isdecimal():
            raise Refusal("how many lines?")
        lines = mail.content[:-2].split(b"\r\n")
        body = lines.index(b"") + 1 if b"" in lines else len(lines)
        return "", lines[:body + int(count)]

    def do_dele(self, argument: str) -> tuple[str, None]:
        number, _mail = self._mail(argument)
        self.marked.add(number)
        return "", None

    def do_noop(self, argument: str) -> tuple[str, None]:
        self._transacting()
        return "", None

    def do_rset(self, argument: str) -> tuple[str, None]:
        self._transacting()
        self.marked.clear()
        return "", None

    def do_quit(self, argument: str) -> tuple[str, None]:
        self.over = True
        for number in sorted(self.marked if self.mails is not None else ()):
            mail = self._transacting()[number - 1]
            self.maildrop.mails.remove(mail)
            self.maildrop.deleted.append(mail)
        self.close()
        return "bye", None


def _stuffed(line: bytes) -> bytes:
    return (b"." if line.startswith(b".") else b"") + line + b"\r\n"


class Server:
    """Serves a maildrop. `port` 0 takes a free one; the one taken is in `port` after `start`."""

    def __init__(self, maildrop: Maildrop, host: str = "127.0.0.1", port: int = 0,
                 script: Script | None = None,
                 secured: ssl.SSLContext | None = None) -> None:
        self._secured = secured
        self.maildrop = maildrop
        self.host = host
        self.port = port
        self.script = script
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen. Raises OSError."""
        self._server = await asyncio.start_server(self._serve, self.host, self.port,
                                                  limit=LINE_CAP, ssl=self._secured)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listen no more, break all sessions off."""
        if self._server is not None:
            self._server.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self.maildrop.sessions += 1
        number = self.maildrop.sessions
        session = _Session(self.maildrop, "<%d.%d@desk>" % (number, time.time_ns()))
        try:
            # a peer that is gone, or says nothing that makes sense, ends its session and no more;
            # so does stop(): of a cancelled one asyncio 3.11 would print a traceback
            with suppress(OSError, EOFError, TimeoutError, asyncio.LimitOverrunError,
                          asyncio.CancelledError):
                await self._converse(session, number, reader, writer)
        finally:
            session.close()
            if session.over:
                writer.close()
            else:
                writer.transport.abort()

    async def _converse(self, session: _Session, number: int, reader: asyncio.StreamReader,
                        writer: asyncio.StreamWriter) -> None:
        counts: dict[str, int] = {}
        verb = argument = ""
        reply = b"+OK ready %s\r\n" % session.timestamp.encode()
        while True:
            counts[verb] = counts.get(verb, 0) + 1
            exchange = Exchange(verb, argument, reply, number, counts[verb])
            if not await self._say(exchange, writer) or session.over:
                return
            line = await asyncio.wait_for(reader.readuntil(b"\n"), IDLE_S)
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            verb, _, argument = text.partition(" ")
            verb = verb.upper()
            secret = verb in ("PASS", "APOP", "AUTH")
            self.maildrop.commands.append(verb + " ****" if secret else text)
            reply = session.reply(verb, argument)

    async def _say(self, exchange: Exchange, writer: asyncio.StreamWriter) -> bool:
        actions = self.script(exchange) if self.script is not None else None
        for action in [exchange.reply] if actions is None else actions:
            if isinstance(action, Drop):
                return False
            if isinstance(action, Pause):
                await asyncio.sleep(action.seconds)
            else:
                writer.write(action)
                await writer.drain()
        return True


@contextmanager
def serving(maildrop: Maildrop, script: Script | None = None,
            secured: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server in a thread of its own, for as long as the block lasts; with `secured`, over TLS.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="maildrop", daemon=True)
    thread.start()
    server = Server(maildrop, script=script, secured=secured)
    asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
