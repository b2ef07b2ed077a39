"""Header fields: who sent what when (RFC 5322), and what a part is (RFC 2045, 2183)."""
from __future__ import annotations

from typing import TYPE_CHECKING

import micropython

from firmware.mail.words import (
    clean,
    next_word,
    parameter,
    parameter_text,
    quoted_end,
    split_value,
    text_of,
)

if TYPE_CHECKING:
    from micropython import ptr8

LIMIT = 128  # characters kept of any text

_SPECIALS = b'"(<>,:;'


def _comment_end(raw: bytes, at: int) -> int:
    """Offset behind the comment that begins at `at`."""
    depth = 0
    while at < len(raw):
        if raw[at] == 0x5C:
            at += 1
        elif raw[at] == 0x28:
            depth += 1
        elif raw[at] == 0x29:
            depth -= 1
        at += 1
        if depth == 0:
            break
    return min(at, len(raw))


# Bounds: reads p[at..end-1].
@micropython.viper
def _ordinary(p: ptr8, at: int, end: int) -> int:
    """Offset of the first of the specials and '=' from `at`, `end` when there is none."""
    while at < end:
        c = int(p[at])
        if c == 34 or c == 40 or c == 44 or (c >= 58 and c <= 62):
            break
        at += 1
    return at


def _run_end(raw: bytes, at: int) -> int:
    """Offset of the first special from `at`; those inside an encoded word don't count."""
    while True:
        at = _ordinary(raw, at, len(raw))
        if at >= len(raw) or raw[at] != 0x3D:
            return at
        word = next_word(raw, at)
        at = word[1] if word and word[0] == at else at + 1


def _tokens(raw: bytes) -> list[tuple[str, bytes]]:
    """Tokens of an address list: ('"', text), ('(', comment), ('a', other), (special, '')."""
    tokens = []
    at = 0
    while at < len(raw):
        kind = chr(raw[at]) if raw[at] < 128 else "a"
        start = at
        if kind == '"':
            at = quoted_end(raw, at) + 1
            tokens.append((kind, _unescape(raw[start + 1 : at - 1])))
        elif kind == "(":
            at = _comment_end(raw, at)
            tokens.append((kind, _unescape(raw[start + 1 : at - 1])))
        elif raw[at] in _SPECIALS:
            tokens.append((kind, b""))
            at += 1
        else:
            at = _run_end(raw, at)
            tokens.append(("a", raw[start:at]))
    return tokens


def _unescape(raw: bytes) -> bytes:
    if b"\\" not in raw:
        return raw
    out = bytearray()
    escaped = False
    for octet in raw:
        escaped = octet == 0x5C and not escaped
        if not escaped:
            out.append(octet)
    return bytes(out)


def parse_address(raw: bytes) -> tuple[str, str]:
    """The first address of a From field: (bare address, display name), each '' if missing."""
    name = bare = comment = b""
    address: bytes | None = None
    inside = False
    for kind, text in _tokens(raw):
        if kind == "(":
            comment = comment or text
        elif kind == "<":
            inside, address = True, b""
        elif kind == ">":
            inside = False
        elif kind in ",:;":
            if inside:
                address = b""  # what came was a route
            elif kind != ":" and (address or name.strip()):
                break
            elif address is None:
                name = bare = b""  # what came was the name of a group
        elif inside:
            address = (address or b"") + _spelled(kind, text, b"")
        elif address is None:
            name += text
            bare += _spelled(kind, text, b" ")
    if address is None:
        address, name = _split_bare(bare, name)
    shown = name if name.strip() else comment
    return text_of(address, LIMIT), text_of(shown, LIMIT)


def _spelled(kind: str, text: bytes, blank: bytes) -> bytes:
    """A token as it stands in an address: quoted, or without its blanks."""
    return b'"' + text + b'"' if kind == '"' and text else blank.join(text.split())


def _split_bare(bare: bytes, name: bytes) -> tuple[bytes, bytes]:
    """Address and name of a field without angle brackets."""
    words = bare.split()
    if b"@" in bare:
        if b'"' in bare:
            return bare, b""
        if b"@" in words[-1].strip(b"@"):
            return words[-1], b" ".join(words[:-1])
        return b"".join(words), b""
    if len(words) == 1 and b"=?" not in bare and b'"' not in bare:
        return bare, b""
    return b"", name


class Envelope:
    """Who sent a mail and what about; each text is decoded, one line, at most LIMIT characters."""

    def __init__(self) -> None:
        self.sender = ""  # bare address: From, else Sender, else Return-Path
        self.sender_name = ""
        self.subject = ""
        self.date = ""  # as sent
        self.message_id = ""
        self.return_path = ""
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
            self.return_path = self.return_path or parse_address(value)[0]
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

    def __init__(self, content_type: str = "text/plain") -> None:
        self.number = 0  # 1.. among the parts that are no multiparts
        self.content_type = content_type
        self.charset = ""
        self.name = ""
        self.disposition = ""
        self.alternative = 0  # 0, or the number of the multipart/alternative around it
        self.alone = False  # it is all of the mail: no other part will come
        self.encoding = ""
        self.boundary: bytes | None = None
        self._typed = False

    def take(self, name: str, value: bytes) -> None:
        """Take one field of the part's header (name in lower case, value unfolded)."""
        if name == "content-transfer-encoding":
            self.encoding = split_value(value)[0]
        elif name == "content-disposition":
            self.disposition, parameters = split_value(value)
            self.name = clean(parameter_text(parameters, "filename"), LIMIT) or self.name
        elif name == "content-type" and not self._typed:
            self._typed = True
            content_type, parameters = split_value(value)
            valid = 0 < content_type.find("/") == content_type.rfind("/") < len(content_type) - 1
            if len(content_type) > LIMIT:
                content_type = content_type[:LIMIT]
            self.content_type = content_type if valid else "text/plain"
            self.charset = parameter_text(parameters, "charset")[:40].strip().lower()
            self.name = self.name or clean(parameter_text(parameters, "name"), LIMIT)
            self.boundary = parameter(parameters, "boundary")[0].rstrip()
