"""Text in header fields: encoded words (RFC 2047), parameters (RFC 2045 section 5.1, RFC 2231)."""
from __future__ import annotations

from typing import TYPE_CHECKING

import micropython

from firmware.mail.charset import Decoder
from firmware.mail.transfer import decode_octets

if TYPE_CHECKING:
    from micropython import ptr8


# Bounds: reads p[at..end-1].
@micropython.viper
def _is_plain(p: ptr8, at: int, end: int) -> int:
    """1 when p[at..end-1] is printable US-ASCII without two blanks in a row, else 0."""
    before = 0
    while at < end:
        octet = int(p[at])
        if octet < 32 or octet > 126 or (octet == 32 and before == 32):
            return 0
        before = octet
        at += 1
    return 1


# Bounds: as above.
@micropython.viper
def _is_token(p: ptr8, at: int, end: int) -> int:
    """1 when p[at..end-1] is printable US-ASCII without blanks, else 0."""
    while at < end:
        octet = int(p[at])
        if octet < 33 or octet > 126:
            return 0
        at += 1
    return 1


def is_token(raw: bytes) -> bool:
    """True when all octets are printable US-ASCII other than the blank."""
    return bool(_is_token(raw, 0, len(raw)))


def text_of(raw: bytes, limit: int) -> str:
    """A field as one line for display, decoded, at most `limit` characters."""
    if _is_plain(raw, 0, len(raw)) and b"=?" not in raw:
        raw = raw.strip()
        # each str that is made is looked for among the interned ones: as few as possible
        return str(raw if len(raw) <= limit else raw[:limit].rstrip(), "utf-8")
    return clean(decode_words(raw), limit)


_ENCODINGS = {b"q": "quoted-printable", b"b": "base64"}


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


def _plain(raw: bytes) -> str:
    if _is_plain(raw, 0, len(raw)):
        return str(raw, "utf-8")
    return Decoder("").decode(raw, True)


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
            text += _plain(gap)
        decoder = decoder or Decoder(its_charset)
        charset = its_charset
        text += decoder.decode(octets)
        at = end
        word = next_word(raw, at)
    if decoder is not None:
        text += decoder.decode(b"", True)
    return text + _plain(raw[at:])


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
    raw = raw.strip()
    if is_token(raw) and b"(" not in raw:  # the usual case, with less garbage
        return str(raw.lower(), "utf-8")
    words = raw.split(b"(")[0].split()
    if words and is_token(words[0]):
        return str(words[0], "utf-8").lower()
    return str(bytes([c for c in words[0] if c < 127]), "utf-8").lower() if words else ""


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
