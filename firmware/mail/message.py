"""A streaming reader of mails (RFC 5322, MIME): octets in, decoded parts out, constant memory."""
from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from micropython import const

from firmware import on_demand
from firmware.mail.block import ENDED, FIELD, TOOK, HeaderBlock
from firmware.mail.boundary import AGAIN, MATCH, MAX_BOUNDARY, MORE, Boundaries, Level
from firmware.mail.header import Envelope, Part
from firmware.mail.transfer import CLASSES, SLACK, Transfer, decode_base64

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from typing import Any

    from firmware.mail.header import Sink
    from firmware.store.spool import Spool


HEADROOM = const(1536)  # octets of the buffer beyond the piece that is to go through at once
MAX_PARTS = const(64)
MAX_NESTING = const(8)

_FRONT = FIELD + SLACK

# where the reader is
_HEADER = const(0)
_FIRST = const(1)  # at the first line of a body
_CONTENT = const(2)  # in a body: of a part, or around the parts, which nobody wants
_LINE = const(3)  # behind a delimiter, the rest of an overlong line

# what a step says
_EMPTY = const(0)  # more octets are needed
_DATA = const(1)  # `_decoded` is for the sink
_PAUSE = const(2)  # it is the turn of others
_ON = const(3)
_FIELD = const(4)  # the same, and a header field was read

_STEPS = const(8)  # fields, delimiters and the like, one after the other

_CODED = ("base64", "quoted-printable")
_LINE_ENDS = (b"\r", b"\n", b"\r\n")
_BEGIN = b"begin "  # of a uuencoded file
_UUENCODE = "firmware.mail.uuencode"
_LINE_OCTETS = const(256)  # of the line with its name
_NEVER_CAME = "the boundary never came"


