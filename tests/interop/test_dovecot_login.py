"""Every SASL mechanism of Dovecot, and APOP, by the device's own code on both runtimes.

Tokens are judged by an introspection server (RFC 7662) of ours.
"""
from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from firmware.recording import faults
from tests.certificates import Authority
from tests.interop.dovecot import Dovecot, reason_to_skip
from tools import micropython_binary

pytestmark = pytest.mark.skipif(bool(reason_to_skip()), reason=reason_to_skip())

ROOT = Path(__file__).resolve().parents[2]
RUNTIMES = ("cpython", "micropython")
PASSWORD = "secret w\u00f6rd, = it's"
TOKEN = "ya29." + "aB3-_~+/" * 40 + "=="
LARGE_TOKEN = "ya30." + "x" * 4500
MECHANISMS = ("plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256", "apop", "user")

_EXTRA = """
auth_mechanisms = plain login cram-md5 apop scram-sha-1 scram-sha-256 xoauth2 oauthbearer
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = %s
}
"""
_OAUTH = """
introspection_mode = auth
introspection_url = http://127.0.0.1:%d/
active_attribute = active
active_value = true
username_attribute = user
"""


class Introspection(BaseHTTPRequestHandler):
    """Knows two tokens, both of user `plain`."""

    def do_GET(self) -> None:
        token = self.headers.get("Authorization", "")[len("Bearer "):]
        known = token in (TOKEN, LARGE_TOKEN)
        said = json.dumps({"active": "true", "user": "plain"} if known else {"active": "false"})
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said.encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@contextmanager
def introspection() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Introspection)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def stored(scheme: str) -> str:
    done = subprocess.run(["doveadm", "-c", "/dev/null", "pw", "-s", scheme, "-p", PASSWORD],
                          capture_output=True, text=True, check=True)
    return done.stdout.strip()


CERTIFICATE = Authority().issue("localhost")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dovecot]:
    place = tmp_path_factory.mktemp("oauth")
    with introspection() as port:
        arguments = place / "oauth2.conf"
        arguments.write_text(_OAUTH % port)
        arguments.chmod(0o644)
        for folder in (place, *place.parents[:2]):
            folder.chmod(0o755)
        users = {"plain": PASSWORD, "scram": stored("SCRAM-SHA-256"),
                 "hashed": stored("SHA256-CRYPT")}
        certificate = CERTIFICATE.write(place, "dovecot")
        with Dovecot(users, _EXTRA % arguments, certificate) as dovecot:
            dovecot.deliver("plain", [b"Subject: one\r\n\r\n", b"Subject: two\r\n\r\n"])
            yield dovecot


def log_in(server: Dovecot, runtime: str, *orders: dict[str, Any]) -> list[dict[str, Any]]:
    """One login for each order. Dovecot asks once what a token is worth: where the connection for
    that is lost, it says that this will pass, and the login is tried again.
    """
    results = _log_in(server, runtime, *orders)
    for number, order in enumerate(orders):
        for _try in range(3):
            if results[number]["code"] == faults.SERVER_TROUBLE:
                results[number], = _log_in(server, runtime, order)
    return results


