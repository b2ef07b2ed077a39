"""The AUTH command: lines of base64 to and fro (RFC 5034, RFC 4422 section 4)."""
from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from typing import TYPE_CHECKING

from micropython import const

from firmware.pop3.conversation import CLOSED
from firmware.pop3.failures import Refused
from firmware.recording.faults import PROTOCOL, Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import NoReturn

    from firmware.pop3.session import Session

_STEP = const(768)  # octets encoded at a time: a token may be larger than what the heap has left
_SHORT = const(24)  # octets, of which base64 makes a run that `masks` does not hide of itself
_COMMAND_CAP = const(255)  # RFC 5034 section 4: an AUTH command with its response and CRLF
_MASK = b"****"


def encoded(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The base64 of all pieces together, bit by bit."""
    held = b""
    for piece in pieces:
        for at in range(0, len(piece), _STEP):
            held += piece[at:at + _STEP]
            whole = len(held) // 3 * 3
            yield base64(held[:whole])
            held = held[whole:]
    yield base64(held)


def base64(octets: bytes) -> bytes:
    """Base64 without a line break."""
    return b2a_base64(octets)[:-1]


def escaped(user: bytes) -> bytes:
    """A `saslname` (RFC 5802 section 5.1)."""
    return user.replace(b"=", b"=3D").replace(b",", b"=2C")


class Sasl:
    """One exchange. Every step raises Refused when the server refuses, and returns the server's
    challenge as it came: what a prompt says does not matter, and not every server encodes it.
    """

    def __init__(self, session: Session, name: bytes) -> None:
        self.session = session
        self._name = name

    async def listen(self) -> bytes:
        """Begin; the server speaks first. Returns its challenge."""
        return self._wanted(await self._command())

    async def open(self, *pieces: bytes, two_lines: bool = False,
                   last: bool = False) -> bytes | None:
        """Begin with a response: within the command where the server announces that and the line
        is short, else on a line of its own when the server asks for it. Only a status can follow
        the `last`.

        Returns the server's challenge, None when the login is over.
        """
        octets = sum(len(piece) for piece in pieces)
        length = len(b"AUTH  \r\n") + len(self._name) + (octets + 2) // 3 * 4
        announced = self.session.capabilities.has("SASL")
        if two_lines or not announced or length > _COMMAND_CAP:
            self._wanted(await self._command())
            return await self.answer(*pieces, last=last)
        return await self._command(*pieces, last=last)

    async def _command(self, *pieces: bytes, last: bool = False) -> bytes | None:
        line = b"AUTH " + self._name
        if not pieces:
            return await self.session.exchange((line,), line)
        self._hide(pieces)
        line += b" "
        whole = line + b"".join(encoded(pieces))
        return await self.session.exchange((whole,), line + _MASK, last)

    async def answer(self, *pieces: bytes, last: bool = False) -> bytes | None:
        """Answer a challenge. Returns the next one, None when the login is over."""
        self._hide(pieces)
        return await self.session.exchange(encoded(pieces), _MASK, last)

    def _hide(self, pieces: Iterable[bytes]) -> None:
        # for servers that take a line for a command and say it back in capitals; of long ones
        # nothing is shown anyway
        if sum(len(piece) for piece in pieces) <= _SHORT:
            self.session.hide(b"".join(encoded(pieces)).rstrip(b"="))

    async def decoded(self, challenge: bytes) -> bytes:
        """What a challenge says that matters. Raises Fault PROTOCOL, the exchange cancelled."""
        try:
            return a2b_base64(challenge)
        except ValueError:
            await self.give_up(PROTOCOL, "a challenge that is not base64")

    def _wanted(self, challenge: bytes | None) -> bytes:
        if challenge is None:
            self.session.close()
            raise Fault(PROTOCOL, "the server wanted no proof of who we are")
        return challenge

    async def give_up(self, code: int, why: str) -> NoReturn:
        """Cancel (RFC 5034 section 4) and raise Fault `code`. The session is closed when the
        server does not take that for the end.
        """
        try:
            if self.session.state != CLOSED:
                await self.session.exchange((b"*",), b"*")
                self.session.close()
        except Refused:
            pass  # as it must be
        raise Fault(code, why)
