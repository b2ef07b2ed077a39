"""Every login mechanism with the example of its RFC, and what is wrong with a server.

RFC 1939 section 7, 2195, 4616, 5034, 5802, 7628, 7677.
"""
from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

from firmware.pop3.auth import hashes, scram
from firmware.pop3.auth.sasl import base64
from firmware.pop3.auth.timestamp import timestamp
from firmware.pop3.conversation import CLOSED, TRANSACTION
from firmware.recording import faults
from firmware.recording.faults import Fault
from tests.unit.pop3_login_support import (
    GREETING,
    NO,
    OK,
    Attempt,
    ScramServer,
    login_by_scram,
    said,
)
from tests.unit.pop3_support import replaced
from tests.unit.support import raises

if TYPE_CHECKING:
    from typing import Any

# APOP's challenge

def test_apop_challenge_is_exactly_one_message_identifier() -> None:
    for good in (b"<1896.697170952@dbc.mtview.ca.us>", b"<a@b>", b"<a!#$%&'*+-/=?^_`{|}~@[::1]>"):
        assert timestamp(b"POP3 " + good + b" ready") == good
    for bad in (b"", b"<>", b"<@>", b"<a@>", b"<@b>", b"<ab>", b"<a@b@c>", b"<a b@c>", b"<a@b",
                b"a@b>", b">a@b<", b"<a@b> <c@d>", b"<<a@b>>", b"<a\xe9@b>", b"<a\x00@b>",
                b"<a\x80@b>", b"<.a@b>", b"<a.@b>", b"<a..b@c>", b"<a,b@c>", b"<a@b[c]>",
                b"<a@[b>", b'<"a"@b>', b"<" + b"a" * 600 + b"@b>"):
        assert timestamp(b"POP3 " + bad + b" ready") == b"", bad


# the mechanisms, each with its RFC's example

def test_apop_example_of_rfc_1939() -> None:
    attempt = Attempt(OK, mechanism="apop", user="mrose", password="tanstaaf", greeting=GREETING)
    assert attempt.code == 0 and attempt.session.state == TRANSACTION
    assert attempt.sent == [b"APOP mrose c4c9334bac560ecc979e58001b3e22fb"]


def test_cram_md5_example_of_rfc_2195() -> None:
    challenge = said(b"<1896.697170952@postoffice.reston.mci.net>")
    attempt = Attempt(challenge, OK, mechanism="cram-md5", sasl="CRAM-MD5", user="tim",
                      password="tanstaaftanstaaf")
    assert attempt.code == 0
    assert attempt.sent == [b"AUTH CRAM-MD5",
                            b"dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw"]


def test_plain_example_of_rfc_4616_and_5034() -> None:
    attempt = Attempt(OK, mechanism="plain", sasl="PLAIN", user="tim", password="tanstaaftanstaaf")
    assert attempt.sent == [b"AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm"] and attempt.code == 0
    # where nothing is announced the response waits to be asked for
    attempt = Attempt(b"+ \r\n", OK, mechanism="plain", user="tim", password="tanstaaftanstaaf")
    assert attempt.sent == [b"AUTH PLAIN", b"AHRpbQB0YW5zdGFhZnRhbnN0YWFm"] and attempt.code == 0


def test_response_too_long_for_the_command_waits_for_its_own_line() -> None:
    # RFC 5034 section 4: 255 octets with CRLF
    for length, lines in ((174, 1), (175, 2)):
        attempt = Attempt(b"+\r\n" if lines == 2 else OK, OK, mechanism="plain", sasl="PLAIN",
                          user="user", password="x" * length)
        assert len(attempt.sent) == lines and attempt.code == 0
        assert len(attempt.sent[0]) + 2 <= 255


def test_login_sends_user_and_password_whatever_the_prompts_are() -> None:
    for first, second in ((b"Username:", b"Password:"), (b"User Name\0", b"Password\0"),
                          (b"", b"")):
        attempt = Attempt(said(first), said(second), OK, mechanism="login", sasl="LOGIN")
        assert attempt.code == 0 and attempt.sent[0] == b"AUTH LOGIN"
        assert attempt.decoded() == [b"user", b"secret word"]


def test_prompts_need_not_be_base64() -> None:
    attempt = Attempt(b"+ Username:\r\n", b"+ Password:\r\n", OK, mechanism="login", sasl="LOGIN")
    assert attempt.code == 0 and attempt.decoded() == [b"user", b"secret word"]
    attempt = Attempt(b"+ go ahead!\r\n", OK, mechanism="plain")
    assert attempt.code == 0 and attempt.decoded() == [b"\0user\0secret word"]


