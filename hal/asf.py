"""The automatic sheet feeder and the paper path from it to the exit (assumed mechanics, see
hal/signals.py).
"""
from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from micropython import const

if TYPE_CHECKING:
    from hal.level import Input
    from hal.roller import Roller

PICK_STEPS = const(1232)  # 80 mm: a sheet that has not come to the head by then slipped or jammed
PICK_TRIES = const(3)
EJECT_LINES = const(6160)  # 400 mm: longer than the longest sheet
_CHECK_LINES = const(16)  # the exit sensor is looked at once a millimetre
_TURN_STEPS = const(4)


class Asf:
    """Implements `devices.Asf`.

    :param paper: input nPAPER, on while a sheet lies in the feeder
    :param regist: input nREGIST, on while a sheet is at the head
    :param pick: feeder roller
    :param platen: platen roller, which moves the sheet out
    :param retry_ms: rest between two tries to pick, in which the roller springs back
    """

    def __init__(self, paper: Input, regist: Input, pick: Roller, platen: Roller,
                 retry_ms: int) -> None:
        self._paper = paper
        self._regist = regist
        self._pick = pick
        self._platen = platen
        self._retry_ms = retry_ms

    def paper_present(self) -> bool:
        """True when at least one sheet lies in the feeder."""
        return self._paper.is_on()

    def sheet_at_head(self) -> bool:
        """True while a sheet is under the recording head."""
        return self._regist.is_on()

    async def feed(self) -> bool:
        """Bring a sheet's top edge to the head; a sheet left there from before goes out first.

        False: none came in three tries of 80 mm, the feeder is empty, or the old sheet is stuck.
        """
        if self.sheet_at_head() and not await self.eject():
            return False
        for attempt in range(PICK_TRIES):
            if attempt:
                if not self.paper_present():
                    break
                await asyncio.sleep(self._retry_ms / 1000)
            if await self._pick_one():
                return True
        return False

    async def _pick_one(self) -> bool:
        """True when a sheet has come to the head. A sheet already between feeder and head needs no
        other one.
        """
        for step in range(PICK_STEPS):
            self._pick.step()
            if self.sheet_at_head():
                return True
            if step % _TURN_STEPS == 0:
                await asyncio.sleep(0)
        return False

    async def eject(self) -> bool:
        """Move the sheet out. False: it is still under the head after 400 mm (jam)."""
        lines = 0
        while self.sheet_at_head():
            if lines >= EJECT_LINES:
                return False
            await self._platen.steps(_CHECK_LINES)
            lines += _CHECK_LINES
        return True
