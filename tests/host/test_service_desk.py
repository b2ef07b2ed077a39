"""The service console as a technician's script sees it: a serial line to the running machine."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROMPT = b"uf-e1> \x1b[K"
MAIL = (
    b"From: Sales <sales@example.com>\r\nSubject: Offer\r\n"
    b"Content-Type: text/plain\r\n\r\nTwo lines\r\nof text.\r\n"
)
COMMANDS = (
    "help",
    "help param",
    "status",
    "signals",
    "signals nASFB",
    "mail",
    "journal",
    "journal 5",
    "fault",
    "fault list",
    "fault 720",
    "param list",
    "param get pop.host",
    "version",
    "poll",
    "nonsense",
    "param set pop.port 65536",
)


class Line:
    """The technician's end. It keeps what the machine has said before it was opened."""

    def __init__(self, path: Path) -> None:
        self._port = os.open(path, os.O_RDWR | os.O_NOCTTY)
        self.shown = b""

    def typed(self, command: str, limit_s: float = 100) -> list[str]:
        """Type a command; the lines between echo and next prompt."""
        os.write(self._port, command.encode() + b"\r")
        # the first key of a machine that has started draws the prompt once more
        shown = self._until_prompt(limit_s, b"\r\n")
        lines = shown.decode().split("\r\n")
        return [line.rstrip("\r") for line in lines[1:-1]]

    def wait_for_prompt(self, limit_s: float = 100) -> None:
        """Wait until a machine that starts has its prompt."""
        self._until_prompt(limit_s)

    def close(self) -> None:
        os.close(self._port)

    def _until_prompt(self, limit_s: float, before: bytes = b"") -> bytes:
        shown = b""
        end = time.monotonic() + limit_s
        while not shown.endswith(PROMPT) or before not in shown:
            assert time.monotonic() < end, "no prompt after %r" % shown[-200:]
            if select.select([self._port], [], [], 0.05)[0]:
                shown += os.read(self._port, 4096)
        self.shown += shown
        return shown


@contextmanager
def desk(folder: Path, runtime: str) -> Iterator[Line]:
    """A running machine with one mail in its mailbox."""
    mail = folder / "offer.eml"
    mail.write_bytes(MAIL)
    console = folder / "tty"
    options = {
        "--mail": mail,
        "--paper": folder / "paper",
        "--state": folder / "state",
        "--console": console,
        "--runtime": runtime,
    }
    command = [sys.executable, "-m", "sim"]
    for name, value in options.items():
        command += [name, str(value)]
    machine = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        end = time.monotonic() + 100
        while not console.exists():
            assert machine.poll() is None and time.monotonic() < end, "the desk did not start"
            time.sleep(0.02)
        line = Line(console)
        try:
            yield line
        finally:
            line.close()
    finally:
        machine.send_signal(signal.SIGINT)
        machine.communicate(timeout=100)


def recorded(line: Line) -> None:
    end = time.monotonic() + 100
    while not any(" recorded " in shown for shown in line.typed("journal")):
        assert time.monotonic() < end, "the mail was not recorded"
        time.sleep(0.1)


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no pseudo-terminals here")
@pytest.mark.parametrize("runtime", ["micropython", "cpython"])
def test_every_command_answers_in_the_machine_form(tmp_path: Path, runtime: str) -> None:
    with desk(tmp_path, runtime) as line:
        line.wait_for_prompt()
        recorded(line)
        for command in COMMANDS:
            lines = line.typed(command)
            closing = [shown for shown in lines if shown == "OK" or shown[:3] == "OK "]
            closing += [shown for shown in lines if shown.startswith("ERROR ")]
            assert closing == lines[-1:], (command, lines)
            assert all(len(shown) <= 79 for shown in lines), (command, lines)
            refused = command in ("nonsense", "param set pop.port 65536")
            assert lines[-1].startswith("ERROR 90" if refused else "OK"), (command, lines)
            if command == "mail":
                assert lines[-1] == "OK 0 unfinished"
        signals = line.typed("signals nPAPER")
        assert "raw         0" in signals and "state       on" in signals


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no pseudo-terminals here")
def test_what_was_set_and_what_was_recorded_stands_after_a_reboot(tmp_path: Path) -> None:
    with desk(tmp_path, "micropython") as line:
        line.wait_for_prompt()
        recorded(line)
        assert line.typed("param set pop.interval 7") == ["OK pop.interval = 7"]
        assert line.typed("param set pop.password hush7hush") == ["OK pop.password = ****"]
        lines = line.typed("reboot now")  # the next prompt is that of the restarted machine
        assert "OK restarting" in lines and lines[-1].startswith("# UF-E1 service console")
        assert line.typed("param get pop.interval")[-1] == "OK pop.interval = 7"
        events = line.typed("journal")
        assert any("sales@example.com: Offer" in event for event in events)
        assert any(" recorded " in event and "1 page" in event for event in events)
        assert b"hush7hush" not in line.shown
