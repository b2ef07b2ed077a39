"""TLS on a link: the handshake, and what its failures mean. Loaded when a link is secured; each
runtime's TLS has its own few lines.

Both have `Handshake(sock, host, roots, accept)` with
- `step()`: do what can be done now; True when the server's certificate is accepted;
- `refusal`: what `accept` had against the certificate;
- `stream`, with `readinto`, `write` and `close` as of a raw socket (None: it must wait; 0 octets
  read: the end), `wire`, the socket to wait for, and `wants_write`, which way;
and `why(error)`: (reason, text) when an exception means that TLS failed, None when it is the line.
"""
from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hal.network import Link
    from hal.tls_openssl import Handshake, why
else:
    if sys.implementation.name == "micropython":
        from hal.tls_mbed import Handshake, why
    else:
        from hal.tls_openssl import Handshake, why


async def start(link: Link, host: str, roots: Iterable[bytes] | None,
                accept: Callable[[bytes | memoryview], str]) -> None:
    """Secure the link. Raises as `Network.start_tls`; the link is closed then."""
    gc.collect()  # a TLS connection wants 16 KB in one piece
    handshake = None
    try:
        handshake = Handshake(link.socket, host, roots, accept)
        link.replace(handshake.stream)
        while not handshake.step():
            await link.wait(False)
    except BaseException as error:  # cancellation too: nobody must use what is secured by half
        link.close()
        reason = handshake.refusal if handshake is not None else ""
        because = (reason, "") if reason else why(error)
        if because is None:
            raise
        raise ValueError(*because) from None
