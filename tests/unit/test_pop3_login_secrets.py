"""No mechanism lets a secret into a trace or a fault; POP3 rule 12.
"""
from __future__ import annotations

import hashlib
from binascii import a2b_base64

from firmware.pop3.auth.sasl import base64
from tests.unit.pop3_login_support import ALL, GREETING, NO, OK, Attempt, ScramServer, said

# secrets

SECRET = "Hunter2 \xe4 und mehr"
TOKEN = "ya29.A0ARrdaM-very_secret-token~value/of+some==length"


def leaks(attempt: Attempt, secret: bytes) -> list[str]:
    """What of trace, fault and words holds a piece of the secret, plain or in base64."""
    texts = list(attempt.trace)
    texts += [attempt.session.words(), attempt.told]
    if attempt.fault is not None:
        texts += [str(attempt.fault), repr(attempt.fault), str(attempt.fault.args)]
    shifted = [base64(b"x" * n + secret)[4 * (n > 0):-4] for n in range(3)]
    marks = [secret, secret[:9], secret[-9:], secret[3:12]]
    marks += [piece[2:14] for piece in shifted] + [piece[-12:-2] for piece in shifted]
    return [text for text in texts for mark in marks if shown(mark).lower() in text.lower()]


def shown(octets: bytes) -> str:
    """As traces show octets."""
    return "".join(chr(octet) if 0x20 <= octet <= 0x7E else "?" for octet in octets)


def echo(line: bytes) -> bytes:
    """A refusal that says back what was sent, as it came and decoded."""
    words = line.split(b" ")
    clear = b""
    for word in words[-1:]:
        try:
            clear = a2b_base64(word).replace(b"\0", b" ").replace(b"\1", b" ")
        except ValueError:
            clear = b"?"
    return b"-ERR what is " + line[:400] + b" or " + clear[:300] + b"\r\n"


def test_no_mechanism_shows_a_secret_even_when_the_server_says_it_back() -> None:
    server = ScramServer(hashlib.sha256, b"other", final=lambda _: NO)
    for answers, name in (((OK, echo), "user"), ((echo,), "apop"), ((echo,), "plain"),
                          ((said(b""), said(b""), echo), "login"), ((said(b""), echo), "login"),
                          ((said(b"<a@b>"), echo), "cram-md5"), ((server.begin, echo),
                                                                 "scram-sha-256"),
                          ((echo,), "oauthbearer"), ((b"+ \r\n", echo), "xoauth2"),
                          ((b"+ \r\n", said(TOKEN.encode()), echo), "xoauth2"),
                          ((b"+ \r\n", said(b'{"status":"' + TOKEN.encode() + b'"}'), NO),
                           "xoauth2")):
        attempt = Attempt(*answers, mechanism=name, sasl=ALL, greeting=GREETING, password=SECRET,
                          token=TOKEN)
        assert attempt.code != 0
        assert leaks(attempt, SECRET.encode()) == [] and leaks(attempt, TOKEN.encode()) == []


def test_response_said_back_in_capitals_is_hidden() -> None:
    kept: list[bytes] = []

    def shout(line: bytes) -> bytes:
        kept.append(line.upper())
        return b"-ERR UNKNOWN COMMAND " + line.upper() + b"\r\n"

    for answers, name in (((shout,), "plain"), ((said(b""), shout), "login"),
                          ((said(b""), said(b""), shout), "login"),
                          ((b"+ \r\n", shout), "xoauth2")):
        for password in ("hush", "a much longer password than that"):
            attempt = Attempt(*answers, mechanism=name, sasl=ALL, password=password, token=TOKEN)
            word = kept[-1].split(b" ")[-1].rstrip(b"=")
            for text in (str(attempt.fault), attempt.trace[-1]):
                assert str(word, "ascii") not in text and "UNKNOWN COMMAND" in text


def test_no_mechanism_shows_a_secret_when_it_succeeds() -> None:
    for answers, name in (((OK, OK), "user"), ((OK,), "apop"), ((OK,), "plain"),
                          ((said(b""), said(b""), OK), "login"), ((said(b"<a@b>"), OK),
                                                                  "cram-md5"),
                          ((OK,), "oauthbearer"), ((b"+ \r\n", OK), "xoauth2")):
        attempt = Attempt(*answers, mechanism=name, sasl=ALL, greeting=GREETING, password=SECRET,
                          token=TOKEN)
        assert attempt.code == 0
        assert leaks(attempt, SECRET.encode()) == [] and leaks(attempt, TOKEN.encode()) == []
        sent = [line for line in attempt.trace if line[:2] == "C "]
        assert any("****" in line for line in sent)


def test_proofs_and_digests_are_hidden_as_well() -> None:
    kept: list[bytes] = []

    def keep(line: bytes) -> bytes:
        kept.append(line)
        return b"-ERR not " + line + b"\r\n"

    server = ScramServer(hashlib.sha256, b"pencil")
    attempt = Attempt(server.begin, keep, mechanism="scram-sha-256", sasl="SCRAM-SHA-256")
    assert str(kept[0], "ascii") not in str(attempt.fault) and "not ****" in str(attempt.fault)
    attempt = Attempt(said(b"<a@b>"), keep, mechanism="cram-md5", sasl="CRAM-MD5")
    assert str(kept[1][8:], "ascii") not in str(attempt.fault)


def test_pieces_of_a_secret_are_masked_too() -> None:
    from firmware.pop3.masks import masked

    token = bytes([97 + n * n % 26 for n in range(5000)])
    assert masked(b"bad token " + token[100:400] + b" it is", [token]) == b"bad token **** it is"
    assert masked(b"bad " + base64(b"user=x" + token[:200])[:150], [token]) == b"bad ****"
    assert masked(b"nothing in here", [token, b"secret"]) == b"nothing in here"
    assert masked(b"SECRET, secret", [b"secret"]) == b"****, ****"


def test_login_leaves_no_module_behind() -> None:
    import sys

    Attempt(OK, mechanism="plain", sasl="PLAIN")
    assert not [name for name in sys.modules if name.startswith("firmware.pop3.auth")]
