"""Text in header fields that takes more to read: encoded words (RFC 2047), addresses with comments
and groups (RFC 5322), parameters in pieces (RFC 2231).

Loaded by `header` when a mail has such.
"""
from __future__ import annotations

from firmware import on_demand
from firmware.mail.charset import Decoder
from firmware.mail.transfer import SLACK, Transfer

on_demand.drop("firmware.mail.charset")  # it goes when this module goes

_SPECIALS = b'"(<>,:;'
_ENCODINGS = {b"q": "quoted-printable", b"b": "base64"}


def decoded(raw: bytes, limit: int) -> str:
    """A field as one line for display, decoded, at most `limit` characters."""
    return clean(decode_words(raw), limit)


def clean(text: str, limit: int) -> str:
    """One line for display, at most `limit` characters: blanks and controls become one blank."""
    # octet by octet: a str that is walked interns each new character of it for good
    octets = bytearray(text[: 4 * limit].encode())
    before = 0
    for at in range(len(octets)):
        octet = octets[at]
        if octet <= 32 or octet == 127 or (before == 0xC2 and 0x80 <= octet < 0xA0):
            octets[at] = 32
            if octet > 127:
                octets[at - 1] = 32
        before = octet
    text = str(b" ".join(bytes(octets).split()), "utf-8")
    return text if len(text) <= limit else text[:limit].rstrip()


def next_word(raw: bytes, at: int) -> tuple[int, int, str, bytes] | None:
    """The next encoded word from `at`: (start, end, charset, decoded octets)."""
    while True:
        start = raw.find(b"=?", at)
        if start < 0:
            return None
        at = start + 2
        mark = raw.find(b"?", at)
        encoding = _ENCODINGS.get(raw[mark + 1 : mark + 2].lower()) if mark > at else None
        close = raw.find(b"?=", mark + 3)
        if encoding is None or raw[mark + 2 : mark + 3] != b"?" or close < 0:
            continue
        text = raw[mark + 3 : close]
        if encoding != "base64":
            text = text.replace(b"_", b" ")
        charset = str(bytes([c & 127 for c in raw[at:mark]]), "utf-8")
        return start, close + 2, charset.split("*")[0].lower(), decode_octets(text, encoding)


def decode_words(raw: bytes) -> str:
    """Decode an unstructured field: encoded words, characters split over them, 8-bit octets."""
    text = ""
    decoder = None
    charset = ""
    at = 0
    word = next_word(raw, 0)
    while word:
        start, end, its_charset, octets = word
        gap = raw[at:start]
        adjacent = decoder is not None and not gap.strip()
        if decoder is not None and not (adjacent and charset == its_charset):
            text += decoder.decode(b"", True)
            decoder = None
        if not adjacent:
            text += _guessed(gap)
        decoder = decoder or Decoder(its_charset)
        charset = its_charset
        text += decoder.decode(octets)
        at = end
        word = next_word(raw, at)
    if decoder is not None:
        text += decoder.decode(b"", True)
    return text + _guessed(raw[at:])


def _guessed(raw: bytes) -> str:
    return Decoder("").decode(raw, True) if raw else ""


def decode_octets(text: bytes, encoding: str) -> bytes:
    """Decode a short text at once; damage is passed over."""
    transfer = Transfer()
    transfer.begin(encoding)
    buffer = memoryview(bytearray(SLACK) + text)
    return bytes(transfer.decode(buffer, SLACK, len(buffer)))


def quoted_end(raw: bytes, at: int) -> int:
    """Offset of the quote that closes the one at `at`, or the end."""
    at += 1
    while True:
        quote = raw.find(b'"', at)
        if quote < 0:
            return len(raw)
        escape = raw.find(b"\\", at, quote)
        if escape < 0:
            return quote
        at = escape + 2


