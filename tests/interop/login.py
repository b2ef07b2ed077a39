"""Logins by the device's own code, on either runtime; prints a JSON list of what came of them.

On standard input: a JSON list of objects of `host`, `port`, `user`, `password`, `mechanism`,
`token`, `allow_plain`, `secured` (take the connection for one by TLS), `pipelining`.
"""
from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import TYPE_CHECKING

from firmware.pop3.session import Session
from firmware.recording.faults import Fault
from hal.clock import Clock
from hal.network import Network
from tests.interop.visit import Interface

if TYPE_CHECKING:
    from typing import Any


async def log_in(order: dict[str, Any]) -> dict[str, Any]:
    """Log in as `order` says, count the mails, quit."""
    trace: list[str] = []
    session = Session(Network(Interface(), Clock(None)), bytearray(2048),
                      trace=lambda side, line: trace.append(side + " " + line))
    result: dict[str, Any] = {"code": 0, "detail": "", "mails": -1, "told": "", "trace": trace,
                              "runtime": sys.implementation.name}
    await session.connect(order["host"], order["port"])
    capabilities = await session.capa()
    result["offered"] = capabilities.argument("SASL")
    session.secured = order.get("secured", False)
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


async def _all(orders: list[dict[str, Any]]) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = []
    for order in orders:
        results += (await log_in(order),)
    return results


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(_all(json.loads(sys.stdin.readline())))) + "\n")