def _log_in(server: Dovecot, runtime: str, *orders: dict[str, Any]) -> list[dict[str, Any]]:
    """One after the other in one process."""
    usual = {"host": server.host, "port": server.port, "user": "plain", "password": PASSWORD,
             "mechanism": "auto", "allow_plain": True}
    path = [str(ROOT / "sim/modules" / runtime), str(ROOT)]
    program = [sys.executable]
    if runtime == "micropython":
        program = [str(micropython_binary.find()), "-X", "heapsize=1m"]
    environment = dict(os.environ, PYTHONPATH=":".join(path),
                       MICROPYPATH=":".join([*path, ".frozen"]))
    lines = json.dumps([{**usual, **order} for order in orders]) + "\n"
    done = subprocess.run([*program, "-m", "tests.interop.login"], cwd=ROOT, env=environment,
                          input=lines, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr + server.log()
    for secret in (PASSWORD, TOKEN[:20], LARGE_TOKEN[:20]):
        assert secret not in done.stdout and json.dumps(secret)[1:-1] not in done.stdout
    results: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    assert {result["runtime"] for result in results} == {runtime}
    return results


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_each_mechanism_logs_in_and_a_wrong_password_does_not(
        server: Dovecot, runtime: str) -> None:
    orders = [{"mechanism": mechanism} for mechanism in MECHANISMS]
    wrong_orders = [{**order, "password": "wrong"} for order in orders]
    results = log_in(server, runtime, *orders, *wrong_orders)
    for mechanism, result in zip(MECHANISMS, results, strict=False):
        assert (result["code"], result["mails"], result["quit"]) == (0, 2, True), result
        verb = mechanism.upper() if mechanism in ("apop", "user") else "AUTH " + mechanism.upper()
        assert any(line.startswith("C " + verb) for line in result["trace"])
    for wrong in results[len(MECHANISMS):]:
        assert (wrong["code"], wrong["response_code"]) == (faults.LOGIN_REFUSED, "AUTH"), wrong


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_token_logs_in_and_an_unknown_one_does_not(server: Dovecot, runtime: str) -> None:
    orders = [{"mechanism": mechanism, "password": "", "token": token}
              for mechanism in ("xoauth2", "oauthbearer")
              for token in (TOKEN, LARGE_TOKEN, "stale")]
    results = log_in(server, runtime, *orders)
    for order, result in zip(orders, results, strict=True):
        if order["token"] == "stale":
            assert result["code"] == faults.LOGIN_REFUSED
            status = "401" if order["mechanism"] == "xoauth2" else "invalid_token"
            assert "token: %s" % status in result["detail"]
        else:
            assert (result["code"], result["mails"]) == (0, 2), (result, server.log())


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_strongest_mechanism_is_taken_by_itself(server: Dovecot, runtime: str) -> None:
    by_password, by_token = log_in(server, runtime, {"allow_plain": False},
                                   {"token": TOKEN, "secured": True})
    assert by_password["code"] == 0 and "C AUTH SCRAM-SHA-256 ****" in by_password["trace"]
    assert by_token["code"] == 0 and "C AUTH OAUTHBEARER" in by_token["trace"]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_password_that_the_server_keeps_salted_or_hashed(server: Dovecot, runtime: str) -> None:
    salted, hashed, unsafe = log_in(
        server, runtime, {"user": "scram", "allow_plain": False},
        {"user": "hashed", "allow_plain": False, "secured": True},
        {"user": "hashed", "allow_plain": False})
    assert salted["code"] == 0 and "C AUTH SCRAM-SHA-256 ****" in salted["trace"]
    # announced though it can't be done with a hash: second, over TLS, comes the password itself
    assert hashed["code"] == 0
    assert hashed["told"] == "the server refused scram-sha-256, but not plain"
    assert unsafe["code"] == faults.LOGIN_REFUSED


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_user_and_pass_go_out_together_where_the_server_takes_that(
        server: Dovecot, runtime: str) -> None:
    result, = log_in(server, runtime, {"mechanism": "user", "pipelining": True})
    assert (result["code"], result["mails"]) == (0, 2)
    trace = result["trace"]
    assert trace[trace.index("C USER plain") + 1] == "C PASS ****"


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_every_mechanism_works_within_tls_and_the_strongest_is_taken(
        server: Dovecot, runtime: str) -> None:
    tls = {"security": "tls", "port": server.tls_port, "pin": CERTIFICATE.fingerprint,
           "allow_plain": False}
    orders = [{**tls, "mechanism": mechanism} for mechanism in ("auto", *MECHANISMS)]
    tokens = [{**tls, "mechanism": mechanism, "token": LARGE_TOKEN, "password": ""}
              for mechanism in ("auto", "xoauth2")]
    results = log_in(server, runtime, *orders, *tokens)
    for order, result in zip([*orders, *tokens], results, strict=True):
        assert (result["code"], result["mails"]) == (0, 2), (order, result)
        assert result["secured"]
    assert "C AUTH SCRAM-SHA-256 ****" in results[0]["trace"]
    assert "C AUTH OAUTHBEARER" in results[-2]["trace"]
