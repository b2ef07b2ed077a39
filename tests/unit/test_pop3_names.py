"""Names are looked up once; addresses are tried in turn."""
from __future__ import annotations

import asyncio
import errno
from typing import TYPE_CHECKING

from firmware.pop3.names import FRESH_S, STALE_S, CachedNames
from firmware.pop3.session import Session
from firmware.recording import faults
from tests.unit.pop3_support import FakeClock, ScriptedLink, fault_code

if TYPE_CHECKING:
    from typing import Any


class Net:
    """A name server and servers behind addresses."""

    def __init__(self, **names: list[str]) -> None:
        self.names = names
        self.alive: set[str] = set()
        self.lookups = 0
        self.tried: list[str] = []

    def is_up(self) -> bool:
        return True

    def resolve(self, host: str, port: int) -> list[Any]:
        self.lookups += 1
        if host not in self.names:
            raise OSError(-2)
        return list(self.names[host])

    async def connect(self, address: Any, timeout_ms: int) -> Any:
        self.tried.append(address)
        if address not in self.alive:
            raise OSError(errno.ETIMEDOUT)
        return ScriptedLink()


class Bench:
    def __init__(self, *addresses: str) -> None:
        self.clock = FakeClock()
        self.net = Net(mail=list(addresses))
        self.net.alive = set(addresses)
        self.names = CachedNames(self.net, self.clock)
        self.session = Session(self.names, bytearray(2048))

    def visit(self) -> int:
        code = asyncio.run(fault_code(self.session.connect("mail", 110)))
        self.session.close()
        return code


def test_name_is_looked_up_once_an_hour() -> None:
    bench = Bench("a")
    for _ in range(5):
        assert bench.visit() == 0
        bench.clock.ms += FRESH_S * 1000 // 5
    assert bench.net.lookups == 1
    bench.clock.ms += 1000
    bench.visit()
    assert bench.net.lookups == 2


def test_addresses_are_tried_in_turn_and_the_one_that_answers_comes_first() -> None:
    bench = Bench("six", "four")
    bench.net.alive = {"four"}
    assert bench.visit() == 0 and bench.net.tried == ["six", "four"]
    bench.visit()
    assert bench.net.tried == ["six", "four", "four"] and bench.net.lookups == 1
    bench.net.alive = {"six"}
    assert bench.visit() == 0 and bench.net.tried[3:] == ["four", "six"]


def test_addresses_that_all_fail_are_looked_up_anew() -> None:
    bench = Bench("old", "older")
    bench.net.alive = {"new"}
    assert bench.visit() == faults.NO_SERVER
    bench.net.names["mail"] = ["new"]
    assert bench.visit() == 0 and bench.net.lookups == 2


def test_old_addresses_serve_while_the_name_server_is_silent_but_not_for_ever() -> None:
    bench = Bench("a")
    bench.visit()
    bench.net.names.clear()
    bench.clock.ms += FRESH_S * 1000
    assert bench.visit() == 0
    bench.clock.ms += STALE_S * 1000
    assert bench.visit() == faults.NO_NAME


def test_only_a_few_names_are_remembered() -> None:
    bench = Bench("a")
    for number in range(20):
        bench.net.names["host%d" % number] = ["a"]
        bench.names.resolve("host%d" % number, 110)
    assert len(bench.names._names) <= 5
    bench.names.resolve("host19", 110)
    bench.names.resolve("host19", 995)
    assert bench.net.lookups == 21
