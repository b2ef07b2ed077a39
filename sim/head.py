"""The recording head: a shift register of 1728 dots, a latch behind it, and a strobe that heats
what is latched.
"""

from __future__ import annotations

WIDTH_DOTS = 1728
LINE_OCTETS = WIDTH_DOTS // 8

_WHITE = bytes(LINE_OCTETS)


class RecordingHead:
    """Collects the dots of one row; the platen takes the row away when it steps."""

    def __init__(self) -> None:
        self.strobes = 0
        self._shift = _WHITE
        self._latched = _WHITE
        self._row: bytes | None = None
        self._latch_level = 1
        self._strobe_level = 0

    def shift(self, data: bytes) -> None:
        """Clock octets in, most significant bit first; what falls out at the end is gone."""
        if len(data) == LINE_OCTETS:
            self._shift = bytes(data)
        else:
            self._shift = (self._shift + bytes(data))[-LINE_OCTETS:]

    def set_latch(self, level: int) -> None:
        """The latch (active low) takes the register over when it goes back to high."""
        if level and not self._latch_level:
            self._latched = self._shift
        self._latch_level = level

    def set_strobe(self, level: int) -> None:
        """Heat the latched dots on the rising edge; twice on one row adds up."""
        if level and not self._strobe_level:
            self.strobes += 1
            self._heat()
        self._strobe_level = level

    def take_row(self) -> bytes | None:
        """The dots heated since the last step, or None when none were."""
        row, self._row = self._row, None
        return row

    def _heat(self) -> None:
        if self._row is None:
            self._row = self._latched
        else:
            both = int.from_bytes(self._row, "big") | int.from_bytes(self._latched, "big")
            self._row = both.to_bytes(LINE_OCTETS, "big")
