"""Function parameters: the values in force.

Kind, default and range of each stand in `parameter_table`; reading and writing the file, and all
that is said about values, in `parameter_file`. Both are loaded when they are needed: at boot and
while somebody sets parameters.
"""

from __future__ import annotations

from binascii import crc32
from typing import TYPE_CHECKING

from micropython import const

from firmware import on_demand

if TYPE_CHECKING:
    from typing import Any

    from firmware.devices import Storage

MAILBOXES = 4

_SMALL = const(0x3FFFFFFF)  # what is a small int everywhere
_FILE = "firmware.store.parameter_file"
_TABLE = "firmware.store.parameter_table"


def key_of(name: str) -> int:
    """What the defaults are known by: names are long, and there are many."""
    return crc32(name.encode()) & _SMALL


class Parameters:
    """The values in force. `load` before use; until then all are defaults."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._values: dict[str, Any] = {}
        self._defaults: dict[int, Any] = on_demand.call(_TABLE, "defaults")

    def get(self, name: str) -> Any:
        """The value in force: str, int, or bool for a switch. Raises KeyError for a name that does
        not exist.
        """
        value = self._values.get(name)
        if value is None:
            if name[:3] == "pop" and "2" <= name[3:4] <= "4" and name[4:5] == ".":
                name = "pop" + name[4:]
            value = self._defaults[key_of(name)]
        return value

    def of_mailbox(self, box: int) -> MailboxParameters:
        """The values as mailbox `box`, 0 to 3, has them."""
        return MailboxParameters(self, box)

    def is_set(self, name: str) -> bool:
        """True when the value was set, even to what is the default."""
        return name in self._values

    def load(self) -> list[str]:
        """Read what is stored. Returns what was wrong, one sentence each; enter fault PARAMETER
        when there is any.

        Never raises: what can't be read falls back to its default.
        """
        problems: list[str] = self._in_file("load")
        return problems

    def set(self, name: str, text: str) -> None:
        """Set from typed text; durable on return.

        Raises ValueError that says what is wrong and what is allowed, and never shows a secret;
        `Fault(STORAGE)` when it could not be stored, the old value stays in force then.
        """
        self._in_file("change", name, text)

    def reset(self, name: str) -> None:
        """Back to the default; durable on return. Raises as `set`."""
        self._in_file("change", name, None)

    def text(self, name: str) -> str:
        """The value as it is typed and shown; a secret as '****'. Raises ValueError for an unknown
        name.
        """
        text: str = self._in_file("shown", name)
        return text

    def _in_file(self, function: str, *arguments: Any) -> Any:
        try:
            return on_demand.call(_FILE, function, self._storage, self._values, *arguments)
        finally:
            on_demand.drop(_TABLE)


class MailboxParameters:
    """The values with those of one mailbox in the place of the first one's."""

    def __init__(self, parameters: Parameters, box: int) -> None:
        self._parameters = parameters
        self._prefix = "pop%d" % (box + 1) if box else "pop"

    def get(self, name: str) -> Any:
        """The value in force. Raises KeyError for a name that does not exist."""
        return self._parameters.get(self._prefix + name[3:] if name[:4] == "pop." else name)
