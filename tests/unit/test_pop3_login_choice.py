"""Which login mechanism is taken, and what a refusal means. RFC 2449 section 8, 3206, 5034.
"""
from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

from firmware.pop3.auth.refusals import classify
from firmware.pop3.conversation import CLOSED
from firmware.pop3.failures import Refused
from firmware.pop3.reply import MIN_BUFFER
from firmware.pop3.session import Session
from firmware.recording import faults
from firmware.recording.faults import Fault
from tests.unit.pop3_login_support import (
    ALL,
    GREETING,
    NO,
    OK,
    Attempt,
    NoHashes,
    ScramServer,
    login_by_scram,
    said,
)
from tests.unit.pop3_support import FakeNetwork, ScriptedLink, listing, replaced
from tests.unit.support import raises

if TYPE_CHECKING:
    from typing import Any

# which mechanism

def chosen(**options: Any) -> str:
    """The first command of a login, or what the fault says."""
    attempt = Attempt(**options)
    if not attempt.sent:
        assert attempt.fault is not None and attempt.code == faults.NO_LOGIN_METHOD
        return "none: " + attempt.fault.detail
    words = attempt.sent[0].split(b" ")
    return str(words[1] if words[0] == b"AUTH" else words[0], "ascii")


def test_strongest_that_is_offered_is_taken() -> None:
    offer = ALL.split(" ")
    taken = []
    while offer:
        name = chosen(sasl=" ".join(offer), secured=True, token="abc", allow_plain=False)
        taken.append(name)
        offer.remove(name)
    assert taken == ["OAUTHBEARER", "XOAUTH2", "SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN",
                     "LOGIN"]
    assert chosen(secured=True, greeting=GREETING) == "APOP"
    assert chosen(secured=True, greeting=GREETING, sasl="PLAIN") == "APOP"
    assert chosen(secured=True) == "USER"


def test_without_tls_md5_is_never_taken_by_itself() -> None:
    for allow in (True, False):
        for sasl in ("CRAM-MD5", "CRAM-MD5 PLAIN"):
            name = chosen(sasl=sasl, greeting=GREETING, allow_plain=allow)
            assert name not in ("APOP", "CRAM-MD5")
    assert chosen(greeting=GREETING, mechanism="apop", allow_plain=False) == "APOP"
    assert chosen(sasl="CRAM-MD5", mechanism="cram-md5", allow_plain=False) == "CRAM-MD5"


def test_without_tls_nothing_goes_out_in_clear_unless_that_is_allowed() -> None:
    for sasl in ("", "PLAIN", "LOGIN", "PLAIN LOGIN XOAUTH2 OAUTHBEARER", "CRAM-MD5"):
        for name in ("auto", "plain", "login", "user", "xoauth2", "oauthbearer"):
            said_of_it = chosen(sasl=sasl, mechanism=name, allow_plain=False, token="abc")
            assert said_of_it.startswith("none: ") and "without TLS" in said_of_it
    assert chosen(sasl="PLAIN SCRAM-SHA-1", allow_plain=False) == "SCRAM-SHA-1"
    assert chosen(sasl="PLAIN", allow_plain=True) == "PLAIN"
    assert chosen(sasl="PLAIN", allow_plain=False, secured=True) == "PLAIN"


def test_session_that_does_not_know_of_tls_counts_as_plain() -> None:
    session = Session(FakeNetwork(ScriptedLink()), bytearray(MIN_BUFFER))

    async def enter() -> None:
        await session.connect("mail", 110)
        await session.login("user", "secret", allow_plain=False)

    assert raises(Fault, asyncio.run, enter()).code == faults.NO_LOGIN_METHOD


def test_token_is_used_when_there_is_one_and_the_server_wants_it() -> None:
    assert chosen(sasl=ALL, token="abc") == "OAUTHBEARER"
    assert chosen(sasl="PLAIN XOAUTH2", token="abc") == "XOAUTH2"
    assert chosen(sasl="PLAIN SCRAM-SHA-256", token="abc") == "SCRAM-SHA-256"
    assert chosen(sasl="PLAIN", token="abc", password="").startswith("none: ")
    assert chosen(sasl=ALL) == "SCRAM-SHA-256"
    assert Attempt(sasl=ALL, mechanism="xoauth2").code == faults.NOT_CONFIGURED


