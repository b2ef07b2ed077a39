"""The bench's long line: nothing is lost or changed on it, and everything takes its time."""

from __future__ import annotations

import socket
import threading
import time

from tools.delay_proxy import delayed

ROUND_TRIP_MS = 60
OCTETS = 3_000_000


def _answering(listener: socket.socket) -> None:
    """Greet, read a line, send many octets, end."""
    link, _address = listener.accept()
    with link:
        link.sendall(b"+OK\r\n")
        link.recv(100)
        link.sendall(bytes(range(250)) * (OCTETS // 250))


def test_octets_come_whole_in_order_and_half_a_round_trip_late() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_answering, args=(listener,), daemon=True).start()
        with delayed(listener.getsockname()[1], ROUND_TRIP_MS) as port:
            began = time.monotonic()
            with socket.create_connection(("127.0.0.1", port)) as link:
                assert link.recv(100) == b"+OK\r\n"
                greeted = time.monotonic()
                link.sendall(b"RETR\r\n")
                found = bytearray()
                while piece := link.recv(1 << 16):
                    if not found:
                        answered = time.monotonic()
                    found += piece
    assert bytes(found) == bytes(range(250)) * (OCTETS // 250)
    assert greeted - began >= ROUND_TRIP_MS / 2000
    assert answered - greeted >= ROUND_TRIP_MS / 1000
