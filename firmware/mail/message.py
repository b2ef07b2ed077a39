"""A streaming reader of mails (RFC 5322, MIME): octets in, decoded parts out, constant memory."""
from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from micropython import const

from firmware.mail.block import FIELD, HeaderBlock
from firmware.mail.boundary import MATCH, MAX_BOUNDARY, MORE, NO, Boundaries, Level
from firmware.mail.header import Envelope, Part
from firmware.mail.transfer import CLASSES, SLACK, Transfer, decode_base64

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from typing import Protocol

    from firmware.store.spool import Spool

    class Sink(Protocol):
        """Where the parts go."""

        async def begin_part(self, part: Part) -> None:
            """A part begins."""
            ...

        async def data(self, view: memoryview) -> None:
            """Decoded octets of this part; `view` is valid during the call only."""
            ...

        async def end_part(self, part: Part, damage: str) -> None:
            """The part is over; `damage`: '' or what is wrong with it, in plain words."""
            ...


HEADROOM = const(1536)  # octets of the buffer beyond the piece that is to go through at once
MAX_PARTS = const(64)
MAX_NESTING = const(8)

_FRONT = FIELD + SLACK

_HEADER = const(0)
_FIRST = const(1)  # at the first line of a body
_CONTENT = const(2)  # in a body: of a part, or around the parts, which nobody wants
_LINE = const(3)  # behind a delimiter, the rest of an overlong line

_LINE_ENDS = (b"\r", b"\n", b"\r\n")
_NEVER_CAME = "the boundary never came"
_BROKE_OFF = "the mail broke off"


