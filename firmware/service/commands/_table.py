"""Aligned rows for the console's screen of 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from firmware.service.output import Output


async def row(out: Output, widths: Sequence[int], cells: Sequence[object]) -> None:
    """Write one row: each cell but the last is cut or padded to its width, one blank between."""
    text = ""
    for width, cell in zip(widths, cells):  # noqa: B905 - MicroPython's zip has no strict
        text += ("%-*s " % (width, str(cell)[:width])) if width else str(cell)
    await out.line(text.rstrip())
