"""`make console`: keys pass unchanged, Ctrl-] leaves, trouble is said clearly."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import termios
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools import console, flash
from tools.ports import open_port

ROOT = Path(__file__).resolve().parents[2]


class Far:
    """The far end of a serial line: what a device would see and say."""

    def __init__(self) -> None:
        self.device, self.host = pty.openpty()
        tty.setraw(self.host)
        self.port = os.ttyname(self.host)

    def heard(self, count: int) -> bytes:
        """The next `count` octets that the device receives."""
        octets = b""
        while len(octets) < count:
            octets += os.read(self.device, count - len(octets))
        return octets


@pytest.fixture
def far() -> Iterator[Far]:
    far = Far()
    yield far
    os.close(far.device)
    os.close(far.host)


def start(port: str, keyboard: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tools.console", port],
        cwd=ROOT,
        stdin=keyboard,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_keys_pass_unchanged_and_ctrl_bracket_leaves(far: Far) -> None:
    near, keyboard = pty.openpty()
    process = start(far.port, keyboard)
    assert process.stdout is not None and process.stderr is not None
    assert b"Ctrl-]" in process.stderr.readline()
    end = time.monotonic() + 60
    while termios.tcgetattr(keyboard)[3] & termios.ISIG:  # it is made raw after the greeting
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.01)
    os.write(near, b"st\x03\x1b[A\t\r")
    assert far.heard(8) == b"st\x03\x1b[A\t\r"
    os.write(far.device, b"\x1b[1mready\r\n")
    assert process.stdout.read(11) == b"\x1b[1mready\r\n"
    os.write(near, b"\x1d")
    process.communicate(timeout=60)
    assert process.returncode == 0
    os.close(near)
    os.close(keyboard)


def test_piped_lines_are_sent_and_answers_printed(far: Far) -> None:
    done = subprocess.Popen(
        [sys.executable, "-m", "tools.console", far.port],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert done.stdin is not None
    done.stdin.write(b"status\n")
    done.stdin.close()
    assert far.heard(7) == b"status\n"
    os.write(far.device, b"all well\r\n")
    assert done.stdout is not None and done.stdout.read() == b"all well\r\n"
    assert done.wait(timeout=60) == 0


def test_without_port_and_desk_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "DESK", tmp_path / "console")
    assert console.main([]) == 1
    assert "make run starts one" in capsys.readouterr().err


def test_missing_port_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert console.main(["/dev/no-such-port"]) == 1
    assert "/dev/no-such-port can't be opened: there is no such" in capsys.readouterr().err


def test_a_port_in_use_and_what_is_no_port_are_told_apart(
    far: Far, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_port(far.port, 115200):
        for tool in (console, flash):
            assert tool.main([far.port]) == 1
            assert "another program (a console, make flash?)" in capsys.readouterr().err
    (tmp_path / "file").write_text("no port")
    for tool in (console, flash):
        assert tool.main([str(tmp_path / "file")]) == 1
        assert "it is no serial port" in capsys.readouterr().err


def test_a_silent_device_is_told_of(far: Far) -> None:
    done = subprocess.run([sys.executable, "-m", "tools.console", far.port], cwd=ROOT,
                          input=b"status\n", capture_output=True, timeout=60)
    assert done.returncode == 1
    assert b"does not answer: is it the service line" in done.stderr
