"""Hide secrets in what a server said. Loaded when somebody wants to see that."""
from __future__ import annotations

from binascii import a2b_base64
from typing import TYPE_CHECKING

from micropython import const

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# A server may cut what it says back: as much of a secret in one piece as this is hidden, too.
_PIECE = const(8)
_DECODED_PIECE = const(6)
_FOLDED = const(200)  # longest secret that is looked for in either case
# A run of base64 so long, or of anything like it, is hidden whatever it may be: servers say back
# in capitals, too.
_LONG_RUN = const(32)
_MASK = b"****"


def masked(line: bytes, secrets: Iterable[bytes]) -> bytes:
    """`line` with '****' in place of each secret and of each large piece of one, in plain, in
    either case, and in base64 at any position within what was encoded; and of each long run of
    letters and digits.
    """
    hidden = bytearray(len(line))
    for secret in secrets:
        if len(secret) <= _FOLDED:
            _hide(line.lower(), secret.lower(), hidden)
        else:
            _hide(line, secret, hidden)
        _hide_encoded(line, secret, hidden)
    if not any(hidden):
        return line
    shown = bytearray()
    for at in range(len(line)):
        if not hidden[at]:
            shown.append(line[at])
        elif not at or not hidden[at - 1]:
            shown.extend(_MASK)
    return bytes(shown)


def _hide(line: bytes, secret: bytes, hidden: bytearray) -> None:
    width = min(len(secret), _PIECE)
    for at in _pieces(line, len(line), secret, width):
        for index in range(at, at + width):
            hidden[index] = 1


def _pieces(line: bytes, end: int, secret: bytes, width: int) -> Iterator[int]:
    """Where pieces of the secret, `width` octets long, stand before `end`."""
    like = 0  # octets up to here that are in the secret at all: looking at them costs no memory
    for at in range(end):
        like = like + 1 if line[at] in secret else 0
        if like >= width and line[at + 1 - width:at + 1] in secret:
            yield at + 1 - width


def _hide_encoded(line: bytes, secret: bytes, hidden: bytearray) -> None:
    start = 0
    for at in range(len(line) + 1):
        if at == len(line) or not _is_base64(line[at]):
            length = at - start
            if length >= _LONG_RUN or (length >= 4 and _tells(line[start:at], secret)):
                for index in range(start, at):
                    hidden[index] = 1
            start = at + 1


def _is_base64(octet: int) -> bool:
    return (0x30 <= octet <= 0x39 or 0x41 <= octet <= 0x5A or 0x61 <= octet <= 0x7A
            or octet in b"+/-_")


def _tells(run: bytes, secret: bytes) -> bool:
    """True when `run`, read as base64 from any of its first characters on, holds a piece of the
    secret.
    """
    width = min(len(secret), _DECODED_PIECE)
    if len(run) * 3 // 4 < width:
        return False
    padded = run.replace(b"-", b"+").replace(b"_", b"/") + b"AAA"
    for first in range(4):
        piece = padded[first:first + (len(padded) - first) // 4 * 4]
        said = a2b_base64(piece)
        for _at in _pieces(said, (len(run) - first) * 3 // 4, secret, width):
            return True
    return False
