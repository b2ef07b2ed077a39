"""Connecting to a mail server by the rules of `pop.security`: a clock that is set, authorities to
trust or a pinned certificate, TLS. Loaded when a server is visited.

Nothing here goes back to a connection without TLS when one with TLS was asked for.
"""
from __future__ import annotations

import asyncio
from binascii import unhexlify
from typing import TYPE_CHECKING

from micropython import const

from firmware import on_demand
from firmware.pop3.failures import link_fault
from firmware.recording.faults import (
    CERTIFICATE_DATE,
    CERTIFICATE_NAME,
    CERTIFICATE_PIN,
    CERTIFICATE_UNTRUSTED,
    NETWORK_DOWN,
    NO_CERTIFICATES,
    NOT_CONFIGURED,
    PLAIN_REFUSED,
    SERVER_SILENT,
    STORAGE,
    TLS_FAILED,
    Fault,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Protocol

    from firmware.devices import Board, Clock, Link
    from firmware.pop3.session import Session

    class Settings(Protocol):
        """What is asked of the parameters."""

        def get(self, name: str) -> Any:
            """The parameter's value."""
            ...


_FAULTS = {
    "untrusted": (CERTIFICATE_UNTRUSTED, ""),
    "name": (CERTIFICATE_NAME, ""),
    "expired": (CERTIFICATE_DATE, "it has expired"),
    "early": (CERTIFICATE_DATE, "it is not valid yet"),
    "pin": (CERTIFICATE_PIN, ""),
}
_CERTIFICATES = "firmware.store.certificates"
_HANDSHAKE_WAITS = const(4)  # time-outs
_PORT = const(110)  # RFC 1939 section 3
_TLS_PORT = const(995)  # RFC 8314 section 3.2


async def connect(session: Session, settings: Settings) -> None:
    """Connect to the server of `settings` as safely as they say, and read its greeting.

    Raises Fault: those of `Session.connect` and `Session.stls`, NOT_CONFIGURED, PLAIN_REFUSED,
    CLOCK_NOT_SET, NO_CERTIFICATES, STORAGE, and those of `secure`; ValueError for TLS without
    `session.board`.
    """
    board = session.board
    get = settings.get
    security, host = get("pop.security"), get("pop.host")
    if not host or not get("pop.user"):
        raise Fault(NOT_CONFIGURED)
    for name in ("pop.password", "pop.token"):
        session.hide((get(name) or "").encode())  # a server may know it, and greet with it
    port = get("pop.port") or (_TLS_PORT if security == "tls" else _PORT)
    times = session.times
    times.connect_ms = get("pop.connect_s") * 1000
    times.greeting_ms = times.reply_ms = get("pop.reply_s") * 1000
    times.silence_ms = get("pop.silence_s") * 1000
    if security == "plain":
        permit_plain(settings)
        await session.connect(host, port)
        return
    if board is None:
        raise ValueError("TLS needs a board")
    if not board.network.is_up():
        raise Fault(NETWORK_DOWN)
    await prepare(board, settings)

    async def by_tls(link: Link) -> None:
        await secure(board, settings, link, host)

    if security == "stls":
        await session.connect(host, port)
        await session.stls(by_tls)
    else:
        await session.connect(host, port, by_tls)


def permit_plain(settings: Settings) -> None:
    """Raises Fault PLAIN_REFUSED unless the mailbox may be visited without TLS: it has no
    password and no token, or somebody said so.
    """
    secret = settings.get("pop.password") or settings.get("pop.token")
    if secret and not settings.get("pop.allow_plain"):
        raise Fault(PLAIN_REFUSED)


async def prepare(board: Board, settings: Settings) -> None:
    """Before connecting: set the clock and see that there is something to check a certificate by.

    A pinned certificate needs neither. Raises Fault CLOCK_NOT_SET, NO_CERTIFICATES, STORAGE.
    """
    if settings.get("pop.pin"):
        return
    certificates = on_demand.load(_CERTIFICATES)
    try:
        if board.storage.size(certificates.NAME) <= 0:
            raise Fault(NO_CERTIFICATES)
    except OSError as error:
        raise Fault(STORAGE, "certificates: %s" % error) from None
    finally:
        on_demand.drop(_CERTIFICATES)
    if not board.clock.now():
        try:
            sntp = on_demand.load("firmware.sntp")
            await sntp.set_clock(board.network, board.clock, settings.get("clock.sntp"))
        finally:
            on_demand.drop("firmware.sntp")


async def secure(board: Board, settings: Settings, link: Link, host: str) -> None:
    """Secure a link by TLS, the server's certificate checked. Raises Fault TLS_FAILED,
    CERTIFICATE_UNTRUSTED, _NAME, _DATE, _PIN, NO_CERTIFICATES, STORAGE, SERVER_SILENT,
    SERVER_BROKE_OFF; the link is closed then.
    """
    certificates = on_demand.load(_CERTIFICATES)
    pin = settings.get("pop.pin")
    try:
        if pin:
            roots, accept = None, _pinned(unhexlify(pin), certificates.fingerprint)
        else:
            roots, accept = _roots(board, certificates), _dated(board.clock, certificates)
        await asyncio.wait_for(board.network.start_tls(link, host, roots, accept),
                               _HANDSHAKE_WAITS * link.timeout_ms / 1000)
    except ValueError as error:
        raise _fault(error, host) from None
    except asyncio.TimeoutError:  # not an OSError on MicroPython
        raise Fault(SERVER_SILENT, "it is too slow") from None
    except OSError as error:
        raise link_fault(error) from None
    finally:
        link_secured = link.secure
        on_demand.drop(_CERTIFICATES)
    if not link_secured:
        raise Fault(TLS_FAILED)


def _roots(board: Board, certificates: Any) -> Iterator[bytes]:
    """What is stored. Raises Fault NO_CERTIFICATES, STORAGE when it can't be used."""
    try:
        yield from certificates.stored(board.storage)
    except ValueError as error:
        raise Fault(NO_CERTIFICATES, str(error)) from None
    except OSError as error:
        raise Fault(STORAGE, "certificates: %s" % error) from None


def _pinned(pin: bytes, fingerprint: Callable[[bytes | memoryview], bytes]
            ) -> Callable[[bytes | memoryview], str]:
    """Accepts the certificate of that fingerprint."""
    return lambda certificate: "" if fingerprint(certificate) == pin else "pin"


def _dated(clock: Clock, certificates: Any) -> Callable[[bytes | memoryview], str]:
    """Accepts what is valid by the board's own clock: not every port's TLS looks at dates."""
    def accept(certificate: bytes | memoryview) -> str:
        try:
            begins, ends, _at = certificates.validity(certificate)
        except ValueError:
            return "untrusted"
        now = clock.now()
        return "early" if now < begins else "expired" if now > ends else ""
    return accept


def _fault(error: ValueError, host: str) -> Fault:
    reason = error.args[0] if error.args else ""
    detail = str(error.args[1]) if len(error.args) > 1 else str(error)
    code, words = _FAULTS.get(reason, (TLS_FAILED, ""))
    if code == CERTIFICATE_NAME:
        words = "it is not for %s" % host
    return Fault(code, (words or detail)[:100])
