"""How a conversation with a server fails."""
from __future__ import annotations

import asyncio
import errno

from firmware.recording.faults import (
    LOGIN_REFUSED,
    LOGIN_TOO_SOON,
    MAILBOX_CLOSED,
    MAILBOX_IN_USE,
    SERVER_BROKE_OFF,
    SERVER_SILENT,
    SERVER_TROUBLE,
    TLS_FAILED,
    Fault,
)

# what a response code makes of a refusal (RFC 2449 section 8, RFC 3206)
_CODES = {
    "IN-USE": MAILBOX_IN_USE,
    "LOGIN-DELAY": LOGIN_TOO_SOON,
    "SYS/TEMP": SERVER_TROUBLE,
    "SYS/PERM": MAILBOX_CLOSED,
    "AUTH": LOGIN_REFUSED,
}


class WrongState(Exception):
    """A command was asked for in a state that does not allow it.

    A mistake of the caller; nothing was sent.
    """


class Refused(Fault):
    """The server answered -ERR.

    `response_code` is what it put into brackets (RFC 2449 section 8), '' when nothing; one that
    says why takes the place of `code`. `wait_s`: seconds for which a refused login shall not be
    tried again, 0 when not said.
    """

    wait_s = 0

    def __init__(self, code: int, detail: str, response_code: str) -> None:
        super().__init__(_CODES.get(response_code, code), detail)
        self.response_code = response_code


def error_number(error: OSError) -> int:
    """The system's number of an error, 0 when it has none.

    CPython's `errno` stays empty when an OSError was made of the number alone.
    """
    first = error.args[0] if error.args else 0
    return first if isinstance(first, int) else 0


def is_silence(error: OSError) -> bool:
    """True when `error` says that a wait was too long."""
    return error_number(error) == errno.ETIMEDOUT or isinstance(error, asyncio.TimeoutError)


def link_fault(error: OSError) -> Fault:
    """The fault for a connection that failed while it was in use. Negative numbers are TLS's own.
    """
    if is_silence(error):
        return Fault(SERVER_SILENT)
    number = error_number(error)
    if number < 0:
        return Fault(TLS_FAILED, str(error.args[-1])[:100])
    return Fault(SERVER_BROKE_OFF, "error %d" % number)
