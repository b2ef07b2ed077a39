"""One part of the mail in the spool, for those who read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from firmware.store.spool import Spool


class PartSource:
    """One part of the mail in the spool, as the recording side reads it: offsets count from the
    part's start.

    `start` and `end` are the spool's offsets; `end` is None while the part is arriving.
    """

    def __init__(self, spool: Spool, start: int) -> None:
        self.start = start
        self.end: int | None = None
        self.mail = spool.mail
        self._spool = spool
        self._ahead = start  # released up to here, also what has not come yet

    def close(self) -> None:
        """The producer says that the part has come whole: it ends at what is written now."""
        self.end = self._spool.written
        self._spool.wake()

    @property
    def size(self) -> int | None:
        """Octets of the part; None while it is arriving."""
        return None if self.end is None else self.end - self.start

    async def read_at(self, offset: int, view: memoryview) -> int:
        """As `Spool.read_at`; 0 from the part's end on. Raises `Incomplete`, `OutsideWindow`."""
        at, spool = self.start + offset, self._spool
        while (there := spool.look(at, self)) < 0:
            await spool.arriving()
        return spool.copy(at, view, self._limit()) if there else 0

    def read_now(self, offset: int, view: memoryview) -> int:
        """As `read_at` of what is there; 0 where nothing is yet, or no more, or it is gone."""
        at, spool = self.start + offset, self._spool
        if self.mail != spool.mail or not spool.released <= at < self._limit():
            return 0
        return spool.copy(at, view, self._limit())

    def release(self, offset: int) -> None:
        """Let go of the part's octets before `offset`, as they come where they have not come yet;
        never touches what follows the part.
        """
        if self.mail == self._spool.mail:
            self._ahead = max(self._ahead, self.start + offset)
            self._spool.release(min(self._ahead, self._limit()))

    def let_go(self) -> bool:
        """Let go of what came since and had been released ahead; True when there was some."""
        before = self._spool.released
        self._spool.release(min(self._ahead, self._limit()))
        return self._spool.released > before

    @property
    def window(self) -> int:
        """Octets that the spool can hold."""
        return self._spool.window

    async def skip(self) -> None:
        """Drop all of the part that is left, also what has not come yet. Raises `Incomplete`."""
        self._spool.release(self._limit())
        while await self._spool.arrival(self._limit(), self):
            self._spool.release(self._limit())

    def _limit(self) -> int:
        return self._spool.written if self.end is None else self.end
