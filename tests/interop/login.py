"""Logins by the device's own code, on either runtime; prints what came of each, a line of JSON.

On standard input: a JSON list of objects of `host`, `port`, `user`, `password`, `mechanism`,
`token`, `allow_plain`, `pipelining`, and `security` with `pin`, or `secured` (take a connection
without TLS for one by TLS).
"""
from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import TYPE_CHECKING

from firmware import on_demand
from firmware.pop3.session import Session
from firmware.recording.faults import Fault
from hal.clock import Clock
from hal.network import Network
from tests.interop.visit import Interface

if TYPE_CHECKING:
    from typing import Any


class Board:
    """As much of a board as TLS with a pinned certificate takes."""

    def __init__(self) -> None:
        self.clock = Clock(None)
        self.network = Network(Interface(), self.clock)
        self.storage = None


async def log_in(order: dict[str, Any]) -> dict[str, Any]:
    """Log in as `order` says, count the mails, quit."""
    trace: list[str] = []
    board: Any = Board()
    session = Session(board.network, bytearray(2048),
                      trace=lambda side, line: trace.append(side + " " + line))
    session.board = board
    result: dict[str, Any] = {"code": 0, "detail": "", "mails": -1, "told": "", "trace": trace,
                              "runtime": sys.implementation.name}
    settings = {"pop.host": order["host"], "pop.port": order["port"],
                "pop.security": order.get("security", "plain"), "pop.allow_plain": True,
                "pop.pin": order.get("pin", ""), "pop.user": order["user"],
                "pop.password": order.get("password", ""), "pop.connect_s": 60,
                "pop.reply_s": 60, "pop.silence_s": 60}
    security = on_demand.load("firmware.pop3.security")
    await security.connect(session, settings)
    result["secured"] = session.secured
    await session.capa()
    session.secured = order.get("secured", session.secured)
    session.pipelining = order.get("pipelining", False)
    begun = time.time()
    try:
        result["told"] = await session.login(
            order["user"], order.get("password", ""), order.get("mechanism", "auto"),
            order.get("token", ""), order.get("allow_plain", False))
        result["login_s"] = time.time() - begun
        result["mails"] = (await session.stat())[0]
        result["quit"] = await session.quit()
    except Fault as fault:
        result["code"], result["detail"] = fault.code, str(fault)
        result["response_code"] = getattr(fault, "response_code", "")
    session.close()
    return result


async def _all(orders: list[dict[str, Any]]) -> None:
    for order in orders:
        sys.stdout.write(json.dumps(await log_in(order)) + "\n")


if __name__ == "__main__":
    asyncio.run(_all(json.loads(sys.stdin.readline())))
