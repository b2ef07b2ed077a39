"""What a POP3 server says: status lines, listings, the bodies of mails (RFC 1939 section 3).

One buffer serves a whole connection: octets are read into it, looked at where they lie, and lent
out as views.
"""
from __future__ import annotations

import asyncio
from array import array
from typing import TYPE_CHECKING

from micropython import const

from firmware.pop3.failures import link_fault
from firmware.pop3.stuffing import (
    CRLF_LINES,
    FROM,
    LF_LINES,
    LIMIT,
    STATE_WORDS,
    STEP,
    WRITTEN,
    unstuff,
)
from firmware.recording.faults import PROTOCOL, SERVER_BROKE_OFF, SERVER_SILENT, Fault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import NoReturn, Protocol

    from firmware.devices import Clock, Link

    class Taker(Protocol):
        """Who takes octets of a body where they lie."""

        def take(self, buffer: bytearray, start: int, end: int) -> int:
            """Take octets from the front of buffer[start:end], no dot among them; returns where
            it stopped.
            """
            ...

        def room(self) -> Awaitable[None]:
            """Wait until there is room for more. What it raises, `Body.next` raises."""
            ...

_LF = const(10)
_CR = const(13)
_DOT = const(46)
LINE_CAP = const(1024)  # the manual allows 512 characters; as much again for servers that say more
MIN_BUFFER = const(1032)  # a whole line with its ending, and the two octets before it
_SURPLUS_MS = const(1000)  # how long a mail is waited for that is shorter than listed
_MOST_BEYOND = const(0x4000000)  # octets beyond those listed after which a mail has no end
# Silence is counted anew with every octet. All waits for one reply together are bounded, too, or a
# server could hold a visit for days with an octet a minute.
_LINE_WAITS = const(4)  # time-outs, for a status line
_LISTING_MS = const(900000)
_BODY_MS = const(900000)  # and for each octet that came of a mail
_OCTET_MS = const(4)
_PACE_OCTETS = const(4096)  # a body gives the other tasks their turn at least this often


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
        # unread octets are buffer[start:end]; start never falls below 2, and the two octets before
        # it are those read before
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
            count = self.link.read_now(self._room())
        except OSError as error:
            raise link_fault(error) from None
        if count is None:
            return False
        self._came(count)
        return True

    def _came(self, count: int) -> None:
        if count == 0:
            raise Fault(SERVER_BROKE_OFF)
        self.end += count
        if self._alive is not None:
            self._alive()

    def _room(self) -> memoryview:
        if self.start > 2:
            self._move_down()
        return self._whole if self.end == 2 else self.view[self.end:]

    def _move_down(self) -> None:
        start, end = self.start, self.end
        count = end - start + 2
        if count < 8:  # the usual case in a body; a slice would cost memory
            for index in range(count):
                self.buffer[index] = self.buffer[start - 2 + index]
        else:
            self.view[:count] = self.view[start - 2:end]
        self.start = 2
        self.end = count

    async def line(self) -> memoryview:
        """The next line without its ending, valid until the next call.

        Raises Fault PROTOCOL past LINE_CAP octets.
        """
        looked = 0
        while True:
            at = self.buffer.find(b"\n", self.start + looked, self.end)
            length = (at if at >= 0 else self.end) - self.start
            if length >= LINE_CAP:
                raise Fault(PROTOCOL, "a line of more than %d octets" % LINE_CAP)
            if at >= 0:
                break
            looked = length
            await self.fill()
        start, self.start = self.start, at + 1
        self.lf_line = at == start or self.buffer[at - 1] != _CR
        return self.view[start:at if self.lf_line else at - 1]

    async def status(self, in_exchange: bool = False) -> bool:
        """Read a status line: True for `+OK`, False for `-ERR`.

        Its text is left in `text`, how it ended in `lf_only`. `in_exchange` admits a challenge
        (RFC 5034 section 4) as well, and leaves it in `text`. Raises Fault PROTOCOL for anything
        else.
        """
        self.waited_ms, self.patience_ms = 0, _LINE_WAITS * self.link.timeout_ms
        said = bytes(await self.line())
        self.waited_ms, self.patience_ms = 0, _LISTING_MS  # for what may follow
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
        line = await self.line()
        if len(line) and line[0] == _DOT:
            if len(line) == 1:
                return None
            if line[1] == _DOT:
                return line[1:]
        return line


