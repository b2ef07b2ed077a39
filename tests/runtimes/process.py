"""One MicroPython process that runs the tests of one module."""

from __future__ import annotations

import ast
import os
import select
import subprocess
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from tests.runtimes.explain import explained
from tools import micropython_binary

ROOT = Path(__file__).resolve().parents[2]
DRIVER = Path(__file__).with_name("driver.py")
MARK = b"\n\x1e"
OUTPUT_LIMIT = 20_000


class Answer(NamedTuple):
    """What became of one test: passed, failed, skipped, broken (the module), crashed or
    timeout.
    """

    word: str
    detail: str
    output: str


class ModuleProcess:
    """Runs the tests of one module in one MicroPython process, started when first needed and again
    after a crash.
    """

    def __init__(self, file: Path, heap: str = "", desk: bool = False) -> None:
        self.file = file
        self._options = ["-X", "heapsize=" + heap] if heap else []
        shadows = ["sim/modules/micropython"] + (["sim/modules/desk"] if desk else [])
        self._paths = [str(ROOT / shadow) for shadow in shadows] + [str(ROOT)]
        self._process: subprocess.Popen[bytes] | None = None
        self._waiting = b""
        self._text: Path | None = None

    def run(self, name: str, timeout_s: float) -> Answer:
        """Run one test; a test that says nothing for `timeout_s` or ends the process costs the
        process, no more.
        """
        if self._process is None:
            self._start()
            loaded = self._answer(timeout_s)
            if loaded.word != "ready":
                self.close()
                return loaded
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.write(name.encode() + b"\n")
        self._process.stdin.flush()
        answer = self._answer(timeout_s)
        if answer.word in ("crashed", "timeout"):
            self.close()
        return answer

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()
        if self._text is not None:
            self._text.unlink(missing_ok=True)
            self._text = None

    def _start(self) -> None:
        handle, name = tempfile.mkstemp(suffix=".py", prefix=self.file.stem + "-")
        self._text = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(explained(self.file.read_text(encoding="utf-8")))
        relative = (
            self.file.relative_to(ROOT) if self.file.is_relative_to(ROOT) else Path(self.file.name)
        )
        module = ".".join(relative.with_suffix("").parts)
        command = [
            str(micropython_binary.find()),
            *self._options,
            str(DRIVER),
            name,
            relative.as_posix(),
            module,
        ]
        self._waiting = b""
        self._process = subprocess.Popen(
            command + self._paths,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def _answer(self, timeout_s: float) -> Answer:
        """Read on to the next answer."""
        assert self._process is not None and self._process.stdout is not None
        until = time.monotonic() + timeout_s
        pipe = self._process.stdout.fileno()
        while True:
            before, mark, after = self._waiting.partition(MARK)
            line, end, rest = after.partition(b"\n")
            if mark and end:
                self._waiting = rest
                word, _space, detail = line.decode(errors="replace").partition(" ")
                return Answer(word, ast.literal_eval(detail), _readable(before))
            left_s = until - time.monotonic()
            if left_s <= 0 or not select.select([pipe], [], [], left_s)[0]:
                return Answer("timeout", "no answer within %g s" % timeout_s, _readable(before))
            octets = os.read(pipe, 65536)
            if not octets:
                return Answer(
                    "crashed",
                    "MicroPython ended, status %s" % self._process.wait(),
                    _readable(before),
                )
            self._waiting += octets


def _readable(output: bytes) -> str:
    text = output.decode(errors="replace").strip("\n")
    return text if len(text) <= OUTPUT_LIMIT else "..." + text[-OUTPUT_LIMIT:]
