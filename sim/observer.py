"""Who sees every sheet, and knows whether the power failed while it lay in the machine."""

from __future__ import annotations

from collections.abc import Callable

BAND_ROWS = 62  # firmware/recording/page.py: BAND_LINES
_MARK_DOTS = 100  # in the band's first row there is nothing but the mark's black box


class SeenSheet:
    """A sheet: its rows (None or zero octets: white), and whether a cut or a person met it."""

    def __init__(self) -> None:
        self.rows: list[bytes | None] = []
        self.out = False
        self.interrupted = False
        self.began = 0.0

    def marked(self) -> bool:
        """True when it carries the mark of a possible duplicate, or at least began to."""
        first = self.rows[0] if self.rows else None
        return first is not None and int.from_bytes(first, "big").bit_count() >= _MARK_DOTS

    def body(self, header: bool = True) -> tuple[bytes, ...]:
        """The rows below the band, white ones empty, those at the end left out."""
        start = BAND_ROWS if header or self.marked() else 0
        rows = [b"" if row is None or not any(row) else row for row in self.rows[start:]]
        while rows and not rows[-1]:
            rows.pop()
        return tuple(rows)


class Observer:
    """Takes the sheets of `sim.paper_path.PaperPath`."""

    def __init__(self, now: Callable[[], float] = lambda: 0.0) -> None:
        self.sheets: list[SeenSheet] = []
        self.patience_s = 1e9  # a sheet that lies in the machine for longer has met bad luck
        self._now = now

    def begin(self) -> None:
        """A sheet's top edge came under the head."""
        self.sheets.append(SeenSheet())
        self.sheets[-1].began = self._now()

    def row(self, dots: bytes | None) -> None:
        """One row moved past the head."""
        self.sheets[-1].rows.append(dots)

    def end(self) -> None:
        """The sheet is out."""
        sheet = self.sheets[-1]
        sheet.out = True
        sheet.interrupted = sheet.interrupted or self._now() - sheet.began > self.patience_s

    def power_lost(self) -> None:
        """The sheet in the machine, if there is one, was met by a power cut."""
        self.interrupt()

    def interrupt(self) -> None:
        """A person or bad luck met the sheet in the machine."""
        if self.sheets and not self.sheets[-1].out:
            self.sheets[-1].interrupted = True
