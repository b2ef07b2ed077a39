"""The service console's resident part: it waits for somebody, and only then loads the shell."""
from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

from micropython import const

from firmware.on_demand import drop

if TYPE_CHECKING:
    from firmware.devices import Serial
    from firmware.service.registry import Context

PROMPT = "uf-e1> "
_GREETING = "\r\n# UF-E1 service console; 'help' lists the commands\r\n"
_NO_MEMORY = b"\r\n# no memory for the console while a mail is recorded; try again\r\n"
_TURNS = const(100)  # of 20 ms, until nobody is thought to read
_IDLE_S = const(300)  # without a key, until the shell's memory is given back


async def serve(serial: Serial, context: Context, idle_s: int = _IDLE_S) -> None:
    """Serve one serial line for ever. A line that fails is tried again every second."""
    octet = memoryview(bytearray(1))
    await _greet(serial)
    while True:
        try:
            await serial.readinto(octet)
        except OSError:
            await asyncio.sleep(1)
            continue
        try:
            await _converse(serial, context, octet, idle_s)
        except MemoryError:
            serial.write(_NO_MEMORY)
        drop("firmware.service.shell")
        drop("firmware.service.editor")
        drop("firmware.service.output")
        gc.collect()


async def _greet(serial: Serial) -> None:
    """Say who is here, if anybody listens."""
    left = (_GREETING + "\r" + PROMPT + "\x1b[K").encode()  # as the line editor draws it
    for _turn in range(_TURNS):
        left = left[serial.write(left) :]
        if not left:
            return
        await asyncio.sleep(0.02)


async def _converse(serial: Serial, context: Context, first: memoryview, idle_s: int) -> None:
    from firmware.service.shell import Shell

    await Shell(serial, context).run(first, idle_s)
