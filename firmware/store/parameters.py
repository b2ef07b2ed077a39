"""Function parameters: one table with kind, default, range and help of each, and the values
stored.

Stored as text, one line a value that was set: CRC-32 in 8 hex digits, a blank, `name=value`; the
last line is `CRC end=count`. The file is replaced as a whole. A line that does not check or whose
value is out of range falls back to the default and is reported.
"""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING

from firmware.recording.faults import STORAGE, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, NoReturn

    from firmware.devices import Storage

NAME = "parameters"
MASK = "****"

TEXT = "text"
SECRET = "secret"
NUMBER = "number"
CHOICE = "choice"
SWITCH = "switch"

# name: (kind, default, (least, most) of a number or of a text's characters, or the choices)
# What each is for stands in service/commands/_parameters.py, which is loaded when it is asked for.
TABLE = {
    "pop.host": (TEXT, "", (0, 100)),
    "pop.port": (NUMBER, 110, (1, 65535)),
    "pop.user": (TEXT, "", (0, 100)),
    "pop.password": (SECRET, "", (0, 100)),
    "pop.login": (CHOICE, "auto", ("auto", "user", "apop")),
    "pop.delete": (CHOICE, "after-record", ("after-record", "never")),
    "pop.interval": (NUMBER, 3, (0, 1440)),
    "pop.connect_s": (NUMBER, 30, (1, 300)),
    "pop.reply_s": (NUMBER, 60, (1, 600)),
    "pop.silence_s": (NUMBER, 60, (1, 600)),
    "pop.stall_s": (NUMBER, 300, (1, 3600)),
    "record.header": (SWITCH, True, ()),
    "record.cut_mm": (NUMBER, 6, (0, 15)),
    "film.dark": (NUMBER, 0, (0, 65535)),
    "film.bright": (NUMBER, 65535, (0, 65535)),
    "film.mark_bright": (SWITCH, True, ()),
    "clock.zone_min": (NUMBER, 0, (-720, 840)),
}


class Parameters:
    """The values in force. `load` before use; until then all are defaults."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._values: dict[str, str | int | bool] = {}

    def load(self) -> list[str]:
        """Read what is stored. Returns what was wrong, one sentence each; enter fault PARAMETER
        when there is any.

        Never raises: what can't be read falls back to its default.
        """
        self._values = {}
        problems: list[str] = []
        try:
            lines = self._stored()
        except OSError as error:
            return ["the parameters can't be read (%s); all have their defaults" % error]
        ended = not lines
        for line in lines:
            name, value = _checked(line)
            if name == "end":
                ended = value == str(len(lines) - 1)
            elif not name:
                problems.append("a stored parameter is damaged; its default is used")
            else:
                self._take(name, value, problems)
        if not ended:
            problems.append("stored parameters are missing; their defaults are used")
        return problems

    def get(self, name: str) -> Any:
        """The value in force: str, int, or bool for a switch. Raises KeyError for a name that does
        not exist.
        """
        value = self._values.get(name)
        return TABLE[name][1] if value is None else value

    def text(self, name: str) -> str:
        """The value as it is typed and shown; secrets are masked. Raises ValueError for an unknown
        name.
        """
        _row(name)
        value = self.get(name)
        if TABLE[name][0] == SECRET:
            return MASK if value else ""
        return _text(value)

    def is_set(self, name: str) -> bool:
        """True when the value was set, even to what is the default."""
        return name in self._values

    def set(self, name: str, text: str) -> None:
        """Set from typed text; durable on return.

        Raises ValueError that says what is wrong and what is allowed, and never shows a secret;
        `Fault(STORAGE)` when it could not be stored, the old value stays in force then.
        """
        value = parse(name, text)
        old = self._values.copy()
        self._values[name] = value
        self._store(old)

    def reset(self, name: str) -> None:
        """Back to the default; durable on return. Raises as `set`."""
        _row(name)
        old = self._values.copy()
        self._values.pop(name, None)
        self._store(old)

    def _stored(self) -> list[str]:
        size = self._storage.size(NAME)
        data = bytearray(max(0, min(size, 8192)))
        view = memoryview(data)
        have = 0
        while have < len(data):
            count = self._storage.read(NAME, have, view[have:])
            if not count:
                break
            have += count
        return [_decoded(line) for line in bytes(view[:have]).split(b"\n") if line]

    def _take(self, name: str, text: str, problems: list[str]) -> None:
        try:
            self._values[name] = parse(name, text)
        except ValueError as error:
            problems.append("stored: %s" % error)

    def _store(self, old: dict[str, str | int | bool]) -> None:
        try:
            self._storage.replace(NAME, self._lines())
        except OSError as error:
            self._values = old
            _fail(error)

    def _lines(self) -> Iterator[bytes]:
        for name in sorted(self._values):
            yield _line(name, _text(self._values[name]))
        yield _line("end", str(len(self._values)))


def names() -> list[str]:
    """All names, in alphabetical order."""
    return sorted(TABLE)


def allowed(name: str) -> str:
    """What may be set, in words. Raises ValueError for an unknown name."""
    kind, _default, extent = _row(name)
    if kind == SWITCH:
        return "on or off"
    if kind == CHOICE:
        return " or ".join(extent)
    if kind == NUMBER:
        return "a number from %d to %d" % extent
    return "at most %d characters" % extent[1]


def parse(name: str, text: str) -> str | int | bool:
    """The value that the typed text means. Raises ValueError that says what is allowed; never
    shows a secret.
    """
    kind, _default, extent = _row(name)
    if kind == NUMBER:
        digits = text[1:] if text[:1] == "-" else text
        if digits.isdigit() and len(digits) < 10 and extent[0] <= int(text) <= extent[1]:
            return int(text)
    elif kind == SWITCH:
        if text in ("on", "off"):
            return text == "on"
    elif kind == CHOICE:
        if text in extent:
            return text
    else:
        return _plain_text(name, kind, text, extent[1])
    raise ValueError("%s must be %s, not '%s'" % (name, allowed(name), text[:40]))


def _fail(error: OSError) -> NoReturn:
    raise Fault(STORAGE, "parameters: %s" % error)


def _plain_text(name: str, kind: str, text: str, most: int) -> str:
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise ValueError("%s can't hold control characters" % name)
    if kind == TEXT and " " in text:
        raise ValueError("%s can't hold blanks" % name)
    if len(text) > most:
        raise ValueError("%s must have %s, not %d" % (name, allowed(name), len(text)))
    return text


def _row(name: str) -> tuple[str, Any, tuple[Any, ...]]:
    row = TABLE.get(name)
    if row is None:
        raise ValueError("there is no parameter '%s'; 'param list' shows all" % name[:40])
    return row


def _text(value: str | int | bool) -> str:
    if value is True:
        return "on"
    return "off" if value is False else str(value)


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
