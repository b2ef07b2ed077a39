"""The whole desk as a person starts it: mails in, sheets and an exit status out."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from sim.head import LINE_OCTETS, WIDTH_DOTS
from sim.pop3_server import Maildrop, refuse, serving
from tests.host.desk_support import RUNTIMES

both = pytest.mark.parametrize("runtime", RUNTIMES)
BAND_ROWS = 62  # 4 mm
FINE_ROWS = 300


def desk(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sim", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )


def summary(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def drawing() -> Image.Image:
    image = Image.new("1", (WIDTH_DOTS, FINE_ROWS), 1)
    pen = ImageDraw.Draw(image)
    pen.ellipse((100, 20, 900, 280), outline=0, width=3)
    pen.line((0, 299, 1727, 0), fill=0)
    pen.rectangle((1000, 50, 1700, 90), fill=0)
    return image


@pytest.fixture(scope="module")
def fax(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A TIFF at the head's width in fine mode: each of its rows gives two of the head's."""
    path = tmp_path_factory.mktemp("fax") / "drawing.tif"
    drawing().save(path, compression="group4", dpi=(204, 196))
    return path


def text_mail(folder: Path, number: int) -> Path:
    message = EmailMessage()
    message["From"] = "a%d@example.com" % number
    message["Subject"] = "Note %d" % number
    message["Date"] = "Sat, 17 Oct 2026 10:00:00 +0000"
    message["Message-ID"] = "<%d@example.com>" % number
    message.set_content("Hello, this is note %d.\n" % number)
    path = folder / ("note%d.eml" % number)
    path.write_bytes(message.as_bytes())
    return path


def rows(path: Path) -> list[bytes]:
    with Image.open(path) as image:
        data = image.tobytes()
    return [data[at : at + LINE_OCTETS] for at in range(0, len(data), LINE_OCTETS)]


