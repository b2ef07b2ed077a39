"""Login: USER and PASS, APOP (RFC 1939 section 7). Loaded when a session logs in.

A further mechanism is one more coroutine here and one more row in `_MECHANISMS`.
"""
from __future__ import annotations

import hashlib
from binascii import hexlify
from typing import TYPE_CHECKING

from micropython import const

from firmware.pop3.parsing import is_printable
from firmware.recording.faults import LOGIN_REFUSED, SERVER_REFUSED, Fault

if TYPE_CHECKING:
    from firmware.pop3.session import Session

_CHALLENGE_CAP = const(510)
# RFC 2449 section 8, RFC 3206: refusals that say nothing about the password
_BUSY_CODES = ("IN-USE", "LOGIN-DELAY", "SYS/TEMP", "SYS/PERM")
_BUSY_WORDS = (b"lock", b"in use", b"busy", b"try again", b"try later")


def challenge(greeting: bytes) -> bytes:
    """The APOP timestamp anywhere in the greeting, b'' when there is none that is well formed.

    It must look like a message identifier (RFC 1939 section 7): an attacker who may choose other
    octets can learn the password from the digests (CVE-2007-1558).
    """
    start = greeting.find(b"<")
    end = greeting.find(b">", start)
    found = greeting[start:end + 1] if 0 <= start < end else b""
    if len(found) > _CHALLENGE_CAP or found.count(b"@") != 1 or b"<@" in found or b"@>" in found:
        return b""
    return found if is_printable(found, 0x21) and found.count(b"<") == 1 else b""


def has_md5() -> bool:
    """True when this build can reckon APOP's digest."""
    return hasattr(hashlib, "md5")


def refusal(session: Session) -> Fault:
    """The fault for a refused login: the password is blamed only when the server does not say that
    it is something else.
    """
    code = session.response_code
    text = session.text.lower()
    busy = code in _BUSY_CODES or (not code and any(words in text for words in _BUSY_WORDS))
    return Fault(SERVER_REFUSED if busy else LOGIN_REFUSED, session.words())


async def _user(session: Session, user: bytes, password: bytes) -> None:
    if not await session.command(b"USER", user):
        raise refusal(session)
    if not await session.command(b"PASS", password, shown=b"PASS ****"):
        raise refusal(session)


async def _apop(session: Session, user: bytes, password: bytes) -> None:
    timestamp = challenge(session.greeting)
    if not timestamp:
        raise Fault(LOGIN_REFUSED, "the server offers no APOP")
    if not has_md5():
        raise Fault(LOGIN_REFUSED, "this machine can't do APOP")
    digest = hexlify(hashlib.md5(timestamp + password).digest())
    session.hide(digest)
    if not await session.command(b"APOP", user, digest, shown=b"APOP %s ****" % user):
        raise refusal(session)


async def _auto(session: Session, user: bytes, password: bytes) -> None:
    # A server may greet with a timestamp and yet hold only hashed passwords, with which no APOP
    # can succeed.
    if challenge(session.greeting) and has_md5():
        try:
            await _apop(session, user, password)
            return
        except Fault as fault:
            if fault.code != LOGIN_REFUSED:
                raise
    await _user(session, user, password)


_MECHANISMS = {"auto": _auto, "user": _user, "apop": _apop}


async def log_in(session: Session, mechanism: str, user: bytes, password: bytes) -> None:
    """Log in by the mechanism of that name. Raises Fault LOGIN_REFUSED, SERVER_REFUSED.

    ValueError when there is no such mechanism.
    """
    if mechanism not in _MECHANISMS:
        raise ValueError("no login mechanism %r" % mechanism)
    await _MECHANISMS[mechanism](session, user, password)
