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
  TLS gets the socket through `Wire`, which keeps the end to itself until all is read.
"""
from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import tls  # type: ignore[import-not-found]

from hal.tls_mbed_stream import REFUSED, Stream, Wire, refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

# Mbed TLS's words, and what they mean, the most telling first
_REASONS = (("not correctly signed", "untrusted"), ("expired", "expired"), ("future", "early"),
            ("does not match", "name"))
_NEVER_MET = ("PSK", "JPAKE", "NULL", "ARIA", "CAMELLIA", "CCM")


class Handshake:
    """The making of one secured connection. `refusal` is what `accept` had against the
    certificate.
    """

    def __init__(self, sock: Any, host: str, roots: Iterable[bytes] | None,
                 accept: Callable[[bytes | memoryview], str]) -> None:
        self.refusal = ""
        self._accept = accept
        self._seen = False  # the certificate was shown to `_verify`
        self._context = context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
        context.verify_mode = tls.CERT_OPTIONAL if roots is None else tls.CERT_REQUIRED
        context.verify_callback = self._verify
        _prefer_quick(context)
        for root in roots or ():
            context.load_verify_locations(root)
        self._wire = Wire(sock)
        self.stream = Stream(self._wire)
        # comes last: collected without being closed, it would call a wire that may be gone already
        self.stream.secured = context.wrap_socket(self._wire, server_hostname=host,
                                                  do_handshake_on_connect=False)

    def _verify(self, certificate: memoryview, depth: int) -> int:
        if depth:
            return 0
        try:
            self.refusal = self._accept(certificate)
        except Exception:  # noqa: BLE001 - it must not pass through C code
            self.refusal = "tls"
        self._seen = True
        return REFUSED if self.refusal else 0

    def step(self) -> bool:
        """Do what can be done now; True when the certificate is accepted. Raises ValueError,
        OSError.
        """
        stream = self.stream
        stream.held = stream.secured.readinto(stream.first) or 0
        if self._seen:
            # lets go of this object, and of what it takes to judge
            self._context.verify_callback = refuse
            return True
        stream.check()
        if self._wire.ended:
            raise OSError(REFUSED, "the server ended the handshake")
        return False


def _prefer_quick(context: Any) -> None:
    """Offer AES with 128 bits before 256: software does its ten rounds in three quarters of the
    time of fourteen. What no mail server has, or nobody can use who shares no secret with it, is
    left out: the list is kept as long as the connection.
    """
    offered = [name for name in context.get_ciphers()
               if not any(word in name for word in _NEVER_MET)]
    quick = [name for name in offered if "DHE" in name and "AES-128-GCM" in name]
    context.set_ciphers(quick + [name for name in offered if name not in quick])


def why(error: BaseException) -> tuple[str, str] | None:
    """What an exception of `Handshake` means."""
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