def _unquote(raw: bytes) -> bytes:
    """The value of a quoted string; a lone backslash stays: senders put paths there."""
    raw = raw.strip()
    if raw[:1] != b'"':
        return raw
    return raw[1 : quoted_end(raw, 0)].replace(b"\\\\", b"\\").replace(b'\\"', b'"')


def split_value(raw: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    """Split a structured field: its value, and its parameters with their values unquoted."""
    pieces = []
    start = at = 0
    while True:
        semicolon = raw.find(b";", at)
        quote = raw.find(b'"', at) if semicolon >= 0 else -1
        if 0 <= quote < semicolon:
            at = quoted_end(raw, quote) + 1
        elif semicolon >= 0:
            pieces.append(raw[start:semicolon])
            start = at = semicolon + 1
        else:
            break
    pieces.append(raw[start:])
    parameters = []
    for piece in pieces[1:]:
        equals = piece.find(b"=")
        if equals > 0:
            parameters.append((_token(piece[:equals]), _unquote(piece[equals + 1 :])))
    return _token(pieces[0]), parameters


def _token(raw: bytes) -> str:
    """A token in lower case: printable US-ASCII up to a blank or a comment."""
    words = raw.split(b"(")[0].split()
    return str(bytes([c for c in words[0] if 32 < c < 127]), "utf-8").lower() if words else ""


def _percent(raw: bytes) -> bytes:
    """Undo percent coding; what is no code stays."""
    pieces = raw.split(b"%")
    out = bytearray(pieces[0])
    for piece in pieces[1:]:
        digits = piece[:2]
        if len(digits) == 2 and all(c in b"0123456789abcdefABCDEF" for c in digits):
            out.append(int(str(digits, "utf-8"), 16))
            out.extend(piece[2:])
        else:
            out.extend(b"%" + piece)
    return bytes(out)


def parameter(parameters: list[tuple[str, bytes]], name: str) -> tuple[bytes, str | None]:
    """The octets of one parameter, RFC 2231 pieces joined; its charset, None for a plain one."""
    plain = b""
    pieces: list[tuple[int, bool, bytes]] = []
    for key, value in parameters:
        if "*" not in key:
            plain = plain or (value if key == name else b"")
            continue
        stem, _star, number = key.partition("*")
        coded = number[-1:] in ("", "*")
        number = number.rstrip("*") or "0"
        if stem == name and number.isdigit():
            pieces.append((int(number), coded, value))
    if not pieces:
        return plain, None
    pieces.sort()
    charset = ""
    if pieces[0][1] and pieces[0][2].count(b"'") >= 2:
        tick = pieces[0][2].find(b"'")
        charset = _token(pieces[0][2][:tick])
        rest = pieces[0][2][pieces[0][2].find(b"'", tick + 1) + 1 :]
        pieces[0] = (pieces[0][0], True, rest)
    octets = [_percent(value) if coded else value for _number, coded, value in pieces]
    return b"".join(octets), charset


def parameter_text(parameters: list[tuple[str, bytes]], name: str) -> str:
    """One parameter as text, RFC 2231 or, as many senders have it, encoded words."""
    raw, charset = parameter(parameters, name)
    if not raw:
        return ""
    return decode_words(raw) if charset is None else Decoder(charset).decode(raw, True)


def octets_in(raw: bytes, name: bytes) -> bytes:
    """The octets of one parameter of the field `raw`."""
    return parameter(split_value(raw)[1], str(name, "utf-8"))[0]


def text_in(raw: bytes, name: bytes, limit: int) -> str:
    """One parameter of the field `raw` as text for display."""
    return clean(parameter_text(split_value(raw)[1], str(name, "utf-8")), limit)


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
    while at < len(raw) and raw[at] not in b'"(,:;<>':
        word = next_word(raw, at) if raw[at : at + 2] == b"=?" else None
        at = word[1] if word and word[0] == at else at + 1
    return at


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


def parse_address(raw: bytes, limit: int) -> tuple[str, str]:
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
    return decoded(address, limit), decoded(shown, limit)


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
