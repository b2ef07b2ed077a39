"""How client and server talk: a connection, its state, commands and their answers, those sent
ahead too (RFC 1939 section 3, RFC 2449 section 6.6). What is said is `session`.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from micropython import const

from firmware import on_demand
from firmware.pop3.body import Body
from firmware.pop3.capability import Capabilities
from firmware.pop3.failures import Refused, WrongState, error_number, is_silence, link_fault
from firmware.pop3.parsing import response_code
from firmware.pop3.reply import ReplyReader
from firmware.recording.faults import (
    LOGIN_REFUSED,
    NETWORK_DOWN,
    NO_NAME,
    NO_SERVER,
    PROTOCOL,
    SERVER_BROKE_OFF,
    SERVER_REFUSED,
    STLS_NOT_OFFERED,
    TAMPERED,
    Fault,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from firmware.devices import Board, Link, Network

    Secure = Callable[[Link], Awaitable[None]]

CLOSED = const(0)
AUTHORIZATION = const(1)
TRANSACTION = const(2)  # UPDATE is over before `quit` returns
_STATE_NAMES = ("no", "the AUTHORIZATION", "the TRANSACTION")

LISTING_SLACK = const(64)  # lines of a listing above the count that STAT said
_WORDS_CAP = const(100)
_PIECE = const(500)  # octets of a line of AUTH, roughly, that are sent at a time
_MASKS = "firmware.pop3.masks"

# where each command is allowed; what is not here belongs to the TRANSACTION state (RFC 1939
# sections 4 to 6, 2449)
_STATES = {b"USER": (AUTHORIZATION,), b"PASS": (AUTHORIZATION,), b"APOP": (AUTHORIZATION,),
           b"AUTH": (AUTHORIZATION,), b"STLS": (AUTHORIZATION,),
           b"UTF8": (AUTHORIZATION,), b"LANG": (AUTHORIZATION, TRANSACTION),
           b"CAPA": (AUTHORIZATION, TRANSACTION),
           b"QUIT": (AUTHORIZATION, TRANSACTION)}


def _line(verb: bytes, arguments: tuple[bytes, ...]) -> bytes:
    line = b" ".join((verb,) + arguments)  # noqa: RUF005 - not on MicroPython
    if line.find(b"\r") >= 0 or line.find(b"\n") >= 0 or line.find(b"\0") >= 0:
        raise ValueError("an argument holds a line break or a NUL")
    return line + b"\r\n"


class TimeOuts:
    """Silence allowed, in ms, each counted anew with every octet that comes."""

    def __init__(self, connect_ms: int = 30000, greeting_ms: int = 60000, reply_ms: int = 60000,
                 silence_ms: int = 60000, quiet_ms: int = 5000) -> None:
        self.connect_ms = connect_ms
        self.greeting_ms = greeting_ms
        self.reply_ms = reply_ms
        self.silence_ms = silence_ms  # within a body or a listing
        self.quiet_ms = quiet_ms  # behind a body that seems to have ended in an improper way


class Conversation:
    """A session with a server as far as it is one of commands and answers; one object serves one
    session after the other.

    Every command raises Fault SERVER_SILENT, SERVER_BROKE_OFF or PROTOCOL when the connection
    fails or the server does not speak POP3; the session is closed then. Refused (SERVER_REFUSED)
    when the server answers -ERR. WrongState when the command does not belong here.

    :param buffer: for replies, see ReplyReader; lent to this object for good
    :param trace: called with 'C' or 'S' and a line, secrets masked
    :param alive: called whenever octets have come
    """

    def __init__(self, network: Network, buffer: bytearray, times: TimeOuts | None = None,
                 trace: Callable[[str, str], None] | None = None,
                 alive: Callable[[], None] | None = None) -> None:
        self.times = times or TimeOuts()
        self.state = CLOSED
        self.secured = False  # by TLS
        self.board: Board | None = None  # what `security` needs for TLS
        self.peer = ("", 0)  # host and port that `connect` was asked for
        self.greeting = b""
        self.text = b""  # of the last reply, as the server sent it: `words` is for people
        self.response_code = ""  # of the last reply
        self.capabilities = Capabilities()
        self._network = network
        self._buffer = buffer
        self.show(trace)
        self._alive = alive
        self._reader: ReplyReader | None = None
        self._body: Body | None = None
        self._secrets: list[bytes] = []
        self.salted: dict[bytes, bytes] = {}  # by SCRAM, for logins to come; a secret
        self._listing_cap = LISTING_SLACK
        self.pipelining = False  # the server takes commands ahead of its answers, here and now
        self.trail: Callable[[], None] | None = None  # sends ahead what may follow a login
        self._unsent = b""
        self._owed: list[int] = []  # hashes of the commands sent ahead, oldest first
        self._standing = 0  # how many of them, the youngest, are in `_unsent`

    async def connect(self, host: str, port: int, secure: Secure | None = None) -> None:
        """Connect and read the greeting.

        Raises Fault NETWORK_DOWN, NO_NAME, NO_SERVER, SERVER_REFUSED, PROTOCOL, and what `secure`
        raises.

        :param secure: secures the link before anything is said (RFC 8314 section 3.2)
        """
        self.close()
        self.peer = (host, port)
        link = await self._open_link(host, port)
        if secure is not None:
            link.timeout_ms = self.times.greeting_ms
            await secure(link)
            self.secured = True
        self._reader = ReplyReader(link, self._buffer, self._alive)
        self._reader.clock = self.board.clock if self.board is not None else None
        self.capabilities = Capabilities()
        link.timeout_ms = self.times.greeting_ms
        try:
            accepted = await self._status(self._reader)
        except Fault as fault:
            # a refused connection may show at the first read only
            if fault.code == SERVER_BROKE_OFF and fault.detail:
                raise Fault(NO_SERVER, "%s port %d: %s" % (host, port, fault.detail)) from None
            raise
        if not accepted:
            self.close()
            raise Refused(SERVER_REFUSED, self.words(), self.response_code)
        self.state = AUTHORIZATION
        self.greeting = self.text

    async def stls(self, secure: Secure) -> None:
        """STLS: secure the connection that stands (RFC 2595 section 4). What the server said it
        can is forgotten.

        Raises Fault STLS_NOT_OFFERED; TAMPERED when anything came behind the server's answer; and
        what `secure` raises. The session is closed then.
        """
        accepted = await self.command(b"STLS")
        reader = self._reader
        if reader is None or not accepted:
            self.close()
            raise Fault(STLS_NOT_OFFERED, self.words())
        if reader.end > reader.start:
            self.close()
            raise Fault(TAMPERED, "%d octets" % (reader.end - reader.start))
        try:
            await secure(reader.link)
        except Fault:
            self.close()
            raise
        self.secured = True
        self.capabilities = Capabilities()

    async def _open_link(self, host: str, port: int) -> Link:
        if not self._network.is_up():
            raise Fault(NETWORK_DOWN)
        try:
            addresses = self._network.resolve(host, port)
        except OSError:
            raise Fault(NO_NAME, host) from None
        if not addresses:
            raise Fault(NO_NAME, host)
        detail = ""
        for address in addresses:
            try:
                return await self._network.connect(address, self.times.connect_ms)
            except OSError as error:
                detail = "no answer" if is_silence(error) else "error %d" % error_number(error)
        raise Fault(NO_SERVER, "%s port %d: %s" % (host, port, detail))

    def close(self) -> None:
        """Close the connection at once; harmless when it is closed."""
        self.state = CLOSED
        self.secured = False
        self._body = None
        self._unsent = b""
        self._owed.clear()
        self.pipelining = False
        if self._reader is not None:
            self._reader.link.close()
            self._reader = None

    async def command(self, verb: bytes, *arguments: bytes, shown: bytes = b"") -> bool:
        """Send a command, unless it was sent ahead, and read its status line: True for +OK.

        Raises ValueError, before anything is sent, when an argument holds CR, LF or NUL;
        WrongState too when others were sent ahead whose answers come first.

        :param shown: stands for the command in the trace
        """
        line = _line(verb, arguments)
        reader = self._ready(verb)
        if self._owed:
            if self._owed[0] != hash(line):
                raise WrongState("%s before the answers to others" % str(verb, "ascii"))
            del self._owed[0]
        else:
            self._check_state(verb)
            if reader.start != reader.end:  # else it would pass for the answer to this command
                self.close()
                raise Fault(PROTOCOL, "an answer that nobody asked for")
            self._note("C", shown or line[:-2])
            self._unsent += line
            self._standing = 1
        if self._standing > len(self._owed):  # it is among those that were not sent yet
            await self.flush()
        reader.link.timeout_ms = self.times.reply_ms
        return await self._status(reader)

    async def exchange(self, pieces: Iterable[bytes], shown: bytes,
                       last: bool = False) -> bytes | None:
        """One step of AUTH (RFC 5034 section 4): send a line, in pieces as large as one likes;
        `shown` stands for it in the trace. Nothing but a status can answer the `last`.

        Returns the server's challenge as it came, None for +OK. Raises Refused (LOGIN_REFUSED)
        for -ERR.
        """
        reader = self._ready(b"AUTH")
        self._check_state(b"AUTH")
        if reader.start != reader.end:
            self.close()
            raise Fault(PROTOCOL, "an answer that nobody asked for")
        self._note("C", shown)
        for piece in pieces:
            if len(self._unsent) > _PIECE:  # several small ones would wait for each other's ACKs
                await self.flush()
            self._unsent += piece
        self._unsent += b"\r\n"
        if last and self.trail is not None:
            self.trail()
        await self.flush()
        reader.link.timeout_ms = self.times.reply_ms
        if not await self._status(reader, True):
            raise Refused(LOGIN_REFUSED, self.words(), self.response_code)
        return self.text if reader.challenged else None

    def ahead(self, verb: bytes, *arguments: bytes, shown: bytes = b"") -> None:
        """Put a command into the row of those that `flush` sends; its answer is read by the method
        that would have sent it, called in the same order. For servers that announce PIPELINING
        (RFC 2449 section 6.6).

        The caller keeps the octets of unanswered commands below what any TCP holds for sending
        (AHEAD_OCTETS). So `flush` never waits for the server to read, whatever it does: this side
        always comes back to reading, and the server can always write. Neither can ever wait for
        the other for ever.
        """
        line = _line(verb, arguments)
        self._note("C", shown or line[:-2])
        self._unsent += line
        self._owed.append(hash(line))
        self._standing += 1

    async def flush(self) -> None:
        """Send what stands ready."""
        self._standing = 0
        if not self._unsent or self._reader is None:
            return
        unsent, self._unsent = self._unsent, b""
        self._reader.link.timeout_ms = self.times.reply_ms
        try:
            await self._reader.link.write(unsent)
        except OSError as error:
            self.close()
            raise link_fault(error) from None

    @property
    def owed(self) -> int:
        """Answers to commands sent ahead that have not been read."""
        return len(self._owed)

    def _ready(self, verb: bytes) -> ReplyReader:
        if self._body is not None and not self._body.complete:
            if not self._body.ended:
                raise WrongState("%s while a body has not been read" % str(verb, "ascii"))
            self.close()
            raise Fault(SERVER_BROKE_OFF)
        self._body = None
        if self._reader is None:
            raise WrongState("%s in no state" % str(verb, "ascii"))
        return self._reader

    def _check_state(self, verb: bytes) -> None:
        if self.state not in _STATES.get(verb, (TRANSACTION,)):
            raise WrongState("%s in %s state" % (str(verb, "ascii"), _STATE_NAMES[self.state]))

    def can_talk(self) -> bool:
        """True when logged in and not inside a body."""
        return self.state == TRANSACTION and (self._body is None or self._body.complete)

    async def _status(self, reader: ReplyReader, in_exchange: bool = False) -> bool:
        try:
            accepted = await reader.status(in_exchange)
        except Fault:
            self.close()
            raise
        self.text = reader.text
        self.response_code = response_code(reader.text)
        said = b"+ " if reader.challenged else b"+OK " if accepted else b"-ERR "
        self._note("S", said + reader.text)
        return accepted

    def show(self, trace: Callable[[str, str], None] | None) -> None:
        """Call `trace` with 'C' or 'S' and each line from now on, secrets masked; None: stop."""
        self._trace = trace
        if trace is not None:
            on_demand.load(_MASKS)  # stays, for every line wants it
        else:
            on_demand.drop(_MASKS)

    def words(self) -> str:
        """What the server said last, for people: printable, bounded, no secret in it."""
        return self.masked(self.text)[:_WORDS_CAP]

    def hide(self, secret: bytes) -> None:
        """Never show `secret`, should the server say it back, until the next login."""
        if secret and secret not in self._secrets:
            self._secrets.append(secret)

    def masked(self, line: bytes) -> str:
        """`line` made printable, secrets masked."""
        if self._secrets:
            line = on_demand.call(_MASKS, "masked", line, self._secrets)
        shown = bytearray(line)  # to join characters would take eight times as much in one piece
        for at, octet in enumerate(shown):
            if not 0x20 <= octet <= 0x7E:
                shown[at] = 0x3F
        return str(shown, "ascii")

    def _note(self, side: str, line: bytes) -> None:
        if self._trace is not None:
            self._trace(side, self.masked(line))
