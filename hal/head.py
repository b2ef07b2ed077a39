"""The recording head: 1728 dots of 1/8 mm, and the platen that moves the sheet by a line of 1/15.4
mm (assumed).

One line: its dots are shifted in over SPI, taken over by the latch, heated by the strobe, and the
sheet moves on.
"""
from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import micropython
from micropython import const

from hal.clock import sleep_us

if TYPE_CHECKING:
    from typing import Any

    from micropython import ptr8

    from hal.level import Output
    from hal.roller import Roller

WIDTH_DOTS = const(1728)
LINE_OCTETS = const(216)
LINES_PER_MM_X100 = const(1540)
RECORDABLE_LINES = const(4543)  # 295 mm of a sheet of 297 mm

_LINES_PER_TURN = const(4)  # of the loop: at 2.4 ms a line the loop is held for 10 ms
_LONGEST_PULSE_US = const(3000)  # a strobe left on burns the head


@micropython.viper
def _copy_line(target: ptr8, source: ptr8, start: int) -> int:
    """Copies 216 octets; the caller has proved that target holds 216 and source start + 216."""
    at = 0
    while at < 216:
        target[at] = int(source[start + at])
        at += 1
    return at


class Head:
    """Implements `devices.Head`.

    :param spi: the head's bus; `write(buffer)` shifts octets in, most significant bit first
    :param latch: output; the shifted line is taken over when it goes off again
    :param strobe: output; heats while on
    :param platen: the roller that moves the sheet
    :param pulse_us: strobe time, 0..3000; more raises ValueError
    """

    width_dots = WIDTH_DOTS
    line_octets = LINE_OCTETS
    lines_per_mm_x100 = LINES_PER_MM_X100
    recordable_lines = RECORDABLE_LINES

    def __init__(self, spi: Any, latch: Output, strobe: Output, platen: Roller,
                 pulse_us: int) -> None:
        if not 0 <= pulse_us <= _LONGEST_PULSE_US:
            raise ValueError("the strobe is on for 0 to %d us" % _LONGEST_PULSE_US)
        self._spi = spi
        self._latch = latch
        self._strobe = strobe
        self._platen = platen
        self._pulse_us = pulse_us
        self._line = bytearray(LINE_OCTETS)  # a slice per line would be an allocation per line

    async def record(self, lines: memoryview, count: int) -> None:
        """Record `count` lines of 216 octets, MSB leftmost, 1 = black, feeding one line after
        each.

        Gives way to other tasks every few lines. Raises ValueError when `lines` is shorter than
        `count` lines.
        """
        if count * LINE_OCTETS > len(lines):
            raise ValueError("%d octets are less than %d lines" % (len(lines), count))
        done = 0
        while done < count:
            burst = min(count - done, _LINES_PER_TURN)
            self._record_burst(lines, done * LINE_OCTETS, burst)
            done += burst
            await asyncio.sleep(0)

    def _record_burst(self, lines: memoryview, start: int, count: int) -> None:
        try:
            while count:
                _copy_line(self._line, lines, start)
                self._spi.write(self._line)
                self._latch.on()
                self._latch.off()
                self._heat()
                self._platen.step()
                start += LINE_OCTETS
                count -= 1
        finally:
            self._strobe.off()  # whatever ended the burst: the head must not stay hot

    def _heat(self) -> None:
        self._strobe.on()
        sleep_us(self._pulse_us)
        self._strobe.off()

    async def feed_lines(self, count: int) -> None:
        """Move the sheet on by `count` lines without recording."""
        await self._platen.steps(count)
