"""Mechanisms that send an access token: OAUTHBEARER (RFC 7628), XOAUTH2 (Gmail, Microsoft 365).
"""
from __future__ import annotations

from binascii import a2b_base64
from typing import TYPE_CHECKING

from micropython import const

from firmware.pop3.auth.sasl import Sasl, escaped
from firmware.pop3.failures import Refused
from firmware.recording.faults import LOGIN_REFUSED, PROTOCOL

if TYPE_CHECKING:
    from firmware.pop3.auth.login import Login

_USUAL_CAP = const(4096)  # octets of a token that Microsoft 365 takes
_STATUS = b'"status"'
_STATUS_CAP = const(40)


async def run(who: Login) -> None:
    """Log in by the mechanism `who.name`. Raises Refused."""
    if who.name == "oauthbearer":
        sasl, failure = await _bearer(who)
    else:
        sasl, failure = await _xoauth2(who)
    if failure is None:
        return
    # The server has said why, and says -ERR when it has been told that this was read (RFC 7628
    # section 3.2.3; XOAUTH2 wants an empty line).
    try:
        more = await sasl.answer(*((b"\1",) if who.name == "oauthbearer" else ()))
    except Refused as refused:
        if refused.response_code not in ("", "AUTH"):
            raise
        raise _explained(who, _status(failure)) from None
    if more is None:
        who.session.close()
    await sasl.give_up(PROTOCOL, "the token is refused and the login is not")


async def _bearer(who: Login) -> tuple[Sasl, bytes | None]:
    sasl = Sasl(who.session, b"OAUTHBEARER")
    host, port = who.session.peer
    place = b"\1host=%s\1port=%d\1auth=Bearer " % (host.encode(), port)
    opened = await sasl.open(b"n,a=", escaped(who.user), b",", place, who.token, b"\1\1")
    return sasl, opened


async def _xoauth2(who: Login) -> tuple[Sasl, bytes | None]:
    # Microsoft 365 announces SASL and takes no initial response.
    sasl = Sasl(who.session, b"XOAUTH2")
    opened = await sasl.open(b"user=", who.user, b"\1auth=Bearer ", who.token, b"\1\1",
                             two_lines=True)
    return sasl, opened


def _explained(who: Login, status: bytes) -> Refused:
    session = who.session
    what = "token"
    if len(who.token) > _USUAL_CAP:
        what = "token of %d octets" % len(who.token)
    why = session.masked(status) or "refused"
    detail = "%s: %s; %s" % (what, why, session.words())
    return Refused(LOGIN_REFUSED, detail, session.response_code)


def _status(failure: bytes) -> bytes:
    """The member `status` of the JSON that tells of a failure, b'' for none."""
    try:
        failure = a2b_base64(failure)
    except ValueError:
        return b""
    at = failure.find(_STATUS)
    start = failure.find(b'"', at + len(_STATUS))
    end = failure.find(b'"', start + 1)
    return failure[start + 1:end][:_STATUS_CAP] if 0 <= at < start < end else b""
