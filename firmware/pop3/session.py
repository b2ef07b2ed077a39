"""One POP3 session: the commands of RFC 1939 (manual 6.5.9.2)."""
from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from micropython import const

from firmware import on_demand
from firmware.pop3.body import Body
from firmware.pop3.capability import MAX_CAPABILITIES, Capabilities
from firmware.pop3.conversation import LISTING_SLACK, TRANSACTION, Conversation
from firmware.pop3.failures import Refused
from firmware.pop3.parsing import LARGEST, after_blanks, number_at
from firmware.pop3.reply import unstuffed
from firmware.recording.faults import (
    MESSAGE_REFUSED,
    PROTOCOL,
    SERVER_BROKE_OFF,
    SERVER_REFUSED,
    Fault,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_LISTING_MOST = const(1000000)  # mails, whatever STAT said
_PACE_LINES = const(32)


class Session(Conversation):
    """The commands and their answers; see Conversation for connecting, states and failures."""

    async def _required(self, verb: bytes, *arguments: bytes) -> None:
        if not await self.command(verb, *arguments):
            raise Refused(SERVER_REFUSED, self.words(), self.response_code)

    async def _listing(self, verb: bytes, each: Callable[[memoryview], None], cap: int) -> int:
        """A command whose reply is a listing: calls `each` with every line.

        Returns the count of lines.
        """
        await self._required(verb)
        reader = self._ready(verb)
        reader.link.timeout_ms = self.times.silence_ms
        count = 0
        try:
            while True:
                here = reader.line_here()
                line = unstuffed(await reader.line() if here is None else here)
                if line is None:
                    break
                count += 1
                if count > cap:
                    raise Fault(PROTOCOL, "a listing of more than %d lines" % cap)
                each(line)
                if count % _PACE_LINES == 0:
                    await asyncio.sleep(0)
        except Fault:
            self.close()
            raise
        return count

    async def capa(self) -> Capabilities:
        """CAPA: what the server can do; `known` stays False when it does not know the command (RFC
        2449).
        """
        found = Capabilities()
        try:
            await self._listing(b"CAPA", found.add, 2 * MAX_CAPABILITIES)
            found.known = True
        except Refused:
            pass  # an optional command; the rest works without it
        self.capabilities = found
        return found

    async def login(self, user: str, password: str, mechanism: str = "auto", token: str = "",
                    allow_plain: bool = True) -> str:
        """Log in by 'auto' or one mechanism of `auth.login`; read the capabilities before.

        `token` is an OAuth access token; `allow_plain` lets secrets out in clear where there is no
        TLS. Returns '', or what is to be told of it. Raises Refused (LOGIN_REFUSED,
        SERVER_REFUSED), Fault NO_LOGIN_METHOD, SERVER_FALSE, NOT_CONFIGURED; ValueError for no
        such mechanism.
        """
        self._secrets.clear()
        try:
            auth = on_demand.load("firmware.pop3.auth.login")  # used once a session
            told: str = await auth.log_in(self, mechanism, (user, password, token), allow_plain)
        finally:
            on_demand.drop("firmware.pop3.auth")
        self.state = TRANSACTION
        return told

    async def stat(self) -> tuple[int, int]:
        """STAT: count of mails and their octets; hints both.

        Raises Fault PROTOCOL when there are no numbers.
        """
        await self._required(b"STAT")
        count, at = number_at(self.text, 0)
        octets, _ = number_at(self.text, after_blanks(self.text, at))
        if count < 0:
            self.close()
            raise Fault(PROTOCOL, "STAT says no number")
        self._listing_cap = min(count, _LISTING_MOST) + LISTING_SLACK
        return count, max(octets, 0)

    async def list(self, each: Callable[[int, int], None]) -> int:
        """LIST: calls `each` with number and octets (0 when not said) of every mail.

        Returns the count of lines.
        """
        def line_seen(line: memoryview) -> None:
            number, at = number_at(line, after_blanks(line, 0))
            size, _ = number_at(line, after_blanks(line, at))
            if 0 < number < LARGEST:
                each(number, max(size, 0))

        return await self._listing(b"LIST", line_seen, self._listing_cap)

    async def uidl(self, each: Callable[[int, memoryview], None]) -> int:
        """UIDL: calls `each` with number and unique-id of every mail, as the server put it.

        The id is a view, valid during the call. Returns the count of lines.
        """
        def line_seen(line: memoryview) -> None:
            number, at = number_at(line, after_blanks(line, 0))
            end = len(line)
            at = after_blanks(line, at)
            while end > at and line[end - 1] in b" \t":
                end -= 1
            if 0 < number < LARGEST:
                each(number, line[at:end])

        return await self._listing(b"UIDL", line_seen, self._listing_cap)

    async def top(self, number: int, lines: int) -> Body:
        """TOP: headers and the first `lines` lines of the body.

        Read the body to its end before the next command.
        """
        await self._required(b"TOP", b"%d" % number, b"%d" % lines)
        return self._begin_body(0)

    async def retr(self, number: int, listed: int = 0) -> Body:
        """RETR: the whole mail. Read the body to its end before the next command.

        Raises Refused with MESSAGE_REFUSED.

        :param listed: octets that LIST said, 0 when not known
        """
        if not await self.command(b"RETR", b"%d" % number):
            raise Refused(MESSAGE_REFUSED, self.words(), self.response_code)
        return self._begin_body(listed)

    def _begin_body(self, listed: int) -> Body:
        if self._reader is None:
            raise Fault(SERVER_BROKE_OFF)
        self._body = Body(self._reader, listed, self.times.silence_ms, self.times.quiet_ms)
        return self._body

    async def dele(self, number: int) -> None:
        """DELE: mark for deletion; the server deletes at a QUIT that it answers with +OK, not
        before.
        """
        await self._required(b"DELE", b"%d" % number)

    async def noop(self) -> None:
        """NOOP: keep the session alive."""
        await self._required(b"NOOP")

    async def rset(self) -> None:
        """RSET: take all marks for deletion back."""
        await self._required(b"RSET")

    async def quit(self) -> bool:
        """QUIT, then close. True when the server answered +OK: what was marked is deleted, if a
        login had succeeded.
        """
        deletes = self.state == TRANSACTION
        accepted = await self.command(b"QUIT")
        self.close()
        return accepted and deletes
