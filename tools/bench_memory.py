"""M2: what a mail of 200 pages costs in heap beyond one of a page, wherever the directories of its
fax are, and what 10,000 mails leave behind.

Pages: the whole device on MicroPython; its largest number of live octets, looked at after a
collection at the end of each page, mail and visit, the least of some runs. What is behind the
fax in the mail comes a moment late, so that the page of a small mail is looked at as those of a
large one are: while the receiving task is in the midst of a mail. (Where it has done with it, some
800 octets of coroutines are gone.) Least of some runs, because the collector takes any word on the
C stack for a pointer: what was dropped a moment ago, such as a group of functions that the ledger
has called, is kept by chance now and then, and gone at the next page.

At any turn: the same with a collection at each turn of the loop, so that code which is loaded for
a moment counts too; for fewer pages, since it takes its time.

Mails: the receiving half (see bench_pop3_device) empties a mailbox of them.
"""

from __future__ import annotations

import socket
import time
from pathlib import Path

from tests.unit.tiff_layouts import BEFORE, END, FRONT
from tools import bench_stream
from tools.bench import Row, row
from tools.bench_pop3 import PASSWORD, USER, Ours
from tools.bench_pop3_peers import Target

PAGES = 200
LAYOUTS = {"with their data": BEFORE, "at the front": FRONT, "at the end": END}
RUNS = 3
TURNS_PAGES = 20
MAILS = 10_000
_SETTLED = 1000  # mails after which heap and ledger have found their level
_TAIL = b"x" * 70 + b"\r\n"
_LATE_OCTETS = 8000
_LATE_S = 4.0
_PIECE = 8192
_PROBE = Path(__file__).with_name("bench_memory_probe.py")


class Late(bench_stream.Server):
    """Sends what is behind the fax a moment late."""

    def _send(self, link: socket.socket) -> None:
        link.sendall(b"+OK\r\n")
        end = len(self.content) - _LATE_OCTETS
        for at in range(0, end, _PIECE):
            link.sendall(self.content[at : min(at + _PIECE, end)])
        time.sleep(_LATE_S)
        link.sendall(self.content[end:] + b".\r\n")


def fax_mail(layout: str, pages: int) -> bytes:
    """A mail with a fax of so many pages, and something behind it that nobody prints."""
    head, _blank, fax = bench_stream.mail(layout, pages).partition(b"\r\n\r\n")
    fields = head.split(b"\r\n")
    of_part = [field for field in fields if field.startswith(b"Content-")]
    of_mail = [field for field in fields if field not in of_part]
    of_mail += [b"MIME-Version: 1.0", b"Content-Type: multipart/mixed; boundary=b", b"", b"--b"]
    lines = [*of_mail, *of_part, b"", fax.rstrip(b"\r\n"), b"--b--", b""]
    return b"\r\n".join(lines) + _TAIL * (2 * _LATE_OCTETS // len(_TAIL))


def peak(layout: str, pages: int, runs: int = RUNS, probe: Path | None = None) -> int:
    """Largest number of live octets while a mail of so many pages is recorded, the least of some
    runs; as the device says, or the probe. Raises RuntimeError when a page is missing.
    """
    content = fax_mail(layout, pages)
    found = []
    for _ in range(runs):
        watcher, _server = bench_stream.run(content, 0, "over", made=Late, probe=probe)
        if watcher.result["pages"] != pages:
            raise RuntimeError("%d pages: %s" % (pages, watcher.result))
        said = watcher.result["heap_peak"] if probe is None else watcher.most["octets"]
        found.append(int(said))
    return min(found)


def of_pages(probe: Path | None = None) -> list[Row]:
    """A row for each place of the directories."""
    pages = PAGES if probe is None else TURNS_PAGES
    found = []
    for place, layout in LAYOUTS.items():
        what = "heap%s: %d pages, IFDs %s" % (" at any turn" if probe else "", pages, place)
        large, one = (peak(layout, count, probe=probe) for count in (pages, 1))
        note = "%+d octets" % (large - one)
        found.append(row("M2", what, "1 page", [large], [one], "B", note))
    return found


def left_behind() -> tuple[int, int]:
    """Live octets after the first mails and after all of 10,000."""
    from tests.interop.dovecot import Dovecot

    text = b"From: a@example.com\nSubject: %d\nMessage-ID: <%d@example.com>\n\nmail %d\n"
    with Dovecot({USER: PASSWORD}) as server:
        server.deliver(USER, (text % (n, n, n) for n in range(MAILS)))
        said = Ours(Target(server.port, USER, PASSWORD, MAILS), empty=True,
                    settled=_SETTLED).run()
        left = len(server.contents(USER))
    if left:
        raise RuntimeError("%d mails are left" % left)
    settled, after = said["heaps"]
    return settled, after


def rows() -> list[Row]:
    """Row M2."""
    from tests.interop.dovecot import reason_to_skip

    found = of_pages() + of_pages(_PROBE)
    reason = reason_to_skip()
    if reason:
        found.append(row("M2", "heap: after 10,000 mails", "after 1,000", [], [], "B", reason))
        return found
    settled, after = left_behind()
    grown = "%+d octets" % (after - settled)
    return [*found, row("M2", "heap: after 10,000 mails", "after 1,000", [after], [settled], "B",
                        grown)]
