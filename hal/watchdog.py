"""The watchdog: it begins with the first feed, so that a board in service mode is never restarted
by it.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Watchdog:
    """Implements `devices.Watchdog`.

    :param start: `start(timeout=ms)` starts the board's watchdog (machine.WDT); it can't be
        stopped any more
    :param timeout_ms: 0 never starts it
    """

    def __init__(self, start: Callable[..., Any], timeout_ms: int) -> None:
        self._start = start
        self._timeout_ms = timeout_ms
        self._dog: Any = None

    def feed(self) -> None:
        """Say that all is well."""
        if self._dog is not None:
            self._dog.feed()
        elif self._timeout_ms:
            self._dog = self._start(timeout=self._timeout_ms)
