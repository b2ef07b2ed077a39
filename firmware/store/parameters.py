"""Function parameters: one table with kind, default and range of each, and the values in force.

Reading and writing the file and all that is said about values stands in `parameter_file`, which is
loaded when it is needed: at boot and while somebody sets parameters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware import on_demand

if TYPE_CHECKING:
    from typing import Any

    from firmware.devices import Storage

# name: (kind, default, least, most) of a "number"; a "text" has no blanks and, as a "secret", at
# most so many characters; a "sha256" is 64 hex digits or nothing; a "choice" has its words behind
# the default. What each is for: service/commands/_parameters.py. Mailboxes 2 to 4 have the
# rows of the first: pop2.host is as pop.host.
TABLE: dict[str, tuple[Any, ...]] = {
    "pop.host": ("text", "", 100),
    "pop.port": ("number", 0, 0, 65535),
    "pop.user": ("text", "", 100),
    "pop.password": ("secret", "", 100),
    "pop.security": ("choice", "tls", "tls", "stls", "plain"),
    "pop.allow_plain": ("switch", False),
    "pop.pin": ("sha256", ""),
    "pop.token": ("secret", "", 5000),
    "pop.login": (
        "choice", "auto", "auto", "user", "apop", "plain", "login", "cram-md5", "scram-sha-1",
        "scram-sha-256", "xoauth2", "oauthbearer",
    ),
    "pop.delete": ("choice", "after-record", "after-record", "never", "after-days"),
    "pop.keep_days": ("number", 7, 1, 365),
    "pop.unreadable": ("choice", "delete", "delete", "keep"),
    "pop.max_kb": ("number", 0, 0, 1000000),
    "pop.large": ("choice", "notice", "notice", "skip"),
    "pop.most": ("number", 0, 0, 1000),
    "pop.interval": ("number", 3, 0, 1440),
    "pop.connect_s": ("number", 30, 1, 300),
    "pop.reply_s": ("number", 60, 1, 600),
    "pop.silence_s": ("number", 60, 1, 600),
    "pop.stall_s": ("number", 300, 1, 3600),
    "record.header": ("switch", True),
    "record.cut_mm": ("number", 6, 0, 15),
    "film.dark": ("number", 2500, 0, 65535),
    "film.bright": ("number", 28500, 0, 65535),
    "film.mark_bright": ("switch", True),
    "clock.sntp": ("text", "pool.ntp.org", 100),
    "clock.zone_min": ("number", 0, -720, 840),
}

MAILBOXES = 4

_FILE = "firmware.store.parameter_file"


def row_of(name: str) -> tuple[Any, ...] | None:
    """The table's row of a parameter, None when there is no such one."""
    if name[:3] == "pop" and name[3:5] in ("2.", "3.", "4."):
        name = "pop" + name[4:]
    return TABLE.get(name)


class Parameters:
    """The values in force. `load` before use; until then all are defaults."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._values: dict[str, Any] = {}

    def get(self, name: str) -> Any:
        """The value in force: str, int, or bool for a switch. Raises KeyError for a name that does
        not exist.
        """
        value = self._values.get(name)
        if value is None:
            row = row_of(name)
            if row is None:
                raise KeyError(name)
            value = row[1]
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
        return on_demand.call(_FILE, function, self._storage, self._values, *arguments)


class MailboxParameters:
    """The values with those of one mailbox in the place of the first one's."""

    def __init__(self, parameters: Parameters, box: int) -> None:
        self._parameters = parameters
        self._prefix = "pop%d" % (box + 1) if box else "pop"

    def get(self, name: str) -> Any:
        """The value in force. Raises KeyError for a name that does not exist."""
        return self._parameters.get(self._prefix + name[3:] if name[:4] == "pop." else name)
