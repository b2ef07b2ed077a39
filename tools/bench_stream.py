"""A 10 MB mail of 200 pages on the whole device, on MicroPython in a heap of 384 KiB.

S5: seconds from RETR to the first recorded line, the server sending 1 MB/s. S6: the longest hold
of the loop while it receives and records. M3: the same mail through a spool of 256 KiB, whatever
the order of directories and data in its TIFF: pages that came out right.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import random
import socket
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from sim import shadows
from sim.console import Console
from sim.device import MicroPythonDevice, build
from sim.mechanism import Mechanism
from sim.state import BLOCK_SIZE, SPOOL_BLOCKS, State
from sim.wiring import Wiring
from tests.unit.tiff_layouts import AFTER, BEFORE, END, FRONT, LAYOUTS, Page, file_of
from tools import micropython_binary
from tools.bench import RUNS, Row, row
from tools.build import ROOT

PAGES = 200
RATE = 1_000_000  # octets a second
HEAP = "384k"
_ROWS = 2200
_BAND_LINES = 62
_LIMIT_S = 200
_PIECE = 8192
_PROBE = Path(__file__).with_name("bench_stream_probe.py")
_PROBED = (
    "import sys; sys.path[:] = [%r, '.frozen', %r]; f = open(%r); t = f.read(); f.close(); "
    "c = compile(t, 'probe', 'exec'); t = None; exec(c)"
)


def mail(layout: str, pages: int = PAGES) -> bytes:
    """A mail with a fax of dense pages, 36 kB each in MMR."""
    chance = random.Random(1)
    picture = Image.new("1", (1728, _ROWS), 1)
    pen = ImageDraw.Draw(picture)
    for y in range(60, _ROWS - 60, 40):
        for x in range(80, 1640, 14):
            ends = [chance.randrange(limit) for limit in (8, 20, 8, 20)]
            pen.line((x + ends[0], y + ends[1], x + ends[2], y + ends[3]), fill=0, width=2)
    file = io.BytesIO()
    picture.save(file, "TIFF", compression="group4", tiffinfo={278: _ROWS})
    file.seek(0)
    tags: Any = Image.open(file).tag_v2  # type: ignore[attr-defined]
    start, octets = tags[273][0], tags[279][0]
    data = file.getvalue()[start : start + octets]
    tiff = file_of(layout, [Page([data], _ROWS, _ROWS, 4, 196) for _ in range(pages)])
    head = (
        b"From: bench@example.com\r\nSubject: %d pages\r\nMessage-ID: <%s@bench>\r\n"
        b'Content-Type: image/tiff; name="large.tif"\r\n'
        b"Content-Transfer-Encoding: base64\r\n\r\n"
    ) % (pages, layout.replace(" ", "-").encode())
    return head + base64.encodebytes(tiff).replace(b"\n", b"\r\n")


class Server:
    """A POP3 server with one mail; `rate` octets a second, 0 for as fast as they are taken. Behind
    the first `held` octets, if that is not 0, it waits for `go`.
    """

    def __init__(self, content: bytes, rate: int, held: int = 0) -> None:
        self.go = threading.Event()
        self._held = held
        self.asked_at: list[float] = []  # RETR
        self.content = content
        self._rate = rate
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        # a thread that waits in accept would go on at whatever gets this number next
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                link, _address = self._listener.accept()
            except OSError:
                return
            with link:
                try:
                    self._converse(link)
                except OSError:
                    continue

    def _converse(self, link: socket.socket) -> None:
        size = len(self.content)
        answers = {
            b"CAPA": b"+OK\r\nUIDL\r\nUSER\r\n.\r\n",
            b"STAT": b"+OK 1 %d\r\n" % size,
            b"LIST": b"+OK\r\n1 %d\r\n.\r\n" % size,
            b"UIDL": b"+OK\r\n1 the-mail\r\n.\r\n",
        }
        link.sendall(b"+OK\r\n")
        for line in link.makefile("rb"):
            verb = line.split()[0].upper()
            if verb == b"RETR":
                self.asked_at.append(time.monotonic())
                self._send(link)
            else:
                link.sendall(answers.get(verb, b"+OK\r\n"))
            if verb == b"QUIT":
                return

    def _send(self, link: socket.socket) -> None:
        link.sendall(b"+OK\r\n")
        began = time.monotonic()
        for at in range(0, len(self.content), _PIECE):
            if self._rate:
                time.sleep(max(began + at / self._rate - time.monotonic(), 0))
            if self._held and at >= self._held:
                self.go.wait(_LIMIT_S)
            link.sendall(self.content[at : at + _PIECE])
        link.sendall(b".\r\n")


class Watcher:
    """Takes the sheets, and what the device says.

    :param whole: it is over when a visit has left nothing on the server; else with the first visit
    """

    def __init__(self, whole: bool = False) -> None:
        self.pages: list[int] = []  # as the device counts them
        self.duplicates = 0
        self.results: list[dict[str, Any]] = []  # of its visits
        self.left = threading.Event()  # a visit has ended
        self._whole = whole
        self.first_at = 0.0
        self.sheets: list[str] = []  # a sum of each one's lines, the header band apart
        self.held: dict[str, Any] = {}
        self.most: dict[str, Any] = {}
        self.first = threading.Event()
        self.over = threading.Event()
        self._lines = 0
        self._sum = hashlib.sha256()

    @property
    def result(self) -> dict[str, Any]:
        """Of the last visit."""
        return self.results[-1] if self.results else {}

    def begin(self) -> None:
        """A sheet comes in."""
        self._lines = 0
        self._sum = hashlib.sha256()

    def row(self, dots: bytes | None) -> None:
        """A line of it."""
        if dots is not None and not self.first.is_set():
            self.first_at = time.monotonic()
            self.first.set()
        self._lines += 1
        if self._lines > _BAND_LINES:
            self._sum.update(dots or bytes(216))

    def end(self) -> None:
        """It goes out."""
        self.sheets.append(self._sum.hexdigest())

    def event(self, line: bytes) -> None:
        """What the device says."""
        kind, _blank, members = line.decode().partition(" ")
        if kind == "held":
            self.held = json.loads(members)
        elif kind == "most":
            self.most = json.loads(members)
        elif kind == "page":
            page = json.loads(members)
            self.pages.append(page["page"])
            self.duplicates += page["duplicate"]
        elif kind == "visit-end":
            self.results.append(json.loads(members))
            self.left.set()
            if not (self._whole and self.result["unfinished"]):
                self.over.set()

    def watchdog(self, _timeout_ms: int) -> None:
        """Not ours to look after."""


def run(
    content: bytes,
    rate: int,
    until: str,
    probe: Path | None = None,
    sheets: int = 0,
    held: int = 0,
    made: type[Server] = Server,
    limit_s: float = _LIMIT_S,
) -> tuple[Watcher, Server]:
    """One run of the device, until its 'first' line or its visit is 'over'. With only so many
    sheets in the feeder, more are laid in when a visit was left for want of them. `held`: octets
    of the mail that are sent before the run is over. `made`: the kind of server. `probe`: what
    starts the firmware instead of its own main module. `limit_s`: how long it may take.
    """
    shadows.install()
    from hal.ports.desk import PINS

    watcher, server = Watcher(sheets > 0), made(content, rate, held)
    with tempfile.TemporaryDirectory() as folder:
        state = State(Path(folder))
        state.set_parameters(
            [
                ("pop.host", "127.0.0.1"),
                ("pop.security", "plain"),
                ("pop.allow_plain", "on"),
                ("pop.port", str(server.port)),
                ("pop.user", "fax"),
                ("pop.password", "bench"),
                ("pop.stall_s", "1" if sheets else "300"),
            ]
        )
        console = Console(Path(folder, "console"))
        machine = Mechanism(watcher, sheets or PAGES + 50)
        wiring = Wiring(machine, PINS, 0x3C, watcher)
        tree = build(ROOT / "build")
        device = MicroPythonDevice(
            micropython_binary.find(), tree, HEAP, wiring, state, console.master, lambda _how: None
        )
        if probe is not None:
            device.command[-1] = _PROBED % (str(tree), str(probe.parent), str(probe))
        device.power_on(1)
        if sheets:
            watcher.left.wait(_LIMIT_S)
            machine.load_paper(PAGES)
        came = getattr(watcher, until).wait(limit_s)
        device.power_off()
        server.go.set()
        console.close()
        server.close()
    if not came:
        raise RuntimeError("the device did not come to its end: %s" % watcher.result)
    return watcher, server


def first_line() -> Row:
    """Row S5."""
    content = mail(BEFORE)
    took = []
    for _ in range(RUNS):
        watcher, server = run(content, RATE, "first")
        took.append(watcher.first_at - server.asked_at[0])
    what = "RETR to first line, 10 MB, 200 pages, 1 MB/s"
    return row("S5", what, "limit", took, [0.3], "s")


def holds() -> Row:
    """Row S6."""
    watcher, _server = run(mail(AFTER, 60), 0, "over", probe=_PROBE)
    counts = watcher.held["counts"]
    left = sum(counts) // 1000
    bucket = len(counts) - 1
    while counts[bucket] <= left:
        left -= counts[bucket]
        bucket -= 1
    note = "longest %.1f ms, of %d rounds with work" % (
        watcher.held["longest_us"] / 1000,
        sum(counts),
    )
    return row("S6", "hold of the loop, p99.9", "limit", [bucket * 0.05], [2.0], "ms", note)


def windows() -> list[Row]:
    """Row M3, one for each place of the directories."""
    found = []
    names = {BEFORE: "before", AFTER: "after", FRONT: "front", END: "end"}
    for layout in LAYOUTS:
        watcher, server = run(mail(layout), 0, "over")
        right = watcher.sheets.count(watcher.sheets[0]) if watcher.sheets else 0
        what = "pages of 10 MB through %d KiB, IFDs %s" % (
            SPOOL_BLOCKS * BLOCK_SIZE // 1024,
            names[layout],
        )
        note = "%d RETR, heap %d" % (len(server.asked_at), watcher.result["heap_peak"])
        found.append(row("M3", what, "sent", [right], [PAGES], "pages", note))
    return found


def rows(part: str = "") -> list[Row]:
    """The rows of one part, or all."""
    parts = {"S5": lambda: [first_line()], "S6": lambda: [holds()], "M3": windows}
    return [one for name in parts if part in ("", name) for one in parts[name]()]
