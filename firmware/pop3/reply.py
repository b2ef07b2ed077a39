"""What a POP3 server says: status lines and listings (RFC 1939 section 3); the bodies of mails are
in `body`.

One buffer serves a whole connection: octets are read into it, looked at where they lie, and lent
out as views.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from micropython import const

from firmware.pop3.failures import link_fault
from firmware.recording.faults import PROTOCOL, SERVER_BROKE_OFF, SERVER_SILENT, Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from firmware.devices import Clock, Link

_CR = const(13)
_DOT = const(46)
LINE_CAP = const(1024)  # the manual allows 512 characters; as much again for servers that say more
MIN_BUFFER = const(1032)  # a whole line with its ending, and the two octets before it
# Silence is counted anew with every octet. All waits for one reply together are bounded, too, or a
# server could hold a visit for days with an octet a minute.
_LINE_WAITS = const(4)  # time-outs, for a status line
_LISTING_MS = const(900000)


class ReplyReader:
    """Reads replies from one connection.

    :param buffer: MIN_BUFFER octets or more; the larger, the fewer pieces a body comes in
    :param alive: called whenever octets have come
    """

    def __init__(self, link: Link, buffer: bytearray,
                 alive: Callable[[], None] | None = None) -> None:
        if len(buffer) < MIN_BUFFER:
            raise ValueError("the buffer needs %d octets" % MIN_BUFFER)
        self.link = link
        self.buffer = buffer
        self.view = memoryview(buffer)
        self._whole = self.view[2:]
        # unread octets are buffer[start:end]; start never falls below 2: there a body puts the two
        # octets before them
        self.start = 2
        self.end = 2
        self.text = b""  # of the last status line, behind its indicator
        self.challenged = False  # it is no status: the server wants more of an AUTH exchange
        self.lf_only = False  # the last status line ended in a bare LF
        self.lf_line = False  # the last line of any kind did
        self._alive = alive
        self.clock: Clock | None = None  # None: waits are not bounded together
        self.waited_ms = 0  # for this reply
        self.patience_ms = 0

    async def fill(self) -> None:
        """Read what has come behind the unread octets, which may move.

        Raises Fault SERVER_SILENT, SERVER_BROKE_OFF.
        """
        clock = self.clock
        begun = clock.ticks_ms() if clock is not None else 0
        try:
            count = await self.link.readinto(self._room())
        except OSError as error:
            raise link_fault(error) from None
        self._came(count)
        if clock is not None:
            self.waited_ms += clock.ticks_diff(clock.ticks_ms(), begun)
            if self.waited_ms > self.patience_ms:
                raise Fault(SERVER_SILENT, "it is too slow")

    def fill_now(self) -> bool:
        """`fill` without waiting. False when nothing has come, or it is the turn of others."""
        try:
            return self._came(self.link.read_now(self._room()))
        except OSError as error:
            raise link_fault(error) from None

    def _came(self, count: int | None) -> bool:
        if not count:
            if count is None:
                return False
            raise Fault(SERVER_BROKE_OFF)
        self.end += count
        if self._alive is not None:
            self._alive()
        return True

    def _room(self) -> memoryview:
        """Where to read to. The unread octets move down; two octets before them are free."""
        start, end = self.start, self.end
        if start == end:  # the usual case in a body
            self.start = self.end = 2
            return self._whole
        if start > 2:
            self.view[2:2 + end - start] = self.view[start:end]
            self.start = 2
            self.end = 2 + end - start
        return self.view[self.end:]

    async def line(self) -> memoryview:
        """The next line without its ending, valid until the next call.

        Raises Fault PROTOCOL past LINE_CAP octets.
        """
        while (line := self.line_here()) is None:
            await self.fill()
        return line

    def line_here(self) -> memoryview | None:
        """`line`, when it has come whole; else None."""
        start = self.start
        at = self.buffer.find(b"\n", start, self.end)
        if (at if at >= 0 else self.end) - start >= LINE_CAP:
            raise Fault(PROTOCOL, "a line of more than %d octets" % LINE_CAP)
        if at < 0:
            return None
        self.start = at + 1
        self.lf_line = at == start or self.buffer[at - 1] != _CR
        return self.view[start:at if self.lf_line else at - 1]

    async def status(self, in_exchange: bool = False) -> bool:
        """Read a status line: True for `+OK`, False for `-ERR`.

        Its text is left in `text`, how it ended in `lf_only`. `in_exchange` admits a challenge
        (RFC 5034 section 4) as well, and leaves it in `text`. Raises Fault PROTOCOL for anything
        else.
        """
        self.waited_ms = 0
        self.patience_ms = _LINE_WAITS * self.link.timeout_ms
        line = self.line_here()
        said = bytes(await self.line() if line is None else line)
        self.waited_ms = 0
        self.patience_ms = _LISTING_MS  # for what may follow
        self.lf_only = self.lf_line
        self.challenged = in_exchange and said[:2] in (b"+", b"+ ")
        if self.challenged:
            self.text = said[2:].strip()
            return True
        # A server must send upper case (manual 6.5.9.2); nothing is lost by understanding one that
        # does not.
        if said[:3].upper() == b"+OK":
            self.text = said[3:].strip()
            return True
        if said[:4].upper() == b"-ERR":
            self.text = said[4:].strip()
            return False
        self.text = b""
        raise Fault(PROTOCOL, "the answer begins neither with +OK nor with -ERR")

    async def listed_line(self) -> memoryview | None:
        """The next line of a listing, unstuffed, valid until the next call; None behind the last.
        """
        line = self.line_here()
        return unstuffed(await self.line() if line is None else line)


def unstuffed(line: memoryview) -> memoryview | None:
    """A line of a listing without its stuffed dot; None for the last."""
    if len(line) and line[0] == _DOT:
        if len(line) == 1:
            return None
        if line[1] == _DOT:
            return line[1:]
    return line
