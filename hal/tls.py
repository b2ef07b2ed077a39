"""TLS on a link: the handshake, and what its failures mean. Loaded when a link is secured; each
runtime's TLS has its own few lines.

Both have `Stream(sock, host, roots, accept)` with
- `wire`: the socket to wait for; `wants_write`: which way, after an operation that can't go on;
- `handshake()`: True when the server's certificate is accepted, None when it must wait;
- `readinto`, `write`, `close` as of a raw socket: None when it must wait; 0 octets read: the end;
- `refusal`: what `accept` had against the certificate;
and `why(error)`: (reason, text) when an exception means that TLS failed, None when it is the line.
"""
from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hal.network import Link
    from hal.tls_openssl import Stream, why
else:
    if sys.implementation.name == "micropython":
        from hal.tls_mbed import Stream, why
    else:
        from hal.tls_openssl import Stream, why


async def start(link: Link, host: str, roots: Iterable[bytes] | None,
                accept: Callable[[bytes | memoryview], str]) -> None:
    """Secure the link. Raises as `Network.start_tls`; the link is closed then."""
    gc.collect()  # a TLS connection wants 16 KB in one piece
    stream = None
    try:
        stream = Stream(link.socket, host, roots, accept)
        link.replace(stream)
        while not stream.handshake():
            await link.wait(stream.wants_write)
    except BaseException as error:  # cancellation too: nobody must use what is secured by half
        link.close()
        reason = stream.refusal if stream is not None else ""
        because = (reason, "") if reason else why(error)
        if because is None:
            raise
        raise ValueError(*because) from None
