"""Header fields: who sent what when (RFC 5322), and what a part is (RFC 2045, 2183).

What most mails have is read here. Encoded words, comments, parameters in pieces and the like are
read in `words`, which is loaded for them.
"""
from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import micropython
from micropython import const

from firmware import on_demand

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from typing import Protocol

    from micropython import ptr8, ptr32

    class Sink(Protocol):
        """Where the parts go."""

        def begin_part(self, part: Part) -> None:
            """A part begins."""

        def data(self, view: memoryview) -> Awaitable[None]:
            """Decoded octets of this part; `view` is valid until they are taken."""

        def end_part(self, part: Part, damage: str) -> None:
            """The part is over; `damage`: '' or what is wrong with it, in plain words."""

LIMIT = 128  # characters kept of any text

_WORDS = "firmware.mail.words"
_SPACED = const(2)
_PIECES = const(2)


# How the text p[0..end-1] is read: 1 as it is, 2 with runs of white space as one blank, 0 decoded.
# Bounds: reads p[0..end-1].
@micropython.viper
def _legible(p: ptr8, end: int) -> int:
    said = 1
    before = 32
    at = 0
    while at < end:
        c = int(p[at])
        if c == 32 or c == 9:
            if c == 9 or before == 32:
                said = 2
            c = 32
        elif c < 32 or c > 126 or (c == 63 and before == 61):
            return 0
        before = c
        at += 1
    return said


# 1 when no octet of p[at..end-1] means anything in an address, or is below `lowest`; where that is
# above the blank, also when all are US-ASCII. Else 0. Bounds: reads p[at..end-1].
@micropython.viper
def _is_word(p: ptr8, at: int, end: int, lowest: int) -> int:
    while at < end:
        c = int(p[at])
        if c < lowest or c == 34 or c == 40 or c == 44 or (c >= 58 and c <= 62 and c != 61):
            return 0
        if c > 126 and lowest > 32:
            return 0
        at += 1
    return 1


# The parameter called `name` of the field p[0..end-1]: 1 when its value is p[s[0]..s[1]-1], with
# escapes when a quote stands before it; 2 when it comes in pieces or coded (RFC 2231); 0 for none.
# Bounds: reads p[0..end-1] and name[0..length-1].
@micropython.viper
def _seek(p: ptr8, end: int, name: ptr8, length: int, s: ptr32) -> int:
    found = 0
    start = end  # of a parameter; what comes first is the field's value
    equals = -1
    quoted = 0
    at = 0
    while at <= end:
        c = int(p[at]) if at < end else 59
        if quoted and at < end:
            if c == 34:
                quoted = 0
            elif c == 92 and at + 1 < end:
                at += 1
        elif c == 34:
            quoted = 1
        elif c == 61 and equals < 0:
            equals = at
        elif c == 59:
            while start < equals and int(p[start]) <= 32:
                start += 1
            k = 0
            while k < length and start + k < equals and int(p[start + k]) | 32 == int(name[k]):
                k += 1
            if k == length:
                c = int(p[start + k])
                if c == 42:
                    return 2
                first = equals + 1
                last = at
                while first < last and int(p[first]) <= 32:
                    first += 1
                while last > first and int(p[last - 1]) <= 32:
                    last -= 1
                if first < last and int(p[first]) == 34:
                    first += 1
                    k = first
                    while k < last and int(p[k]) != 34:
                        k += 2 if int(p[k]) == 92 else 1
                    last = k if k < last else last
                if first < last and found == 0 and (c == 61 or c <= 32 or c == 40):
                    s[0] = first
                    s[1] = last
                    found = 1
            start = at + 1
            equals = -1
        at += 1
    return found


_place = array("I", [0, 0])


def _parameter(raw: bytes, name: bytes) -> bytes | None:
    """The octets of one parameter, b"" when there is none, None for one in pieces."""
    found = _seek(raw, len(raw), name, len(name), _place)
    if found == _PIECES:
        return None
    if not found:
        return b""
    start, end = _place
    value = raw[start:end]
    if raw[start - 1] == 34 and b"\\" in value:
        # a lone backslash stays: senders put paths there
        value = value.replace(b"\\\\", b"\\").replace(b'\\"', b'"')
    return value


