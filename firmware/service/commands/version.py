"""version: what runs here."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.service.output import Output
    from firmware.service.registry import Context

USAGE = "version"
SUMMARY = "show the versions of firmware, board and interpreter"


async def run(context: Context, arguments: list[str], out: Output) -> str:
    """Show the versions."""
    await out.line("firmware     %s" % context.version)
    await out.line("board        %s" % context.board.name)
    implementation = sys.implementation
    number = ".".join([str(part) for part in implementation.version[:3]])
    await out.line("interpreter  %s %s" % (implementation.name, number))
    return context.version
