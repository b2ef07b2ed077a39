"""Log in by the strongest mechanism that the server offers and the policy allows, or by the one
that was asked for. Loaded for the login, with the mechanism's own module, and dropped after it.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from firmware import on_demand
from firmware.pop3.conversation import CLOSED
from firmware.pop3.failures import Refused
from firmware.pop3.parsing import is_printable
from firmware.recording.faults import LOGIN_REFUSED, NOT_CONFIGURED, Fault

if TYPE_CHECKING:
    from firmware.pop3.session import Session

_ROOM = "firmware.pop3.auth."


class Login:
    """One login: who, with which secrets, by which mechanism (`name`)."""

    def __init__(self, session: Session, secrets: tuple[str, str, str]) -> None:
        self.session = session
        self.user, self.password, self.token = [secret.encode() for secret in secrets]
        self.name = ""
        for octets in (self.user, self.password):
            if any(octet in b"\r\n\0" for octet in octets):
                raise Fault(NOT_CONFIGURED,
                            "user name or password holds a line break or a NUL")
        if not is_printable(self.token, 0x21):
            raise Fault(NOT_CONFIGURED, "the token holds what no token may hold")
        session.hide(self.password)
        session.hide(self.token)

    async def run(self, name: str, module: str) -> None:
        """Log in by mechanism `name`, which stands in `module`. Raises Refused, Fault."""
        self.name = name
        try:
            await on_demand.load(_ROOM + module).run(self)
        except Refused as refused:
            if refused.detail != self.session.words():
                raise  # the mechanism has said more of it
            raise on_demand.call(_ROOM + "refusals", "refusal", self.session) from None


async def log_in(session: Session, mechanism: str, secrets: tuple[str, str, str],
                 allow_plain: bool) -> str:
    """Log in with `secrets`: user name, password, token. Returns '', or what is to be told of it.

    Raises Refused, Fault NO_LOGIN_METHOD, SERVER_FALSE, NOT_CONFIGURED; ValueError for no such
    mechanism.
    """
    who = Login(session, secrets)
    ways = on_demand.call(_ROOM + "choice", "ways", who, mechanism,
                          allow_plain or session.secured)
    on_demand.drop(_ROOM + "timestamp")
    trail = session.trail
    if len(ways) > 1 and ways[0][1] == "digest":
        session.trail = None  # what is sent ahead would be in the way of a second try
    try:
        await who.run(*ways[0])
        return ""
    except Refused as refused:
        # with commands sent ahead, or hung up, there is no second try
        lost = session.state == CLOSED or session.owed
        if refused.code != LOGIN_REFUSED or lost or len(ways) == 1:
            raise
    on_demand.drop(_ROOM + ways[0][1])
    session.trail = trail
    await who.run(*ways[1])
    return "the server refused %s, but not %s" % (ways[0][0], ways[1][0])
