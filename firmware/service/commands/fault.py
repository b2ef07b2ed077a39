"""fault: what stands in the way, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.recording.fault_table import TABLE
from firmware.service.registry import USAGE as WRONG_USAGE
from firmware.service.registry import VALUE, CommandError

if TYPE_CHECKING:
    from firmware.service.output import Output
    from firmware.service.registry import Context

USAGE = "fault [list | code]"
SUMMARY = "show the faults that stand, with cause and advice"
DETAILS = "'fault list' shows all information codes there are, 'fault 720' explains one."


async def run(context: Context, arguments: list[str], out: Output) -> str:
    """Show the standing faults, the table, or one of its rows."""
    if len(arguments) > 1:
        raise CommandError(WRONG_USAGE)
    if arguments == ["list"]:
        for code in sorted(TABLE):
            await out.line("%03d %-20s %s" % (code, TABLE[code][0], TABLE[code][1]))
        return "%d codes" % len(TABLE)
    if arguments:
        await _explain(out, _code(arguments[0]), "")
        return ""
    standing = context.faults.standing()
    for code, detail in standing:
        await _explain(out, code, detail)
    return "%d faults" % len(standing) if standing else "no faults"


def _code(text: str) -> int:
    if not text.isdigit() or int(text[:9]) not in TABLE:
        raise CommandError(VALUE, "there is no code '%s'; 'fault list' shows all" % text[:20])
    return int(text)


async def _explain(out: Output, code: int, detail: str) -> None:
    short, cause, advice = TABLE[code]
    await out.line("%03d %s" % (code, short))
    await out.lines("cause:  " + cause, "    ")
    if detail:
        await out.lines("detail: " + detail, "    ")
    await out.lines("advice: " + advice, "    ")
