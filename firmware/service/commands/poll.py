"""poll: visit the mailbox now."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.service.output import Output
    from firmware.service.registry import Context

USAGE = "poll"
SUMMARY = "visit the mailbox now"
DETAILS = "What comes of it is shown by 'mail' and 'journal'; what goes wrong by 'fault'."


async def run(context: Context, arguments: list[str], out: Output) -> str:
    """Ask for a visit."""
    context.poll_now()
    return "a visit is asked for"
