"""The protocol trace of the desk: what is said, and no secret."""
from __future__ import annotations

from pathlib import Path

import pytest

from sim.pop3_server import Maildrop, serving
from tests.host.desk_support import RUNTIMES
from tests.host.test_sim_end_to_end import desk, text_mail

PASSWORD = "not-for-your-eyes"


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_trace_shows_what_is_said_but_no_secret(runtime: str, tmp_path: Path) -> None:
    word = tmp_path / "word"
    word.write_text(PASSWORD + "\n")
    drop = Maildrop([text_mail(tmp_path, 1)], "fax", PASSWORD)
    with serving(drop) as server:
        done = desk("--once", "--trace", "--runtime", runtime, "--server",
                    "pop3://fax@127.0.0.1:%d" % server.port, "--password-file", word,
                    "--set", "pop.allow_plain=on", "--set", "pop.login=user",
                    "--paper", tmp_path / "paper")
    said = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout + done.stderr
    for line in ("C: USER fax", "C: PASS ****", "C: RETR 1", "C: DELE 1", "C: QUIT", "S: +OK bye"):
        assert line in said
    assert PASSWORD not in done.stdout + done.stderr


def test_without_it_nothing_of_the_session_is_shown(tmp_path: Path) -> None:
    done = desk("--once", "--mail", text_mail(tmp_path, 1), "--paper", tmp_path / "paper")
    assert "C: " not in done.stdout and "S: " not in done.stdout
