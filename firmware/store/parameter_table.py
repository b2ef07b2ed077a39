"""Function parameters: kind, default and range of each. Loaded at boot and while somebody sets
parameters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.store.parameters import key_of

if TYPE_CHECKING:
    from typing import Any

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
    "pop.trace": ("switch", False),
    "record.header": ("switch", True),
    "record.paper": ("choice", "A4", "A4", "letter"),
    "record.fit": ("choice", "reduce", "reduce", "split", "cut"),
    "record.cut_mm": ("number", 6, 0, 15),
    "record.reduce_mm": ("number", 80, 0, 155),
    "record.overlap_mm": ("number", 10, 0, 15),
    "record.sheets": ("number", 300, 10, 999),
    "film.dark": ("number", 2500, 0, 65535),
    "film.bright": ("number", 28500, 0, 65535),
    "film.mark_bright": ("switch", True),
    "clock.sntp": ("text", "pool.ntp.org", 100),
    "clock.zone_min": ("number", 0, -720, 840),
}


def row_of(name: str) -> tuple[Any, ...] | None:
    """The table's row of a parameter, None when there is no such one."""
    if name[:3] == "pop" and name[3:5] in ("2.", "3.", "4."):
        name = "pop" + name[4:]
    return TABLE.get(name)


def defaults() -> dict[int, Any]:
    """Key of the name -> default."""
    return {key_of(name): TABLE[name][1] for name in TABLE}


def default(name: str) -> Any:
    """The default of one. Raises KeyError for a name that does not exist."""
    return TABLE[name][1]
