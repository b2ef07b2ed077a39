"""The whole receiver visits a real server once, on either runtime; prints what it recorded.

On standard input: a JSON object of function parameters as text.
"""
from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING

from hal.clock import Clock
from hal.network import Network
from tests.faults.machine import Board, Machine

if TYPE_CHECKING:
    from typing import Any


class Interface:
    """A network interface that is always up."""

    def isconnected(self) -> bool:
        return True


class RealBoard(Board):
    """The board of fakes in real time, on a real network."""

    def __init__(self) -> None:
        super().__init__(None)
        self._time = Clock(None)
        self.network = Network(Interface(), self._time)

    def ticks_ms(self) -> int:
        return self._time.ticks_ms()


async def visit(settings: dict[str, str]) -> list[Any]:
    """The events of one visit."""
    machine = Machine(RealBoard(), settings)
    try:
        return await machine.visit()
    finally:
        await machine.off()


if __name__ == "__main__":
    told = asyncio.run(visit(json.loads(sys.stdin.readline())))
    sys.stdout.write(json.dumps([sys.implementation.name, told]) + "\n")
