"""Which mechanisms may be used: those that the server offers and the policy allows.

The policy: without TLS, passwords and tokens go out in clear only where that is allowed, and
mechanisms that rest on MD5 are used only where they are asked for by name.
"""
from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from micropython import const

from firmware.pop3.auth.timestamp import timestamp
from firmware.pop3.parsing import is_printable
from firmware.recording.faults import NO_LOGIN_METHOD, NOT_CONFIGURED, Fault

if TYPE_CHECKING:
    from firmware.pop3.auth.login import Login
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


def ways(who: Login, name: str, clear_allowed: bool) -> list[tuple[str, str]]:
    """Name and module of the mechanism to use, and, where there is one, of that to use when it is
    refused.

    Raises Fault NO_LOGIN_METHOD, NOT_CONFIGURED; ValueError when there is no mechanism `name`.
    """
    if name != "auto":
        mechanism = _asked_for(who, name, clear_allowed)
        return [(mechanism[0], mechanism[2])]
    found = _automatic(who, clear_allowed)
    taken = [found[0]]
    # A server may announce what can't work with the passwords as it keeps them. The password
    # itself is what every server can check; it is second only where it may be sent.
    if found[0][1] in (_PROOF, _DIGEST):
        taken += [mechanism for mechanism in found if mechanism[1] == _CLEAR][:1]
    return [(mechanism[0], mechanism[2]) for mechanism in taken]


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
    unfit = _unfit_for_proof(who)
    offered = [mechanism for mechanism in MECHANISMS if _has_hash(mechanism[0])
               and _offered(who.session, mechanism[0])]
    if unfit is not None:
        proofs = [mechanism for mechanism in offered if mechanism[1] == _PROOF]
        offered = [mechanism for mechanism in offered if mechanism not in proofs]
        unfit = unfit if proofs else None
    wanted = [mechanism for mechanism in offered if _fits(who, mechanism[1])]
    allowed = [mechanism for mechanism in wanted if mechanism[1] == _PROOF or who.session.secured
               or (clear_allowed and mechanism[1] != _DIGEST)]
    if allowed:
        return allowed
    if unfit is not None:
        raise unfit
    if wanted:
        names = " ".join(mechanism[0] for mechanism in wanted)
        raise Fault(NO_LOGIN_METHOD, "without TLS %s would be unsafe" % names)
    raise Fault(NO_LOGIN_METHOD, "the server offers none that is known%s" % _offer(who.session))


def _unfit_for_proof(who: Login) -> Fault | None:
    """Why SCRAM can't be done with this user name and password."""
    if is_printable(who.user) and is_printable(who.password):
        return None
    from firmware.pop3.auth import saslprep

    try:
        saslprep.prepared(who.user)
        saslprep.prepared(who.password)
    except Fault as fault:
        return fault
    return None


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
