"""Faults: one table of information codes, each with its cause and what to do; and the list of
those that stand.

The extract of the service manual has no list of information codes; the numbers here are assumed,
grouped as the family of machines is remembered to group them, and changeable in this one place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from micropython import const

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
RESTARTED = const(75)
MAIL_DAMAGED = const(410)
TIFF_DAMAGED = const(411)
TIFF_UNSUPPORTED = const(412)
CODING_DAMAGED = const(413)
PART_UNSUPPORTED = const(414)
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
SPOOL_SMALL = const(870)

# code: (short text for the panel, at most 16 characters; cause; what to do)
TABLE = {
    JAM: (
        "PAPER JAM",
        "a sheet did not move as it should",
        "open the cover, take the sheet out, close the cover",
    ),
    NO_PAPER: ("ADD PAPER", "the feeder is empty", "load paper into the feeder"),
    FILM_END: ("REPLACE INK FILM", "the end mark of the ink film was seen", "fit a new ink film"),
    CALIBRATION: (
        "CALIBRATE SENSOR",
        "the ink mark sensor is not calibrated",
        "read it dark and bright, set 'film.dark' and 'film.bright'",
    ),
    COVER_OPEN: ("CLOSE COVER", "a cover is open", "close the cover"),
    STORAGE: (
        "MEMORY FAULT",
        "flash memory could not be read or written",
        "restart; if it comes again, call service",
    ),
    PARAMETER: (
        "PARAMETER RESET",
        "a stored parameter was not valid; its default is used",
        "check it with 'param list'",
    ),
    LEDGER_FULL: (
        "MAILBOX TOO FULL",
        "the mailbox keeps more mails than can be remembered",
        "empty the mailbox or set 'pop.delete' to after-record",
    ),
    RESTARTED: (
        "RESTARTED",
        "the watchdog or a program fault restarted the machine",
        "tell service what was going on",
    ),
    MAIL_DAMAGED: ("MAIL DAMAGED", "a mail part is damaged", "ask the sender to send again"),
    TIFF_DAMAGED: ("FAX FILE DAMAGED", "a TIFF file is damaged", "ask the sender to send again"),
    TIFF_UNSUPPORTED: (
        "FAX FILE UNKNOWN",
        "a TIFF file of a kind that can't be recorded",
        "ask the sender for TIFF profile S or F",
    ),
    CODING_DAMAGED: (
        "FAX PAGE DAMAGED",
        "lines of a fax page are damaged",
        "ask the sender to send again",
    ),
    PART_UNSUPPORTED: (
        "ATTACHMENT KIND?",
        "an attachment of a kind that can't be recorded",
        "ask the sender for TIFF or plain text",
    ),
    NETWORK_DOWN: (
        "NO NETWORK",
        "the network cable or the address is missing",
        "check the cable and the network",
    ),
    NO_NAME: (
        "SERVER NAME?",
        "the name of the mail server was not found",
        "check 'pop.host' and the name server",
    ),
    NO_SERVER: (
        "NO MAIL SERVER",
        "the mail server can't be reached",
        "check 'pop.host', 'pop.port' and the network",
    ),
    LOGIN_REFUSED: (
        "LOGIN REFUSED",
        "the mail server refused user name or password",
        "check 'pop.user' and 'pop.password'",
    ),
    SERVER_REFUSED: (
        "MAIL SERVER BUSY",
        "the mail server refused a command",
        "it is tried again; else ask its operator",
    ),
    SERVER_BROKE_OFF: (
        "CONNECTION LOST",
        "the mail server broke the connection off",
        "it is tried again by itself",
    ),
    SERVER_SILENT: (
        "SERVER SILENT",
        "the mail server did not answer in time",
        "it is tried again by itself",
    ),
    PROTOCOL: (
        "NO POP3 SERVER",
        "the answer is not POP3 or is too long",
        "check 'pop.host' and 'pop.port'",
    ),
    NOT_CONFIGURED: (
        "SET UP MAILBOX",
        "no mailbox is set",
        "set 'pop.host', 'pop.user' and 'pop.password'",
    ),
    MESSAGE_REFUSED: (
        "MAIL NOT SENT",
        "the mail server refused to send one mail",
        "look into the mailbox with a PC",
    ),
    SPOOL_SMALL: (
        "FAX TOO LARGE",
        "a page needs more memory than there is",
        "ask the sender for smaller pages",
    ),
}


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
    _short, cause, advice = TABLE[code]
    return "%03d %s%s: %s" % (code, cause, " (" + detail + ")" if detail else "", advice)


def panel_text(code: int) -> str:
    """The short text for the panel, with the code: at most 20 characters."""
    return "%s %03d" % (TABLE[code][0], code)


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
