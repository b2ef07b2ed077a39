"""Whatever a server says during a login: a fault or a login, no other exception, no secret told,
no password in clear where that is not allowed.
"""
from __future__ import annotations

import hashlib
from binascii import a2b_base64
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from firmware.pop3.auth.sasl import base64
from firmware.pop3.conversation import TRANSACTION
from tests.unit.pop3_login_support import ALL, Attempt, ScramServer, said
from tests.unit.pop3_support import listing

PASSWORD = "correct horse"
TOKEN = "ya29.very-secret-token"
NAMES = ("auto", "user", "apop", "plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256",
         "xoauth2", "oauthbearer")

lines = st.one_of(
    st.sampled_from([b"+OK\r\n", b"-ERR\r\n", b"+ \r\n", b"+\r\n", b"+OK\n", b"-ERR [AUTH] no\r\n",
                     b"-ERR [IN-USE] x\r\n", b"-ERR [LOGIN-DELAY 5\r\n", b"\r\n", b"+ =\r\n",
                     said(b"v="), said(b"e=x"), said(b'{"status":"'), said(b"<a@b>"),
                     b"+OK\r\n+OK\r\n", b"+ \r\n+ \r\n"]),
    st.binary(max_size=60).map(said),
    st.binary(max_size=60).map(lambda octets: octets + b"\r\n"),
    st.binary(max_size=60).map(lambda octets: b"-ERR " + octets.replace(b"\n", b"") + b"\r\n"))
greetings = st.one_of(
    st.just(b"+OK <a@b>\r\n"),
    st.binary(max_size=40).map(lambda octets: b"+OK " + octets.replace(b"\n", b"") + b"\r\n"))


def shown(attempt: Attempt) -> str:
    return "\n".join([*attempt.trace, str(attempt.fault), repr(attempt.fault), attempt.told,
                      attempt.session.words()])


@settings(max_examples=250, deadline=None)
@example("auto", [b"+ \r\n", b"+OK\r\n"], b"+OK <a@b>\r\n", False, True, ALL)
@given(st.sampled_from(NAMES), st.lists(lines, max_size=6), greetings, st.booleans(),
       st.booleans(), st.sampled_from(["", ALL, "PLAIN", "CRAM-MD5 LOGIN", "SCRAM-SHA-1 PLAIN"]))
def test_nothing_that_a_server_says_does_harm(
        name: str, answers: list[Any], greeting: bytes, secured: bool, allowed: bool,
        sasl: str) -> None:
    attempt = Attempt(*answers, mechanism=name, sasl=sasl, password=PASSWORD, token=TOKEN,
                      greeting=greeting, secured=secured, allow_plain=allowed)
    assert (attempt.fault is None) == (attempt.session.state == TRANSACTION)
    assert PASSWORD not in shown(attempt) and TOKEN not in shown(attempt)
    if not secured and not allowed:
        sent = b"\n".join(attempt.sent)
        for line in attempt.sent:
            for word in line.split(b" "):
                try:
                    sent += a2b_base64(word)
                except ValueError:
                    continue
        assert PASSWORD.encode() not in sent and TOKEN.encode() not in sent


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 255), st.booleans())
def test_no_changed_server_signature_is_taken(where: int, octet: int, insert: bool) -> None:
    changed = []

    def spoiled(message: bytes) -> bytes:
        at = where % len(message)
        changed.append(message[:at] + bytes([octet]) + message[at + (not insert):] != message)
        return said(message[:at] + bytes([octet]) + message[at + (not insert):])

    server = ScramServer(hashlib.sha256, b"pencil", rounds=100, final=spoiled)
    attempt = Attempt(server.begin, server.proof, b"+OK\r\n", mechanism="scram-sha-256",
                      sasl="SCRAM-SHA-256", password="pencil", secured=True)
    assert (attempt.session.state == TRANSACTION) != changed[0]


def test_long_listing_of_mechanisms_is_read_to_its_cap() -> None:
    capa = listing(b"USER", b"SASL " + b" ".join(b"X-%d" % n for n in range(60)) + b" PLAIN")
    attempt = Attempt(b"+OK\r\n", b"+OK\r\n", capa=capa)
    assert attempt.fault is None and attempt.sent[0] in (b"USER user",
                                                         b"AUTH PLAIN " + base64(b""))