def _parameter_text(raw: bytes, name: bytes) -> str:
    """One parameter as text for display."""
    value = _parameter(raw, name)
    if value is None:
        return on_demand.held(_WORDS).text_in(raw, name, LIMIT)  # type: ignore[no-any-return]
    return text_of(value, LIMIT)


def _value(raw: bytes) -> str:
    """What stands before the parameters of a field, in lower case."""
    end = raw.find(b";")
    value = (raw if end < 0 else raw[:end]).strip().lower()
    if not _is_word(value, 0, len(value), 33):
        return on_demand.held(_WORDS).split_value(raw)[0]  # type: ignore[no-any-return]
    return str(value, "utf-8")


def text_of(raw: bytes, limit: int) -> str:
    """A field as one line for display, decoded, at most `limit` characters."""
    legible = _legible(raw, len(raw))
    if not legible:
        return on_demand.held(_WORDS).decoded(raw, limit)  # type: ignore[no-any-return]
    raw = b" ".join(raw.split()) if legible == _SPACED else raw.strip()
    # each str that is made is looked for among the interned ones: as few as possible
    return str(raw if len(raw) <= limit else raw[:limit].rstrip(), "utf-8")


def parse_address(raw: bytes) -> tuple[str, str]:
    """The first address of a From field: (bare address, display name), each '' if missing."""
    name, address = b"", raw.strip()
    start = address.find(b"<")
    if start >= 0:
        name, address = address[:start].rstrip(), address[start + 1 :]
        if address[-1:] == b">":
            address = address[:-1]
        if len(name) > 1 and name[0] == name[-1] == 34:
            name = name[1:-1]
            plain = b'"' not in name and b"\\" not in name
        else:
            plain = bool(_is_word(name, 0, len(name), 1))
    else:
        plain = b"=?" not in raw
    if not plain or not _is_word(address, 0, len(address), 33):
        return on_demand.held(_WORDS).parse_address(raw, LIMIT)  # type: ignore[no-any-return]
    return text_of(address, LIMIT), text_of(name, LIMIT)


class Envelope:
    """Who sent a mail and what about; each text is decoded, one line, at most LIMIT characters."""

    sender = ""  # bare address: From, else Sender, else Return-Path
    sender_name = ""
    subject = ""
    date = ""  # as sent
    message_id = ""

    def __init__(self) -> None:
        self._rank = 0

    def take(self, name: str, value: bytes) -> None:
        """Take one field of the mail's own header; the first of a kind counts."""
        if name == "subject":
            self.subject = self.subject or text_of(value, LIMIT)
        elif name == "date":
            self.date = self.date or text_of(value, LIMIT)
        elif name == "message-id":
            self.message_id = self.message_id or text_of(value, LIMIT)
        elif name == "return-path":
            self._from(1, value)
        elif name == "sender":
            self._from(2, value)
        elif name == "from":
            self._from(3, value)

    def _from(self, rank: int, value: bytes) -> None:
        if rank > self._rank:
            sender, name = parse_address(value)
            if sender or name:
                self._rank = rank if sender else self._rank
                self.sender = sender or self.sender
                self.sender_name = name


class Part:
    """One part of a mail, as its header tells."""

    number = 0  # 1.. among the parts that are no multiparts
    charset = ""
    name = ""
    disposition = ""
    alternative = 0  # 0, or the number of the multipart/alternative around it
    alone = False  # it is all of the mail: no other part will come
    encoding = ""
    boundary: bytes = b""

    def __init__(self, content_type: str = "text/plain") -> None:
        self.content_type = content_type
        self._typed = False

    def take(self, name: str, value: bytes) -> None:
        """Take one field of the part's header (name in lower case, value unfolded)."""
        if name == "content-transfer-encoding":
            self.encoding = _value(value)
        elif name == "content-disposition":
            self.disposition = _value(value)
            self.name = _parameter_text(value, b"filename") or self.name
        elif name == "content-type" and not self._typed:
            self._typed = True
            kind = _value(value)[:LIMIT]
            valid = 0 < kind.find("/") == kind.rfind("/") < len(kind) - 1
            self.content_type = kind if valid else "text/plain"
            self.charset = _parameter_text(value, b"charset")[:40].strip().lower()
            self.name = self.name or _parameter_text(value, b"name")
            boundary = _parameter(value, b"boundary")
            if boundary is None:
                boundary = on_demand.held(_WORDS).octets_in(value, b"boundary")
            self.boundary = boundary.rstrip()
