"""The challenge of APOP, within a greeting."""
from __future__ import annotations

from micropython import const

from firmware.pop3.parsing import is_printable

_LONGEST = const(510)


def timestamp(greeting: bytes) -> bytes:
    """The timestamp anywhere in the greeting, b'' when there is not exactly one that is well
    formed.

    It must be a message identifier (RFC 1939 section 7, RFC 5322 section 3.6.4): an attacker who
    may choose other octets can learn the password from the digests (CVE-2007-1558).
    """
    start = greeting.find(b"<")
    end = greeting.find(b">", start)
    if start < 0 or end < 0 or greeting.count(b"<") != 1 or greeting.count(b">") != 1:
        return b""
    found = greeting[start:end + 1]
    left, at, right = found[1:-1].partition(b"@")
    well_formed = at and _is_dot_atom(left) and (_is_dot_atom(right) or _is_literal(right))
    return found if well_formed and len(found) <= _LONGEST else b""


def _is_dot_atom(part: bytes) -> bool:
    return (is_printable(part, 0x21) and all(part.split(b"."))
            and not any(octet in b'()<>[]:;@\\,"' for octet in part))


def _is_literal(part: bytes) -> bool:
    inside = part[1:-1]
    return (part[:1] == b"[" and part[-1:] == b"]" and is_printable(inside, 0x21)
            and not any(octet in b"[]\\" for octet in inside))
