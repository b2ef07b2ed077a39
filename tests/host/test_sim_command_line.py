"""`python -m sim`: what is wrong usage, and that it is said clearly."""

from __future__ import annotations

import struct
import subprocess
import sys
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from PIL import Image

from sim.mails import NoMail, load
from sim.options import parse
from tools.samples_tiff import Page, Style, tiff


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The last line on stderr of a command line that is refused with status 2."""
    with pytest.raises(SystemExit) as ended:
        parse(arguments)
    assert ended.value.code == 2
    return capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--server", "pop3s://a@b", "--ca", "/nonexistent"], "No such file"),
        (["--server", "pop3s://a@b", "--ca", "README.md"], "not a certificate"),
        (["--server", "pop3s://a@b", "--pin", "00:11"], "64 hex digits"),
        (["--server", "pop3://a@b", "--pin", "0" * 64], "belong to --server pop3s://"),
        (["--pin", "0" * 64], "belong to --server pop3s://"),
        (["--server", "pop3://host"], "user or host is missing"),
        (["--server", "pop3://a@b:99999"], "port"),
        (["--server", "pop3s://a@b:0"], "port is not a number from 1"),
        (["--server", "pop3s://a@[::1"], "Invalid IPv6"),
        (["--server", "http://a@b"], "not of the form"),
        (["--server", "pop3://a:geheim@b"], "use --password-file"),
        (["--server", "imap://a:geheim@b"], "not of the form"),
        (["--password-file", "x"], "belongs to --server"),
        (["--server", "pop3://a@b", "--password-file", "/nonexistent"], "No such file"),
        (["--mail", "nothing.eml"], "no such file"),
        (["--mail", "letter.doc"], ".eml or .tif"),
        (["--record", "letter.doc"], ".eml or .tif"),
        (["--runtime", "pypy"], "invalid choice"),
        (["--heap", "lots"], "not a size"),
        (["--heap", "10k"], "too small"),
        (["--set", "pop.interval"], "not of the form name=value"),
        (["--sheets", "-1"], "not a number of sheets"),
        (["--fault", "dance"], "not understood: 'dance'"),
        (["--paper", "/dev/null"], "not a directory"),
        (["--console", "/dev/null"], "not a link"),
        (["--onc"], "unrecognized"),
        (["letter.tif"], "unrecognized"),
    ],
)
def test_wrong_usage_is_refused_in_plain_words(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    last = refused(capsys, *arguments)
    assert words in last
    assert "geheim" not in last


def test_sources_of_mail_exclude_each_other(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    mail = tmp_path / "a.eml"
    mail.write_bytes(b"")
    assert "not allowed with" in refused(capsys, "--record", str(mail), "--server", "pop3://a@b")
    assert "not allowed with" in refused(capsys, "--mail", str(mail), "--record", str(mail))


def test_a_server_is_taken_apart(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("pass word\n")
    options = parse(["--server", "pop3://j%40x.de@[::1]:1110", "--password-file", str(secret)])
    assert options.server is not None
    assert (options.server.host, options.server.port, options.server.user) == (
        "::1",
        1110,
        "j@x.de",
    )
    assert options.password == "pass word"
    assert parse(["--server", "pop3://u@h"]).server.port == 110  # type: ignore[union-attr]


def test_recording_one_file_is_one_visit(tmp_path: Path) -> None:
    mail = tmp_path / "a.TIF"
    mail.write_bytes(b"II*\0")
    assert parse(["--record", str(mail)]).once


def test_parameters_keep_their_order_and_their_equals_signs() -> None:
    assert parse(["--set", "a=b=c", "--set", "a="]).parameters == [("a", "b=c"), ("a", "")]


def test_a_tiff_becomes_a_mail_always_the_same(tmp_path: Path) -> None:
    file = tmp_path / "plan für A.tif"
    file.write_bytes(bytes(range(256)) * 10)
    mail = load(file)
    assert mail == load(file)
    message = message_from_bytes(mail, policy=default)
    assert message.get_content_type() == "image/tiff"
    assert message.get_filename() == "plan für A.tif"
    assert message.get_content() == file.read_bytes()
    assert b"\n" not in mail.replace(b"\r\n", b"")


def test_lines_of_a_mail_file_end_as_on_the_wire(tmp_path: Path) -> None:
    file = tmp_path / "a.eml"
    file.write_bytes(b"Subject: x\n\r\nline\rstill\n")
    assert load(file) == b"Subject: x\r\n\r\nline\rstill\r\n"
    with pytest.raises(NoMail, match="give"):
        load(tmp_path / "a.doc")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sim", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )


def test_help_explains_everything() -> None:
    done = run("--help")
    assert done.returncode == 0
    for option in (
        "--once",
        "--server",
        "--password-file",
        "--mail",
        "--record",
        "--paper",
        "--state",
        "--runtime",
        "--heap",
        "--set",
        "--console",
        "--json",
        "exit status",
    ):
        assert option in done.stdout


def test_sheets_of_others_are_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "0001.png").write_bytes(b"a holiday picture")
    mail = tmp_path / "a.eml"
    mail.write_bytes(b"Subject: x\r\n\r\nx\r\n")
    done = run("--once", "--paper", str(tmp_path), "--record", str(mail))
    assert done.returncode == 2
    assert "0001.png was not recorded here" in done.stderr


def test_an_unknown_parameter_is_wrong_usage(tmp_path: Path) -> None:
    done = run(
        "--once",
        "--paper",
        str(tmp_path),
        "--set",
        "pop.colour=red",
        "--server",
        "pop3://a@localhost",
    )
    assert done.returncode == 2
    assert "pop.colour" in done.stderr


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    mail = tmp_path / "a.eml"
    mail.write_bytes(b"Subject: x\r\n\r\nx\r\n")
    done = run("--record", str(mail), "--paper", "/proc/paper")
    assert (done.returncode, done.stdout) == (2, "")
    assert "/proc/paper" in done.stderr


def test_what_was_found_out_about_a_file_is_shown(tmp_path: Path) -> None:
    image = Image.new("1", (1728, 40), 255)
    image.paste(0, (100, 5, 700, 30))
    data = tiff([Page(image, 204, 196)], Style(fill_order=2))
    said, true = (struct.pack("<HHLHH", 266, 3, 1, order, 0) for order in (1, 2))
    assert true in data
    (tmp_path / "lying.tif").write_bytes(data.replace(true, said))
    done = run("--record", str(tmp_path / "lying.tif"), "--paper", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert "quality of page 1: bit order is not what FillOrder says" in done.stdout
