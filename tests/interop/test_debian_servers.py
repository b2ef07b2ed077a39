"""The whole receiver against Debian's POP3 servers: one mailbox of awkward mails, the same pages
from each, on both runtimes.
"""
from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sim.pop3_server import Maildrop, serving
from tests.faults.mails import MAILS
from tests.faults.run import SETTINGS
from tests.interop.servers import KINDS, PASSWORD, Caged, reason_to_skip
from tools import micropython_binary

ROOT = Path(__file__).resolve().parents[2]
LETTERS = "ACDEFHIMN"
CUT_SHORT = {"cyrus-pop3d": "I"}  # it leaves out what stands behind a NUL in a line


def record(port: int, runtime: str, **more: str) -> list[Any]:
    """Events of one visit by a receiver of that runtime."""
    settings = {**SETTINGS, "pop.host": "127.0.0.1", "pop.port": str(port), "pop.login": "user",
                "pop.user": "fax", "pop.password": PASSWORD, "pop.interval": "1", **more}
    path = [str(ROOT / "sim/modules" / runtime), str(ROOT)]
    program = [sys.executable]
    if runtime == "micropython":
        program = [str(micropython_binary.find()), "-X", "heapsize=1m"]
    environment = dict(os.environ, PYTHONPATH=":".join(path),
                       MICROPYPATH=":".join([*path, ".frozen"]))
    done = subprocess.run([*program, "-m", "tests.interop.record"], cwd=ROOT, env=environment,
                          input=json.dumps(settings) + "\n", capture_output=True, text=True,
                          timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    name, events = json.loads(done.stdout)
    assert name == runtime
    return events


def pages(events: list[Any]) -> list[tuple[str, str, int]]:
    """Sender, kind and sum of each sheet."""
    return [(fields["from"], fields["kind"], fields["sum"])
            for kind, fields in events if kind == "page"]


@cache
def expected() -> list[tuple[str, str, int]]:
    """What comes of these mails when the server is ours."""
    drop = Maildrop((), "fax", PASSWORD)
    for letter in LETTERS:
        drop.add(MAILS[letter])
    with serving(drop) as server:
        found = pages(record(server.port, "micropython"))
    assert len(found) == len(LETTERS) and not drop.mails
    return found


@pytest.mark.parametrize(("name", "runtime"), [
    *((name, "micropython") for name in KINDS), ("courier-pop", "cpython")])
def test_same_pages_from_every_server(name: str, runtime: str) -> None:
    if reason_to_skip(name):
        pytest.skip(reason_to_skip(name))
    with Caged(name) as server:
        server.deliver(MAILS[letter] for letter in LETTERS)
        events = record(server.port, runtime)
        end = next(fields for kind, fields in events if kind == "visit-end")
        assert (end["result"], end["deleted"]) == ("ok", len(LETTERS)), events
        both = zip(pages(events), expected(), LETTERS, strict=True)
        assert [letter for ours, theirs, letter in both if ours != theirs] == list(
            CUT_SHORT.get(name, ""))
        until = time.monotonic() + 60  # some write the mailbox after their last word
        while server.left() and time.monotonic() < until:
            time.sleep(0.05)
        assert server.left() == 0


@pytest.mark.parametrize("name", ["popa3d", "cyrus-pop3d"])
def test_wrong_password_is_told(name: str) -> None:
    if reason_to_skip(name):
        pytest.skip(reason_to_skip(name))
    with Caged(name) as server:
        events = record(server.port, "micropython", **{"pop.password": "wrong"})
        end = next(fields for kind, fields in events if kind == "visit-end")
        assert end["result"] == 721