def test_what_the_server_does_not_offer_is_not_sent() -> None:
    for name in ("plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256", "xoauth2"):
        said_of_it = chosen(sasl="GSSAPI SCRAM-SHA-256-PLUS", mechanism=name, token="abc")
        assert said_of_it.startswith("none: the server offers no " + name)
        assert "GSSAPI" in said_of_it
    nothing = listing(b"SASL", b"STLS")
    assert chosen(capa=nothing).startswith("none: the server offers none that is known")


def test_server_without_capa_is_taken_by_what_was_asked_for() -> None:
    assert chosen(capa=NO) == "USER"
    assert chosen(capa=NO, mechanism="cram-md5") == "CRAM-MD5"


def test_password_that_scram_would_spoil_goes_as_it_is_or_not_at_all() -> None:
    combined = "secret e\u0301"
    assert chosen(sasl="PLAIN SCRAM-SHA-256", password=combined, secured=True) == "PLAIN"
    refused = Attempt(sasl="PLAIN SCRAM-SHA-256", password=combined, allow_plain=False)
    assert refused.code == faults.NOT_CONFIGURED and "'pop.login' to plain" in str(refused.fault)
    assert refused.sent == [] and "e\u0301" not in str(refused.fault)
    assert chosen(sasl="PLAIN SCRAM-SHA-256", password="secret \xe4") == "SCRAM-SHA-256"


def test_port_without_sha_1_takes_another() -> None:
    from firmware.pop3.auth import choice

    restore = replaced(choice, "hashlib", NoHashes)
    try:
        assert chosen(sasl="PLAIN SCRAM-SHA-1") == "PLAIN"
    finally:
        restore()


# refusals

def test_what_may_follow_a_login_goes_with_the_word_that_decides_it() -> None:
    challenge = b"+ PDEuMkBoPg==\r\n"  # to CRAM-MD5
    assert Attempt(OK, mechanism="plain", sasl="PLAIN").trailed == [1]
    assert Attempt(challenge, OK, mechanism="cram-md5", sasl="CRAM-MD5").trailed == [2]
    # where the password itself may have to follow it would be in the way
    both = Attempt(challenge, NO, OK, sasl="PLAIN CRAM-MD5", secured=True)
    assert both.code == 0 and both.trailed == [3]


def test_second_try_only_with_the_password_itself_and_where_that_may_be_sent() -> None:
    attempt = Attempt(NO, OK, sasl="PLAIN CRAM-MD5 SCRAM-SHA-256", secured=True, allow_plain=False)
    assert attempt.code == 0 and attempt.sent[1].startswith(b"AUTH PLAIN ")
    assert attempt.told == "the server refused scram-sha-256, but not plain"
    attempt = Attempt(NO, OK, OK, greeting=GREETING, secured=True)
    assert attempt.code == 0 and attempt.link.verbs()[1:] == ["APOP", "USER", "PASS"]
    for options in ({"allow_plain": False}, {"mechanism": "scram-sha-256"},
                    {"sasl": "CRAM-MD5 SCRAM-SHA-256", "capa": listing(b"SASL SCRAM-SHA-256")}):
        options.setdefault("sasl", "PLAIN CRAM-MD5 SCRAM-SHA-256")
        attempt = Attempt(NO, OK, **options)
        assert attempt.code == faults.LOGIN_REFUSED and len(attempt.sent) == 1
    attempt = Attempt(b"-ERR [IN-USE] no\r\n", OK, sasl="PLAIN SCRAM-SHA-256", secured=True)
    assert attempt.code != faults.LOGIN_REFUSED and len(attempt.sent) == 1
    attempt = Attempt(NO, OK, sasl="PLAIN SCRAM-SHA-256 XOAUTH2", token="abc", secured=True)
    assert attempt.code == faults.LOGIN_REFUSED and len(attempt.sent) == 1


def test_wrong_password_is_refused_by_every_mechanism_as_such() -> None:
    refused = b"-ERR [AUTH] Authentication failed.\r\n"
    server = ScramServer(hashlib.sha256, b"other")
    for attempt in (Attempt(OK, refused, mechanism="user"),
                    Attempt(refused, mechanism="apop", greeting=GREETING),
                    Attempt(refused, mechanism="plain", sasl="PLAIN"),
                    Attempt(said(b""), said(b""), refused, mechanism="login", sasl="LOGIN"),
                    Attempt(said(b"<a@b>"), refused, mechanism="cram-md5", sasl="CRAM-MD5"),
                    login_by_scram(server=server),
                    Attempt(b"+\r\n", refused, mechanism="xoauth2", token="abc", sasl="XOAUTH2")):
        assert attempt.code == faults.LOGIN_REFUSED
        assert isinstance(attempt.fault, Refused) and attempt.fault.response_code == "AUTH"


