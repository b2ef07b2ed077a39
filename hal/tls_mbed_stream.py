"""A secured connection over MicroPython's `tls` (Mbed TLS), once its certificate is accepted: what
stays in memory as long as it lasts. `tls_mbed` makes it; see there for what was found.
"""
from __future__ import annotations

import errno
import io
from typing import TYPE_CHECKING

from micropython import const

if TYPE_CHECKING:
    from typing import Any

REFUSED = const(-0x3000)  # MBEDTLS_ERR_X509_FATAL_ERROR


def refuse(_certificate: Any, _depth: int) -> int:
    """Accepts no further certificate: one was judged already."""
    return REFUSED


class Wire(io.IOBase):
    """The socket as Mbed TLS sees it: an end or an error is only 'nothing yet'."""

    def __init__(self, sock: Any) -> None:
        self.sock = sock
        self.ended = False
        self.error = 0
        self.wants_write = False

    def readinto(self, view: Any) -> int | None:
        """As a socket's, but None at the end and for an error, which `ended` and `error` tell."""
        self.wants_write = False
        try:
            count: int | None = self.sock.readinto(view)
        except OSError as error:
            self.error = error.errno or errno.ECONNABORTED
            return None
        if count == 0:
            self.ended = True
            return None
        return count

    def write(self, view: Any) -> int | None:
        """As a socket's, but None for an error."""
        try:
            count: int | None = self.sock.write(view)
        except OSError as error:
            self.error = error.errno or errno.ECONNABORTED
            return None
        self.wants_write = not count
        return count or None

    def ioctl(self, _request: int, _argument: int) -> int:
        """The socket itself is polled and closed."""
        return 0


class Stream:
    """Reads and writes as a raw socket does, over `secured`, which `SSLContext.wrap_socket` makes
    of the wire.
    """

    def __init__(self, wire: Wire) -> None:
        self.secured: Any = None
        self.wire = wire.sock
        self.first = bytearray(1)  # an octet that came with the end of the handshake
        self.held = 0  # 1 while `first` is to be read
        self._line = wire

    @property
    def wants_write(self) -> bool:
        """True when the last operation waits for room to send."""
        return self._line.wants_write

    def readinto(self, view: memoryview) -> int | None:
        """Read octets; None: none yet, 0: the end. Raises OSError."""
        if self.held:
            self.held = 0
            view[0] = self.first[0]
            return 1
        try:
            count: int | None = self.secured.readinto(view)
        except ValueError as error:
            raise OSError(REFUSED, str(error)) from None
        if count is not None:
            return count
        self.check()
        return 0 if self._line.ended else None

    def write(self, data: bytes | bytearray | memoryview) -> int | None:
        """Send octets; None: no room yet. Raises OSError."""
        try:
            count: int | None = self.secured.write(data)
        except ValueError as error:
            raise OSError(REFUSED, str(error)) from None
        self.check()
        return count

    def check(self) -> None:
        """Raises OSError when the socket failed."""
        if self._line.error:
            raise OSError(self._line.error)

    def close(self) -> None:
        """Free what TLS holds; the socket stays with its owner."""
        self.secured.close()
