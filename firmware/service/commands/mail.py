"""mail: what is known of mails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.service.registry import NOT_NOW, CommandError
from firmware.service.registry import USAGE as WRONG_USAGE

if TYPE_CHECKING:
    from firmware.service.output import Output
    from firmware.service.registry import Context

USAGE = "mail [print|taken]"
SUMMARY = "show mails, or say what becomes of those that came again"
DETAILS = (
    "A mail is unfinished when pages of it are on paper, or begun, and others are not. It "
    "stays on the server, and the next visit goes on with the page shown. When mails that are on "
    "paper came again under other unique-ids (fault 073), 'print' prints them with the mark of a "
    "possible duplicate, 'taken' takes them for printed."
)

_SHOWN = ("mail", "visit", "doing", "pages")


async def run(context: Context, arguments: list[str], out: Output) -> str:
    """Show what the receiver says of mails and visits, then the ledger's unfinished mails."""
    if arguments:
        if arguments not in (["print"], ["taken"]):
            raise CommandError(WRONG_USAGE)
        if not context.same_mail(arguments == ["print"]):
            raise CommandError(NOT_NOW, "no mail is held")
        return "the mailbox is visited now"
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
