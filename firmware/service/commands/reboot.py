"""reboot: restart the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware import on_demand
from firmware.service.registry import NOT_NOW, CommandError
from firmware.service.registry import USAGE as WRONG_USAGE

if TYPE_CHECKING:
    from firmware.service.output import Output
    from firmware.service.registry import Context

USAGE = "reboot [now]"
SUMMARY = "restart the machine; 'now' also while a mail is being received"
DETAILS = (
    "It leaves the safe state, and mails in which the machine had failed are tried again. "
    "Nothing is lost: a mail that is not finished stays on the server and is gone on with. "
    "The page in the machine is recorded again, marked as a possible duplicate."
)


async def run(context: Context, arguments: list[str], out: Output) -> str:
    """Restart once the answer is out."""
    if arguments not in ([], ["now"]):
        raise CommandError(WRONG_USAGE)
    if not arguments and context.status().get("mail"):
        raise CommandError(NOT_NOW, "a mail is being received; 'reboot now' restarts all the same")
    context.ledger.flush()
    on_demand.call("firmware.restarts", "asked", context.board.storage)
    out.afterwards = context.board.reset
    return "restarting"
