"""The whole desk against a server that this project did not write: the same pages come out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.host.test_sim_end_to_end import BAND_ROWS, desk, rows, summary
from tests.interop import dovecot
from tools.samples import sample_mails

reason = dovecot.reason_to_skip()
pytestmark = pytest.mark.skipif(bool(reason), reason=reason)


def test_the_samples_come_out_the_same_from_dovecot(tmp_path: Path) -> None:
    here = desk("--once", "--json", "--paper", tmp_path / "embedded")
    assert here.returncode == 0, here.stdout
    secret = tmp_path / "password"
    secret.write_text("open sesame\n")
    with dovecot.Dovecot({"fax": "open sesame"}) as server:
        server.deliver("fax", sample_mails().values())
        url = "pop3://fax@127.0.0.1:%d" % server.port
        there = desk(
            "--once",
            "--json",
            "--server",
            url,
            "--password-file",
            secret,
            "--paper",
            tmp_path / "dovecot",
        )
        again = desk(
            "--once",
            "--json",
            "--server",
            url,
            "--password-file",
            secret,
            "--paper",
            tmp_path / "again",
        )
    assert there.returncode == 0, there.stdout
    facts = summary(there)
    assert facts["deleted"] == facts["mails"] == len(sample_mails())
    assert facts["pages"] == summary(here)["pages"]
    assert summary(again)["mails"] == 0, "the mails are still on the server"
    pages = sorted(path.name for path in (tmp_path / "embedded").glob("*.png"))
    assert len(pages) == facts["pages"]
    for name in pages:
        ours, theirs = (rows(tmp_path / place / name) for place in ("embedded", "dovecot"))
        if "notice" not in _kind(there.stdout, name):  # a notice tells when it was received
            assert ours[BAND_ROWS:] == theirs[BAND_ROWS:], name


def _kind(said: str, name: str) -> str:
    return next(line for line in said.splitlines() if line.endswith(name))
