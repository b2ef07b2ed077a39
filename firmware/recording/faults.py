"""Faults: the information codes, and the list of those that stand. `fault_table` says what each
code means.

The extract of the service manual has no list of information codes; the numbers here are assumed,
grouped as the family of machines is remembered to group them, and changeable in this one place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from micropython import const

from firmware.on_demand import call

if TYPE_CHECKING:
    from collections.abc import Callable

JAM = const(1)
NO_PAPER = const(10)
FILM_END = const(20)
CALIBRATION = const(21)
COVER_OPEN = const(60)
STORAGE = const(70)
PARAMETER = const(71)
LEDGER_FULL = const(72)
SAME_MAIL = const(73)
RESTARTED = const(75)
SAFE_STATE = const(76)
MAIL_DAMAGED = const(410)
TIFF_DAMAGED = const(411)
TIFF_UNSUPPORTED = const(412)
CODING_DAMAGED = const(413)
PART_UNSUPPORTED = const(414)
MAIL_TOO_LARGE = const(415)
NETWORK_DOWN = const(700)
NO_NAME = const(701)
NO_SERVER = const(720)
LOGIN_REFUSED = const(721)
SERVER_REFUSED = const(722)
SERVER_BROKE_OFF = const(723)
SERVER_SILENT = const(724)
PROTOCOL = const(725)
NOT_CONFIGURED = const(726)
MESSAGE_REFUSED = const(727)
NO_LOGIN_METHOD = const(728)
SERVER_FALSE = const(729)
TLS_FAILED = const(730)
STLS_NOT_OFFERED = const(731)
TAMPERED = const(732)
CERTIFICATE_UNTRUSTED = const(733)
CERTIFICATE_NAME = const(734)
CERTIFICATE_DATE = const(735)
CERTIFICATE_PIN = const(736)
NO_CERTIFICATES = const(737)
CLOCK_NOT_SET = const(738)
PLAIN_REFUSED = const(739)
MAILBOX_IN_USE = const(740)
LOGIN_TOO_SOON = const(741)
SERVER_TROUBLE = const(742)
MAILBOX_CLOSED = const(743)
MAIL_EXPIRES = const(744)
SPOOL_SMALL = const(870)

_TABLE = "firmware.recording.fault_table"


class Fault(Exception):
    """A failure with an information code and, where there is more to say, its details in plain
    words.
    """

    def __init__(self, code: int, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail

    def __str__(self) -> str:
        return sentence(self.code, self.detail)


def sentence(code: int, detail: str = "") -> str:
    """The whole text of a fault: code, cause, detail, and at the end what to do."""
    return str(call(_TABLE, "sentence", code, detail))


def panel_text(code: int) -> str:
    """The short text for the panel, with the code: at most 20 characters."""
    return str(call(_TABLE, "panel_text", code))


class FaultList:
    """The faults that stand now, in the order in which they came."""

    def __init__(self, changed: Callable[[int, str, bool], None] | None = None) -> None:
        self._standing: list[tuple[int, str]] = []
        self._changed = changed

    def enter(self, code: int, detail: str = "") -> None:
        """Enter a fault; reported once, and again when its detail changes."""
        if (code, detail) not in self._standing:
            self._drop(code)
            self._standing.append((code, detail))
            self._report(code, detail, True)

    def clear(self, code: int) -> None:
        """Take a fault out; harmless when it does not stand."""
        detail = self._drop(code)
        if detail is not None:
            self._report(code, detail, False)

    def standing(self) -> list[tuple[int, str]]:
        """(code, detail) of each, oldest first."""
        return list(self._standing)

    def __contains__(self, code: int) -> bool:
        return any(standing == code for standing, _detail in self._standing)

    def _drop(self, code: int) -> str | None:
        for index, (standing, detail) in enumerate(self._standing):
            if standing == code:
                del self._standing[index]
                return detail
        return None

    def _report(self, code: int, detail: str, active: bool) -> None:
        if self._changed is not None:
            self._changed(code, detail, active)
