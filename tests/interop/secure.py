"""One session by the device's own code under the rules of `pop.security`, on either runtime;
prints a JSON object.

On standard input: a JSON object of parameters (`pop.host` and so on), and further `roots` (trusted
certificates, DER, as hex), `clock` (seconds since 1970 that the clock begins with; 0: not set) and
`segment` (octets that a read gives at most, 0: as they come).
"""
from __future__ import annotations

import asyncio
import hashlib
import json
import sys
import time
from binascii import hexlify, unhexlify
from typing import TYPE_CHECKING

from firmware import on_demand
from firmware.pop3.session import Session
from firmware.recording.fault_table import TABLE
from firmware.recording.faults import Fault
from hal.clock import Clock
from hal.network import Network
from tests.unit.store_support import FakeStorage

if TYPE_CHECKING:
    from typing import Any

_TO_1970 = 946684800  # from 2000-01-01, where MicroPython's clocks of some boards begin


class Interface:
    """A network interface that is always up."""

    def isconnected(self) -> bool:
        return True


class Calendar(Clock):
    """A clock whose calendar begins with a given time and stands still."""

    def __init__(self, seconds: int) -> None:
        super().__init__(None)
        self.seconds = seconds

    def now(self) -> int:
        return self.seconds

    def set(self, seconds: int) -> None:
        self.seconds = seconds


class Board:
    """As much of a board as a secure connection takes."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.clock = Calendar(order.get("clock", int(time.time())))
        self.network = Network(Interface(), self.clock)
        self.storage = FakeStorage()
        if order.get("roots"):
            self.storage.replace("roots", [unhexlify(root) for root in order["roots"]])


async def _fetch(session: Session, order: dict[str, Any], result: dict[str, Any]) -> None:
    security = on_demand.load("firmware.pop3.security")
    await security.connect(session, order)
    result["secured"] = session.secured
    names = sorted((await session.capa()).names())
    result["capabilities"] = names
    await session.login(order["pop.user"], order["pop.password"], "user")
    count, _octets = await session.stat()
    for number in range(1, count + 1):
        body = await session.retr(number)
        digest = hashlib.sha256()
        while (piece := await body.next()) is not None:
            digest.update(piece)
        result["digests"].append(str(hexlify(digest.digest()), "ascii"))
    result["quit"] = await session.quit()


def visit(order: dict[str, Any]) -> dict[str, Any]:
    """Connect, fetch all mails, quit."""
    trace: list[str] = []
    board: Any = Board(order)
    session = Session(board.network, bytearray(order.get("buffer", 4096)),
                      trace=lambda side, line: trace.append(side + " " + line))
    session.board = board
    result: dict[str, Any] = {"code": 0, "detail": "", "advice": "", "digests": [], "trace": trace,
                              "secured": False, "runtime": sys.implementation.name}
    try:
        asyncio.run(_fetch(session, order, result))
    except Fault as fault:
        result["code"], result["detail"] = fault.code, fault.detail
        result["advice"] = TABLE[fault.code][2]
        result["sentence"] = str(fault)
    finally:
        session.close()
    result["clock"] = board.clock.now()
    return result


if __name__ == "__main__":
    sys.stdout.write(json.dumps(visit(json.loads(sys.stdin.readline()))) + "\n")
