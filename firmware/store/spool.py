"""The spool: a bounded, volatile window over the mail that is arriving, with random access for its
reader.

One producer appends octets as they come off the wire, one consumer reads them wherever it likes
and says how far it will not look back. The octets lie in a ring on a raw block area; the last
block, not full yet, lies in RAM, so that a small mail touches no flash. A block that the reader
has let go before it was full is never programmed at all.

The window holds every octet from the block that was released last up to one block more than the
area has. When it is full the producer waits; a read that could only be answered by octets that no
longer or cannot yet fit in raises `OutsideWindow`, so that neither side ever waits for the other
for ever.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from micropython import const

if TYPE_CHECKING:
    from firmware.devices import SpoolArea
    from firmware.store.part_source import PartSource
    from firmware.supervisor import Pulse

SPARE = const(4)  # blocks at the area's end that are not the window's: see fax/kept.py
_PIECE = const(1024)  # programmed in one go; 4 flash pages, some 3 ms on a NOR flash


class SpoolError(Exception):
    """What can become of an append or a read other than octets."""


class SpoolAbandoned(SpoolError):
    """To the producer: the reader wants no more of this mail."""


class Incomplete(SpoolError):
    """To the reader: the mail broke off before this octet came."""


class OutsideWindow(SpoolError):
    """To the reader: this octet was released already, or lies further ahead than the full window
    can hold.
    """


async def rest(pulse: Pulse | None, event: asyncio.Event) -> None:
    """Wait for the event, for as long as it takes, without being missed."""
    if pulse is not None:
        pulse.rest(event)
    await event.wait()
    if pulse is not None:
        pulse.beat()


def ring(pulse: Pulse | None, event: asyncio.Event) -> None:
    """Set the event: if the task rests for it, it must go on."""
    event.set()
    if pulse is not None:
        pulse.owe(event)


class Spool:
    """The window over one mail after the other; offsets count octets from the mail's start.

    `area` is the raw block area, `buffer` one erase block of RAM that the spool keeps.
    """

    def __init__(self, area: SpoolArea, buffer: bytearray) -> None:
        if len(buffer) != area.block_size:
            raise ValueError("the spool's buffer must be one block of %d octets" % area.block_size)
        self.written = 0  # octets appended so far
        self.released = 0  # the reader never looks back beyond this offset
        self.area = area
        self._count = area.block_count - SPARE
        self.block = buffer  # the last block, not full yet; who puts octets there tells `put`
        self._buffer = memoryview(buffer)
        self._block = len(buffer)
        self._clean = bytearray(self._count)  # 1: erased, and nothing programmed since
        # the area's block that holds offset 0: moves on from mail to mail, to spread the wear
        self._first = 0
        self._flushed = 0  # offset of the buffer's first octet, always a multiple of the block
        self._mail = 0
        self._programming = False
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._ended = self._complete = self._stuck = self._abandoned = False
        # who supervises the two sides: waiting for the other one is no sign of being lost
        self.reader: Pulse | None = None
        self.writer: Pulse | None = None

    # The producer's side

    def begin(self) -> None:
        """Start a new mail: offsets start at 0 again, the old content is gone."""
        self._first = self._place(self._flushed)
        self._mail += 1
        self.written = self.released = self._flushed = 0
        self._ended = self._complete = self._stuck = self._abandoned = False
        ring(self.reader, self._arrived)

    async def append(self, view: memoryview) -> None:
        """Append octets; waits while the window is full.

        Raises `SpoolAbandoned` when the reader gave up, OSError when the area fails. Cancelled in
        a wait, the spool stays sound: `written` says what was taken.
        """
        total = len(view)
        taken = 0
        while taken < total:
            if self._abandoned:
                raise SpoolAbandoned()
            fill = self.written - self._flushed
            if fill == self._block:
                await self._empty_block()
                continue
            step = min(self._block - fill, total - taken)
            self._buffer[fill : fill + step] = view[taken : taken + step]
            self.written += step
            taken += step
            ring(self.reader, self._arrived)

    def gap(self) -> int:
        """Where in `block` the next octet goes; its length while there is no room."""
        fill = self.written - self._flushed
        if self._abandoned:
            return self._block
        if fill == self._block and self._buffer_released():
            self._flushed += fill
            return 0
        return fill

    def put(self, count: int) -> None:
        """`count` octets stand in `block`, from `gap` on."""
        self.written += count
        ring(self.reader, self._arrived)

    async def make_room(self) -> None:
        """Wait until `block` has room. Raises as `append`."""
        if self.gap() == self._block:
            await asyncio.sleep(0)  # the reader may let go of it: then it is never programmed
        while self.gap() == self._block:
            if self._abandoned:
                raise SpoolAbandoned()
            await self._empty_block()

    def finish(self, complete: bool) -> None:
        """No more octets will come; `complete` is False when the mail broke off."""
        self._ended = True
        self._complete = complete
        ring(self.reader, self._arrived)

    # The reader's side

    async def read_at(self, offset: int, view: memoryview) -> int:
        """Read at `offset`, waiting for the first octet at least; returns the octets read.

        0 only past the end of a complete mail. Raises `Incomplete`, `OutsideWindow`; OSError when
        the area fails.
        """
        while (there := self.look(offset)) < 0:
            await self.arriving()
        return self.copy(offset, view, self.written) if there else 0

    def release(self, offset: int) -> None:
        """Let go of all octets before `offset`. Never goes back; may run ahead of what was
        written, to drop it.
        """
        if offset <= self.released:
            return
        self.released = offset
        if not self._is_full():
            # at once: the reader may ask for more before the producer's task runs again
            self._stuck = False
            ring(self.writer, self._room)

    def abandon(self) -> None:
        """Want no more of this mail: the producer's next append raises `SpoolAbandoned`."""
        self._abandoned = True
        self._stuck = False
        ring(self.writer, self._room)

    async def arrival(self, offset: int, part: PartSource | None = None) -> bool:
        """Wait until the octet at `offset` can be copied; False when the part or the complete mail
        ends before it.

        Raises `Incomplete`, `OutsideWindow`.
        """
        while (there := self.look(offset, part)) < 0:
            await self.arriving()
        return there > 0

    def look(self, offset: int, part: PartSource | None = None) -> int:
        """1 when the octet at `offset` can be copied, 0 when part or mail end before it, -1 when
        it is still to come. Raises as `arrival`.
        """
        if part is not None:
            if part.mail != self._mail:
                raise Incomplete()
            if part.end is not None and offset >= part.end:
                return 0
        if offset < self.written:
            if offset < self.released:
                raise OutsideWindow()
            return 1
        if self._ended or self._abandoned:
            if self._complete:
                return 0
            raise Incomplete()
        while self._stuck:
            if part is None or not part.let_go():
                raise OutsideWindow()
        if offset < self.released:
            raise OutsideWindow()
        return -1

    async def arriving(self) -> None:
        """Wait for octets, or for the mail's end. Raises `Incomplete` when another mail began."""
        mail = self._mail
        pulse, arrived = self.reader, self._arrived
        arrived.clear()
        if pulse is not None:
            pulse.rest(arrived)
        await arrived.wait()
        if pulse is not None:
            pulse.beat()
        if mail != self._mail:
            raise Incomplete()

    def copy(self, offset: int, view: memoryview, end: int) -> int:
        """Fill `view` from `offset`, at most up to `end`; the octets must have arrived. Returns
        the octets copied.
        """
        view = memoryview(view)
        total = min(len(view), end - offset)
        done = 0
        while done < total:
            at = offset + done
            ahead = at - self._flushed
            if ahead >= 0:
                step = total - done
                view[done:total] = self._buffer[ahead : ahead + step]
            else:
                inside = at % self._block
                step = min(total - done, self._block - inside)
                self.area.read(self._place(at) * self._block + inside, view[done : done + step])
            done += step
        return total

    def wake(self) -> None:
        """Have a waiting reader look again (a part has found its end)."""
        ring(self.reader, self._arrived)

    @property
    def window(self) -> int:
        """Octets that the window can hold."""
        return self._block * self._count

    @property
    def mail(self) -> int:
        """Number of the mail that the window shows, counted by `begin`."""
        return self._mail

    # For whoever has time: between pages, or while nothing arrives

    async def erase_ahead(self, blocks: int) -> None:
        """Erase up to `blocks` of the free blocks that come next, one after the other, letting
        others run between.
        """
        for step in range(self._count):
            number = self._flushed // self._block + step
            if blocks <= 0 or number >= self.released // self._block + self._count:
                return
            block = self._place(number * self._block)
            if self._clean[block] or (step == 0 and self._programming):
                continue
            self.area.erase(block)
            self._clean[block] = 1
            blocks -= 1
            await asyncio.sleep(0)

    # Within

    def _place(self, offset: int) -> int:
        return (self._first + offset // self._block) % self._count

    def _is_full(self) -> bool:
        held = self._flushed // self._block - self.released // self._block
        return held >= self._count

    def _buffer_released(self) -> bool:
        return self.released >= self._flushed + self._block

    async def _empty_block(self) -> None:
        """Take one step towards an empty buffer: drop it, program it, or wait for room in the
        ring.
        """
        if self._buffer_released():
            self._flushed += self._block
        elif self._is_full():
            self._stuck = True
            self._room.clear()
            ring(self.reader, self._arrived)
            try:
                await rest(self.writer, self._room)
            finally:
                self._stuck = False
        else:
            await self._program()

    async def _program(self) -> None:
        """Program the full buffer into its block. Cancelled half-way, the block is erased and
        programmed anew.
        """
        block = self._place(self._flushed)
        self._programming = True
        try:
            if not self._clean[block]:
                self.area.erase(block)
                await asyncio.sleep(0)
            self._clean[block] = 0
            for at in range(0, self._block, _PIECE):
                if self._buffer_released():
                    break
                self.area.program(block * self._block + at, self._buffer[at : at + _PIECE])
                await asyncio.sleep(0)
            self._flushed += self._block
        finally:
            self._programming = False
