"""What a server means when it refuses a login (RFC 2449 section 8, RFC 3206)."""
from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.pop3.failures import Refused
from firmware.pop3.parsing import number_at
from firmware.recording.faults import LOGIN_REFUSED, SERVER_REFUSED

if TYPE_CHECKING:
    from firmware.pop3.session import Session

# AUTH blames user name or password; all others say nothing about them
KINDS = ("AUTH", "IN-USE", "LOGIN-DELAY", "SYS/TEMP", "SYS/PERM")

# what servers without response codes say
_WORDS = ((b"lock", "IN-USE"), (b"in use", "IN-USE"), (b"busy", "SYS/TEMP"),
          (b"try again", "SYS/TEMP"), (b"try later", "SYS/TEMP"), (b"temporar", "SYS/TEMP"))
_NOT_BUSY = (b"locked out", b"account lock", b"account is lock", b"user lock")


def classify(text: bytes) -> tuple[str, int]:
    """(one of KINDS or '' when nothing is said, seconds to wait or 0) of an -ERR's text.

    A code may have levels below that nobody knows (`SYS/TEMP/DISK`), and LOGIN-DELAY a number.
    """
    if text[:1] == b"[" and b"]" in text:
        code = text[1:text.find(b"]")].upper()
        for kind in KINDS:
            name = kind.encode()
            if code[:len(name)] == name and code[len(name):len(name) + 1] in (b"", b"/", b" "):
                wait_s = number_at(code, len(name) + 1)[0] if kind == "LOGIN-DELAY" else 0
                return kind, max(wait_s, 0)
        return "", 0
    said = text.lower()
    if any(words in said for words in _NOT_BUSY):
        return "", 0
    for words, kind in _WORDS:
        if words in said:
            return kind, 0
    return "", 0


def refusal(session: Session) -> Refused:
    """The fault for the refusal that the session has just read: LOGIN_REFUSED, or SERVER_REFUSED
    when the server says that it is something else than the password.
    """
    kind, wait_s = classify(session.text)
    if kind == "LOGIN-DELAY" and not wait_s:
        wait_s = max(session.capabilities.number("LOGIN-DELAY"), 0)
    code = LOGIN_REFUSED if kind in ("", "AUTH") else SERVER_REFUSED
    refused = Refused(code, session.words(), kind or session.response_code)
    refused.wait_s = wait_s
    return refused
