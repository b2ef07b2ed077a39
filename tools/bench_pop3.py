"""S1 to S3: 200 mails of 50 kB from a private Dovecot, by the device's own code and by its peers:
plain, under TLS and STLS, and on a line of 50 ms.

    python -m tools.bench_pop3 [plain|tls|stls]

prints a profile of ours instead of a comparison.

Ours is timed inside MicroPython, from the first octet of the connection to the end of QUIT, as a
server that has been visited before is visited: what it can do is known. A peer is the whole life
of its process; mpop's is a few milliseconds more than its session.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tools import bench_pop3_peers, micropython_binary
from tools.bench import RUNS, Row, in_turn, row
from tools.bench_pop3_peers import Target, drain
from tools.build import ROOT, build_tree
from tools.delay_proxy import delayed

DEVICE = Path(__file__).with_name("bench_pop3_device.py")
MAILS = 200
TIFF_OCTETS = 36_500  # some 50 kB as base64 with its line ends
USER, PASSWORD = "receiver", "bench"
HEAP = "384k"
ROUND_TRIP_MS = 50
LIMIT_S = 120
MPOP = "mpop to Maildir"
_STAGES = {
    "unstuff": "session, receiving, unstuffing",
    "mail": "MIME, base64; no unstuffing",
    "spool": "spool and its reader",
    "ledger": "ledger, one durable record",
}
_SLOW_S = 5.0  # a peer that takes longer is measured once


def mails(count: int = MAILS) -> tuple[list[bytes], int, int]:
    """The mails as they lie in a Maildir, and how many octets are in their TIFFs, with what
    CRC-32.
    """
    chance = random.Random(1)
    made = []
    total = checksum = 0
    for number in range(count):
        # the sizes of coded pages vary, and their octets look random to everybody on the way
        tiff = b"II*\0\x08\0\0\0" + chance.randbytes(TIFF_OCTETS + chance.randrange(-900, 900))
        total += len(tiff)
        checksum = binascii.crc32(tiff, checksum)
        made.append(_mail(number, tiff))
    return made, total, checksum


def _mail(number: int, tiff: bytes) -> bytes:
    head = (
        "From: sales@example.com\nTo: fax@example.org\nSubject: Order %d\n"
        "Date: Fri, 2 Jan 2026 03:04:05 +0000\nMessage-ID: <%d@example.com>\nMIME-Version: 1.0\n"
        'Content-Type: multipart/mixed; boundary="=_%d_="\n\n--=_%d_=\n'
        'Content-Type: image/tiff; name="order.tif"\nContent-Transfer-Encoding: base64\n\n'
    ) % (number, number, number, number)
    return (head + base64.encodebytes(tiff).decode() + "\n--=_%d_=--\n" % number).encode()


class Ours:
    """The device's code on MicroPython.

    :param changes: orders for the device beside the usual ones; see bench_pop3_device
    """

    def __init__(self, target: Target, **changes: Any) -> None:
        self._target = target
        self._changes = changes
        self._tree = build_tree(ROOT / "build" / "modules", "x64", packed=False)

    def run(self, heap: str = HEAP, **changes: Any) -> dict[str, Any]:
        """One visit in such a heap; what the device said of it. Raises RuntimeError when mails are
        missing.
        """
        target = self._target
        with tempfile.TemporaryDirectory() as folder:
            order = {
                "port": target.port,
                "user": target.user,
                "password": target.password,
                "security": target.security,
                "ca": target.ca,
                "folder": folder,
                **self._changes,
                **changes,
            }
            path = "%s:%s:.frozen" % (ROOT / "sim" / "modules" / "micropython", self._tree)
            done = subprocess.run(
                [str(micropython_binary.find()), "-X", "heapsize=" + heap, str(DEVICE)],
                input=json.dumps(order) + "\n",
                env={**os.environ, "MICROPYPATH": path},
                capture_output=True,
                text=True,
                timeout=LIMIT_S,
                check=False,
            )
        if done.returncode or not done.stdout:
            raise RuntimeError("the device failed: " + (done.stdout + done.stderr)[-600:])
        said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        if said["recorded"] != target.mails:
            raise RuntimeError("%d of %d mails: %s" % (said["recorded"], target.mails, said))
        return said

    def seconds(self) -> float:
        """One timed visit."""
        return float(self.run()["seconds"])


def check(target: Target, octets: int, checksum: int) -> None:
    """Raise RuntimeError unless the decoded octets are those that were sent; warms the server."""
    said = Ours(target).run(sums=True)
    if (said["octets"], said["sum"]) != (octets, checksum):
        raise RuntimeError("the decoded octets are not those that were sent: %s" % said)


def measure(name: str, what: str, target: Target, *further: tuple[str, Ours]) -> list[Row]:
    """The rows against the server of `target`, every peer beside ours, and further ways of ours
    beside mpop.
    """
    found = bench_pop3_peers.available()
    peers = {"raw pipelined drain": drain, **found}
    quick: dict[str, Callable[[], float]] = {"": Ours(target).seconds}
    quick.update({label: ours.seconds for label, ours in further})
    single: dict[str, list[float]] = {}
    notes: dict[str, str] = {}
    for peer, run in peers.items():
        if run is None:
            notes[peer], single[peer] = "not installed", []
            continue
        try:
            took = run(target)  # warms up, and tells whether five of these are bearable
        except (LookupError, OSError, RuntimeError, subprocess.SubprocessError) as error:
            notes[peer], single[peer] = str(error)[:60], []
            continue
        if took > _SLOW_S:
            notes[peer], single[peer] = "one run", [took]
        else:
            quick[peer] = lambda run=run: run(target)  # type: ignore[misc]
    results = dict(zip(quick, in_turn(*quick.values(), count=RUNS), strict=True))
    rows = [
        row(name, what, peer, results[""], results.get(peer, single.get(peer, [])), "s",
            notes.get(peer, ""))
        for peer in sorted(peers, key=lambda peer: peer != MPOP)
    ]
    against = results.get(MPOP, single.get(MPOP, []))
    rows.extend(row(name, "%s, %s" % (what, label), MPOP, results[label], against, "s")
                for label, _ours in further)
    return rows


@contextmanager
def _server() -> Iterator[tuple[Target, int, int]]:
    """A Dovecot with the mails: where, and octets and CRC-32 of what is in them."""
    from tests.interop.dovecot import Dovecot

    made, octets, checksum = mails()
    with Dovecot({USER: PASSWORD}) as server:
        server.deliver(USER, made)
        yield Target(server.port, USER, PASSWORD, MAILS), octets, checksum


@contextmanager
def _secure() -> Iterator[tuple[dict[str, Target], int, int]]:
    """The same with TLS: where, by the kind of security."""
    from tests.certificates import Authority
    from tests.interop.dovecot import Dovecot

    made, octets, checksum = mails()
    with tempfile.TemporaryDirectory() as name:
        root = Authority()
        ca = Path(name, "ca.pem")
        ca.write_bytes(root.pem)
        certificate = root.issue("localhost").write(Path(name), "server")
        with Dovecot({USER: PASSWORD}, certificate=certificate) as server:
            server.deliver(USER, made)
            ports = {"tls": server.tls_port, "stls": server.port}
            targets = {
                kind: Target(port, USER, PASSWORD, MAILS, kind, str(ca))
                for kind, port in ports.items()
            }
            targets["plain"] = Target(server.port, USER, PASSWORD, MAILS)
            yield targets, octets, checksum


def _s1() -> list[Row]:
    with _server() as (target, octets, checksum):
        check(target, octets, checksum)
        return measure("S1", "%d mails of 50 kB, plain" % MAILS, target)


def _s2() -> list[Row]:
    rows: list[Row] = []
    with _secure() as (targets, octets, checksum):
        for security in ("tls", "stls"):
            check(targets[security], octets, checksum)
            rows += measure("S2", "the same, %s" % security.upper(), targets[security])
    return rows


def _s3() -> list[Row]:
    with _server() as (near, octets, checksum), delayed(near.port, ROUND_TRIP_MS) as port:
        target = Target(port, USER, PASSWORD, MAILS)
        check(target, octets, checksum)
        first = ("first visit ever", Ours(target, known=False))
        return measure("S3", "the same, %d ms round trip" % ROUND_TRIP_MS, target, first)


_ROWS = {"S1": _s1, "S2": _s2, "S3": _s3}


def rows(name: str = "S1") -> list[Row]:
    """Row S1, S2 or S3; where no Dovecot can run it says so."""
    from tests.interop.dovecot import reason_to_skip

    reason = reason_to_skip()
    if reason:
        return [row(name, "not measured", MPOP, [], [], "s", reason)]
    return _ROWS[name]()


def profile(security: str = "plain", runs: int = RUNS) -> list[str]:
    """Where the time of a visit goes, a mail: processor time and garbage of each stage, and what
    collecting it costs. Lines of text.
    """
    with _secure() as (targets, _octets, _checksum):
        return _stages(Ours(targets[security]), runs)


def _stages(ours: Ours, runs: int) -> list[str]:
    lines = ["%-34s %8s %10s" % ("a mail: stage", "us", "garbage")]
    before = garbage = 0.0
    for stage, what in _STAGES.items():
        said = [ours.run(upto=stage, uncollected=True, heap="64m") for _ in range(runs)]
        took = min(one["cpu_s"] for one in said) / MAILS * 1e6
        left = said[0]["garbage"] / MAILS
        lines.append("%-34s %8.0f %10.0f" % (what, took - before, left - garbage))
        before, garbage = took, left
    took = min(ours.run()["cpu_s"] for _ in range(runs)) / MAILS * 1e6
    lines.append("%-34s %8.0f" % ("collecting it", took - before))
    lines.append("%-34s %8.0f %10.0f" % ("all", took, garbage))
    return lines


if __name__ == "__main__":
    print("\n".join(profile((sys.argv[1:] or ["plain"])[0])))
