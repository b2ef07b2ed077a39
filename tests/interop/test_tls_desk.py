"""The whole desk over TLS: `--server pop3s://` and `pop3+stls://`, and certificates typed at its
console.
"""
from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sim import mails
from tests.certificates import Authority, Certificate
from tests.interop.dovecot import Dovecot, reason_to_skip

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "s3cret word"
MAIL = (b"From: Sales <sales@example.com>\r\nSubject: Offer %d\r\n"
        b"Content-Type: text/plain\r\n\r\nTwo lines\r\nof text.\r\n")
MAILS = [MAIL % number for number in range(3)]
HEAP = "384k"


@dataclass
class Place:
    """A Dovecot with TLS, and files."""

    dovecot: Dovecot
    tls: int
    root: Authority
    good: Certificate
    files: Path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    if reason_to_skip():
        pytest.skip(reason_to_skip())
    files = tmp_path_factory.mktemp("desk")
    root = Authority()
    good = root.issue("localhost")
    certificate = good.write(files, "dovecot")
    (files / "ca.pem").write_bytes(root.pem)
    (files / "wrong.pem").write_bytes(Authority("Other").pem)
    (files / "password").write_text(PASSWORD + "\n")
    with Dovecot({"fax": PASSWORD}, "", certificate) as server:
        yield Place(server, server.tls_port, root, good, files)


def run(place: Place, url: str, tmp_path: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """One visit by the desk: its exit status and what it sums up."""
    paths = {"--password-file": place.files / "password", "--paper": tmp_path / "paper",
             "--console": tmp_path / "tty"}
    command = [sys.executable, "-m", "sim", "--once", "--json", "--server", url, "--heap", HEAP,
               *arguments]
    for name, path in paths.items():
        command += [name, str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300,
                          check=False)
    assert PASSWORD not in done.stdout + done.stderr
    assert done.stdout, done.stderr
    summary: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    summary["said"] = done.stdout
    return done.returncode, summary


@pytest.mark.parametrize(("runtime", "security"), [
    ("micropython", "tls"), ("micropython", "stls"), ("cpython", "stls")])
def test_mails_are_recorded_over_tls(place: Place, tmp_path: Path, runtime: str,
                                     security: str) -> None:
    samples = mails.samples(ROOT / "build") if runtime == "micropython" else []
    content = [mails.load(path) for path in samples] or MAILS
    place.dovecot.deliver("fax", content)
    url = "pop3s://fax@localhost:%d" % place.tls if security == "tls" else \
        "pop3+stls://fax@localhost:%d" % place.dovecot.port
    trust = ("--ca", str(place.files / "ca.pem")) if security == "tls" else \
        ("--pin", place.good.fingerprint)
    status, summary = run(place, url, tmp_path, "--runtime", runtime, "--trace", *trust)
    assert status == 0 and summary["faults"] == [], summary
    said = [line[3:] for line in summary["said"].splitlines() if line[:3] in ("C: ", "S: ")]
    assert ("STLS" in said) == (security == "stls") and "RETR 1" in said, said
    if security == "stls":  # nothing else is said in clear
        assert said[1] == "STLS" and said[2].startswith("+OK") and said[3] == "CAPA", said
    assert summary["mails"] == summary["deleted"] == len(content)
    assert summary["pages"] == (13 if samples else 3) and summary["unfinished"] == 0
    assert place.dovecot.contents("fax") == []


@pytest.mark.parametrize(("arguments", "code"), [
    (("--ca", "wrong.pem"), 733), ((), 737)])
def test_a_server_that_is_not_trusted_gets_nothing(place: Place, tmp_path: Path,
                                                   arguments: tuple[str, ...], code: int) -> None:
    given = [str(place.files / word) if word == "wrong.pem" else word for word in arguments]
    status, summary = run(place, "pop3s://fax@localhost:%d" % place.tls, tmp_path, *given)
    assert status == 3 and [fault["code"] for fault in summary["faults"]] == [code], summary


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no pseudo-terminals here")
def test_certificates_are_typed_by_a_tool_and_stored_whole(tmp_path: Path) -> None:
    first, second = Authority("First"), Authority("Second")
    whole, half, mail = tmp_path / "roots.pem", tmp_path / "half.pem", tmp_path / "a.eml"
    whole.write_bytes(first.pem + second.pem)
    half.write_bytes(first.pem[:300])
    mail.write_bytes(MAILS[0])
    console = tmp_path / "tty"
    desk = subprocess.Popen(
        [sys.executable, "-m", "sim", "--mail", str(mail), "--paper", str(tmp_path / "paper"),
         "--console", str(console), "--heap", "512k"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert desk.stdout is not None  # once a visit is over, the device is quick to answer
        assert any(line.startswith("visit over") for line in desk.stdout), "it did not start"
        done = _tool(whole, console)
        lines = done.stdout.splitlines()
        assert done.returncode == 0, done.stderr
        assert any(line.startswith("2 Second, valid ") for line in lines), lines
        assert "  SHA-256 " + first.fingerprint in lines and "added; 2 certificates" in lines[-1]
        refused = _tool(half, console)
        assert refused.returncode == 1 and "no end line" in refused.stderr
    finally:
        desk.send_signal(signal.SIGINT)
        desk.communicate(timeout=100)


def _tool(file: Path, console: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "tools.certificate", str(file), str(console)],
                          cwd=ROOT, timeout=300, capture_output=True, text=True, check=False)
