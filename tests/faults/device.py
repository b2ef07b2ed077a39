"""The machine inside MicroPython: the host holds the far end of the wire and says what to do.

Questions go out and answers come in as lines; one order after the other until there is none.
"""
from __future__ import annotations

import gc
import json
import sys
from binascii import hexlify, unhexlify
from typing import TYPE_CHECKING

from tests.faults import virtual_time
from tests.faults.machine import serve

if TYPE_CHECKING:
    from typing import Any


def ask(*words: object) -> list[str]:
    """One question, its answer in words."""
    sys.stdout.write(" ".join(str(word) for word in words) + "\n")
    return sys.stdin.readline().split(" ")


class HostPeer:
    """Implements `machine.Peer` by questions to the host."""

    def connect(self, now_ms: int) -> bool:
        return ask("connect", now_ms)[0].strip() == "1"

    def write(self, octets: bytes, now_ms: int) -> bool:
        return ask("write", now_ms, str(hexlify(octets), "ascii"))[0].strip() == "1"

    def read(self, count: int, now_ms: int, timeout_ms: int) -> tuple[bytes | None, int]:
        word, wait_ms, text = ask("read", now_ms, count, timeout_ms)
        return None if word == "none" else unhexlify(text.strip()), int(wait_ms)

    def close(self) -> None:
        ask("close")


def told(events: list[Any]) -> bool:
    gc.collect()
    used = gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0
    return ask("visited", used, json.dumps(events))[0].strip() == "1"


def main() -> None:
    while True:
        order = json.loads(" ".join(ask("order")))
        if order is None:
            return
        virtual_time.run(serve(HostPeer(), order, told))


if __name__ == "__main__":
    main()
