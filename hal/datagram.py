"""One datagram out, one back: UDP as far as SNTP needs it. Loaded when it is used."""
from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from hal.readiness import Readiness

if TYPE_CHECKING:
    from typing import Any

    from hal.clock import Clock


async def ask(address: Any, request: bytes, reply: bytearray, clock: Clock,
              timeout_ms: int) -> int:
    """Send `request` and wait for a datagram of that address. Returns octets in `reply`, cut to
    its length. Raises OSError (ETIMEDOUT).
    """
    family, _kind, _protocol, _name, where = address
    sock = socket.socket(family, socket.SOCK_DGRAM)
    readiness = Readiness(sock, clock)
    try:
        sock.setblocking(False)
        sock.connect(where)  # octets of other senders are dropped by the stack
        sock.send(request)
        await readiness.wait(False, timeout_ms)
        data = sock.recv(len(reply))
        reply[:len(data)] = data
        return len(data)
    finally:
        readiness.close()
        sock.close()
