"""Fuzzing: `python -m tools.fuzz [SECONDS [NAME...]]`, for `make fuzz`.

Each fuzzer is a function of octets that raises when they bring out something wrong. It gets the
inputs kept under `tests/corpus/NAME`, then joins of pieces that its grammar is made of, chosen and
made small by hypothesis, then, where atheris is installed, what coverage suggests. An input that
fails is kept as `tests/corpus/NAME/crash-…`.

A further fuzzer is one row of FUZZERS.
"""
from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT / "tests" / "corpus"
BATCH = 200  # examples between two looks at the clock
SECONDS = 120


class Fuzzer(NamedTuple):
    """A function of octets, 'module:name', and pieces that its inputs are made of."""

    target: str
    pieces: Sequence[bytes]

    def load(self) -> Callable[[bytes], None]:
        """The function."""
        module, _, name = self.target.partition(":")
        function: Callable[[bytes], None] = getattr(
            __import__(module, fromlist=[name]), name)
        return function


_LINES = (b"+OK\r\n", b"+OK ", b"-ERR ", b"\r\n", b"\n", b"\r", b".", b"..", b".\r\n",
          b"\r\n.\r\n", b"\n.\n",
          b"1 100\r\n", b"2 200\r\n", b"1 abc\r\n", b"1  x\r\n", b"9" * 20, b"x" * 500,
          b"\0", b"\xff", b" ", b"\t", b"[IN-USE] ", b"[", b"]", b"<1@a>")
_SESSION = (b"+OK <1.2@host>\r\n", b"+OK\r\nUSER\r\nUIDL\r\nTOP\r\nPIPELINING\r\n.\r\n",
            b"+OK\r\n", b"+OK 2 300\r\n", b"+OK\r\n1 100\r\n2 200\r\n.\r\n",
            b"+OK\r\n1 a\r\n2 b\r\n.\r\n", b"+OK\r\nFrom: a\r\n\r\nhi\r\n.\r\n",
            b"-ERR\r\n", b".\r\n", *_LINES)
# an honest conversation first: what follows goes wrong at some depth
_OPENING = (b"\0+OK\r\n-ERR\r\n+OK\r\n+OK\r\n-ERR\r\n+OK 2 300\r\n+OK\r\n1 100\r\n2 200\r\n.\r\n"
            b"+OK\r\n1 a\r\n2 b\r\n.\r\n+OK\r\nFrom: a\r\n\r\nhi\r\n.\r\n+OK\r\n")
_MIME = (b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"--b", b"--bb", b"--b--", b"\r\n--b\r\n",
         b"\n--bb\n", b"\r\n--b--\r\n", b" ", b"\t", b":", b";", b"=", b'"', b"x",
         b"Content-Type: multipart/mixed; boundary=b\r\n", b"Content-Type: message/rfc822\n\n",
         b'Content-Type: multipart/alternative; boundary="bb"\n', b"Content-Type: text/plain\n",
         b"Content-Type: image/tiff\r\n", b"Content-Transfer-Encoding: base64\r\n",
         b"Content-Transfer-Encoding: quoted-printable\n", b"QUJD", b"QQ==", b"=41", b"=\r\n",
         b"Content-Disposition: attachment; filename*0*=utf-8''a%", b"SUkqAAgAAAA=", b"From: ",
         b"Subject: ", b"=?utf-8?Q?", b"?=", b"<a@b>", b" folded", b"\0\xff", b"y" * 90,
         b"z" * 1100, b"\x0c", b"\xc3", b"\xa4", b"\xef\xbb\xbf", b"II*\0\x08\0\0\0", b"%PDF-")

_STRIP = (b"\0\2\0", b"\1\3\0", b"\2\4\1", b"\3\5\2", b"\7\6\x11", b"\0\x10\1", b"\0\1", b"\xff",
          b"\0", b"\x35", b"\x4d\x9a\x80", b"\x26\xa0", b"\x5e", b"\x81", b"\xaa", b"\x03\x0f")
_TIFF = (b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"\x06\0", b"\0\1\3\0\1\0\0\0\x40\0\0\0",
         b"\1\1\3\0\1\0\0\0\x08\0\0\0", b"\3\1\3\0\1\0\0\0\4\0\0\0",
         b"\x11\1\4\0\1\0\0\0\x80\0\0\0", b"\x16\1\4\0\1\0\0\0\2\0\0\0",
         b"\x17\1\4\0\1\0\0\0\x20\0\0\0", b"\x0a\1\3\0\1\0\0\0\2\0\0\0",
         b"\0\0\0\0", b"\xff\xff\xff\xff", *_STRIP)

FUZZERS: dict[str, Fuzzer] = {
    "reply": Fuzzer("tests.fuzz.pop3:reply", _LINES),
    "listing": Fuzzer("tests.fuzz.pop3:listing", _LINES),
    "body": Fuzzer("tests.fuzz.pop3:body", _LINES),
    "visit": Fuzzer("tests.fuzz.pop3:visit", (_OPENING, *_SESSION)),
    "mime": Fuzzer("tests.fuzz.mail:mime", _MIME),
    "header": Fuzzer("tests.fuzz.mail:header", _MIME),
    "charset": Fuzzer("tests.fuzz.mail:charset", _MIME),
    "mail": Fuzzer("tests.fuzz.mail:whole_mail", _MIME),
    "ccitt": Fuzzer("tests.faults.fuzz_fax:ccitt", _STRIP),
    "tiff": Fuzzer("tests.faults.fuzz_fax:tiff", _TIFF),
}


