"""The clock set over the network: SNTP (RFC 4330), one question and its answer. Loaded when the
clock is not set.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from micropython import const

from firmware.recording.faults import CLOCK_NOT_SET, Fault

if TYPE_CHECKING:
    from firmware.devices import Clock, Network

PORT = const(123)

_PACKET = const(48)  # octets
_QUESTION = const(0x23)  # no leap warning, version 4, client
_ANSWER = const(4)  # mode: server
_TRANSMIT = const(40)  # index of the time at which a packet was sent
_ORIGINATE = const(24)  # index of what the question had there
_TO_1970 = const(2208988800)  # seconds from 1900-01-01
_ERA = const(0x80000000)  # below it, seconds count from 2036-02-07 (RFC 4330 section 3)
_EARLIEST = const(1767225600)  # 2026-01-01: this program is younger than that
_TRIES = const(2)
_TIMEOUT_MS = const(4000)


async def set_clock(network: Network, clock: Clock, server: str) -> None:
    """Set the clock by the time server of that name, 'host' or 'host:port'.

    Raises Fault CLOCK_NOT_SET, with what went wrong.
    """
    if not server:
        raise Fault(CLOCK_NOT_SET, "no time server is set")
    host, port = _place(server)
    try:
        addresses = network.resolve(host, port)
    except OSError:
        addresses = []
    if not addresses:
        raise Fault(CLOCK_NOT_SET, "%s is not found" % host)
    wrong = ""
    for turn in range(_TRIES):
        question = _question()
        answer = bytearray(_PACKET)
        try:
            address = addresses[turn % len(addresses)]
            count = await network.ask(address, question, answer, _TIMEOUT_MS)
        except OSError:
            wrong = "%s does not answer" % host
            continue
        wrong = _fault_of(question, answer, count)
        if not wrong:
            clock.set(_seconds(answer))
            return
        wrong = "%s %s" % (host, wrong)
    raise Fault(CLOCK_NOT_SET, wrong)


def _place(server: str) -> tuple[str, int]:
    host, colon, port = server.rpartition(":")
    if colon and ":" not in host and port.isdigit():
        return host, int(port)
    return server, PORT


def _question() -> bytes:
    """A packet whose time is a random number, so that only who has seen it can answer."""
    nonce = bytes([random.getrandbits(8) for _ in range(8)])
    return bytes([_QUESTION]) + bytes(_TRANSMIT - 1) + nonce


def _fault_of(question: bytes, answer: bytearray, count: int) -> str:
    """What is wrong with an answer (RFC 4330 section 5), '' when nothing is."""
    if count < _PACKET or answer[0] & 7 != _ANSWER:
        return "sends no time"
    if answer[_ORIGINATE : _ORIGINATE + 8] != question[_TRANSMIT:]:
        return "answers another question"
    if answer[0] >> 6 == 3 or not 0 < answer[1] < 16:
        return "does not know the time itself"
    return "" if _seconds(answer) >= _EARLIEST else "says a time that is past"


def _seconds(answer: bytearray) -> int:
    """Seconds since 1970-01-01 UTC."""
    since_1900 = int.from_bytes(answer[_TRANSMIT : _TRANSMIT + 4], "big")
    if since_1900 < _ERA:
        since_1900 += 1 << 32
    return since_1900 - _TO_1970
