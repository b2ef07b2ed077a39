"""A roller driven by step pulses: one rising edge moves the paper by one line, 1/15.4 mm."""
from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from micropython import const

from hal.clock import sleep_us

if TYPE_CHECKING:
    from hal.level import Output

_STEPS_PER_TURN = const(4)  # of the loop: at 2 ms a step the loop is held for 8 ms
_LONGEST_PERIOD_US = const(2500)


class Roller:
    """Steps one roller.

    :param output: the step output
    :param period_us: time of one step, 0..2500. Raises ValueError past it, because the loop would
        be held too long
    """

    def __init__(self, output: Output, period_us: int) -> None:
        if not 0 <= period_us <= _LONGEST_PERIOD_US:
            raise ValueError("a step takes 0 to %d us" % _LONGEST_PERIOD_US)
        self._output = output
        self._half_us = period_us // 2

    def step(self) -> None:
        """One step. Holds the processor for one period; allocates nothing."""
        self._output.on()
        sleep_us(self._half_us)
        self._output.off()
        sleep_us(self._half_us)

    async def steps(self, count: int) -> None:
        """`count` steps, giving way to other tasks in between."""
        while count > 0:
            burst = min(count, _STEPS_PER_TURN)
            for _ in range(burst):
                self.step()
            count -= burst
            await asyncio.sleep(0)
