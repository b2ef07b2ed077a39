"""The coded data of one strip at a time, in a small buffer that is refilled as decoding goes on.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from micropython import const

from firmware.fax.buffers import INPUT, INPUT_PAD
from firmware.fax.ccitt_rare import reverse_bits

if TYPE_CHECKING:
    from typing import Protocol

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


UNLIMITED = const(0xFFFFFFFF)  # octets of a strip whose end is not known

_P = const(0)
_BITS = const(1)
_ACC = const(2)
_LIMIT = const(6)


class Coded:
    """Feeds a decoder through the words P and LIMIT of its state."""

    def __init__(self, buffers: FaxBuffers) -> None:
        self._buffer = memoryview(buffers.input)
        self._state = buffers.state
        self._reverse = buffers.reverse
        self._turned = False
        self._odd = 0  # one octet that waits for its pair
        self._left = 0
        self._limited = False
        self.position = 0  # offset of the next octet to read
        self.ended = False  # no more will come; zeros follow the last octet
        self.tail = 0  # octets before those zeros

    def begin(self, offset: int, octets: int, lsb_first: bool) -> None:
        """Begin a strip of at most `octets` octets."""
        self.position = offset
        self._left = octets
        self._limited = octets < UNLIMITED
        self._turned = lsb_first
        self._odd = self.tail = 0
        self.ended = False
        state = self._state
        state[_P] = state[_LIMIT] = state[_BITS] = state[_ACC] = 0

    @property
    def cut(self) -> bool:
        """True when the source ended before the octets that the strip should have."""
        return self.ended and self._limited and self._left > 0

    def unread(self) -> int:
        """Octets of the strip that the decoder has not seen; 0 where nobody knows."""
        state = self._state
        return self._left + state[_LIMIT] - state[_P] if self._limited else 0

    async def more(self, source: Source) -> None:
        """Refill after the decoder has used everything up to LIMIT. Raises what the source raises.
        """
        buffer = self._buffer
        if self._odd:
            buffer[0] = buffer[self._state[_LIMIT]]
        end = min(INPUT, self._odd + self._left)
        got = 0
        if end > self._odd:
            got = await source.read_at(self.position, buffer[self._odd : end])
        if got:
            self._take(got)
        else:
            self._end()

    def _take(self, got: int) -> None:
        filled = self._odd + got
        if self._turned:
            reverse_bits(self._buffer, self._odd, filled, self._reverse)
        self.position += got
        self._left -= got
        self._state[_P] = 0
        self._state[_LIMIT] = filled & -2
        self._odd = filled & 1

    def _end(self) -> None:
        filled = self.tail = self._odd
        for index in range(filled, filled + INPUT_PAD - 1):
            self._buffer[index] = 0
        self._state[_P] = 0
        self._state[_LIMIT] = filled + INPUT_PAD - 1 & -2
        self._odd = 0
        self.ended = True
