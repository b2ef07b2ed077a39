"""The coded data of one strip at a time, in a small buffer that is refilled as decoding goes on.
"""
from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from micropython import const

from firmware.fax.buffers import INPUT_PAD
from firmware.fax.ccitt_rare import reverse_bits

if TYPE_CHECKING:
    from typing import Any, Protocol

    from firmware.fax.buffers import FaxBuffers

    class Source(Protocol):
        """Where coded octets come from: a file, or the spool while a mail arrives."""

        async def read_at(self, offset: int, view: memoryview) -> int:
            """Wait for octets at `offset`; returns how many were read into `view`, 0 only behind
            the end.
            """
            ...

        def release(self, offset: int) -> None:
            """Say that nothing below `offset` will be read again."""
            ...

    class Feed(Source, Protocol):
        """A source of the data themselves, of which most are there when they are wanted."""

        def read_now(self, offset: int, view: memoryview) -> int:
            """As `read_at` where there are octets; 0 where there are none yet, or no more."""
            ...


_LONG = const(32768)  # octets until others run, however fast they come
UNLIMITED = const(0xFFFFFFFF)  # octets of a strip whose end is not known

_P = const(0)
_BITS = const(1)
_ACC = const(2)
_LIMIT = const(6)


class Coded:
    """Feeds a decoder through the words P and LIMIT of its state."""

    def __init__(self, buffers: FaxBuffers) -> None:
        self._buffer = memoryview(buffers.input)
        self._size = len(buffers.input) - INPUT_PAD
        self._whole = self._buffer[: self._size]  # made once: a refill takes no heap
        self._state = buffers.state
        self._reverse = buffers.reverse
        self._turned = False
        self._odd = 0  # one octet that waits for its pair
        self._stop = 0  # offset behind the strip
        self._limited = False
        self._due = 0  # offset from which on others are to run before the next refill
        self.source: Any = None
        self.hold = 0  # what lies before it may be let go of, once it is used
        self.position = 0  # offset of the next octet to read
        self.ended = False  # no more will come; zeros follow the last octet
        self.tail = 0  # octets before those zeros

    def begin(self, source: Feed, offset: int, octets: int, lsb_first: bool) -> None:
        """Begin a strip of at most `octets` octets; nothing of it is let go of yet."""
        self.source = source
        self.hold = 0
        self.position = self._due = offset
        self._stop = offset + octets
        self._limited = octets < UNLIMITED
        self._turned = lsb_first
        self._odd = self.tail = 0
        self.ended = False
        state = self._state
        state[_P] = state[_LIMIT] = state[_BITS] = state[_ACC] = 0

    @property
    def cut(self) -> bool:
        """True when the source ended before the octets that the strip should have."""
        return self.ended and self._limited and self.position < self._stop

    def unread(self) -> int:
        """Octets of the strip that the decoder has not seen; 0 where nobody knows."""
        state = self._state
        left = self._stop - self.position
        return left + state[_LIMIT] - state[_P] if self._limited else 0

    def fill(self) -> bool:
        """Refill after the decoder has used everything up to LIMIT, and let go of what lies below
        HOLD; False where `more` is needed: to wait, at the end, and once in a while.
        """
        at, odd = self.position, self._odd
        if at >= self._due:
            return False
        if odd or self._turned or self._stop - at < self._size:
            got: int = self.source.read_now(at, self._room())
            if got:
                self._take(at, odd + got)
            return got > 0
        # the same where nothing is to be moved, turned or cut, a hundred times a page
        got = self.source.read_now(at, self._whole)
        if not got:
            return False
        hold, state = self.hold, self._state
        if hold:
            self.source.release(at if at < hold else hold)
        self.position = at + got
        state[_P] = 0
        state[_LIMIT] = got & -2
        if got & 1:
            self._odd = 1
        return True

    async def more(self, whole: bool = False) -> None:
        """As `fill`, let others run, and wait for the octets; with `whole` for as many as there is
        room for. Raises what the source raises, once what came before is used.
        """
        await asyncio.sleep(0)
        at = self.position
        self._due = at + _LONG
        if self.hold:  # first: the window may have no room before that
            self.source.release(min(at, self.hold))
        view, got, octets = self._room(), 0, 1
        try:
            while octets and got < len(view) and (whole or not got):
                octets = await self.source.read_at(at + got, view[got:])
                got += octets
        except Exception:
            if not got:
                raise
        if got:
            self._take(at, self._odd + got)
        else:
            self._end()

    def _room(self) -> memoryview:
        """Where the next octets go: behind one that waits."""
        odd = self._odd
        if odd:
            self._buffer[0] = self._buffer[self._state[_LIMIT]]
        return self._buffer[odd : min(self._size, odd + self._stop - self.position)]

    def _take(self, at: int, filled: int) -> None:
        """The buffer has so many octets, those of the file from `at` on behind one that waited."""
        state, odd, hold = self._state, self._odd, self.hold
        if self._turned:
            reverse_bits(self._buffer, odd, filled, self._reverse)
        if hold:
            self.source.release(at if at < hold else hold)
        self.position = at + filled - odd
        state[_P] = 0
        state[_LIMIT] = filled & -2
        if odd or filled & 1:
            self._odd = filled & 1

    def _end(self) -> None:
        filled = self.tail = self._odd
        for index in range(filled, filled + INPUT_PAD - 1):
            self._buffer[index] = 0
        self._state[_P] = 0
        self._state[_LIMIT] = filled + INPUT_PAD - 1 & -2
        self._odd = 0
        self.ended = True
