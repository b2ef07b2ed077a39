"""The operation panel: 2 x 20 characters behind an HD44780-compatible I2C controller (US2066),
three keys, a lamp.
"""
from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from micropython import const

from hal.clock import sleep_us

if TYPE_CHECKING:
    from typing import Any

    from hal.clock import Clock
    from hal.level import Input, Output

COLUMNS = const(20)
KEY_NAMES = ("start", "stop", "function")

_ADDRESS = const(0x3C)
_ONE_COMMAND = const(0x80)  # control octet: one command octet follows, then another control octet
_DATA_TO_END = const(0x40)  # control octet: all that follows is data
_SET_POSITION = const(0x80)
_SECOND_ROW = const(0x40)
# 8-bit bus and two rows; display on without cursor; clear; write from left to right
_SET_UP = (0x38, 0x0C, 0x01, 0x06)
_CLEAR_US = const(2000)
_SPACE = const(0x20)
_UNKNOWN = const(0x00)  # in the picture of what is shown: a character that must be written
_QUESTION_MARK = const(0x3F)


class Display:
    """Two rows of 20 characters; sends what has changed.

    A display that does not answer must not stop the machine: it is counted in `failures` and
    written as a whole the next time.

    :param i2c: the display's bus; `writeto(address, buffer)` raises OSError when nobody answers
    """

    def __init__(self, i2c: Any) -> None:
        self.failures = 0
        self._i2c = i2c
        self._ready = False
        self._shown = bytearray(2 * COLUMNS)
        self._message = bytearray(3 + COLUMNS)
        self._lent = memoryview(self._message)

    def show(self, upper: str, lower: str) -> None:
        """Show two rows, each cut or padded to 20 characters; what is not ASCII becomes '?'."""
        try:
            if not self._ready:
                self._set_up()
            self._show_row(0, upper)
            self._show_row(1, lower)
        except OSError:
            self.failures += 1
            self._ready = False

    def _set_up(self) -> None:
        for command in _SET_UP:
            self._message[0] = _ONE_COMMAND
            self._message[1] = command
            self._i2c.writeto(_ADDRESS, self._lent[:2])
        sleep_us(_CLEAR_US)
        for index in range(2 * COLUMNS):
            self._shown[index] = _SPACE
        self._ready = True

    def _show_row(self, row: int, text: str) -> None:
        column = 0
        while column < COLUMNS:
            length = self._changed_run(row, column, text)
            if length:
                self._send(row, column, length)
            column += length + 1

    def _changed_run(self, row: int, column: int, text: str) -> int:
        """Put the changed characters from `column` on into the message; returns how many are
        changed in a row.
        """
        length = 0
        while column + length < COLUMNS:
            character = _character(text, column + length)
            if character == self._shown[row * COLUMNS + column + length]:
                break
            self._message[3 + length] = character
            length += 1
        return length

    def _send(self, row: int, column: int, length: int) -> None:
        start = row * COLUMNS + column
        for index in range(length):  # unknown until the controller has taken them
            self._shown[start + index] = _UNKNOWN
        self._message[0] = _ONE_COMMAND
        self._message[1] = _SET_POSITION + row * _SECOND_ROW + column
        self._message[2] = _DATA_TO_END
        self._i2c.writeto(_ADDRESS, self._lent[: 3 + length])
        for index in range(length):
            self._shown[start + index] = self._message[3 + index]


def _character(text: str, column: int) -> int:
    if column >= len(text):
        return _SPACE
    code = ord(text[column])
    return code if _SPACE <= code < 0x7F else _QUESTION_MARK


class Keys:
    """Debounced keys: a change counts once it has lasted; one name for each new press.

    :param keys: inputs in the order of KEY_NAMES, on while pressed
    :param debounce_ms: how long a level must stay; with 0 it counts at once
    """

    def __init__(self, keys: list[Input], clock: Clock, debounce_ms: int) -> None:
        self._keys = keys
        self._clock = clock
        self._debounce_ms = debounce_ms
        self._seen = 0
        self._since = clock.ticks_ms()
        self._stable = 0
        self._pressed = 0

    def next(self) -> str:
        """Name of a key newly pressed since the last call, '' when there is none; two at once come
        one by one.
        """
        self._look()
        for index, name in enumerate(KEY_NAMES):
            if self._pressed >> index & 1:
                self._pressed &= ~(1 << index)
                return name
        return ""

    def _look(self) -> None:
        now = self._clock.ticks_ms()
        levels = 0
        for index, key in enumerate(self._keys):
            if key.is_on():
                levels |= 1 << index
        if levels != self._seen:
            self._seen = levels
            self._since = now
        if self._clock.ticks_diff(now, self._since) >= self._debounce_ms:
            self._pressed |= levels & ~self._stable
            self._stable = levels


class Panel:
    """Implements `devices.Panel`.

    :param poll_ms: how often the keys are looked at; a quarter of the shortest touch of a finger
    """

    def __init__(self, display: Display, keys: Keys, lamp: Output, poll_ms: int) -> None:
        self.display = display
        self._keys = keys
        self._poll_s = poll_ms / 1000
        self._lamp = lamp

    def show(self, upper: str, lower: str) -> None:
        """Show two rows, each cut or padded to 20 characters."""
        self.display.show(upper, lower)

    async def key(self, limit_s: float = 0) -> str:
        """Wait for a key to be pressed: 'start', 'stop' or 'function'; '' when none was within
        `limit_s`, 0 waits for ever.
        """
        looked = 0
        while True:
            name = self._keys.next()
            if name or (limit_s and looked * (self._poll_s or limit_s) >= limit_s):
                return name
            await asyncio.sleep(self._poll_s)
            looked += 1  # a sum of seconds would be an object on the heap

    def alarm(self, on: bool) -> None:
        """Alarm lamp."""
        if on:
            self._lamp.on()
        else:
            self._lamp.off()
