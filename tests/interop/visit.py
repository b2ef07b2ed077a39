"""One visit to a mailbox by the device's own code, on either runtime; prints a JSON object.

On standard input: a JSON object of parameters (`pop.host` and so on), and further `outcome` (of
every mail), `finished` (keys, as hex), `buffer` (octets), `drop` (octets after which the
connection is cut off from our side, 0: never), `files` (what is remembered, as hex).
"""
from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import sys
from binascii import hexlify, unhexlify
from typing import TYPE_CHECKING

from firmware.pop3.mailbox import Visit
from firmware.pop3.outcomes import RECORDED
from firmware.pop3.session import Session
from hal.clock import Clock
from hal.network import Network

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from firmware.pop3.body import Body


class Interface:
    """A network interface that is always up."""

    def isconnected(self) -> bool:
        return True


class Files:
    """Storage in memory; contents go in and out as hex."""

    def __init__(self, contents: dict[str, str]) -> None:
        self.contents = {name: unhexlify(contents[name]) for name in contents}

    def as_text(self) -> dict[str, str]:
        return {name: str(hexlify(self.contents[name]), "ascii") for name in self.contents}

    def size(self, name: str) -> int:
        return len(self.contents[name]) if name in self.contents else -1

    def read(self, name: str, offset: int, view: Any) -> int:
        piece = self.contents.get(name, b"")[offset:offset + len(view)]
        view[:len(piece)] = piece
        return len(piece)

    def replace(self, name: str, parts: Iterable[bytes]) -> None:
        self.contents[name] = b"".join(parts)

    def remove(self, name: str) -> None:
        self.contents.pop(name, None)


class Counted(Network):
    """A network that counts what is written in one go."""

    def __init__(self, writes: list[int]) -> None:
        super().__init__(Interface(), Clock(None))
        self._writes = writes

    async def connect(self, address: Any, timeout_ms: int) -> Any:
        link = await super().connect(address, timeout_ms)
        write = link.write

        async def counted(data: Any) -> None:
            self._writes.append(len(data))
            await write(data)

        link.write = counted
        return link


class Ledger:
    """Finished keys, in memory."""

    def __init__(self, finished: list[bytes]) -> None:
        self.finished = finished
        self.gone: list[bytes] = []

    def is_finished(self, key: bytes) -> bool:
        return key in self.finished

    def pages_done(self, key: bytes) -> int:
        return 0

    def finish(self, key: bytes, pages: int, notice: bool) -> None:
        self.finished.append(key)

    def deleted(self, key: bytes) -> None:
        self.gone.append(key)

    def ended_as_notice(self, key: bytes) -> bool:
        return False

    def forget_others(self, live_keys: Iterable[bytes], box: int) -> None:
        list(live_keys)


def visit(order: dict[str, Any]) -> dict[str, Any]:
    """Run one visit as `order` says."""
    digests: list[str] = []
    reports: list[str] = []
    trace: list[str] = []
    storage = Files(order["files"]) if order.get("files") is not None else None
    ledger = Ledger([unhexlify(key) for key in order.get("finished", ())])
    writes: list[int] = []
    session = Session(Counted(writes), bytearray(order.get("buffer", 4096)),
                      trace=lambda side, line: trace.append(side + " " + line))

    async def deliver(key: bytes, number: int, count: int, size: int, body: Body) -> int:
        digest = hashlib.sha256()
        while (piece := await body.next()) is not None:
            digest.update(piece)
            if order.get("drop") and body.octets > order["drop"]:
                session.close()
        digests.append(str(hexlify(digest.digest()), "ascii"))
        return int(order.get("outcome", RECORDED))

    def report(code: int, text: str) -> None:
        reports.append("%d %s" % (code, text))

    result = asyncio.run(Visit(session, ledger, deliver, order, report, None, storage).run())
    return {"code": result.code, "detail": result.detail, "mails": result.mails,
            "recorded": result.recorded, "unfinished": result.unfinished,
            "deleted": result.deleted, "octets": result.octets, "digests": digests,
            "reports": reports, "trace": trace, "gone": len(ledger.gone),
            "finished": [str(hexlify(key), "ascii") for key in ledger.finished],
            "files": storage.as_text() if storage else {}, "login_delay_s": result.login_delay_s,
            "writes": writes, "runtime": sys.implementation.name}


if __name__ == "__main__":
    if hasattr(gc, "threshold"):
        gc.threshold(16384)  # often, or a long trace leaves no larger piece of the heap free
    sys.stdout.write(json.dumps(visit(json.loads(sys.stdin.readline()))) + "\n")
