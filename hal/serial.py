"""The service line: a UART that never blocks."""
from __future__ import annotations

import asyncio
import errno
from typing import TYPE_CHECKING

from micropython import const

from hal.readiness import Readiness

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from hal.clock import Clock

_SIGN_MS = const(60000)


def _nobody() -> None:
    pass


class Serial:
    """Implements `devices.Serial`. `alive` is called whenever its user had a turn, once a minute
    at least.

    :param stream: `readinto` and `write` give None (or 0) when nothing could be done; asyncio's
        poller takes it
    """

    def __init__(self, stream: Any, clock: Clock) -> None:
        self.alive: Callable[[], None] = _nobody
        self._stream = stream
        self._readiness = Readiness(stream, clock)

    async def readinto(self, view: memoryview) -> int:
        """Wait for and read at least one octet, at most len(view). Raises OSError."""
        while True:
            self.alive()
            count: int | None = self._stream.readinto(view)
            if count:
                return count
            if count == 0:  # a line that is hung up is readable for ever: don't spin on it
                await asyncio.sleep(1)
            try:
                await self._readiness.wait(False, _SIGN_MS)
            except OSError as error:
                if error.errno != errno.ETIMEDOUT:
                    raise

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Write without waiting; returns octets taken, the rest is the caller's to try again or
        drop.
        """
        self.alive()
        return self._stream.write(data) or 0
