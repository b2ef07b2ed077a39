"""How a conversation with a server fails."""
from __future__ import annotations

import asyncio
import errno

from firmware.recording.faults import SERVER_BROKE_OFF, SERVER_SILENT, Fault


class WrongState(Exception):
    """A command was asked for in a state that does not allow it.

    A mistake of the caller; nothing was sent.
    """


class Refused(Fault):
    """The server answered -ERR.

    `response_code` is what it put into brackets (RFC 2449 section 8), '' when nothing.
    """

    def __init__(self, code: int, detail: str, response_code: str) -> None:
        super().__init__(code, detail)
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
    """The fault for a connection that failed while it was in use."""
    if is_silence(error):
        return Fault(SERVER_SILENT)
    return Fault(SERVER_BROKE_OFF, "error %d" % error_number(error))