def test_user_and_pass_of_rfc_1939() -> None:
    attempt = Attempt(OK, OK, mechanism="user", user="mrose", password="p\xe4ss  word ")
    assert attempt.sent == [b"USER mrose", "PASS p\xe4ss  word ".encode()] and attempt.code == 0


def scram_example(new: Any, nonce: bytes, challenge: bytes, proof: bytes, final: bytes) -> None:
    client = scram.Client(new, b"user", nonce)
    assert b"".join(client.first()) == b"n,,n=user,r=" + nonce
    client.challenge(challenge)
    salted = asyncio.run(hashes.pbkdf2(new, b"pencil", client.salt, client.rounds))
    both = challenge[2:challenge.find(b",")]
    assert b"".join(client.final(salted)) == b"c=biws,r=" + both + b",p=" + proof
    client.verify(final)
    for wrong in (final[:-2] + b"A=", final[:-1], b"v=", b"e=other-error", b"", None):
        assert raises(Fault, client.verify, wrong).code == faults.SERVER_FALSE


def test_scram_sha_1_example_of_rfc_5802() -> None:
    scram_example(hashlib.sha1, b"fyko+d2lbbFgONRv9qkxdawL",
                  b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
                  b"v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=")


def test_scram_sha_256_example_of_rfc_7677() -> None:
    scram_example(hashlib.sha256, b"rOprNGfwEbeRWgbNEkqO",
                  b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                  b"s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
                  b"dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
                  b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")


def test_scram_logs_in_with_and_without_initial_response() -> None:
    for name in ("scram-sha-1", "scram-sha-256"):
        for initial in (True, False):
            attempt = login_by_scram(name, initial=initial, segment=1 if initial else 0)
            assert attempt.code == 0 and attempt.session.state == TRANSACTION
            assert len(attempt.sent) == 4 - initial and attempt.sent[-1] == b""


def test_scram_sends_a_name_with_comma_and_equals_sign_and_a_prepared_password() -> None:
    server = ScramServer(hashlib.sha256, "IX \xe4".encode())
    attempt = login_by_scram(server=server, user="a=b,c\xa0", password="I\xadX\xa0\xe4")
    assert attempt.code == 0 and server.first.startswith(b"n=a=3Db=2Cc ,r=")


def test_salted_password_is_reckoned_once_for_as_long_as_it_stays_the_same() -> None:
    real, reckoned = hashes.pbkdf2, []

    async def counted(new: Any, password: bytes, salt: bytes, rounds: int) -> bytes:
        reckoned.append((password, salt, rounds))
        return await real(new, password, salt, rounds)

    salted: dict[bytes, bytes] = {}
    for password, salt, rounds, count in (
            ("pencil", b"abcd", 4096, 1), ("pencil", b"abcd", 4096, 1), ("pen", b"abcd", 4096, 2),
            ("pencil", b"abce", 4096, 3), ("pencil", b"abcd", 4097, 4),
            ("pencil", b"abcd", 4096, 4), ("pe", b"abcd", 4096, 5), ("pe", b"abcd", 4096, 5),
            ("pencil", b"abcd", 4096, 6)):
        from firmware.pop3.auth import scram as loaded

        restore = replaced(loaded, "pbkdf2", counted)
        try:
            server = ScramServer(hashlib.sha256, password.encode(), salt, rounds)
            attempt = login_by_scram(server=server, password=password, salted=salted)
        finally:
            restore()
        assert attempt.code == 0 and len(reckoned) == count and len(salted) <= 4


def test_every_scram_login_has_a_nonce_of_its_own() -> None:
    nonces = [scram.fresh_nonce() for _ in range(20)]
    for nonce in nonces:
        assert nonces.count(nonce) == 1 and len(nonce) == 24 and b"," not in nonce


def test_server_whose_scram_signature_does_not_verify_is_a_fault_of_its_own() -> None:
    for final in (lambda _: said(b"v=" + base64(b"x" * 32)), lambda _: said(b"v="),
                  lambda _: said(b""), lambda _: OK, lambda good: said(b"x" + good),
                  lambda good: said(good[:-4])):
        server = ScramServer(hashlib.sha256, b"pencil", final=final)
        attempt = login_by_scram(server=server, mechanism="auto", sasl="PLAIN SCRAM-SHA-256",
                                 secured=True)
        assert attempt.code == faults.SERVER_FALSE and attempt.session.state == CLOSED
        assert attempt.link.closed and len(attempt.sent) == 2  # no other mechanism is tried


def test_server_that_wants_no_scram_proof_is_false() -> None:
    attempt = Attempt(OK, mechanism="scram-sha-256", sasl="SCRAM-SHA-256")
    assert attempt.code and attempt.session.state == CLOSED


def test_scram_nonce_that_is_not_ours_is_a_false_server() -> None:
    for nonce in (b"", b"somebody-elses"):
        server = ScramServer(hashlib.sha256, b"pencil", nonce=nonce)
        attempt = login_by_scram(server=server)
        assert attempt.code == faults.SERVER_FALSE and attempt.sent[-1] == b"*"


def test_scram_server_that_speaks_nonsense_gets_no_proof() -> None:
    for first in (b"", b"r=", b"x", b"e=other-error", b"m=ext,r=a,s=b,i=4096", b"\xff\xfe"):
        server = ScramServer(hashlib.sha256, b"pencil", first=first)
        attempt = login_by_scram(server=server)
        assert attempt.code == faults.PROTOCOL and attempt.sent[-1] == b"*"
    for count in (b"", b"-1", b"4096x", b"0", b"04096", b"9" * 20):
        server = ScramServer(hashlib.sha256, b"pencil", count=count)
        assert login_by_scram(server=server).code == faults.PROTOCOL


def test_scram_rounds_are_bounded_and_the_fault_says_so() -> None:
    server = ScramServer(hashlib.sha256, b"pencil", rounds=scram.MOST_ROUNDS + 1)
    attempt = login_by_scram(server=server, secured=True)
    assert attempt.code == faults.NO_LOGIN_METHOD and attempt.sent[-1] == b"*"
    assert "100001" in str(attempt.fault) and "100000" in str(attempt.fault)
    for secured, code in ((False, faults.NO_LOGIN_METHOD), (True, 0)):
        server = ScramServer(hashlib.sha256, b"pencil", rounds=100)
        assert login_by_scram(server=server, secured=secured).code == code


def test_oauthbearer_example_of_rfc_7628() -> None:
    token = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="
    attempt = Attempt(OK, mechanism="oauthbearer", sasl="OAUTHBEARER", user="user@example.com",
                      token=token, secured=True)
    assert attempt.code == 0
    assert attempt.sent == [
        b"AUTH OAUTHBEARER bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQ"
        b"zAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB"]


def test_oauthbearer_failure_of_rfc_7628_is_acknowledged_and_explained() -> None:
    failure = said(b'{"status":"invalid_token","scope":"example_scope",'
                   b'"openid-configuration":"https://example.com/.well-known"}')
    attempt = Attempt(failure, b"-ERR Authentication failed\r\n", mechanism="oauthbearer",
                      sasl="OAUTHBEARER", token="abc.def", secured=True)
    assert attempt.code == faults.LOGIN_REFUSED and attempt.sent[1] == b"AQ=="
    assert "invalid_token" in str(attempt.fault)


def test_xoauth2_takes_two_lines_even_where_one_would_do() -> None:
    attempt = Attempt(b"+ \r\n", OK, mechanism="xoauth2", sasl="PLAIN XOAUTH2",
                      user="someuser@example.com", token="ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGE")
    assert attempt.code == 0 and attempt.sent[0] == b"AUTH XOAUTH2"
    assert attempt.decoded() == [b"user=someuser@example.com\1auth=Bearer "
                                 b"ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGE\1\1"]


def test_xoauth2_failure_is_acknowledged_with_an_empty_line() -> None:
    failure = said(b'{"status":"401","schemes":"bearer","scope":"https://mail.google.com/"}')
    attempt = Attempt(b"+\r\n", failure, b"-ERR [AUTH] Invalid credentials\r\n",
                      mechanism="xoauth2", sasl="XOAUTH2", token="abc")
    assert attempt.code == faults.LOGIN_REFUSED and attempt.sent[2] == b""
    assert "401" in str(attempt.fault) and "Invalid credentials" in str(attempt.fault)
    busy = b"-ERR [SYS/TEMP] later\r\n"
    attempt = Attempt(b"+\r\n", failure, busy, mechanism="xoauth2", sasl="XOAUTH2", token="abc")
    assert attempt.code not in (0, faults.LOGIN_REFUSED)


def test_large_token_goes_out_in_pieces_and_whole() -> None:
    token = "".join([chr(65 + n * n % 26) for n in range(6000)])
    for name in ("xoauth2", "oauthbearer"):
        attempt = Attempt(b"+ \r\n", OK, mechanism=name, sasl=name.upper(), token=token)
        assert attempt.code == 0 and token.encode() in attempt.decoded()[0]
        refused = Attempt(b"+ \r\n", said(b"{}"), NO, mechanism=name, sasl=name.upper(),
                          token=token)
        assert "6000 octets" in str(refused.fault)
