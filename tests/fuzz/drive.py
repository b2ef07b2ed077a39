"""Runs coroutines that wait for nothing but a wire of octets, without an event loop, on either
runtime.
"""
from __future__ import annotations

import errno
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any


def drive(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run to the end."""
    while True:
        try:
            coroutine.send(None)
        except StopIteration as end:
            return end.value


class Octets:
    """Implements `devices.Link`: these octets in pieces of `step` (0: as many as fit), then the
    end of the stream, or silence.
    """

    secure = False

    def __init__(self, octets: bytes, step: int = 0, silent: bool = False) -> None:
        self.timeout_ms = 0
        self.closed = False
        self.sent: list[bytes] = []
        self._octets = octets
        self._at = 0
        self._turn = False
        self._step = step
        self._silent = silent

    def read_now(self, view: memoryview) -> int | None:
        """As `devices.Link`; every second piece can be had at once."""
        self._turn = not self._turn
        return self._read(view) if self._turn and self._at < len(self._octets) else None

    async def readinto(self, view: memoryview) -> int:
        """As `devices.Link`."""
        return self._read(view)

    def _read(self, view: memoryview) -> int:
        assert len(view) > 0 and not self.closed
        count = min(len(view), len(self._octets) - self._at, self._step or len(view))
        if not count and self._silent:
            raise OSError(errno.ETIMEDOUT)
        view[:count] = self._octets[self._at:self._at + count]
        self._at += count
        return count

    async def write(self, data: bytes) -> None:
        """As `devices.Link`."""
        self.sent.append(bytes(data))

    def close(self) -> None:
        """As `devices.Link`."""
        self.closed = True