class MessageReader:
    """Reads one mail: every leaf part goes to the sink, multiparts and forwards are descended.

    `buffer` is the reader's alone while it lives: HEADROOM octets and room for the pieces, 512 at
    least. `spool`: where the sink puts all octets of all parts; see `take`.
    """

    def __init__(self, sink: Sink, buffer: bytearray, spool: Spool | None = None) -> None:
        if len(buffer) < HEADROOM + 512:
            raise ValueError("buffer too small")
        self.envelope = Envelope()
        self._sink = sink
        self._spool = spool
        self._well: Spool | None = None  # the same while base64 is read
        self._line_end = False  # what was taken ends in one, which may be a delimiter's
        self._buffer = buffer
        self._view = memoryview(buffer)
        self._start = self._end = _FRONT
        self._boundaries = Boundaries()
        self._header = HeaderBlock(buffer, self._boundaries, self._take_field)
        self._transfer = Transfer()
        self._state = self._next = _HEADER
        self._entity = Part()  # the header that is being read
        self._own = True  # it is the mail's own
        self._part: Part | None = None  # the leaf whose body is being read
        self._trouble = ""
        self._forwards = 0
        self._parts = self._dropped = self._groups = 0

    def take(self, buffer: bytearray, start: int, end: int) -> int:
        """Take base64 where it lies: decode buffer[start:end] into the spool's block, as far as
        it is nothing but base64 and white space, and as there is room. Returns how far that was;
        the rest is to be fed.
        """
        spool = self._well
        if spool is None or self._state != _CONTENT:
            return start
        waits = self._end > self._start
        if waits and self._buffer[self._start : self._end] not in _LINE_ENDS:
            return start
        block = spool.block
        done = decode_base64(buffer, start, end, block, spool.gap(), len(block), CLASSES,
                             self._transfer.state, 1)
        if done:
            start += done >> 16
            self._line_end = buffer[start - 1] == 10
            self._end = self._start
            spool.put(done & 0xFFFF)
        return start

    def room(self) -> Awaitable[None]:
        """Wait until `take` has room. Raises what the spool raises."""
        spool = self._spool
        if spool is None:
            raise ValueError("no spool")
        return spool.make_room()

    async def feed(self, view: bytes | bytearray | memoryview) -> None:
        """Take the next octets of the mail. Raises only what the sink raises."""
        at = 0
        size = len(view)
        if size and self._line_end:
            self._line_end = False
            self._buffer[_FRONT] = 10
            self._end = _FRONT + 1
        while at < size:
            count = min(len(self._buffer) - self._end, size - at)
            piece = view if count == size else view[at : at + count]
            self._buffer[self._end : self._end + count] = piece
            self._end += count
            at += count
            await self._run(False)
            self._compact()

    async def close(self, complete: bool) -> None:
        """End the mail; not `complete`: it broke off. Ends the part that is open."""
        await self._run(True)
        ending = "" if complete else _BROKE_OFF
        if self._state == _HEADER and (self._own or not self._header.empty):
            await self._read_header(True)
        open_still = _NEVER_CAME if self._boundaries.levels else ""
        await self._end_leaf(ending or self._trouble or open_still)
        await self._leave(0, ending)
        if self._dropped:
            self._parts += 1
            told = "%d more parts were left out: a mail may have %d" % (self._dropped, MAX_PARTS)
            await self._report("multipart/mixed", told)

    def _compact(self) -> None:
        """Move what must wait for more octets to the front."""
        waiting = self._end - self._start
        if waiting and self._start > _FRONT:
            self._buffer[_FRONT : _FRONT + waiting] = self._buffer[self._start : self._end]
        self._start = _FRONT
        self._end = _FRONT + waiting

    async def _run(self, final: bool) -> None:
        """Work through the buffer until it is empty or more octets are needed.

        Each step is short; others may run behind one that may have taken longer.
        """
        going = True
        while going and (self._start < self._end or (final and self._state == _FIRST)):
            longer = False
            if self._state == _CONTENT:
                going = await self._content(final)
                longer = self._state == _CONTENT
            elif self._state == _HEADER:
                going = longer = await self._read_header(final)
            elif self._state == _FIRST:
                going = await self._first_line(final)
            else:
                self._skip_line()
            if going and longer:
                await asyncio.sleep(0)

    async def _read_header(self, final: bool) -> bool:
        self._start = self._header.read(self._start, self._end, final)
        ended = self._header.ended
        if ended:
            await self._end_header()
        return ended or self._header.paused

    def _take_field(self, name: str, value: bytes) -> None:
        self._entity.take(name, value)
        if self._own:
            self.envelope.take(name, value)

    async def _end_header(self) -> None:
        """The header is over: descend, or begin a leaf."""
        entity = self._entity
        self._own = False
        self._state = _FIRST
        multipart = entity.content_type.startswith("multipart/")
        forward = entity.content_type in ("message/rfc822", "message/global")
        encoded = entity.encoding in ("base64", "quoted-printable")
        depth = len(self._boundaries.levels) + self._forwards
        self._trouble = ""
        if multipart or (forward and not encoded):
            if depth >= MAX_NESTING:
                self._trouble = "its parts are nested too deep"
            elif forward:
                self._forwards += 1
                self._begin_header("text/plain")
                return
            elif not entity.boundary or len(entity.boundary) > MAX_BOUNDARY:
                self._trouble = "its header names no usable boundary"
            else:
                self._descend(entity)
                return
        await self._begin_leaf(entity)

    def _begin_header(self, content_type: str) -> None:
        self._state = _HEADER
        self._entity = Part(content_type)
        self._header.begin()

    def _descend(self, entity: Part) -> None:
        """Open a multipart; what comes before its first delimiter is nobody's."""
        level = Level(entity.boundary or b"")
        level.content_type = entity.content_type
        level.direct = entity.content_type == "multipart/alternative"
        level.digest = entity.content_type == "multipart/digest"
        level.forwards = self._forwards
        if level.direct:
            self._groups += 1
            level.group = self._groups
        elif self._boundaries.levels:
            level.group = self._boundaries.levels[-1].group
        self._boundaries.push(level)

    async def _begin_leaf(self, part: Part) -> None:
        if self._parts >= MAX_PARTS:
            self._dropped += 1
            return
        self._parts += 1
        part.number = self._parts
        part.alternative = self._group(part)
        part.alone = not self._boundaries.levels
        self._part = part
        self._transfer.begin(part.encoding)
        self._well = self._spool if self._transfer.in_base64 else None
        await self._sink.begin_part(part)

    def _group(self, part: Part) -> int:
        """The alternative that a part belongs to.

        A file in a multipart that is one of the choices belongs to none: some mailers put
        attachments there, and they must not be left out with the choice.
        """
        levels = self._boundaries.levels
        if not levels:
            return 0
        file = part.disposition == "attachment" or part.content_type.startswith("image/tiff")
        return 0 if file and not levels[-1].direct else levels[-1].group

    async def _first_line(self, final: bool) -> bool:
        """An empty body has its delimiter at once, without a line end of its own."""
        verdict = self._boundaries.judge(self._buffer, self._start, self._end, final)
        if verdict == MORE:
            return False
        self._state = _CONTENT
        if verdict == MATCH:
            await self._delimiter()
        return True

    async def _content(self, final: bool) -> bool:
        """Pass on what is certainly no delimiter; the line end before one belongs to it."""
        boundaries = self._boundaries
        found = boundaries.find(self._buffer, self._start, self._end, final)
        stop = boundaries.at
        held = stop < self._end or (bool(boundaries.levels) and not final)
        if held and stop > self._start and self._buffer[stop - 1] == 13:
            stop -= 1
        if self._part is not None and stop > self._start:
            decoded = self._transfer.decode(self._view, self._start, stop)
            if len(decoded):
                await self._sink.data(decoded)
        self._start = stop
        if found == MATCH:
            await self._delimiter()
        return found != NO

    async def _delimiter(self) -> None:
        """A delimiter line: what is open inside its multipart ends, perhaps itself too."""
        boundaries = self._boundaries
        index = boundaries.level
        level = boundaries.levels[index]
        closes = boundaries.closes
        cut = boundaries.cut
        self._start = boundaries.after
        level.seen = True
        await self._end_leaf("")
        await self._leave(index + 1, "")
        self._forwards = level.forwards
        if closes:
            boundaries.truncate(index)
            self._state = _FIRST
        else:
            self._begin_header("message/rfc822" if level.digest else "text/plain")
        if cut:
            self._next = self._state
            self._state = _LINE

    def _skip_line(self) -> None:
        line_end = self._buffer.find(b"\n", self._start, self._end)
        self._start = self._end if line_end < 0 else line_end + 1
        if line_end >= 0:
            self._state = self._next

    async def _end_leaf(self, damage: str) -> None:
        part = self._part
        self._part = self._well = None
        if part is not None:
            coding = self._transfer.finish()
            await self._sink.end_part(part, damage or self._trouble or coding)

    async def _leave(self, count: int, damage: str) -> None:
        """Leave all multiparts but the `count` outermost; one without delimiter is reported."""
        lost = [level for level in self._boundaries.levels[count:] if not level.seen]
        self._boundaries.truncate(count)
        for level in lost:
            if self._parts < MAX_PARTS:
                self._parts += 1
                await self._report(level.content_type, damage or _NEVER_CAME)
            else:
                self._dropped += 1

    async def _report(self, content_type: str, damage: str) -> None:
        """Tell of something that could not be read as of an empty part."""
        part = Part(content_type)
        part.number = self._parts
        await self._sink.begin_part(part)
        await self._sink.end_part(part, damage)
