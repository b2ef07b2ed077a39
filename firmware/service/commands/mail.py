"""mail: what is known of mails."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.service.output import Output
    from firmware.service.registry import Context

USAGE = "mail"
SUMMARY = "show the mail being received, the last visit and unfinished mails"
DETAILS = (
    "A mail is unfinished when pages of it are on paper, or begun, and others are not. It "
    "stays on the server, and the next visit goes on with the page shown."
)

_SHOWN = ("mail", "visit", "doing", "pages")


async def run(context: Context, arguments: list[str], out: Output) -> str:
    """Show what the receiver says of mails and visits, then the ledger's unfinished mails."""
    values = context.status()
    for name in sorted(values):
        if any(word in name for word in _SHOWN):
            await out.line("%-16s %s" % (name, "-" if values[name] == "" else values[name]))
    count = 0
    for key, pages, intent in context.ledger.unfinished():
        doing = "page %d was begun" % intent if intent else "page %d is next" % (pages + 1)
        await out.line("unfinished %02x%02x  %d on paper, %s" % (key[0], key[1], pages, doing))
        count += 1
    return "%d unfinished" % count
