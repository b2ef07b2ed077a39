"""TLS over CPython's `ssl` (OpenSSL), version 1.2 at least. See hal/tls.py."""
from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

# OpenSSL's numbers of what is wrong with a certificate (x509_vfy.h)
_REASONS = {9: "early", 10: "expired", 62: "name", 64: "name"}


class Handshake:
    """One secured connection, and the making of it. `refusal` is what `accept` had against the
    certificate.
    """

    def __init__(self, sock: Any, host: str, roots: Iterable[bytes] | None,
                 accept: Callable[[bytes | memoryview], str]) -> None:
        self.refusal = ""
        self.wants_write = False
        self._accept = accept
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if roots is None:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        for root in roots or ():
            context.load_verify_locations(cadata=root)
        self.wire = self._tls = context.wrap_socket(sock, server_hostname=host,
                                                    do_handshake_on_connect=False)
        self.stream = self

    def step(self) -> bool:
        """Do what can be done now; True when the certificate is accepted. Raises OSError,
        ValueError.
        """
        if self._tried(self._tls.do_handshake) is False:
            return False
        self.refusal = self._accept(self._tls.getpeercert(True) or b"")
        if self.refusal:
            raise ValueError(self.refusal)
        return True

    def readinto(self, view: memoryview) -> int | None:
        """Read octets; None: none yet, 0: the end. Raises OSError."""
        return self._count(self._tls.recv_into, view)

    def write(self, data: bytes | bytearray | memoryview) -> int | None:
        """Send octets; None: no room yet. Raises OSError."""
        return self._count(self._tls.send, data)

    def _count(self, operation: Callable[..., Any], data: Any) -> int | None:
        try:
            count = self._tried(operation, data)
            return None if count is False else int(count)
        except ssl.SSLError as error:
            raise OSError(-1, error.reason or "TLS failed") from None

    def _tried(self, operation: Callable[..., Any], *arguments: Any) -> Any:
        """What the operation returns, False when it can't be done yet."""
        self.wants_write = False
        try:
            return operation(*arguments)
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLWantWriteError:
            self.wants_write = True
            return False

    def close(self) -> None:
        """Free what TLS holds, and the socket."""
        self._tls.close()


def why(error: BaseException) -> tuple[str, str] | None:
    """What an exception of `Handshake` means."""
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = _REASONS.get(error.verify_code, "untrusted")
        return reason, "" if reason != "untrusted" else error.verify_message
    if isinstance(error, ssl.SSLError):
        return "tls", error.reason or str(error)
    return ("tls", str(error)) if isinstance(error, ValueError) else None