@both
def test_a_fax_is_recorded_dot_by_dot(runtime: str, fax: Path, tmp_path: Path) -> None:
    done = desk("--record", fax, "--json", "--runtime", runtime, "--paper", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "page 1 from desk@localhost → %s" % (tmp_path / "0001.png") in done.stdout.replace(
        "1/1", "1"
    )
    facts = summary(done)
    assert {name: facts[name] for name in ("runtime", "mails", "pages", "deleted", "faults")} == {
        "runtime": runtime,
        "mails": 1,
        "pages": 1,
        "deleted": 1,
        "faults": [],
    }
    data = drawing().tobytes()
    wanted = [
        data[at : at + LINE_OCTETS] for at in range(0, len(data), LINE_OCTETS) for _ in (0, 1)
    ]
    assert rows(tmp_path / "0001.png")[BAND_ROWS : BAND_ROWS + 2 * FINE_ROWS] == wanted
    assert (tmp_path / "paper.pdf").read_bytes().startswith(b"%PDF-1.4")


def test_both_runtimes_record_the_same_dots(tmp_path: Path) -> None:
    mail = text_mail(tmp_path, 1)
    for runtime in RUNTIMES:
        assert (
            desk("--record", mail, "--runtime", runtime, "--paper", tmp_path / runtime).returncode
            == 0
        )
    one, other = (rows(tmp_path / runtime / "0001.png")[BAND_ROWS:] for runtime in RUNTIMES)
    assert one == other


def test_the_heap_stays_in_its_bounds(fax: Path, tmp_path: Path) -> None:
    done = desk("--record", fax, "--json", "--heap", "384k", "--paper", tmp_path)
    assert 0 < summary(done)["heap_peak"] < 384 * 1024


@both
def test_with_state_what_is_on_paper_is_not_recorded_again(runtime: str, tmp_path: Path) -> None:
    mails = [text_mail(tmp_path, number) for number in (1, 2)]
    common = ("--once", "--json", "--state", tmp_path / "state", "--runtime", runtime, "--mail")
    first = desk("--paper", tmp_path / "one", *common, mails[0])
    assert (first.returncode, summary(first)["pages"]) == (0, 1)
    second = desk("--paper", tmp_path / "two", *common, *mails)
    assert (second.returncode, summary(second)["pages"], summary(second)["deleted"]) == (0, 1, 2)
    assert "from a2@example.com" in second.stdout
    assert "page 1 from a1@example.com" not in second.stdout


def test_a_preview_leaves_the_state_alone(fax: Path, tmp_path: Path) -> None:
    common = ("--state", tmp_path / "state", "--paper", tmp_path / "paper")
    assert desk("--once", *common, "--mail", fax).returncode == 0
    before = (tmp_path / "state" / "data.img").read_bytes()
    for _ in range(2):
        done = desk("--record", fax, "--json", *common)
        assert (done.returncode, summary(done)["pages"]) == (0, 1)
    assert (tmp_path / "state" / "data.img").read_bytes() == before


def test_the_samples_go_to_paper(tmp_path: Path) -> None:
    done = desk("--once", "--json", "--paper", tmp_path)
    facts = summary(done)
    assert (done.returncode, facts["unfinished"], facts["faults"]) == (0, 0, []), done.stdout
    assert facts["mails"] == facts["deleted"] == facts["recorded"] + facts["notices"]
    assert facts["notices"] == 1
    sheets = sorted(path.name for path in tmp_path.glob("*.png"))
    assert sheets == ["%04d.png" % (number + 1) for number in range(facts["pages"])]
    assert "page 2/2 from sales@example.com \u2192 %s" % (tmp_path / "0002.png") in done.stdout


@both
def test_no_server_is_status_3(runtime: str, tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = "pop3://fax@127.0.0.1:%d" % closed.getsockname()[1]
        done = desk(
            "--once",
            "--json",
            "--server",
            url,
            "--set",
            "pop.password=x",
            "--runtime",
            runtime,
            "--paper",
            tmp_path,
        )
    assert done.returncode == 3, done.stdout
    assert [fault["code"] for fault in summary(done)["faults"]] == [720]


def test_a_refused_login_is_status_3_and_shows_no_password(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("geheim123\n")
    with serving(Maildrop([], "fax", "another")) as server:
        done = desk(
            "--once",
            "--json",
            "--server",
            "pop3://fax@127.0.0.1:%d" % server.port,
            "--password-file",
            secret,
            "--paper",
            tmp_path / "paper",
        )
    assert done.returncode == 3, done.stdout
    assert 721 in [fault["code"] for fault in summary(done)["faults"]]
    assert "geheim123" not in done.stdout + done.stderr


def visit_refused(
    verb: str, maildrop: Maildrop, tmp_path: Path
) -> subprocess.CompletedProcess[str]:
    """One visit of the desk to a server that refuses a command."""
    with serving(maildrop, refuse(verb)) as server:
        where = ("--server", "pop3://fax@127.0.0.1:%d" % server.port)
        password = ("--set", "pop.password=x")
        return desk("--once", "--json", *where, *password, "--paper", tmp_path / "paper")


def test_a_mail_that_the_server_keeps_back_is_status_1(tmp_path: Path) -> None:
    maildrop = Maildrop([text_mail(tmp_path, 1)], "fax", "x")
    done = visit_refused("RETR", maildrop, tmp_path)
    assert done.returncode == 1, done.stdout
    assert summary(done)["unfinished"] == 1
    assert [fault["code"] for fault in summary(done)["faults"]] == [727]
    assert "fault 727 the mail server refused to send one mail (mail 1: " in done.stdout
    assert maildrop.deleted == []


def test_a_server_that_deletes_nothing_is_told(tmp_path: Path) -> None:
    maildrop = Maildrop([text_mail(tmp_path, 1)], "fax", "x")
    done = visit_refused("QUIT", maildrop, tmp_path)
    assert done.returncode == 0, done.stdout
    assert "mailbox: 722 QUIT: " in done.stdout


def test_an_empty_mailbox_is_well(tmp_path: Path) -> None:
    with serving(Maildrop([], "fax", "x")) as server:
        done = desk(
            "--once",
            "--json",
            "--server",
            "pop3://fax@127.0.0.1:%d" % server.port,
            "--set",
            "pop.password=x",
            "--paper",
            tmp_path / "paper",
        )
    assert (done.returncode, summary(done)["mails"]) == (0, 0)
    assert not (tmp_path / "paper" / "paper.pdf").exists()


@both
def test_without_paper_nothing_is_lost_and_it_says_why(runtime: str, tmp_path: Path) -> None:
    mails = [text_mail(tmp_path, number) for number in (1, 2)]
    common = ("--once", "--json", "--state", tmp_path / "state", "--runtime", runtime)
    first = desk(*common, "--sheets", 1, "--paper", tmp_path / "one", "--mail", *mails)
    assert first.returncode == 1, first.stdout
    assert "010 the feeder is empty" in first.stdout
    second = desk(*common, "--paper", tmp_path / "two", "--mail", *mails)
    assert second.returncode == 0, second.stdout
    assert "page 1 from a2@example.com" in second.stdout.replace("1/1", "1")
    assert "page 1 from a1@example.com" not in second.stdout


@both
def test_paper_loaded_later_goes_on(runtime: str, tmp_path: Path) -> None:
    mails = [text_mail(tmp_path, number) for number in (1, 2)]
    done = desk(
        "--once",
        "--json",
        "--runtime",
        runtime,
        "--sheets",
        1,
        "--fault",
        "paper 5 after 3 s",
        "--paper",
        tmp_path / "paper",
        "--mail",
        *mails,
    )
    assert done.returncode == 0, done.stdout
    assert summary(done)["recorded"] == 2


@both
def test_a_page_cut_short_comes_again_with_a_mark(runtime: str, fax: Path, tmp_path: Path) -> None:
    common = (
        "--once",
        "--json",
        "--state",
        tmp_path / "state",
        "--runtime",
        runtime,
        "--mail",
        fax,
    )
    first = desk(*common, "--fault", "cover open at line 400", "--paper", tmp_path / "one")
    assert (first.returncode, summary(first)["unfinished"]) == (1, 1), first.stdout
    behind = rows(tmp_path / "one" / "0001.png")[500:]
    assert not any(map(any, behind)), "it went on after the fault"
    second = desk(*common, "--paper", tmp_path / "two")
    assert (second.returncode, summary(second)["recorded"]) == (0, 1), second.stdout
    assert "(possible duplicate)" in second.stdout


@both
def test_ctrl_c_ends_cleanly_with_the_sheets_bound(runtime: str, tmp_path: Path) -> None:
    mail = text_mail(tmp_path, 1)
    console = tmp_path / "tty"
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "sim",
            "--runtime",
            runtime,
            "--paper",
            tmp_path / "paper",
            "--console",
            console,
            "--mail",
            mail,
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("visit over"):
            break
    assert console.is_symlink()
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=100)
    assert process.returncode == 0, "".join(lines) + rest
    assert "serial console: /dev/pts/" in lines[0]
    assert (tmp_path / "paper" / "paper.pdf").exists()
    assert not console.is_symlink()


@both
def test_the_service_console_answers(runtime: str, tmp_path: Path) -> None:
    mail, console = text_mail(tmp_path, 1), tmp_path / "tty"
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "sim",
            "--runtime",
            runtime,
            "--paper",
            tmp_path / "paper",
            "--console",
            console,
            "--mail",
            mail,
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if line.startswith("visit over"):
                break
        answer = ask(console, b"status\r")
        assert b"OK" in answer, answer
        ask(console, b"reboot\r", b"")
        for line in process.stdout:
            if line.startswith("visit over"):
                break
            lines_seen = line
        assert "started" in lines_seen or "visiting" in lines_seen
    finally:
        process.kill()
        process.communicate()


def ask(console: Path, command: bytes, until: bytes = b"OK") -> bytes:
    """Type a command; what comes back until `until` was seen or a minute is over."""
    def opener(path: str, flags: int) -> int:
        return os.open(path, flags | os.O_NOCTTY)  # its end is no end of these tests

    with open(console, "r+b", buffering=0, opener=opener) as line:
        line.write(command)
        heard = b""
        deadline = time.monotonic() + 60
        while until and until not in heard and time.monotonic() < deadline:
            heard += line.read(200)
        return heard