class Failure(Exception):
    """A fuzzer failed; `octets` bring it out."""

    def __init__(self, octets: bytes) -> None:
        super().__init__(octets)
        self.octets = octets


def corpus(name: str) -> list[bytes]:
    """The inputs kept for a fuzzer."""
    return [file.read_bytes() for file in sorted((CORPUS / name).glob("*")) if file.is_file()]


def keep(name: str, octets: bytes) -> Path:
    """Keep an input that failed."""
    folder = CORPUS / name
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / ("crash-" + hashlib.sha256(octets).hexdigest()[:16])
    file.write_bytes(octets)
    return file


def run(name: str, seconds: float, seed: int = 0) -> int:
    """The kept inputs, then joins of pieces for so long. Returns how many inputs.

    Raises Failure.
    """
    function, count = FUZZERS[name].load(), 0
    for octets in corpus(name):
        _try(function, octets)
        count += 1
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        count += _batch(function, FUZZERS[name].pieces, until, seed)
        seed += 1
    return count


def _try(function: Callable[[bytes], None], octets: bytes) -> None:
    try:
        function(octets)
    except Exception as error:
        traceback.print_exc()
        raise Failure(octets) from error


def _batch(function: Callable[[bytes], None], pieces: Sequence[bytes], until: float,
           seed: int) -> int:
    from hypothesis import HealthCheck, given, settings
    from hypothesis import seed as seeded
    from hypothesis import strategies as st

    count = 0
    failing: list[bytes] = []
    inputs = st.tuples(st.binary(max_size=1), st.lists(
        st.one_of(st.sampled_from(pieces), st.binary(max_size=6)), max_size=40).map(b"".join))

    def one(drawn: tuple[bytes, bytes]) -> None:
        nonlocal count
        octets = b"".join(drawn)
        if time.monotonic() < until or octets in failing:
            count += 1
            try:
                function(octets)
            except Exception:
                failing.append(octets)
                raise

    bound = settings(max_examples=BATCH, deadline=None, database=None, print_blob=False,
                     suppress_health_check=list(HealthCheck))
    try:
        seeded(seed)(bound(given(inputs)(one)))()
    except Exception as error:
        if not failing:
            raise
        raise Failure(min(failing, key=len)) from error
    return count


def guided(name: str, seconds: float) -> int:
    """What coverage suggests, by atheris in a process of its own. Returns how many inputs.

    Raises Failure.
    """
    known = [str(CORPUS / name)] if (CORPUS / name).is_dir() else []
    found, crashes = (ROOT / "build" / "fuzz" / name / part for part in ("found", "crashes"))
    shutil.rmtree(crashes, ignore_errors=True)
    for folder in (found, crashes):
        folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "tools.fuzz", "--guided", name, str(found), *known,
         "-max_total_time=%d" % max(seconds, 1), "-artifact_prefix=%s/" % crashes,
         "-print_final_stats=1", "-max_len=4096", "-timeout=20", "-rss_limit_mb=2048"],
        cwd=ROOT, capture_output=True, text=True, check=False)
    match = re.search(r"stat::number_of_executed_units:\s*(\d+)", done.stderr)
    if done.returncode or match is None:
        sys.stderr.write(done.stderr[-4000:])
        raise Failure(next((file.read_bytes() for file in crashes.iterdir()), b""))
    return int(match[1])


def _be_guided(name: str, arguments: list[str]) -> None:
    import atheris  # type: ignore[import-untyped]

    for shadow in ("sim/modules/cpython", "sim/modules/desk"):
        sys.path.insert(0, str(ROOT / shadow))
    with atheris.instrument_imports(include=["firmware"]):
        function = FUZZERS[name].load()
    atheris.Setup([sys.argv[0], *arguments], function)
    atheris.Fuzz()


def main(arguments: list[str]) -> int:
    """Fuzz all, or those named, for so many seconds together; 1 when something was found."""
    if arguments[:1] == ["--guided"]:
        _be_guided(arguments[1], arguments[2:])
        return 0
    for shadow in ("sim/modules/cpython", "sim/modules/desk"):
        sys.path.insert(0, str(ROOT / shadow))
    seconds = float(arguments[0]) if arguments else SECONDS
    names = arguments[1:] or list(FUZZERS)
    unknown = [name for name in names if name not in FUZZERS]
    if unknown:
        sys.stderr.write("no fuzzer %s; there are: %s\n" % (unknown[0], ", ".join(FUZZERS)))
        return 2
    ways: list[tuple[str, Callable[[str, float], int]]] = [("hypothesis", run)]
    if find_spec("atheris"):
        ways.append(("atheris", guided))
    total, failures = 0, 0
    for name in names:
        for way, function in ways:
            try:
                count = function(name, seconds / len(names) / len(ways))
                total += count
                print("%-10s %-10s %9d inputs" % (name, way, count), flush=True)
            except Failure as failure:
                failures += 1
                print("%-10s %-10s FAILED, kept as %s" % (
                    name, way, keep(name, failure.octets).relative_to(ROOT)), flush=True)
    print("%d inputs, %d failures" % (total, failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
