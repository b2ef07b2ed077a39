"""What a server says that it can do: the CAPA listing (RFC 2449)."""
from __future__ import annotations

from typing import TYPE_CHECKING

from micropython import const

from firmware.pop3.parsing import is_printable, number_at

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_CAPABILITIES = const(32)

# what visits have taught of a server
PROVEN = const(1)  # PIPELINING was seen to work
LIAR = const(2)  # it was seen not to, though announced

_NAME_CAP = const(24)
_ARGUMENT_CAP = const(128)


class Capabilities:
    """Names (upper case) with their arguments; what goes past the caps is left out.

    `known` is False while no listing has been read: a server that does not know CAPA may still do
    everything.
    """

    def __init__(self) -> None:
        self.known = False
        self._arguments: dict[str, str] = {}

    def add(self, line: memoryview | bytes) -> None:
        """Enter one line of the listing. Octets outside printable ASCII make the line ignored."""
        if not is_printable(line):
            return
        words = str(bytes(line[:_NAME_CAP + 1 + _ARGUMENT_CAP]), "ascii").split(None, 1)
        if words and len(words[0]) <= _NAME_CAP and len(self._arguments) < MAX_CAPABILITIES:
            self._arguments[words[0].upper()] = words[1].strip() if len(words) > 1 else ""

    def has(self, name: str) -> bool:
        """True when `name` was listed."""
        return name in self._arguments

    def argument(self, name: str) -> str:
        """What stood behind `name`, '' when nothing did."""
        return self._arguments.get(name, "")

    def number(self, name: str) -> int:
        """The number that stood behind `name` (LOGIN-DELAY, EXPIRE: seconds, days), -1 when none
        did.
        """
        first = self.argument(name).split(" ")[0]
        return number_at(first.encode(), 0)[0]

    def names(self) -> Iterator[str]:
        """All names, in no order."""
        return iter(self._arguments)


class Server:
    """What is known of the server that is visited, and of what it can do."""

    def __init__(self) -> None:
        self.flags = 0
        self.recalled = False  # from an earlier visit
        self.before = Capabilities()  # the login
        self.after = Capabilities()
        self.identity = b""
