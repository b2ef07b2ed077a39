"""SNTP: one question, and which answers are believed."""

from __future__ import annotations

import asyncio
import errno
from typing import TYPE_CHECKING

from firmware import sntp
from firmware.recording import faults
from tests.unit.support import raises

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

NOW = 1795413600  # 2026-11-23 06:00
TO_1970 = 2208988800


def answer_of(request: bytes, seconds: int = NOW) -> bytearray:
    answer = bytearray(48)
    answer[0] = 0x24  # version 4, server
    answer[1] = 2
    answer[24:32] = request[40:48]
    answer[40:44] = bytes([seconds + TO_1970 >> shift & 255 for shift in (24, 16, 8, 0)])
    return answer


class Clock:
    def __init__(self) -> None:
        self.seconds = 0

    def set(self, seconds: int) -> None:
        self.seconds = seconds


class Network:
    """Answers as `change` makes of a right answer; None: not at all."""

    def __init__(self, change: Callable[[bytearray], Any], seconds: int = NOW) -> None:
        self.change = change
        self.seconds = seconds
        self.asked: list[Any] = []
        self.requests: list[bytes] = []

    def resolve(self, host: str, port: int) -> list[Any]:
        self.asked.append((host, port))
        if host == "nowhere":
            raise OSError(-2)
        return ["first", "second"]

    async def ask(self, address: Any, request: bytes, reply: bytearray, timeout_ms: int) -> int:
        self.requests.append(request)
        answer = self.change(answer_of(request, self.seconds))
        if answer is None or address == "dead":
            raise OSError(errno.ETIMEDOUT)
        count = min(len(answer), len(reply))
        reply[:count] = answer[:count]
        return count


def told(change: Callable[[bytearray], Any], seconds: int = NOW) -> str:
    """What goes wrong with such an answer."""
    clock = Clock()
    network = Network(change, seconds)
    fault = raises(faults.Fault, asyncio.run, sntp.set_clock(network, clock, "time.example"))
    assert fault.args[0] == faults.CLOCK_NOT_SET and clock.seconds == 0
    assert len(network.requests) == 2
    return str(fault.args[1])


def edited(at: int, octet: int) -> Callable[[bytearray], bytearray]:
    def change(answer: bytearray) -> bytearray:
        answer[at] = octet
        return answer

    return change


def test_the_clock_is_set_by_the_first_good_answer() -> None:
    clock = Clock()
    network = Network(lambda answer: answer)
    asyncio.run(sntp.set_clock(network, clock, "time.example"))
    assert clock.seconds == NOW and network.asked == [("time.example", 123)]
    assert len(network.requests) == 1
    assert len(network.requests[0]) == 48 and network.requests[0][0] == 0x23


def test_another_port_and_addresses_with_colons() -> None:
    for server, place in (
        ("time.example:1123", ("time.example", 1123)),
        ("2001:db8::1", ("2001:db8::1", 123)),
        ("time.example:", ("time.example:", 123)),
    ):
        network = Network(lambda answer: answer)
        asyncio.run(sntp.set_clock(network, Clock(), server))
        assert network.asked == [place]


def test_no_two_questions_are_alike() -> None:
    network = Network(lambda answer: answer)
    for _ in range(3):
        asyncio.run(sntp.set_clock(network, Clock(), "time.example"))
    assert len(set(network.requests)) == 3


def test_it_is_asked_twice_then_told() -> None:
    answers: list[Any] = [None, True]
    clock = Clock()
    network = Network(lambda answer: answers.pop(0) and answer)
    asyncio.run(sntp.set_clock(network, clock, "time.example"))
    assert clock.seconds == NOW
    assert told(lambda answer: None) == "time.example does not answer"


def test_answers_that_are_not_believed() -> None:
    assert told(lambda answer: answer[:47]).endswith("sends no time")
    assert told(edited(0, 0x23)).endswith("sends no time")
    assert told(edited(1, 0)).endswith("does not know the time itself")
    assert told(edited(1, 16)).endswith("does not know the time itself")
    assert told(edited(0, 0xE4)).endswith("does not know the time itself")
    assert told(lambda answer: answer[:24] + bytes(8) + answer[32:]).endswith("another question")
    assert told(lambda answer: answer, 1700000000).endswith("says a time that is past")


def test_seconds_go_on_past_2036() -> None:
    clock = Clock()
    late = (1 << 32) - TO_1970 + 86400  # a day into the next era
    asyncio.run(sntp.set_clock(Network(lambda answer: answer, late), clock, "time.example"))
    assert clock.seconds == late


def test_a_name_that_is_missing_or_not_found_is_told() -> None:
    for server, words in (("", "no time server is set"), ("nowhere", "nowhere is not found")):
        network = Network(lambda answer: answer)
        fault = raises(faults.Fault, asyncio.run, sntp.set_clock(network, Clock(), server))
        assert fault.args == (faults.CLOCK_NOT_SET, words)
