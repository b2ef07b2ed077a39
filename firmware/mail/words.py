"""Text in header fields: encoded words (RFC 2047), parameters (RFC 2045 section 5.1, RFC 2231)."""
from __future__ import annotations

from firmware.mail.charset import Decoder
from firmware.mail.transfer import decode_octets

_ENCODINGS = {b"q": "quoted-printable", b"b": "base64"}


def clean(text: str, limit: int) -> str:
    """One line for display, at most `limit` characters: blanks and controls become one blank."""
    text = "".join(c if c > " " and not "\x7f" <= c < "\xa0" else " " for c in text[: 4 * limit])
    return " ".join(text.split())[:limit].rstrip()


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
    while at < len(raw) and raw[at] != 0x22:
        at += 2 if raw[at] == 0x5C else 1
    return min(at, len(raw))


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
    while at < len(raw):
        if raw[at] == 0x22:
            at = quoted_end(raw, at)
        elif raw[at] == 0x3B:
            pieces.append(raw[start:at])
            start = at + 1
        at += 1
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
    return "".join([chr(c) for c in words[0] if c < 127]).lower() if words else ""


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
        stem, star, number = key.partition("*")
        coded = number[-1:] in ("", "*")
        number = number.rstrip("*") or "0"
        if key == name:
            plain = plain or value
        elif star and stem == name and number.isdigit():
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
    return decode_words(raw) if charset is None else Decoder(charset).decode(raw, True)
