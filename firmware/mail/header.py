"""Header fields: who sent what when (RFC 5322), and what a part is (RFC 2045, 2183)."""
from __future__ import annotations

from firmware.mail.words import (
    clean,
    decode_words,
    next_word,
    parameter,
    parameter_text,
    split_value,
)

LIMIT = 128  # characters kept of any text

_MONTHS = "janfebmaraprmayjunjulaugsepoctnovdec"
# Hours of the obsolete zones (RFC 5322 section 4.3); all others count as UTC.
_ZONES = {"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7}
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


def _run_end(raw: bytes, at: int) -> int:
    """Offset of the first special from `at`; those inside an encoded word don't count."""
    while at < len(raw) and raw[at] not in _SPECIALS:
        word = next_word(raw, at) if raw[at] == 0x3D else None
        at = word[1] if word and word[0] == at else at + 1
    return at


def _tokens(raw: bytes) -> list[tuple[str, bytes]]:
    """Tokens of an address list: ('"', text), ('(', comment), ('a', other), (special, '')."""
    tokens = []
    at = 0
    while at < len(raw):
        kind = chr(raw[at])
        start = at
        if kind == '"':
            at += 1
            while at < len(raw) and raw[at] != 0x22:
                at += 2 if raw[at] == 0x5C else 1
            tokens.append((kind, _unescape(raw[start + 1 : at])))
            at += 1
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
    return clean(decode_words(address), LIMIT), clean(decode_words(shown), LIMIT)


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
            self.subject = self.subject or clean(decode_words(value), LIMIT)
        elif name == "date":
            self.date = self.date or clean(decode_words(value), LIMIT)
        elif name == "message-id":
            self.message_id = self.message_id or clean(decode_words(value), LIMIT)
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
            main, _slash, sub = content_type.partition("/")
            valid = main and sub and "/" not in sub
            self.content_type = content_type[:LIMIT] if valid else "text/plain"
            self.charset = parameter_text(parameters, "charset")[:40].strip().lower()
            self.name = self.name or clean(parameter_text(parameters, "name"), LIMIT)
            self.boundary = parameter(parameters, "boundary")[0].rstrip()


def _days(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 to a date of the Gregorian calendar."""
    if month < 3:
        year -= 1
        month += 12
    leaps = year // 4 - year // 100 + year // 400
    return 365 * year + leaps + (153 * month - 457) // 5 + day - 719469


def _zone_minutes(token: str) -> int:
    """Minutes east of UTC of '+hhmm', '-hhmm' or a name."""
    if token[0] in "+-" and len(token) > 1 and _is_number(token[1:]):
        minutes = int(token[1:]) // 100 * 60 + int(token[1:]) % 100
        return -minutes if token[0] == "-" else minutes
    return _ZONES.get(token, 0) * 60


def _without_comments(text: str) -> str:
    depth = 0
    out = []
    for c in text:
        depth += c == "("
        if depth == 0:
            out.append(c)
        depth = max(0, depth - (c == ")"))
    return "".join(out)


def parse_date(text: str) -> int | None:
    """Seconds since 1970-01-01 UTC of a Date field, or None when it is no date.

    RFC 5322 section 3.3, the obsolete forms of section 4.3, and the order of asctime.
    """
    day = month = year = -1
    clock = [0, 0, 0]
    zone = 0
    for token in _date_tokens(text):
        if ":" in token:
            clock = _clock(token)
        elif _is_number(token):
            if day < 0:
                day = int(token)
            elif year < 0:
                year = _whole_year(token)
        elif month < 0 and len(token) >= 3 and _MONTHS.find(token[:3]) % 3 == 0:
            month = _MONTHS.find(token[:3]) // 3 + 1
        elif token in _ZONES or token[0] in "+-":
            zone = _zone_minutes(token)
    if not (1 <= day <= 31 and month > 0 and 1900 <= year <= 9999):
        return None
    if not (clock[0] < 24 and clock[1] < 60 and clock[2] < 61):
        return None
    return _days(year, month, day) * 86400 + clock[0] * 3600 + clock[1] * 60 + clock[2] - zone * 60


def _date_tokens(text: str) -> list[str]:
    """Words of a date in lower case; day-month-year joined by dashes comes apart."""
    tokens = []
    for token in _without_comments(text[: 4 * LIMIT]).lower().replace(",", " ").split():
        tokens += token.split("-") if "-" in token and _is_number(token[0]) else [token]
    return [token for token in tokens if token]


def _is_number(text: str) -> bool:
    return all("0" <= c <= "9" for c in text)


def _clock(token: str) -> list[int]:
    """Hours, minutes and seconds; an hour that never is when they are none."""
    fields = token.split(":")
    if len(fields) > 3 or not all(field and _is_number(field) for field in fields):
        return [24, 0, 0]
    return ([int(field) for field in fields] + [0])[:3]


def _whole_year(digits: str) -> int:
    """A year of two or three digits as RFC 5322 section 4.3 reads it."""
    year = int(digits)
    if len(digits) == 2 and year < 50:
        return year + 2000
    return year + 1900 if len(digits) < 4 else year


def format_date(seconds: int, zone_minutes: int) -> str:
    """'YYYY-MM-DD HH:MM' of seconds since 1970-01-01 UTC, so many minutes east of UTC."""
    minutes = seconds // 60 + zone_minutes
    days = minutes // 1440
    minutes -= days * 1440
    year = 1970 + days // 366
    while _days(year + 1, 1, 1) <= days:
        year += 1
    month = 12
    while _days(year, month, 1) > days:
        month -= 1
    day = days - _days(year, month, 1) + 1
    return "%04d-%02d-%02d %02d:%02d" % (year, month, day, minutes // 60, minutes % 60)
