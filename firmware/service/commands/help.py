"""help: the commands, or one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.on_demand import drop
from firmware.service.registry import PACKAGE, CommandError, load, names
from firmware.service.registry import USAGE as WRONG_USAGE

if TYPE_CHECKING:
    from firmware.service.output import Output
    from firmware.service.registry import Context

USAGE = "help [command]"
SUMMARY = "list the commands, or explain one"


async def run(context: Context, arguments: list[str], out: Output) -> str:
    """List the commands, or explain one."""
    if len(arguments) > 1:
        raise CommandError(WRONG_USAGE)
    if arguments:
        module = load(arguments[0])
        await out.line("usage: " + module.USAGE)
        await out.lines(module.SUMMARY, "")
        await out.lines(getattr(module, "DETAILS", ""), "")
        return ""
    count = 0
    for name in names():
        await out.line("%-10s %s" % (name, load(name).SUMMARY))
        count += 1
        if name != "help":
            drop(PACKAGE + "." + name)
    await out.line("# 'help COMMAND' explains one; the tab key completes its name")
    return "%d commands" % count
