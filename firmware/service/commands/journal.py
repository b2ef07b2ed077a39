"""journal: what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.recording.page import time_text
from firmware.service.commands._table import row
from firmware.service.registry import VALUE, CommandError

if TYPE_CHECKING:
    from firmware.service.output import Output
    from firmware.service.registry import Context

USAGE = "journal [count]"
SUMMARY = "show the last events, 20 or as many as asked for, newest last"
DETAILS = (
    "The four digits at mail, recorded, notice and deleted name the mail. The journal is "
    "part of the ledger; its oldest events are dropped when that is full."
)

_MOST = 200


async def run(context: Context, arguments: list[str], out: Output) -> str:
    """Show the last events."""
    text = arguments[0] if arguments else "20"
    if not text.isdigit() or not 1 <= int(text[:9]) <= _MOST:
        raise CommandError(VALUE, "the count must be a number from 1 to %d" % _MOST)
    zone_min = context.parameters.get("clock.zone_min")
    count = 0
    for time, kind, words in context.ledger.journal(False, int(text)):
        when = time_text(time, zone_min) if time else "-"
        await row(out, (16, 10, 0), (when, kind, words))
        count += 1
    return "%d events" % count
