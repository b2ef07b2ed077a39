"""The bodies of mails as a POP3 server sends them (RFC 1939 section 3), unstuffed in place."""
from __future__ import annotations

import asyncio
from array import array
from typing import TYPE_CHECKING

from micropython import const

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
from firmware.recording.faults import PROTOCOL, SERVER_SILENT, Fault

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from typing import NoReturn, Protocol

    from firmware.pop3.reply import ReplyReader

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
_SURPLUS_MS = const(1000)  # how long a mail is waited for that is shorter than listed
_MOST_BEYOND = const(0x4000000)  # octets beyond those listed after which a mail has no end
_BODY_MS = const(900000)  # for all waits together, and for each octet that came of a mail
_OCTET_MS = const(4)
_PACE_OCTETS = const(4096)  # the other tasks get their turn at least this often
# what `_flow` came to
_LENDS = const(0)
_FULL = const(1)
_EMPTY = const(2)


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
            if self.taker is not None and self.octets:
                came_to = self._flow(self.taker)
                if came_to != _LENDS:
                    await (self.taker.room() if came_to == _FULL else self._receive())
                    continue
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

    def _flow(self, taker: Taker) -> int:
        """Let `taker` have what came, and what comes, for as long as it takes all of it: _LENDS
        when it takes no more, _FULL when it took some only, _EMPTY when nothing more has come.
        """
        reader = self._reader
        while True:
            if reader.start == reader.end and not self._received():
                return _EMPTY
            start, end = reader.start, reader.end
            if reader.buffer[end - 1] <= _DOT:
                end = _possible_end(reader.buffer, start, end)
            at = taker.take(reader.buffer, start, end)
            if at == start:
                return _LENDS
            self._before_that = reader.buffer[at - 2] if at - 2 >= start else self._before
            self._before = reader.buffer[at - 1]
            self.octets += at - start
            reader.start = at
            if at < end:
                return _FULL

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
            self._has_no_end()
        try:
            return self._reader.fill_now()
        except Fault as fault:
            self._fail(fault)

    def _has_no_end(self) -> NoReturn:
        self._fail(Fault(PROTOCOL, "a mail without an end"))

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
