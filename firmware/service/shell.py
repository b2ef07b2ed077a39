"""The service shell: prompt, line, command, answer; over the board's serial line.

Every command ends in exactly one line, `OK` and perhaps a text, or `ERROR <code> "text"`; the
lines before it are its output, and those that begin with '#' are remarks for people.
"""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

from firmware import on_demand
from firmware.service.console import PROMPT
from firmware.service.editor import LineEditor
from firmware.service.output import Output

if TYPE_CHECKING:
    from firmware.devices import Serial
    from firmware.service.registry import Context

_LOADED = (
    "firmware.service.registry",
    "firmware.service.commands.",
    "firmware.store.parameter_file",
    "firmware.store.parameter_table",
)
_NO_MEMORY = ("ERROR 904", "no memory for this while a mail is recorded; try again later")


class Shell:
    """The console of one serial line; `context` is what commands see."""

    def __init__(self, serial: Serial, context: Context) -> None:
        self._serial = serial
        self._context = context
        self._out = Output(serial)
        self._editor = LineEditor(PROMPT, _commands_like)
        self._octets = bytearray(32)
        self._at = self._have = 0
        self._idle_s = 0

    async def run(self, first: memoryview, idle_s: int) -> None:
        """Serve, beginning with the octets `first`, until no key came for `idle_s` seconds."""
        self._have = len(first)
        self._octets[: self._have] = first
        self._idle_s = idle_s
        while True:
            try:
                line = await self._read_line()
            except asyncio.TimeoutError:
                return
            except OSError:
                await asyncio.sleep(1)
                continue
            await self.execute(line)

    async def execute(self, line: str) -> None:
        """Run one command line and write its answer; an empty line has none."""
        out = self._out
        try:
            from firmware.service.registry import answer

            final, text = await answer(line, self._context, out)
        except MemoryError:
            final, text = _NO_MEMORY
        finally:
            _drop_loaded()
        if final:
            await out.answer(final, text)
        then, out.afterwards = out.afterwards, None
        if then is not None:
            await asyncio.sleep(0.2)  # the answer shall be out before the line falls silent
            then()

    async def _read_line(self) -> str:
        editor = self._editor
        await self._out.send(editor.start())
        while not editor.done:
            await self._out.send(editor.feed(await self._next()))
        editor.remember(editor.line)
        return editor.line

    async def _next(self) -> int:
        if self._at >= self._have:
            self._at = self._have = 0
            reading = self._serial.readinto(memoryview(self._octets))
            self._have = await asyncio.wait_for(reading, self._idle_s)
            self._out.listen()
        self._at += 1
        return self._octets[self._at - 1]


def _commands_like(start: str) -> list[str]:
    from firmware.service.registry import names

    try:
        return [name for name in names() if name.startswith(start)]
    finally:
        _drop_loaded()


def _drop_loaded() -> None:
    """Forget all that was loaded for a command; its memory is free again."""
    for start in _LOADED:
        on_demand.drop(start)
    gc.collect()
