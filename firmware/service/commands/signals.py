"""signals: every row of the signal table with its level."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.service.commands._table import row
from firmware.service.registry import VALUE, CommandError

if TYPE_CHECKING:
    from typing import Any

    from firmware.service.output import Output
    from firmware.service.registry import Context

USAGE = "signals [name]"
SUMMARY = "show every signal with its level, or all about one"
DETAILS = (
    "RAW is the level at the pin (0, 1) or a converter's reading, '-' where it can't be "
    "read; STATE what it means. SOURCE says whether the service manual (with its page) or "
    "an assumption gives the row."
)

_WIDTHS = (12, 8, 8, 3, 8, 5, 5, 0)


async def run(context: Context, arguments: list[str], out: Output) -> str:
    """Show all rows, or all members of one."""
    wanted = arguments[0].lower() if arguments else ""
    count = 0
    for signal in context.board.signals.rows():
        if not wanted:
            if not count:
                await row(
                    out,
                    _WIDTHS,
                    ("SIGNAL", "BOARD", "CONN.", "PIN", "DIR.", "RAW", "STATE", "SOURCE"),
                )
            await row(out, _WIDTHS, _cells(signal))
        elif str(signal["name"]).lower() == wanted:
            await _details(out, signal)
        else:
            continue
        count += 1
    if not count:
        raise CommandError(VALUE, "there is no signal '%s'; 'signals' lists all" % wanted[:20])
    return "%d signals" % count


def _cells(signal: dict[str, Any]) -> tuple[object, ...]:
    page = signal["page"]
    source = "%s p. %s" % (signal["source"], page) if page else signal["source"]
    return (
        signal["name"],
        signal["board"],
        signal["connector"] or "-",
        signal["pin"] or "-",
        signal["direction"] or "-",
        _raw(signal),
        signal["state"] or "-",
        source,
    )


def _raw(signal: dict[str, Any]) -> str:
    return "-" if signal["raw"] is None else str(signal["raw"])


async def _details(out: Output, signal: dict[str, Any]) -> None:
    for name in sorted(signal):
        value = _raw(signal) if name == "raw" else signal[name]
        await out.lines("%-11s %s" % (name, "not given" if value in ("", None) else value), "")