class Body:
    """The octets of one mail as the server sends them, unstuffed, in pieces.

    Where it ends (POP3 rule 1): at CRLF.CRLF when the status line ended in CRLF, at LF.LF when it
    ended in a bare LF. Any other ending counts only when the listed octets have come and the line
    stays silent; `mixed` tells of it.

    `taker`, when set, has the first choice: what it takes is not lent out.

    :param listed: octets by the server's listing, 0 when not known
    :param silence_ms: silence after which the server is given up
    :param quiet_ms: silence after which a mixed ending counts
    """

    def __init__(self, reader: ReplyReader, listed: int, silence_ms: int, quiet_ms: int) -> None:
        self.complete = False  # `next` has returned None: the whole mail was lent out
        self.ended = False  # nothing more will come: complete, or broken off
        self.mixed = False
        self.lf_only = reader.lf_only
        self.withheld = False  # it is the header alone of a mail that is not to be fetched
        self.octets = 0  # lent out or taken so far
        self.taker: Taker | None = None
        self.listed = listed
        self._reader = reader
        self._silence_ms = silence_ms
        self._quiet_ms = quiet_ms
        self._fault: Fault | None = None
        self._terminated = False
        self._unpaced = 0
        self._state = array("I", [0] * STATE_WORDS)
        self._state[STEP] = LF_LINES if reader.lf_only else CRLF_LINES
        # the last octet that came before the unread ones, and the one before it
        self._before = _LF
        self._before_that = 0 if reader.lf_only else _CR

    async def next(self) -> memoryview | None:
        """The next piece, one octet at least, valid until the next call; None at the end.

        Raises Fault SERVER_SILENT or SERVER_BROKE_OFF, PROTOCOL when this can't be the mail or its
        end, and the same again when called again.
        """
        if self._fault is not None:
            raise self._fault
        while not self._terminated:
            if not self.octets and self._may_be_an_answer():
                await self._receive()
                continue
            while self.taker is not None and self._taken(self.taker):
                await self.taker.room()
            piece = self._unread_piece()
            if piece is not None:
                self.octets += len(piece)
                self._unpaced += len(piece)
                if self._unpaced >= _PACE_OCTETS:
                    self._unpaced = 0
                    await asyncio.sleep(0)
                return piece
            if not self._terminated and not self._received():
                await self._receive()
        await self._look_behind()
        # Only now: while the last piece is lent out, no other reply may be read over it.
        self.complete = self.ended = True
        return None

    async def drain(self) -> None:
        """Read to the end and drop it. Raises as `next`."""
        while await self.next() is not None:
            pass

    def _taken(self, taker: Taker) -> bool:
        """True when some octets, but not all, were taken."""
        reader = self._reader
        buffer, start, end = reader.buffer, reader.start, reader.end
        if start == end:
            return False
        if buffer[end - 1] <= _DOT:
            end = _possible_end(buffer, start, end)
        at = taker.take(buffer, start, end)
        if at > start:
            self._before_that = buffer[at - 2] if at - 2 >= start else self._before
            self._before = buffer[at - 1]
            self.octets += at - start
            reader.start = at
        return start < at < end

    def _unread_piece(self) -> memoryview | None:
        reader, state = self._reader, self._state
        start, end = reader.start, reader.end
        if start == end:
            return None
        buffer = reader.buffer
        # Unstuffing moves octets over those that the next look must see before it: put these
        # back, keep the new ones.
        buffer[start - 1] = self._before
        buffer[start - 2] = self._before_that
        held = _possible_end(buffer, start, end)
        self._before = buffer[held - 1]
        self._before_that = buffer[held - 2]
        state[FROM] = start
        state[LIMIT] = held
        ends = end - held == state[STEP] and self._ends_properly(buffer[end - 1])
        at = unstuff(buffer, state)
        if at < 0 and ends:
            at = held
        self._terminated = at >= 0
        reader.start = at + state[STEP] if at >= 0 else held
        written = state[WRITTEN]
        return reader.view[start:written] if written > start else None

    def _ends_properly(self, last: int) -> bool:
        """True when what is held back, as long as a terminating line, stands and ends as one."""
        proper = self._state[STEP] == LF_LINES or self._before_that == _CR
        return last == _LF == self._before and proper

    def _may_end_here(self) -> bool:
        """True when silence now would mean the end.

        That is behind a mixed ending, when at least the listed octets have come. A dot behind
        text (an old server put its terminator straight behind an unterminated last line) is the
        end of a sentence far more often, so there the count must match exactly.
        """
        reader = self._reader
        if reader.start == reader.end or reader.buffer[reader.end - 1] != _LF or not self.listed:
            return False
        return self.octets >= self.listed if self._before == _LF else self.octets == self.listed

    def _may_be_an_answer(self) -> bool:
        """True when too little has come to tell. No mail begins like an answer: one that seems to
        is the answer to an earlier command, and what follows is not the mail that was asked for.
        """
        reader = self._reader
        front = bytes(reader.view[reader.start:min(reader.end, reader.start + 4)]).upper()
        if front[:3] == b"+OK" or front == b"-ERR":
            self._fail(Fault(PROTOCOL, "the answers are out of step"))
        return front != b"" and (b"+OK".startswith(front) or b"-ERR".startswith(front))

    async def _look_behind(self) -> None:
        """What stands behind the end must be the next answer, or it was no end: a server that does
        not stuff dots would have the mail cut there. A mail shorter than listed is given time.
        """
        reader = self._reader
        if reader.start == reader.end and self.octets < self.listed and not self.mixed:
            reader.link.timeout_ms = _SURPLUS_MS
            try:
                await reader.fill()
            except Fault:
                return  # nothing came; the next command tells when the connection is gone
        if reader.start < reader.end and reader.buffer[reader.start] not in b"+-":
            self._fail(Fault(PROTOCOL, "there is more behind the end of a mail"))

    def _fail(self, fault: Fault) -> NoReturn:
        self.ended = True
        self._fault = fault
        self._reader.link.close()
        raise fault

    def _received(self) -> bool:
        """True when more had come already."""
        if self.octets - self.listed > _MOST_BEYOND:
            self._fail(Fault(PROTOCOL, "a mail without an end"))
        try:
            return self._reader.fill_now()
        except Fault as fault:
            self._fail(fault)

    async def _receive(self) -> None:
        mixed = self._may_end_here()
        self._reader.link.timeout_ms = self._quiet_ms if mixed else self._silence_ms
        self._reader.patience_ms = _BODY_MS + _OCTET_MS * self.octets
        try:
            await self._reader.fill()
        except Fault as fault:
            if mixed and fault.code == SERVER_SILENT:
                self._reader.start = self._reader.end
                self._terminated = self.mixed = True
                return
            self._fail(fault)


def _possible_end(buffer: bytearray, start: int, end: int) -> int:
    """Index of a dot with at most CR, LF or CRLF behind it at the end of what came, else `end`.

    Such octets wait for what follows: they may end the mail, in the proper way or not.
    """
    at = end - 1
    if buffer[at] == _LF and at > start:
        at -= 1
    if buffer[at] == _CR and at > start:
        at -= 1
    return at if buffer[at] == _DOT else end
