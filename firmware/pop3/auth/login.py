"""Log in by the strongest mechanism that the server offers and the policy allows, or by the one
that was asked for. Loaded for the login, with the mechanism's own module, and dropped after it.

The policy: without TLS, passwords and tokens go out in clear only where that is allowed, and
mechanisms that rest on MD5 are used only where they are asked for by name.
"""
from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from micropython import const

from firmware import on_demand
from firmware.pop3.auth.refusals import refusal
from firmware.pop3.auth.timestamp import timestamp
from firmware.pop3.failures import Refused
from firmware.pop3.parsing import is_printable
from firmware.pop3.session import CLOSED
from firmware.recording.faults import LOGIN_REFUSED, NO_LOGIN_METHOD, NOT_CONFIGURED, Fault

if TYPE_CHECKING:
    from firmware.pop3.session import Session

_TOKEN = const(0)  # sends an access token
_PROOF = const(1)  # proves both sides' knowledge of the password
_DIGEST = const(2)  # proves ours, by MD5
_CLEAR = const(3)  # sends the password

# strongest first: name, kind, module
MECHANISMS = (
    ("oauthbearer", _TOKEN, "oauth"),
    ("xoauth2", _TOKEN, "oauth"),
    ("scram-sha-256", _PROOF, "scram"),
    ("scram-sha-1", _PROOF, "scram"),
    ("cram-md5", _DIGEST, "digest"),
    ("apop", _DIGEST, "digest"),
    ("plain", _CLEAR, "clear"),
    ("login", _CLEAR, "clear"),
    ("user", _CLEAR, "clear"),
)


class Login:
    """One login: who, with which secrets, by which mechanism (`name`)."""

    def __init__(self, session: Session, secrets: tuple[str, str, str]) -> None:
        self.session = session
        self.user, self.password, self.token = [secret.encode() for secret in secrets]
        self.secured = session.secured
        self.name = ""
        for octets in (self.user, self.password):
            if any(octet in b"\r\n\0" for octet in octets):
                raise Fault(NOT_CONFIGURED,
                            "user name or password holds a line break or a NUL")
        if not is_printable(self.token, 0x21):
            raise Fault(NOT_CONFIGURED, "the token holds what no token may hold")
        session.hide(self.password)
        session.hide(self.token)

    async def run(self, mechanism: tuple[str, int, str]) -> None:
        """Log in by that mechanism. Raises Refused, Fault."""
        self.name = mechanism[0]
        module = on_demand.load("firmware.pop3.auth." + mechanism[2])
        try:
            await module.run(self)
        except Refused as refused:
            if refused.detail != self.session.words():
                raise  # the mechanism has said more of it
            raise refusal(self.session) from None


async def log_in(session: Session, mechanism: str, secrets: tuple[str, str, str],
                 allow_plain: bool) -> str:
    """Log in with `secrets`: user name, password, token. Returns '', or what is to be told of it.

    Raises Refused, Fault NO_LOGIN_METHOD, SERVER_FALSE, NOT_CONFIGURED; ValueError for no such
    mechanism.
    """
    who = Login(session, secrets)
    clear_allowed = allow_plain or who.secured
    if mechanism != "auto":
        await who.run(_asked_for(who, mechanism, clear_allowed))
        return ""
    ways = _automatic(who, clear_allowed)
    try:
        await who.run(ways[0])
        return ""
    except Refused as refused:
        second = _second(who, ways, refused)
        if second is None:
            raise
    await who.run(second)
    return "the server refused %s, but not %s" % (ways[0][0], second[0])


def _asked_for(who: Login, name: str, clear_allowed: bool) -> tuple[str, int, str]:
    for mechanism in MECHANISMS:
        if mechanism[0] == name:
            break
    else:
        raise ValueError("no login mechanism %r" % name)
    kind = mechanism[1]
    if kind == _TOKEN and not who.token:
        raise Fault(NOT_CONFIGURED, "%s needs 'pop.token'" % name)
    if kind in (_TOKEN, _CLEAR) and not clear_allowed:
        raise Fault(NO_LOGIN_METHOD, "without TLS %s needs 'pop.allow_plain'" % name)
    if not _has_hash(name):
        raise Fault(NO_LOGIN_METHOD, "this machine can't do %s" % name)
    # who is asked for one mechanism may find it missing where nothing is announced at all
    announces = who.session.capabilities.has("SASL") or name == "apop"
    if name != "user" and announces and not _offered(who.session, name):
        raise Fault(NO_LOGIN_METHOD, "the server offers no %s%s" % (name, _offer(who.session)))
    return mechanism


def _automatic(who: Login, clear_allowed: bool) -> list[tuple[str, int, str]]:
    """What the server offers and the policy allows, strongest first; never empty.

    Raises Fault NO_LOGIN_METHOD.
    """
    offered = [mechanism for mechanism in MECHANISMS if _has_hash(mechanism[0])
               and _offered(who.session, mechanism[0])]
    wanted = [mechanism for mechanism in offered if _fits(who, mechanism[1])]
    allowed = [mechanism for mechanism in wanted if mechanism[1] == _PROOF or who.secured
               or (clear_allowed and mechanism[1] != _DIGEST)]
    if allowed:
        return allowed
    if wanted:
        names = " ".join(mechanism[0] for mechanism in wanted)
        raise Fault(NO_LOGIN_METHOD, "without TLS %s would be unsafe" % names)
    raise Fault(NO_LOGIN_METHOD, "the server offers none that is known%s" % _offer(who.session))


def _fits(who: Login, kind: int) -> bool:
    return bool(who.token) if kind == _TOKEN else bool(who.password) or not who.token


def _offered(session: Session, name: str) -> bool:
    capabilities = session.capabilities
    if name == "apop":
        return bool(timestamp(session.greeting))
    if name == "user":
        # the one that needs no announcement, unless the server is careful to announce
        return capabilities.has("USER") or not capabilities.has("SASL")
    return name.upper() in capabilities.argument("SASL").upper().split()


def _offer(session: Session) -> str:
    names = session.capabilities.argument("SASL")
    return " (it offers %s)" % names[:60] if names else ""


def _has_hash(name: str) -> bool:
    return name != "scram-sha-1" or hasattr(hashlib, "sha1")


def _second(who: Login, ways: list[tuple[str, int, str]],
            refused: Refused) -> tuple[str, int, str] | None:
    """What to try when the strongest was refused: a server may announce what can't work with the
    passwords as it keeps them. Only with the password itself, which every server can check, and
    only where it may be sent.
    """
    if refused.code != LOGIN_REFUSED or who.session.state == CLOSED or who.session.owed:
        return None
    if ways[0][1] not in (_PROOF, _DIGEST):
        return None
    for mechanism in ways:
        if mechanism[1] == _CLEAR:
            return mechanism
    return None
