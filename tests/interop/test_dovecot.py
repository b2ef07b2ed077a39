"""The device's POP3 against Dovecot, on both runtimes, over the HAL's own links."""
from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from firmware.pop3.outcomes import UNFINISHED
from firmware.recording import faults
from tests.interop.dovecot import Dovecot, reason_to_skip
from tools import micropython_binary

pytestmark = pytest.mark.skipif(bool(reason_to_skip()), reason=reason_to_skip())

ROOT = Path(__file__).resolve().parents[2]
RUNTIMES = ("cpython", "micropython")
HEADER = (b"Return-Path: <sales@example.com>\r\nMessage-ID: <%d@example.com>\r\n"
          b"From: Sales <sales@example.com>\r\nSubject: mail %d\r\n\r\n")


def mail(number: int, text: bytes) -> bytes:
    return HEADER % (number, number) + text


def dots(count: int) -> bytes:
    return b"".join(b"." * (n % 5) + b"line %d\r\n" % n + b".\r\n" * (n % 3 == 0)
                    for n in range(count))


MAILS = [mail(1, b"hello\r\n"), mail(2, dots(3000)), mail(3, b"x" * 9000 + b"\r\n" + b".\r\n"),
         mail(4, b""), mail(5, (b"A" * 76 + b"\r\n") * 5000),
         mail(6, b"no line end at the end, dot: .")]


def expected(content: bytes) -> str:
    """SHA-256 of what a server must send: every line ended in CRLF, the last one too."""
    content = re.sub(rb"(?<!\r)\n", b"\r\n", content)
    if not content.endswith(b"\r\n"):
        content += b"\r\n"
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    users = {"%s-%s" % (test, runtime): "secret word"
             for test in ("all", "never", "apop", "wrong", "drop", "restart", "empty", "left",
                          "small", "piped", "known", "brief") for runtime in RUNTIMES}
    with Dovecot(users, "auth_mechanisms = plain apop cram-md5 scram-sha-256") as dovecot:
        yield dovecot


