"""M2: what a mail of 200 pages costs in heap beyond one of a page, wherever the directories of its
fax are, and what 10,000 mails leave behind.

Pages: the whole device on MicroPython, looked at by its event loop before steps of its tasks: a
collection, then the octets that are live (device_probe.py). So code that is loaded for a moment
counts. The most of a run is what is compared, the least of some runs: what the other tasks are
about at a page's beginning makes some 100 octets of difference from run to run. For the same
instants to be there in both mails the server pauses: behind the header, until the panel shows the
mail; with the first page begun; behind the fax, so that the page of a small mail too is looked at
while the receiving task is in the midst of a mail. (Where it has done with it, some 800 octets of
coroutines are gone.)

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
MAILS = 10_000
_SETTLED = 1000  # mails after which heap and ledger have found their level
_TAIL = b"x" * 70 + b"\r\n"
_LATE_S = 4.0
_PAUSE_S = 1.5  # longer than the panel takes to show the mail
_BEGINS = 4096  # octets of a fax with which its first page begins
_PIECE = 8192
_LIMIT_S = 900
_PROBE = Path(__file__).with_name("bench_memory_probe.py")


class Late(bench_stream.Server):
    """Pauses before the fax, within its first page, and behind it."""

    def _send(self, link: socket.socket) -> None:
        link.sendall(b"+OK\r\n")
        fax = self.content.index(b"\r\n\r\n", self.content.index(b"--b")) + 4
        at = 0
        for end, pause_s in ((fax, _PAUSE_S), (fax + _BEGINS, _PAUSE_S),
                             (self.content.rindex(b"--b--"), _LATE_S), (len(self.content), 0)):
            while at < end:
                link.sendall(self.content[at : min(at + _PIECE, end)])
                at = min(at + _PIECE, end)
            time.sleep(pause_s)
        link.sendall(b".\r\n")


def fax_mail(layout: str, pages: int) -> bytes:
    """A mail with a fax of so many pages, and something behind it that nobody prints."""
    head, _blank, fax = bench_stream.mail(layout, pages).partition(b"\r\n\r\n")
    fields = head.split(b"\r\n")
    of_part = [field for field in fields if field.startswith(b"Content-")]
    of_mail = [field for field in fields if field not in of_part]
    of_mail += [b"MIME-Version: 1.0", b"Content-Type: multipart/mixed; boundary=b", b"", b"--b"]
    lines = [*of_mail, *of_part, b"", fax.rstrip(b"\r\n"), b"--b--", b""]
    return b"\r\n".join(lines) + _TAIL * 16


def peak(layout: str, pages: int, runs: int = RUNS) -> int:
    """Largest number of live octets while a mail of so many pages is recorded, the least of some
    runs. Raises RuntimeError when a page is missing.
    """
    content = fax_mail(layout, pages)
    found = []
    for _ in range(runs):
        watcher, _server = bench_stream.run(
            content, 0, "over", made=Late, probe=_PROBE, limit_s=_LIMIT_S
        )
        if watcher.result["pages"] != pages:
            raise RuntimeError("%d pages: %s" % (pages, watcher.result))
        found.append(int(watcher.most["octets"]))
    return min(found)


def of_pages() -> list[Row]:
    """A row for each place of the directories."""
    found = []
    for place, layout in LAYOUTS.items():
        large, one = (peak(layout, count) for count in (PAGES, 1))
        what = "heap at any turn: %d pages, IFDs %s" % (PAGES, place)
        found.append(row("M2", what, "1 page", [large], [one], "B", "%+d octets" % (large - one)))
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

    found = of_pages()
    reason = reason_to_skip()
    if reason:
        found.append(row("M2", "heap: after 10,000 mails", "after 1,000", [], [], "B", reason))
        return found
    settled, after = left_behind()
    grown = "%+d octets" % (after - settled)
    return [*found, row("M2", "heap: after 10,000 mails", "after 1,000", [after], [settled], "B",
                        grown)]
