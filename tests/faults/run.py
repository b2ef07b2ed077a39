"""Runs one script against the whole receiver, on either runtime, and tells what became of every
mail.
"""
from __future__ import annotations

import gc
import json
import os
import platform
import random
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from sim.pop3_server import Maildrop, Script
from tests.faults import virtual_time
from tests.faults.machine import serve
from tests.faults.mails import MAILS
from tests.faults.wire_model import PeerModel
from tools import micropython_binary
from tools.build import build_tree

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {"pop.host": "mail", "pop.port": "110", "pop.user": "user", "pop.password": "secret",
            "pop.interval": "1", "pop.connect_s": "20", "pop.reply_s": "30",
            "pop.silence_s": "40", "pop.stall_s": "100", "pop.security": "plain",
            "pop.allow_plain": "on"}
HEAP = "2m"
Told = Callable[[list[Any]], bool]
Runs = Callable[[PeerModel, dict[str, str], Told], None]


@dataclass
class Visited:
    """What one visit came to. Mails are named by their letters."""

    code: int = 0
    detail: str = ""
    recorded: str = ""  # what the receiver calls recorded
    notices: str = ""  # or a notice
    unfinished: int = 0
    deleted: str = ""
    pages: list[tuple[str, int, int, bool]] = field(default_factory=list)  # mail, page, sum, mark
    text: str = ""  # all that was said


def on_cpython(peer: PeerModel, settings: dict[str, str], told: Told) -> None:
    """Run the receiver in this process."""
    gc.freeze()  # the firmware collects often; it shall not look at all that pytest holds
    try:
        virtual_time.run(serve(peer, settings, told))
    finally:
        gc.unfreeze()


class OnMicroPython:
    """Runs it in a MicroPython process, one receiver after the other; use it in a `with`.

    `used` are the octets of the heap in use behind each visit.
    """

    def __init__(self) -> None:
        self.used: list[int] = []
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> OnMicroPython:
        # compiled, as on a device: to compile what is loaded on demand is most of a run's work
        arch = "x64" if platform.machine() in ("x86_64", "AMD64") else "bytecode"
        tree = build_tree(ROOT / "build" / "modules", arch, packed=False)
        places = (tree, ROOT / "sim/modules/micropython", ROOT, ".frozen")
        self._errors = tempfile.TemporaryFile("w+")
        self._process = subprocess.Popen(
            [str(micropython_binary.find()), "-X", "heapsize=" + HEAP, "-m",
             "tests.faults.device"],
            cwd=tree, env=dict(os.environ, MICROPYPATH=":".join(map(str, places))), text=True,
            bufsize=1, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors)
        assert self._question() == ["order"]
        return self

    def __exit__(self, *_error: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
            self._errors.close()

    def _question(self) -> list[str]:
        line = self._process.stdout.readline()
        if not line:
            self._errors.seek(0)
            raise RuntimeError("MicroPython ended: " + self._errors.read())
        return line.rstrip("\n").split(" ", 3 if line.startswith("read") else 2)

    def _answer(self, *words: object) -> None:
        self._process.stdin.write(" ".join(str(word) for word in words) + "\n")

    def __call__(self, peer: PeerModel, settings: dict[str, str], told: Told) -> None:
        if self._process is None:
            self.__enter__()
        try:
            self._run(peer, settings, told)
        except BaseException:
            self.__exit__()  # it stands in the middle of something
            raise

    def _run(self, peer: PeerModel, settings: dict[str, str], told: Told) -> None:
        self._answer(json.dumps(settings))
        while True:
            word, *rest = self._question()
            if word == "order":
                return
            if word == "connect":
                self._answer(int(peer.connect(int(rest[0]))))
            elif word == "write":
                self._answer(int(peer.write(bytes.fromhex(rest[1]), int(rest[0]))))
            elif word == "read":
                octets, wait_ms = peer.read(int(rest[1]), int(rest[0]), int(rest[2]))
                self._answer("none" if octets is None else "octets", wait_ms,
                             (octets or b"").hex())
            elif word == "close":
                peer.close()
                self._answer("1")
            elif word == "visited":
                self.used.append(int(rest[0]))
                self._answer(int(told(json.loads(rest[1]))))
            else:
                raise RuntimeError("MicroPython said: " + " ".join([word, *rest]))


@cache
def sums_of(letter: str) -> tuple[int, ...]:
    """Sums of the mail's sheets when an honest server sends it."""
    visits, _drop = play(None, letter, {}, honest=0)
    return tuple(sum_ for _mail, _page, sum_, _mark in visits[0].pages)


def maildrop(letters: str) -> Maildrop:
    """A maildrop with these mails."""
    drop = Maildrop()
    for letter in letters:
        drop.add(MAILS[letter], exact=True)
    return drop


def play(script: Script | None, letters: str, settings: dict[str, str], visits: int = 1,
         honest: int = 1, cuts: random.Random | None = None, runs: Runs = on_cpython,
         between: Callable[[Maildrop], None] | None = None, down: bool = False,
         pipelining: bool = False) -> tuple[list[Visited], Maildrop]:
    """So many visits to a maildrop behind the script; then mail N comes, and `honest` further
    visits find a server that does all right.
    """
    drop = maildrop(letters)
    peer = PeerModel(drop, script, cuts)
    peer.refusing, peer.pipelining = down, pipelining
    found: list[Visited] = []

    def told(events: list[Any]) -> bool:
        found.append(_visited(events, drop, "".join(visit.deleted for visit in found)))
        if len(found) == visits and honest:
            peer.script, peer.refusing = None, False
            drop.add(MAILS["N"], exact=True)
            if between is not None:
                between(drop)
        return len(found) < visits + honest

    runs(peer, {**SETTINGS, **settings}, told)
    return found, drop


def letter_of(content: bytes) -> str:
    """The mail's letter."""
    return next(letter for letter, mail in MAILS.items() if mail == content)


def _visited(events: list[Any], drop: Maildrop, before: str) -> Visited:
    visited = Visited(text=json.dumps(events))
    mail = ""
    for kind, fields in events:
        if kind == "mail":
            mail = fields["from"][:1] or "J"  # the one without a sender
        elif kind == "page":
            visited.pages.append((mail, fields["page"], fields["sum"], fields["duplicate"]))
        elif kind == "mail-end" and fields["result"] == "recorded":
            visited.recorded += mail
        elif kind == "mail-end" and fields["result"] == "notice":
            visited.notices += mail
        elif kind == "fault" and fields["active"]:
            visited.detail = fields["text"]
        elif kind == "visit-end":
            visited.code = 0 if fields["result"] == "ok" else int(fields["result"])
            visited.unfinished = fields["unfinished"]
    visited.deleted = "".join(letter_of(mail.content) for mail in drop.deleted)[len(before):]
    return visited
