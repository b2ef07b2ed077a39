"""The parameters' file, and what can be said about values.

The file is text, one line a value that was set: CRC-32 in 8 hex digits, a blank, `name=value`; the
last line is `CRC end=count`. It is replaced as a whole. A line that does not check or whose value
is out of range falls back to the default and is reported.
"""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING

from micropython import const

from firmware.recording.faults import STORAGE, Fault
from firmware.store.parameter_table import TABLE, row_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, NoReturn

    from firmware.devices import Storage

NAME = "parameters"

_MASK = "****"
_LARGEST = const(8192)  # octets read of a file


def load(storage: Storage, values: dict[str, Any]) -> list[str]:
    """Fill `values` from the file; returns what was wrong. Never raises."""
    values.clear()
    problems: list[str] = []
    try:
        lines = _stored(storage)
    except OSError as error:
        return ["the parameters can't be read (%s); all have their defaults" % error]
    ended = not lines
    for line in lines:
        name, text = _checked(line)
        if name == "end":
            ended = text == str(len(lines) - 1)
        elif not name:
            problems.append("a stored parameter is damaged; its default is used")
        else:
            _take(values, name, text, problems)
    if not ended:
        problems.append("stored parameters are missing; their defaults are used")
    return problems


def change(storage: Storage, values: dict[str, Any], name: str, text: str | None) -> None:
    """Set a value, with None back to its default, and store all. Raises ValueError, Fault."""
    _row(name)
    changed = values.copy()
    if text is None:
        changed.pop(name, None)
    else:
        changed[name] = parse(name, text)
    if sum(len(line) for line in _lines(changed)) > _LARGEST:
        raise ValueError("%s: all parameters together have %d octets" % (name, _LARGEST))
    try:
        storage.replace(NAME, _lines(changed))
    except OSError as error:
        _fail(error)
    values.clear()
    values.update(changed)


def shown(_storage: Storage, values: dict[str, Any], name: str) -> str:
    """The value as it is typed, a secret masked. Raises ValueError for an unknown name."""
    row = _row(name)
    value = values.get(name, row[1])
    if row[0] == "secret":
        return _MASK if value else ""
    return _text(value)


def names(start: str = "") -> list[str]:
    """All names that begin so, in alphabetical order; those of mailboxes 2 to 4 only when `start`
    names one.
    """
    known = sorted(TABLE)
    if row_of(start[:4] + ".host") and start[:4] != "pop.":
        known = [start[:4] + name[3:] for name in known if name[:4] == "pop."]
    return [name for name in known if name.startswith(start)]


def allowed(name: str) -> str:
    """What may be set, in words. Raises ValueError for an unknown name."""
    row = _row(name)
    kind = row[0]
    if kind == "switch":
        return "on or off"
    if kind == "choice":
        return " or ".join(row[2:])
    if kind == "sha256":
        return "a SHA-256 fingerprint, 64 hex digits, or empty"
    if kind == "number":
        return "a number from %d to %d" % row[2:]
    return "at most %d characters" % row[2]


def parse(name: str, text: str) -> str | int | bool:
    """The value that the typed text means. Raises ValueError that says what is allowed; never
    shows a secret.
    """
    row = _row(name)
    kind = row[0]
    if kind == "number":
        digits = text[1:] if text[:1] == "-" else text
        if digits.isdigit() and len(digits) < 10 and row[2] <= int(text) <= row[3]:
            return int(text)
    elif kind == "switch":
        if text in ("on", "off"):
            return text == "on"
    elif kind == "choice":
        if text in row[2:]:
            return text
    elif kind == "sha256":
        digits = text.replace(":", "").lower()
        if len(digits) in (0, 64) and all(digit in "0123456789abcdef" for digit in digits):
            return digits
    else:
        return _characters(name, text, row)
    raise ValueError("%s must be %s, not '%s'" % (name, allowed(name), text[:40]))


def _characters(name: str, text: str, row: tuple[Any, ...]) -> str:
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise ValueError("%s can't hold control characters" % name)
    if row[0] == "text" and " " in text:
        raise ValueError("%s can't hold blanks" % name)
    if len(text) > row[2]:
        raise ValueError("%s must have %s, not %d" % (name, allowed(name), len(text)))
    return text


def _row(name: str) -> tuple[Any, ...]:
    row = row_of(name)
    if row is None:
        raise ValueError("there is no parameter '%s'; 'param list' shows all" % name[:40])
    return row


def _take(values: dict[str, Any], name: str, text: str, problems: list[str]) -> None:
    try:
        values[name] = parse(name, text)
    except ValueError as error:
        problems.append("stored: %s" % error)


def _fail(error: OSError) -> NoReturn:
    raise Fault(STORAGE, "parameters: %s" % error)


def _stored(storage: Storage) -> list[str]:
    data = bytearray(max(0, min(storage.size(NAME), _LARGEST)))
    view = memoryview(data)
    have = 0
    while have < len(data):
        count = storage.read(NAME, have, view[have:])
        if not count:
            break
        have += count
    return [_decoded(line) for line in bytes(view[:have]).split(b"\n") if line]


def _lines(values: dict[str, Any]) -> Iterator[bytes]:
    for name in sorted(values):
        yield _line(name, _text(values[name]))
    yield _line("end", str(len(values)))


def _line(name: str, text: str) -> bytes:
    body = ("%s=%s" % (name, text)).encode()
    return b"%08x " % binascii.crc32(body) + body + b"\n"


def _checked(line: str) -> tuple[str, str]:
    """(name, value) of a stored line; two empty strings when it does not check."""
    name, equals, value = line[9:].partition("=")
    good = equals and _line(name, value) == line.encode() + b"\n"
    return (name, value) if good else ("", "")


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeError:
        return ""


def _text(value: str | int | bool) -> str:
    if value is True:
        return "on"
    return "off" if value is False else str(value)
