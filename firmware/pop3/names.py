"""Names of servers, looked up once and remembered: a look-up may hold the loop for seconds."""
from __future__ import annotations

from typing import TYPE_CHECKING

from micropython import const

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from firmware.devices import Clock, Link, Network

FRESH_S = const(3600)  # no record's own time to live is told: an hour is usual
STALE_S = const(86400)  # and as long as this when the name server does not answer
_NAMES = const(5)  # four mailboxes and a time server


class _Name:
    """Addresses of one host and port, the one that answered last in front."""

    def __init__(self, host: str, port: int, addresses: list[Any], now: int) -> None:
        self.host = host
        self.port = port
        self.addresses = addresses
        self.since = now  # ticks of the look-up


class CachedNames:
    """A network that remembers the addresses of names; else as `network`.

    Addresses none of which answers are looked up anew the next time. One that answers is tried
    first from then on, so that a server whose IPv6 address leads nowhere costs its time-out once.
    """

    def __init__(self, network: Network, clock: Clock) -> None:
        self._network = network
        self._clock = clock
        self._names: list[_Name] = []
        self._failed = 0  # addresses in a row that did not answer

    def is_up(self) -> bool:
        """As Network.is_up."""
        return self._network.is_up()

    def resolve(self, host: str, port: int) -> list[Any]:
        """As Network.resolve; addresses at most FRESH_S old, STALE_S when the look-up fails."""
        name = self._known(host, port)
        if name is not None and self._age_s(name) < FRESH_S and self._failed < len(name.addresses):
            self._failed = 0
            return list(name.addresses)
        self._failed = 0
        try:
            addresses = self._network.resolve(host, port)
        except OSError:
            if name is None or self._age_s(name) >= STALE_S:
                raise
            return list(name.addresses)
        if name is not None:
            self._names.remove(name)
        if addresses:
            del self._names[:-_NAMES + 1]
            self._names.append(_Name(host, port, addresses, self._clock.ticks_ms()))
        return list(addresses)

    def _known(self, host: str, port: int) -> _Name | None:
        for name in self._names:
            if name.host == host and name.port == port:
                return name
        return None

    def _age_s(self, name: _Name) -> int:
        return self._clock.ticks_diff(self._clock.ticks_ms(), name.since) // 1000

    async def connect(self, address: Any, timeout_ms: int) -> Link:
        """As Network.connect."""
        try:
            link = await self._network.connect(address, timeout_ms)
        except OSError:
            self._failed += 1
            raise
        self._failed = 0
        for name in self._names:
            if address in name.addresses and name.addresses[0] != address:
                name.addresses.remove(address)
                name.addresses.insert(0, address)
        return link

    async def start_tls(self, link: Any, host: str, roots: Iterable[bytes] | None,
                        accept: Callable[[bytes | memoryview], str]) -> None:
        """As Network.start_tls."""
        await self._network.start_tls(link, host, roots, accept)

    async def ask(self, address: Any, request: bytes, reply: bytearray, timeout_ms: int) -> int:
        """As Network.ask."""
        return await self._network.ask(address, request, reply, timeout_ms)
