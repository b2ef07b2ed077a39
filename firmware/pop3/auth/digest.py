"""Mechanisms that answer a challenge with MD5: APOP (RFC 1939 section 7), CRAM-MD5 (RFC 2195)."""
from __future__ import annotations

import hashlib
from binascii import hexlify
from typing import TYPE_CHECKING

from firmware.pop3.auth.hashes import hmac
from firmware.pop3.auth.sasl import Sasl
from firmware.pop3.auth.timestamp import timestamp
from firmware.pop3.failures import Refused
from firmware.recording.faults import LOGIN_REFUSED, PROTOCOL

if TYPE_CHECKING:
    from typing import Any

    from firmware.pop3.auth.login import Login


def md5() -> Any:
    """The constructor of MD5: the port's own, else ours."""
    if hasattr(hashlib, "md5"):
        return hashlib.md5
    from firmware.pop3.auth.md5 import MD5

    return MD5


async def run(who: Login) -> None:
    """Log in by the mechanism `who.name`. Raises Refused."""
    if who.name == "apop":
        await _apop(who)
    else:
        await _cram(who)


async def _apop(who: Login) -> None:
    session = who.session
    digest = hexlify(md5()(timestamp(session.greeting) + who.password).digest())
    session.hide(digest)
    if session.trail is not None:
        session.ahead(b"APOP", who.user, digest, shown=b"APOP %s ****" % who.user)
        session.trail()
    if not await session.command(b"APOP", who.user, digest, shown=b"APOP %s ****" % who.user):
        raise Refused(LOGIN_REFUSED, session.words(), session.response_code)


async def _cram(who: Login) -> None:
    sasl = Sasl(who.session, b"CRAM-MD5")
    challenge = await sasl.decoded(await sasl.listen())
    if not challenge:
        await sasl.give_up(PROTOCOL, "an empty CRAM-MD5 challenge")
    digest = hexlify(hmac(md5(), who.password, challenge))
    who.session.hide(digest)
    if await sasl.answer(who.user, b" ", digest, last=True) is not None:
        await sasl.give_up(PROTOCOL, "the server asks on after all was said")