def visit(server: Dovecot, user: str, **changes: Any) -> dict[str, Any]:
    """One visit by the runtime that the user's name ends in."""
    runtime = user.split("-")[1]
    order: dict[str, Any] = {
        "pop.host": server.host, "pop.port": server.port, "pop.user": user,
        "pop.security": "plain", "pop.allow_plain": True,
        "pop.password": "secret word", "pop.login": "user", "pop.delete": "after-record",
        "pop.connect_s": 60, "pop.reply_s": 60, "pop.silence_s": 60}
    order.update(changes)
    path = [str(ROOT / "sim/modules" / runtime), str(ROOT)]
    program = [sys.executable]
    if runtime == "micropython":
        program = [str(micropython_binary.find()), "-X", "heapsize=2m"]  # texts, and the trace
    environment = dict(os.environ, PYTHONPATH=":".join(path),
                       MICROPYPATH=":".join([*path, ".frozen"]))
    done = subprocess.run([*program, "-m", "tests.interop.visit"], cwd=ROOT, env=environment,
                          input=json.dumps(order) + "\n", capture_output=True, text=True,
                          timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr + server.log()
    result: dict[str, Any] = json.loads(done.stdout)
    assert result["runtime"] == runtime
    return result


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_all_mails_come_octet_for_octet_and_are_deleted_after_quit(
        server: Dovecot, runtime: str) -> None:
    server.deliver("all-" + runtime, MAILS)
    result = visit(server, "all-" + runtime)
    assert (result["code"], result["detail"]) == (0, "")
    assert result["digests"] == [expected(content) for content in MAILS]
    assert (result["mails"], result["recorded"], result["deleted"]) == (6, 6, 6)
    assert result["reports"] == [] and server.contents("all-" + runtime) == []
    assert result["trace"].count("C DELE 1") == 1


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_password_is_in_no_trace(server: Dovecot, runtime: str) -> None:
    for login in ("user", "apop"):
        result = visit(server, "empty-" + runtime, **{"pop.login": login})
        assert result["code"] == 0 and "secret" not in json.dumps(result["trace"])


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_smallest_buffer_does_as_well(server: Dovecot, runtime: str) -> None:
    server.deliver("small-" + runtime, MAILS)
    result = visit(server, "small-" + runtime, buffer=1032)
    assert result["digests"] == [expected(content) for content in MAILS]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_mails_are_known_again_and_stay_when_nothing_may_be_deleted(
        server: Dovecot, runtime: str) -> None:
    user = "never-" + runtime
    server.deliver(user, MAILS[:3])
    first = visit(server, user, **{"pop.delete": "never"})
    assert first["recorded"] == 3 and first["deleted"] == 0
    server.deliver(user, MAILS[3:4])
    second = visit(server, user, finished=first["finished"], **{"pop.delete": "never"})
    assert second["digests"] == [expected(MAILS[3])] and len(server.contents(user)) == 4


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_apop_logs_in_and_a_wrong_password_does_not(server: Dovecot, runtime: str) -> None:
    result = visit(server, "apop-" + runtime, **{"pop.login": "apop"})
    assert result["code"] == 0 and "C APOP apop-%s ****" % runtime in result["trace"]
    for login in ("user", "apop", "auto"):
        result = visit(server, "wrong-" + runtime, **{"pop.login": login, "pop.password": "x"})
        assert result["code"] == faults.LOGIN_REFUSED


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_connection_cut_inside_a_mail_deletes_nothing(server: Dovecot, runtime: str) -> None:
    user = "drop-" + runtime
    server.deliver(user, [MAILS[0], MAILS[4]])
    result = visit(server, user, drop=100000)
    assert result["code"] == faults.SERVER_BROKE_OFF
    assert (result["recorded"], result["unfinished"], result["deleted"]) == (1, 1, 0)
    assert len(server.contents(user)) == 2


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_mail_finished_before_a_restart_is_deleted_and_not_fetched(
        server: Dovecot, runtime: str) -> None:
    user = "restart-" + runtime
    server.deliver(user, [MAILS[0], MAILS[4]])
    first = visit(server, user, drop=100000)
    second = visit(server, user, finished=first["finished"])
    assert second["digests"] == [expected(MAILS[4])] and second["deleted"] == 2
    assert server.contents(user) == []


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_unfinished_mails_stay(server: Dovecot, runtime: str) -> None:
    user = "left-" + runtime
    server.deliver(user, MAILS[:2])
    result = visit(server, user, outcome=UNFINISHED)
    assert (result["code"], result["recorded"], result["unfinished"]) == (0, 0, 2)
    assert len(server.contents(user)) == 2


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_no_server_at_all(server: Dovecot, runtime: str) -> None:
    result = visit(server, "empty-" + runtime, **{"pop.port": 1})
    assert result["code"] == faults.NO_SERVER


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_many_mails_are_fetched_ahead_of_their_answers_octet_for_octet(
        server: Dovecot, runtime: str) -> None:
    user = "piped-" + runtime
    contents = [mail(n, dots(n * 7 % 90)) for n in range(150)]
    server.deliver(user, contents)
    result = visit(server, user, files={})
    assert (result["code"], result["recorded"], result["deleted"]) == (0, 150, 150)
    assert result["digests"] == [expected(content) for content in contents]
    assert result["reports"] == [] and server.contents(user) == []
    assert len(result["writes"]) < 20 and max(result["writes"]) < 1100


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_known_server_is_visited_in_few_round_trips(server: Dovecot, runtime: str) -> None:
    user = "known-" + runtime
    server.deliver(user, MAILS * 5)
    settings = {"pop.delete": "never"}
    first = visit(server, user, files={}, **settings)
    assert first["trace"].count("C CAPA") == 2 and "C LIST 2" in first["trace"]
    second = visit(server, user, files=first["files"], **settings)
    assert second["digests"] == [expected(content) for content in MAILS * 5]
    assert second["trace"].count("C CAPA") == 1 and "C LIST 2" not in second["trace"]
    assert len(second["writes"]) == 2 and second["files"] == first["files"]
    third = visit(server, user, files=first["files"], finished=first["finished"])
    assert third["deleted"] == 30 and third["digests"] == [] and len(third["writes"]) == 3


@pytest.mark.parametrize(("login", "writes"), [
    ("user", 2), ("plain", 2), ("apop", 2), ("cram-md5", 3), ("scram-sha-256", 4)])
def test_listings_follow_the_last_word_of_a_login(
        server: Dovecot, login: str, writes: int) -> None:
    user = "brief-micropython"
    if not server.contents(user):
        server.deliver(user, MAILS * 2)
    settings = {"pop.delete": "never", "pop.login": login}
    first = visit(server, user, files={}, **settings)
    second = visit(server, user, files=first["files"], **settings)
    assert second["code"] == 0 and second["digests"] == [expected(mail) for mail in MAILS * 2]
    assert len(second["writes"]) == writes, second["trace"]