def test_scram_error_of_the_server_is_a_refusal() -> None:
    server = ScramServer(hashlib.sha256, b"pencil", final=lambda _: said(b"e=invalid-proof"))
    attempt = login_by_scram(server=server, extra=NO)
    assert attempt.code == faults.LOGIN_REFUSED and attempt.sent[-1] == b""


def test_response_codes_tell_a_wrong_password_from_a_busy_server() -> None:
    for text, kind, wait_s in (
            (b"[AUTH] bad", "AUTH", 0), (b"[auth] bad", "AUTH", 0), (b"[IN-USE] x", "IN-USE", 0),
            (b"[LOGIN-DELAY] x", "LOGIN-DELAY", 0), (b"[LOGIN-DELAY 60] x", "LOGIN-DELAY", 60),
            (b"[LOGIN-DELAY/900] x", "LOGIN-DELAY", 900), (b"[SYS/TEMP] x", "SYS/TEMP", 0),
            (b"[SYS/TEMP/DISK] x", "SYS/TEMP", 0), (b"[SYS/PERM] x", "SYS/PERM", 0),
            (b"[SYS/TEMPORAL] x", "", 0), (b"[XYZ] locked", "", 0), (b"bad password", "", 0),
            (b"", "", 0), (b"[AUTH", "", 0), (b"maildrop locked", "IN-USE", 0),
            (b"mailbox in use", "IN-USE", 0), (b"Please try again", "SYS/TEMP", 0),
            (b"Your account is locked", "", 0), (b"[LOGIN-DELAY 99999999999] x", "LOGIN-DELAY",
                                                 0x3FFFFFFF)):
        assert classify(text) == (kind, wait_s), text


def test_wait_of_a_login_delay_is_that_of_the_refusal_or_of_capa() -> None:
    for text, wait_s in ((b"-ERR [LOGIN-DELAY] x\r\n", 900), (b"-ERR [LOGIN-DELAY 60] x\r\n", 60),
                         (b"-ERR [IN-USE] x\r\n", 0)):
        attempt = Attempt(OK, text, capa=listing(b"USER", b"LOGIN-DELAY 900"))
        assert isinstance(attempt.fault, Refused) and attempt.fault.wait_s == wait_s
        assert attempt.code != faults.LOGIN_REFUSED


def test_server_that_asks_on_and_on_is_told_to_stop() -> None:
    for mechanism, answers in (("plain", (said(b"more"),)), ("cram-md5", (said(b"x"), said(b"y"))),
                               ("login", (said(b"x"), said(b"y"), said(b"z")))):
        attempt = Attempt(*answers, mechanism=mechanism, sasl=mechanism.upper())
        assert attempt.code == faults.PROTOCOL and attempt.sent[-1] == b"*"
    attempt = Attempt(said(b"more"), OK, mechanism="plain", sasl="PLAIN")
    assert attempt.code == faults.PROTOCOL and attempt.session.state == CLOSED


def test_challenge_that_comes_before_it_is_asked_for_ends_the_session() -> None:
    attempt = Attempt(said(b"<a@b>") + OK, mechanism="cram-md5", sasl="CRAM-MD5")
    assert attempt.code == faults.PROTOCOL and attempt.sent == [b"AUTH CRAM-MD5"]
    assert attempt.session.state == CLOSED and attempt.link.closed


def test_challenge_that_is_not_base64_ends_the_exchange() -> None:
    attempt = Attempt(b"+ a\r\n", mechanism="cram-md5", sasl="CRAM-MD5")
    assert attempt.code == faults.PROTOCOL and attempt.sent[-1] == b"*"
    attempt = Attempt(said(b""), mechanism="cram-md5", sasl="CRAM-MD5")
    assert attempt.code == faults.PROTOCOL


def test_line_breaks_and_nul_are_refused_before_anything_is_sent() -> None:
    names = ("auto", "user", "apop", "plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256",
             "xoauth2", "oauthbearer")
    for name in names:
        for bad in ("a\rb", "a\nb", "a\0b"):
            for where in ("user", "password", "token"):
                options: dict[str, Any] = {"token": "abc", "sasl": ALL, "greeting": GREETING}
                options[where] = bad
                attempt = Attempt(mechanism=name, **options)
                assert attempt.code == faults.NOT_CONFIGURED and attempt.sent == []
    for token in ("a b", "a\1b", "\xe4"):
        assert Attempt(mechanism="xoauth2", sasl=ALL, token=token).sent == []
