"""What the console writes to the service line: lines of at most 79 columns, held back while the
line is busy.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from micropython import const

if TYPE_CHECKING:
    from collections.abc import Callable

    from firmware.devices import Serial

_COLUMNS = const(79)
_UNKNOWN = const(63)  # ?
_PAUSE_S = 0.02
_PATIENCE = const(100)  # pauses without an octet taken, until nobody is thought to read


class Output:
    """The way to the terminal. When nobody reads for 2 s the rest is dropped, until `listen`."""

    def __init__(self, serial: Serial) -> None:
        self.afterwards: Callable[[], object] | None = None  # to be called once the answer is out
        self._serial = serial
        self._deaf = False

    def listen(self) -> None:
        """Somebody is there (an octet came): write again."""
        self._deaf = False

    async def line(self, text: str = "") -> None:
        """Write one line, cut to 79 columns. Control characters, as a mail's subject may bring,
        are shown as '?'.
        """
        await self.send(_printable(text[:_COLUMNS]) + "\r\n")

    async def lines(self, text: str, prefix: str = "# ") -> None:
        """Write a text of any length, wrapped at blanks."""
        room = _COLUMNS - len(prefix)
        while len(text) > room:
            at = text.rfind(" ", 1, room + 1)
            at = room if at < 0 else at
            await self.line(prefix + text[:at])
            text = text[at:].lstrip()
        await self.line(prefix + text)

    async def answer(self, final: str, text: str) -> None:
        """Write the closing line; a text too long for it comes whole before it, as a remark."""
        quoted = final != "OK"
        room = _COLUMNS - len(final) - 3
        if len(text) > room:
            await self.lines(text)
            text = text[: room - 3] + "..."
        if quoted:
            text = '"%s"' % text.replace('"', "'")
        await self.line((final + " " + text).rstrip())

    async def send(self, text: str) -> None:
        """Send the text as it is."""
        data = memoryview(text.encode())
        at = pauses = 0
        while at < len(data) and not self._deaf:
            taken = self._taken(data[at:])
            at += taken
            pauses = 0 if taken else pauses + 1
            self._deaf = pauses > _PATIENCE
            await asyncio.sleep(0 if taken else _PAUSE_S)

    def _taken(self, data: memoryview) -> int:
        try:
            return self._serial.write(data)
        except OSError:
            return 0  # the other end is gone for now


def _printable(text: str) -> str:
    """Controls become '?'; octet by octet, for a str that is walked interns its characters."""
    octets = bytearray()
    before = 0
    for octet in text.encode():
        if octet < 32 or octet == 127:
            octets.append(_UNKNOWN)
        elif before == 0xC2 and 0x80 <= octet < 0xA0:
            octets[-1] = _UNKNOWN
        else:
            octets.append(octet)
        before = octet
    return str(octets, "utf-8")
