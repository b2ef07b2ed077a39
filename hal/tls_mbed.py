"""TLS over MicroPython's `tls` (Mbed TLS). See hal/tls.py.

What was found on the binary, and is built on here:
- There is no call for the handshake alone, and `write(b"")` does nothing: reading drives it.
- A server's certificate is shown to `verify_callback`, the server's own (depth 0) last. It must
  return 0 or a negative number: a positive one counts as octets read. `getpeercert` may be
  missing, and `cipher` before the end of the handshake is a crash.
- `load_verify_locations` takes one DER certificate a call and ignores what stands behind it.
- Why a certificate is refused comes as the text of a ValueError, one line a reason; other failures
  as OSError with a negative number.
- When a server closes without saying so in TLS, an error takes the octets read with it. So Mbed
  TLS gets the socket through `_Wire`, which keeps the end to itself until all is read.
"""
from __future__ import annotations

import errno
import io
from typing import TYPE_CHECKING

import tls  # type: ignore[import-not-found]
from micropython import const

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

_REFUSED = const(-0x3000)  # MBEDTLS_ERR_X509_FATAL_ERROR
# Mbed TLS's words, and what they mean, the most telling first
_REASONS = (("not correctly signed", "untrusted"), ("expired", "expired"), ("future", "early"),
            ("does not match", "name"))


class _Wire(io.IOBase):
    """The socket as Mbed TLS sees it: an end or an error is only 'nothing yet'."""

    def __init__(self, sock: Any) -> None:
        self.sock = sock
        self.ended = False
        self.error = 0
        self.wants_write = False

    def readinto(self, view: Any) -> int | None:
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
        try:
            count: int | None = self.sock.write(view)
        except OSError as error:
            self.error = error.errno or errno.ECONNABORTED
            return None
        self.wants_write = not count
        return count or None

    def ioctl(self, _request: int, _argument: int) -> int:
        return 0


class Stream:
    """One secured connection. `refusal` is what `accept` had against the certificate."""

    def __init__(self, sock: Any, host: str, roots: Iterable[bytes] | None,
                 accept: Callable[[bytes | memoryview], str]) -> None:
        self.refusal = ""
        self._accept: Callable[[bytes | memoryview], str] | None = accept
        self._seen = False  # the certificate was shown to `_verify`, and its chain stands
        self._first = bytearray(1)  # an octet that came with the end of the handshake
        self._held = 0
        context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
        context.verify_mode = tls.CERT_OPTIONAL if roots is None else tls.CERT_REQUIRED
        context.verify_callback = self._verify
        for root in roots or ():
            context.load_verify_locations(root)
        self._wire = _Wire(sock)
        self._tls = context.wrap_socket(self._wire, server_hostname=host,
                                        do_handshake_on_connect=False)
        self.wire = sock

    @property
    def wants_write(self) -> bool:
        """True when the last operation waits for room to send."""
        return self._wire.wants_write

    def _verify(self, certificate: memoryview, depth: int) -> int:
        if depth:
            return 0
        accept, self._accept = self._accept, None  # with what hangs on it, its memory is free
        if accept is None:
            return _REFUSED
        try:
            self.refusal = accept(certificate)
        except Exception:  # noqa: BLE001 - it must not pass through C code
            self.refusal = "tls"
        self._seen = True
        return _REFUSED if self.refusal else 0

    def handshake(self) -> bool | None:
        """Do what can be done of it. Raises ValueError, OSError."""
        self._held = self._tls.readinto(self._first) or 0
        if self._seen:
            return True
        self._check_line()
        if self._wire.ended:
            raise OSError(_REFUSED, "the server ended the handshake")
        return None

    def readinto(self, view: memoryview) -> int | None:
        """Read octets; None: none yet, 0: the end. Raises OSError."""
        if self._held:
            self._held = 0
            view[0] = self._first[0]
            return 1
        try:
            count: int | None = self._tls.readinto(view)
        except ValueError as error:
            raise OSError(_REFUSED, str(error)) from None
        if count is not None:
            return count
        self._check_line()
        return 0 if self._wire.ended else None

    def write(self, data: bytes | bytearray | memoryview) -> int | None:
        """Send octets; None: no room yet. Raises OSError."""
        try:
            count: int | None = self._tls.write(data)
        except ValueError as error:
            raise OSError(_REFUSED, str(error)) from None
        self._check_line()
        return count

    def _check_line(self) -> None:
        if self._wire.error:
            raise OSError(self._wire.error)

    def close(self) -> None:
        """Free what TLS holds; the socket stays with its owner."""
        self._tls.close()


def why(error: BaseException) -> tuple[str, str] | None:
    """What an exception of `Stream` means."""
    number = error.errno or 0 if isinstance(error, OSError) else 0
    if isinstance(error, MemoryError) or number == errno.ENOMEM:
        return "tls", "not enough memory"
    if isinstance(error, ValueError):
        text = str(error)
        for words, reason in _REASONS:
            if words in text:
                return reason, ""
        return "untrusted", " ".join(text.split())
    if number < 0:
        return "tls", str(error.args[1]) if len(error.args) > 1 else "error %d" % number
    return None
