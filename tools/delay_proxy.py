"""A TCP proxy that makes a line long: every octet arrives half a round trip after it was sent.

    python -m tools.delay_proxy PORT MILLISECONDS

Listens on a loopback port of its own, which it prints, and passes everything on to PORT. Order and
number of octets stay; nothing limits the rate. Two threads a connection and direction: one reads
and notes the time, one waits for it and writes.
"""

from __future__ import annotations

import collections
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_PIECE = 1 << 18
_BACKLOG = 1 << 24  # octets on the way: as many as a fat line of that length holds


class _Direction:
    """Octets on their way from one socket to another."""

    def __init__(self, source: socket.socket, target: socket.socket, delay_s: float) -> None:
        self._source = source
        self._target = target
        self._delay_s = delay_s
        self._pieces: collections.deque[tuple[float, bytes]] = collections.deque()
        self._waiting = 0
        self._changed = threading.Condition()
        for action in (self._read, self._write):
            threading.Thread(target=action, daemon=True).start()

    def _read(self) -> None:
        while True:
            try:
                piece = self._source.recv(_PIECE)
            except OSError:
                piece = b""
            with self._changed:
                while self._waiting > _BACKLOG:
                    self._changed.wait()
                self._pieces.append((time.monotonic() + self._delay_s, piece))
                self._waiting += len(piece)
                self._changed.notify_all()
            if not piece:
                return

    def _write(self) -> None:
        while True:
            with self._changed:
                while not self._pieces:
                    self._changed.wait()
                due, piece = self._pieces.popleft()
                self._waiting -= len(piece)
                self._changed.notify_all()
            wait_s = due - time.monotonic()
            if wait_s > 0:
                time.sleep(wait_s)
            with suppress(OSError):
                if not piece:
                    self._target.shutdown(socket.SHUT_WR)
                    return
                self._target.sendall(piece)


def serve(port: int, round_trip_ms: float) -> None:
    """Pass connections on for ever; prints the port to connect to first."""
    delay_s = round_trip_ms / 2000
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            near, _address = listener.accept()
            far = socket.create_connection(("127.0.0.1", port))
            for one in (near, far):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _Direction(near, far, delay_s)
            _Direction(far, near, delay_s)


@contextmanager
def delayed(port: int, round_trip_ms: float) -> Iterator[int]:
    """A proxy in a process of its own, for as long as the block lasts; gives its port."""
    command = [sys.executable, "-m", "tools.delay_proxy", str(port), str(round_trip_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.terminate()


if __name__ == "__main__":
    serve(int(sys.argv[1]), float(sys.argv[2]))
