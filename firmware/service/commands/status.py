"""status: the machine at a glance."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from firmware.recording.page import time_text

if TYPE_CHECKING:
    from firmware.service.output import Output
    from firmware.service.registry import Context

USAGE = "status"
SUMMARY = "show what the machine is doing"


async def run(context: Context, arguments: list[str], out: Output) -> str:
    """Show time, devices, store and what the receiver says of itself."""
    board = context.board
    zone_min = context.parameters.get("clock.zone_min")
    now = board.clock.now()
    values = context.status()
    values["time"] = time_text(now, zone_min) if now else "not set"
    values["network"] = "up" if board.network.is_up() else "down"
    values["paper"] = "present" if board.asf.paper_present() else "none"
    values["cover"] = "open" if board.covers.open() else "closed"
    values["storage_free"] = board.storage.free()
    if hasattr(gc, "mem_free"):
        values["heap_free"] = gc.mem_free()
    for name in sorted(values):
        await out.line("%-16s %s" % (name, "-" if values[name] == "" else values[name]))
    standing = len(context.faults.standing())
    return "%d faults" % standing if standing else "no faults"
