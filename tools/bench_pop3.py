"""S1: 200 mails of 50 kB from a private Dovecot, by the device's own code and by its peers.

Ours is timed inside MicroPython, from the first octet of the connection to the end of QUIT; a peer
is the whole life of its process, which for mpop is a few milliseconds more than its session.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tools import micropython_binary
from tools.bench import RUNS, Row, in_turn, row
from tools.build import ROOT, build_tree

DEVICE = Path(__file__).with_name("bench_pop3_device.py")
MAILS = 200
TIFF_OCTETS = 36_500  # some 50 kB as base64 with its line ends
USER, PASSWORD = "receiver", "bench"
HEAP = "384k"
LIMIT_S = 120


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
    """The device's code on MicroPython."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._tree = build_tree(ROOT / "build", "x64")

    def run(self, sums: bool = False) -> dict[str, Any]:
        """One visit; what the device said of it. Raises RuntimeError when mails are missing."""
        with tempfile.TemporaryDirectory() as folder:
            binary = [str(micropython_binary.find()), "-X", "heapsize=" + HEAP]
            arguments = [str(self._port), USER, PASSWORD, folder, str(int(sums))]
            path = "%s:%s:.frozen" % (ROOT / "sim" / "modules" / "micropython", self._tree)
            done = subprocess.run(
                [*binary, str(DEVICE), *arguments],
                env={**os.environ, "MICROPYPATH": path},
                capture_output=True,
                text=True,
                timeout=LIMIT_S,
                check=False,
            )
        if done.returncode or not done.stdout:
            raise RuntimeError("the device failed: " + (done.stdout + done.stderr)[-600:])
        said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        if said["recorded"] != MAILS:
            raise RuntimeError("%d of %d mails: %s" % (said["recorded"], MAILS, said))
        return said

    def seconds(self) -> float:
        """One timed visit."""
        return float(self.run()["seconds"])


def drain(port: int) -> float:
    """Seconds that it takes to receive everything, all commands sent ahead, nothing looked at."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port)) as link:
        login = b"USER %s\r\nPASS %s\r\n" % (USER.encode(), PASSWORD.encode())
        _talk(link, login, 3)
        ends = 0
        tail = b""
        link.sendall(b"".join(b"RETR %d\r\n" % number for number in range(1, MAILS + 1)))
        block = bytearray(1 << 16)
        while ends < MAILS:
            count = link.recv_into(block)
            if not count:
                raise RuntimeError("the server ended the connection")
            piece = tail + block[:count]
            ends += piece.count(b"\r\n.\r\n")
            tail = b"" if piece.endswith(b"\r\n.\r\n") else piece[-4:]
        _talk(link, b"QUIT\r\n", 1)
    return time.monotonic() - began


def _talk(link: socket.socket, commands: bytes, replies: int) -> None:
    link.sendall(commands)
    said = b""
    while said.count(b"\r\n") < replies:
        said += link.recv(4096)
    if said.count(b"+OK") != replies:
        raise RuntimeError("the server said %r" % said)


def mpop(port: int) -> float:
    """Seconds of mpop's process, fetching into a new Maildir and keeping the mails."""
    with tempfile.TemporaryDirectory() as folder:
        for part in ("new", "cur", "tmp"):
            Path(folder, "mail", part).mkdir(parents=True)
        command = [
            "mpop",
            "--host=127.0.0.1",
            "--port=%d" % port,
            "--user=" + USER,
            "--auth=user",
            "--tls=off",
            "--passwordeval=echo " + PASSWORD,
            "--keep=on",
            "--pipelining=on",
            "--uidls-file=%s/uidls" % folder,
            "--delivery=maildir,%s/mail" % folder,
            "--quiet",
        ]
        began = time.monotonic()
        subprocess.run(command, check=True, timeout=LIMIT_S, stdin=subprocess.DEVNULL)
        took = time.monotonic() - began
        arrived = sum(1 for _ in Path(folder, "mail", "new").iterdir())
    if arrived != MAILS:
        raise RuntimeError("mpop fetched %d of %d mails" % (arrived, MAILS))
    return took


def measure(port: int, octets: int, checksum: int) -> list[Row]:
    """The rows, against the server at `port`."""
    ours = Ours(port)
    said = ours.run(sums=True)  # also warms the server's caches
    if (said["octets"], said["sum"]) != (octets, checksum):
        raise RuntimeError("the decoded octets are not those that were sent: %s" % said)
    has_mpop = shutil.which("mpop") is not None
    runs: list[Callable[[], float]] = [ours.seconds, lambda: drain(port)]
    if has_mpop:
        runs.append(lambda: mpop(port))
    mine, raw, *peers = in_turn(*runs, count=RUNS)
    what = "%d mails of 50 kB, plain POP3" % MAILS
    note = "" if has_mpop else "mpop is not installed"
    return [
        row("S1", what, "mpop to Maildir", mine, peers[0] if peers else [], "s", note),
        row("S1", what, "raw pipelined drain", mine, raw, "s"),
    ]


def rows() -> list[Row]:
    """Row S1; where no Dovecot can run it says so."""
    from tests.interop.dovecot import Dovecot, reason_to_skip

    reason = reason_to_skip()
    if reason:
        return [row("S1", "not measured", "mpop to Maildir", [], [], "s", reason)]
    made, octets, checksum = mails()
    with Dovecot({USER: PASSWORD}) as server:
        server.deliver(USER, made)
        return measure(server.port, octets, checksum)


if __name__ == "__main__":
    sys.exit("run python -m tools.bench S1")
