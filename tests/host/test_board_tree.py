"""Trees packed for boards, without the desk's stand-ins, start on the boards' own ports and do
their work there.

The packer keeps names that it sees in use by others. On the desk it sees the stand-ins for the
boards' modules; here it sees what it sees when a board's tree is made.
"""

from __future__ import annotations

import ast
import json
import os
import select
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim import shadows
from sim.pop3_server import Maildrop, serving
from tools.build import ARCHES, ROOT, build_tree
from tools.micropython_binary import find, native_arch

BOARDS = {"rp2": "rp2_w5500", "esp32": "esp32_lan"}
PROMPT = b"uf-e1> \x1b[K"
LIMIT_S = 60
PATH = "%s:%s" % (Path(__file__).parent, shadows.MICROPYTHON)
LAUNCH = "import board_modules; board_modules.start()"
MAIL = (
    b"From: Sales <sales@example.com>\r\nSubject: Offer\r\nMessage-ID: <1@example.com>\r\n"
    b"Content-Type: text/plain\r\n\r\nTwo lines\r\nof text.\r\n"
)


def pins(port: str) -> dict[str, int]:
    """The port's table, without the modules that it imports."""
    tree = ast.parse((ROOT / "hal" / "ports" / (port + ".py")).read_text())
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "PINS":
            found: dict[str, int] = ast.literal_eval(node.value)
            return found
    raise ValueError(port)


class Machine:
    """A board that has been switched on, and a technician's end of its service line."""

    def __init__(self, platform: str, tree: Path) -> None:
        self._line, theirs = socket.socketpair()
        theirs.setblocking(False)
        self._said = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [str(find()), "-X", "heapsize=4m", "-c", LAUNCH,
             platform, str(theirs.fileno()), str(tree)],
            pass_fds=(theirs.fileno(),), stdin=subprocess.DEVNULL, stdout=self._said,
            stderr=self._said, env={**os.environ, "MICROPYPATH": PATH,
                                     "BOARD_PINS": json.dumps(pins(BOARDS[platform]))})
        theirs.close()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._line.close()
        self._said.close()

    def said(self) -> str:
        """What went to USB."""
        return os.pread(self._said.fileno(), 1 << 20, 0).decode("utf-8", "replace")

    def typed(self, command: str) -> list[str]:
        """Type a command; the lines between echo and next prompt."""
        self._line.sendall(command.encode() + b"\r")
        return [line.rstrip("\r") for line in self._until_prompt(b"\r\n").split("\r\n")[1:-1]]

    def wait_for_prompt(self) -> None:
        """Wait until a machine that starts has its prompt."""
        self._until_prompt()

    def _until_prompt(self, before: bytes = b"") -> str:
        shown = b""
        end = time.monotonic() + LIMIT_S
        while not shown.endswith(PROMPT) or before not in shown:
            assert self._process.poll() is None and time.monotonic() < end, self._state(shown)
            if select.select([self._line], [], [], 0.05)[0]:
                shown += self._line.recv(4096)
        return shown.decode()

    def wait_for(self, text: str) -> None:
        """Wait until that is said."""
        end = time.monotonic() + LIMIT_S
        while text not in self.said():
            assert self._process.poll() is None and time.monotonic() < end, self._state(b"")
            time.sleep(0.05)

    def _state(self, shown: bytes) -> str:
        return "%r\n%s" % (shown[-400:], self.said()[-4000:])


@pytest.fixture(scope="module", params=[native_arch(find()), "bytecode"])
def tree(request: pytest.FixtureRequest) -> Path:
    if request.param not in ARCHES:
        pytest.skip("native code for this machine is not built")
    return build_tree(ROOT / "build", request.param)


@pytest.fixture(params=BOARDS)
def machine(request: pytest.FixtureRequest, tree: Path) -> Iterator[Machine]:
    one = Machine(request.param, tree)
    try:
        yield one
    finally:
        one.close()


def test_a_board_starts_answers_and_records_a_mail(machine: Machine) -> None:
    machine.wait_for("event boot ")
    machine.wait_for_prompt()
    assert machine.typed("status")[-1].startswith("OK")
    shown = machine.typed("signals")
    assert shown[-1].startswith("OK") and any("nREGIST" in line for line in shown)
    drop = Maildrop([MAIL])
    with serving(drop) as server:
        for name, value in (("host", server.host), ("port", server.port), ("user", drop.user),
                            ("password", drop.password), ("allow_plain", "on"),
                            ("security", "plain")):
            said = machine.typed("param set pop.%s %s" % (name, value))
            assert said[-1].startswith("OK"), said
        assert machine.typed("poll")[-1].startswith("OK")
        machine.wait_for("sheet with")
        end = time.monotonic() + LIMIT_S
        while not drop.deleted:
            assert time.monotonic() < end, machine.said()[-4000:]
            time.sleep(0.05)
    assert "sheet with 0" not in machine.said()
    assert machine.typed("fault")[-1].startswith("OK")


def test_a_board_with_the_texts_of_another_build_says_so_and_works(
    tree: Path, tmp_path: Path
) -> None:
    mixed = shutil.copytree(tree, tmp_path / "tree")
    file = mixed / "firmware" / "texts"
    file.write_bytes(b"\x0c\x00\x00other words\x00\x00" * (file.stat().st_size // 16))
    machine = Machine("rp2", mixed)
    try:
        machine.wait_for("(firmware/texts)")
        machine.wait_for_prompt()
        faults = "\n".join(machine.typed("fault"))
        assert "070" in faults and "other words" not in faults + machine.said()
        assert machine.typed("status")[-1].startswith("OK")
    finally:
        machine.close()