class MessageReader:
    """Reads one mail after the other: every leaf part goes to the sink, multiparts and forwards
    are descended.

    `buffer` is the reader's alone: HEADROOM octets and room for the pieces, 512 at least. `spool`:
    where the sink puts all octets of all parts; see `take`.
    """

    def __init__(self, sink: Sink, buffer: bytearray, spool: Spool | None = None) -> None:
        if len(buffer) < HEADROOM + 512:
            raise ValueError("buffer too small")
        self._spool = spool
        self._buffer = buffer
        self._view = memoryview(buffer)
        self._boundaries = Boundaries()
        self._header = HeaderBlock(buffer, self._boundaries)
        self._transfer = Transfer()
        self._entity = Part()  # the one whose header is being read
        self.begin(sink)

    def begin(self, sink: Sink) -> None:
        """Begin another mail."""
        self.envelope = Envelope()
        self._sink = sink
        self._well: Spool | None = None  # the spool, while base64 is read
        self._line_end = False  # what was taken ends in one, which may be a delimiter's
        self._start = self._end = _FRONT
        self._steps = _STEPS  # before it is the turn of others
        self._decoded = self._view
        self._part: Part | None = None  # the leaf whose body is being read
        self._trouble = ""
        self._files = False  # uuencoded ones may stand in this leaf
        self._file: Any = None  # decoder of the one that is being read
        self._fresh = True  # at the beginning of a line
        self._forwards = self._parts = self._dropped = self._groups = 0
        del self._boundaries.levels[:]
        self._begin_header("text/plain", True)

    def take(self, buffer: bytes | bytearray | memoryview, start: int, end: int) -> int:
        """Take base64 where it lies: decode buffer[start:end] into the spool's block, as far as
        it is nothing but base64 and white space, and as there is room. Returns how far that was;
        the rest is to be fed.
        """
        spool = self._well
        if spool is None or self._state != _CONTENT:
            return start
        if self._end > self._start and self._buffer[self._start : self._end] not in _LINE_ENDS:
            return start
        done = decode_base64(buffer, start, end, spool.block, spool.gap(), len(spool.block),
                             CLASSES, self._transfer.state, 1)
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
        while at < size:
            done = self._fill(view, at, size)
            if done == at:
                await self.room()
            at = done
            while (said := self._work(False)) != _EMPTY:
                await (self._sink.data(self._decoded) if said == _DATA else asyncio.sleep(0))

    async def close(self, complete: bool) -> None:
        """End the mail; not `complete`: it broke off. Ends the part that is open."""
        while (said := self._work(True)) != _EMPTY:
            await (self._sink.data(self._decoded) if said == _DATA else asyncio.sleep(0))
        ending = "" if complete else "the mail broke off"
        if self._state == _HEADER and not self._header.empty:
            while self._read_header(True) == _FIELD:
                pass
        never_came = _NEVER_CAME if self._boundaries.levels else ""
        self._end_leaf(ending or self._trouble or never_came)
        self._leave(0, ending)
        if self._dropped:
            self._parts += 1
            told = "%d more parts were left out: a mail may have %d" % (self._dropped, MAX_PARTS)
            self._report("multipart/mixed", told)

    def _fill(self, view: bytes | bytearray | memoryview, at: int, size: int) -> int:
        """Take of view[at:size] what is base64, or else what the buffer holds. Returns how far
        that was: `at` when the spool is full.
        """
        well = self._well
        if well is not None:
            done = self.take(view, at, size)
            if done > at or well.gap() == len(well.block):
                return done
        buffer, start = self._buffer, self._start
        waiting = self._end - start
        if waiting and start > _FRONT:  # what must wait for more octets
            buffer[_FRONT : _FRONT + waiting] = buffer[start : self._end]
        if self._line_end:
            self._line_end = False
            buffer[_FRONT] = 10
            waiting = 1
        start = _FRONT + waiting
        count = min(len(buffer) - start, size - at)
        buffer[start : start + count] = view[at : at + count]
        self._start = _FRONT
        self._end = start + count
        return at + count

    def _work(self, final: bool) -> int:
        """Work through the buffer until it is empty, or there is something to wait for."""
        while self._start < self._end or (final and self._state == _FIRST):
            if self._steps == 0:
                self._steps = _STEPS
                return _PAUSE
            self._steps -= 1
            if self._state == _CONTENT:
                said = self._content(final)
            elif self._state == _HEADER:
                said = self._read_header(final)
            elif self._state == _FIRST:
                said = self._first_line(final)
            else:
                said = self._skip_line()
            if said < _ON:
                return said
        return _EMPTY

    def _read_header(self, final: bool) -> int:
        header = self._header
        said = header.read(self._start, self._end, final)
        self._start = header.at
        if said == TOOK:
            taker = self._entity if header.of_part else self.envelope
            taker.take(header.name, header.value)
            return _FIELD
        if said == ENDED:
            self._end_header()
            return _ON
        return _EMPTY

    def _end_header(self) -> None:
        """The header is over: descend, or begin a leaf."""
        entity = self._entity
        kind = entity.content_type
        self._state = _FIRST
        self._trouble = ""
        forward = kind in ("message/rfc822", "message/global")
        if kind.startswith("multipart/") or (forward and entity.encoding not in _CODED):
            if len(self._boundaries.levels) + self._forwards >= MAX_NESTING:
                self._trouble = "its parts are nested too deep"
            elif forward:
                self._forwards += 1
                self._begin_header("text/plain", False)
                return
            elif not 0 < len(entity.boundary) <= MAX_BOUNDARY:
                self._trouble = "its header names no usable boundary"
            else:
                self._descend(kind, entity.boundary)
                return
        self._begin_leaf(entity)

    def _begin_header(self, content_type: str, own: bool) -> None:
        self._state = _HEADER
        self._entity = Part(content_type)
        self._header.begin(own)

    def _descend(self, kind: str, boundary: bytes) -> None:
        """Open a multipart; what comes before its first delimiter is nobody's."""
        levels = self._boundaries.levels
        level = Level(boundary, kind, self._forwards)
        if kind == "multipart/alternative":
            self._groups += 1
            level.direct = True
            level.group = self._groups
        elif levels:
            level.group = levels[-1].group
        levels.append(level)

    def _begin_leaf(self, part: Part) -> None:
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
        self._file = None
        self._fresh = True
        self._files = part.content_type == "text/plain" and self._transfer.as_it_is
        if "uu" in part.encoding:
            self._files = True
            self._trouble = "its uuencode coding never begins"
        self._sink.begin_part(part)

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

    def _first_line(self, final: bool) -> int:
        """An empty body has its delimiter at once, without a line end of its own."""
        verdict = self._boundaries.judge(self._buffer, self._start, self._end, final)
        if verdict == MORE:
            return _EMPTY
        self._state = _CONTENT
        if verdict == MATCH:
            self._delimiter()
        return _ON

    def _content(self, final: bool) -> int:
        """Pass on what is certainly no delimiter; the line end before one belongs to it."""
        boundaries = self._boundaries
        start = self._start
        found = boundaries.find(self._buffer, start, self._end, final)
        stop = boundaries.at
        held = stop < self._end or (boundaries.levels and not final)
        if held and stop > start and self._buffer[stop - 1] == 13:
            stop -= 1
        self._start = stop
        if found == AGAIN:
            self._steps = 0
        if self._part is not None and stop > start:
            if self._files:
                return self._text(start, stop, final or found == MATCH)
            self._decoded = self._transfer.decode(self._view, start, stop)
            if len(self._decoded):
                return _DATA  # and what was found will be found again
        if found == MATCH:
            self._delimiter()
        return _ON if found else _EMPTY

    def _text(self, start: int, stop: int, last: bool) -> int:
        """Pass on text, and the files in it. `last`: the part ends at `stop`."""
        file, coded = self._file, "uu" in self._part.encoding if self._part else False
        if file is not None:
            self._start = file.decode(self._buffer, start, stop, last)
            self._decoded = file.view[: file.made]
            self._steps = 0  # it is slow
            if file.ended:
                self._end_file(coded)
            return _DATA if file.made else _ON if file.ended else _EMPTY
        end = self._text_end(start, stop, last)
        if end == start:  # a line that begins like a file, but is it whole?
            limit = min(stop, start + _LINE_OCTETS)
            end = self._buffer.find(b"\n", start, limit) + 1
            long = limit - start == _LINE_OCTETS and not end
            if not (end or last or long):
                self._start = start
                return _EMPTY
            end = end or limit
            name = on_demand.held(_UUENCODE).file_name(bytes(self._view[start:end]))
            if name and not long:
                self._start = end
                self._begin_file(name, coded)
                return _ON
        self._start = end
        self._fresh = self._buffer[end - 1] == 10
        self._decoded = self._view[start:end]
        return _ON if coded else _DATA

    def _text_end(self, start: int, stop: int, last: bool) -> int:
        """Where a line begins, or may begin, like a file in buffer[start:stop]; else `stop`."""
        buffer = self._buffer
        front = buffer[start : min(stop, start + len(_BEGIN))]
        if self._fresh and front == _BEGIN[: len(front)] and (len(front) == len(_BEGIN)
                                                              or not last):
            return start
        at = buffer.find(b"\nbegin ", start, stop)
        if at < 0 and not last:
            at = buffer.rfind(b"\n", max(start, stop - len(_BEGIN)), stop)
            if buffer[at + 1 : stop] != _BEGIN[: stop - at - 1]:
                at = -1
        return at + 1 if at >= 0 else stop

    def _begin_file(self, name: str, coded: bool) -> None:
        """A uuencoded file is a part of its own, and so is what follows it; where the header said
        that the part is coded so, the file is that part.
        """
        module = on_demand.held(_UUENCODE)
        if not coded:
            self._part_within(module.type_of(name), name)
        self._trouble = ""
        self._files = True
        self._file = module.Decoder()

    def _end_file(self, coded: bool) -> None:
        if coded:
            self._trouble, self._file = self._file.damage, None
        else:
            self._part_within("text/plain", "")

    def _part_within(self, content_type: str, name: str) -> None:
        part = Part(content_type)
        if self._part is not None:
            part.charset = self._part.charset
        self._end_leaf("")
        part.name = name
        self._begin_leaf(part)
        part.alternative = 0  # no choice: it is what the text holds
        part.alone = False

    def _delimiter(self) -> None:
        """A delimiter line: what is open inside its multipart ends, perhaps itself too."""
        boundaries = self._boundaries
        index = boundaries.level
        level = boundaries.levels[index]
        self._start = boundaries.after
        closes, cut = boundaries.closes, boundaries.cut
        level.seen = True
        self._end_leaf("")
        self._leave(index + 1, "")
        self._forwards = level.forwards
        if closes:
            del boundaries.levels[index:]
            self._state = _FIRST
        else:
            digest = level.content_type == "multipart/digest"
            self._begin_header("message/rfc822" if digest else "text/plain", False)
        if cut:
            self._next = self._state
            self._state = _LINE

    def _skip_line(self) -> int:
        line_end = self._buffer.find(b"\n", self._start, self._end)
        self._start = self._end if line_end < 0 else line_end + 1
        if line_end >= 0:
            self._state = self._next
        return _ON

    def _end_leaf(self, damage: str) -> None:
        part, file = self._part, self._file
        self._part = self._well = self._file = None
        if part is not None:
            coding = self._transfer.finish() if file is None else file.damage
            self._sink.end_part(part, damage or self._trouble or coding)

    def _leave(self, count: int, damage: str) -> None:
        """Leave all multiparts but the `count` outermost; one without delimiter is reported."""
        levels = self._boundaries.levels
        if len(levels) > count:
            lost = [level for level in levels[count:] if not level.seen]
            del levels[count:]
            for level in lost:
                if self._parts < MAX_PARTS:
                    self._parts += 1
                    self._report(level.content_type, damage or _NEVER_CAME)
                else:
                    self._dropped += 1

    def _report(self, content_type: str, damage: str) -> None:
        """Tell of something that could not be read as of an empty part."""
        part = Part(content_type)
        part.number = self._parts
        self._sink.begin_part(part)
        self._sink.end_part(part, damage)
