"""Mechanisms that send the password itself: USER and PASS (RFC 1939 section 7), PLAIN (RFC 4616),
LOGIN (never standardised; draft-murchison-sasl-login).
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.pop3.auth.sasl import Sasl
from firmware.pop3.failures import Refused
from firmware.recording.faults import LOGIN_REFUSED, PROTOCOL, Fault

if TYPE_CHECKING:
    from firmware.pop3.auth.login import Login


async def run(who: Login) -> None:
    """Log in by the mechanism `who.name`. Raises Refused."""
    if who.name == "user":
        await _user(who)
    elif who.name == "plain":
        await _plain(who)
    else:
        await _login(who)


async def _user(who: Login) -> None:
    session = who.session
    if session.pipelining:  # both at once (RFC 2449 section 6.6), and what may follow
        session.ahead(b"USER", who.user)
        session.ahead(b"PASS", who.password, shown=b"PASS ****")
        if session.trail is not None:
            session.trail()
    if not await session.command(b"USER", who.user):
        if session.owed:  # few servers refuse names; all others were confused by what came with it
            raise Fault(PROTOCOL, "USER is refused")
        raise Refused(LOGIN_REFUSED, session.words(), session.response_code)
    if not await session.command(b"PASS", who.password, shown=b"PASS ****"):
        raise Refused(LOGIN_REFUSED, session.words(), session.response_code)


async def _plain(who: Login) -> None:
    sasl = Sasl(who.session, b"PLAIN")
    if await sasl.open(b"\0", who.user, b"\0", who.password, last=True) is not None:
        await sasl.give_up(PROTOCOL, "the server asks on after all was said")


async def _login(who: Login) -> None:
    # Servers ask "Username:", or "User Name\0", or anything else: the order counts.
    sasl = Sasl(who.session, b"LOGIN")
    await sasl.listen()
    more = await sasl.answer(who.user)
    if more is not None:
        more = await sasl.answer(who.password, last=True)
    if more is not None:
        await sasl.give_up(PROTOCOL, "the server asks on after all was said")
