"""The machine behind the pins: paper, film, head, covers, keys, panel, lamp, network cable.
Physics, no firmware.

Signals carry the names of `hal/signals.py`; levels are what a meter would show on the wire.
`outputs` are driven by the board (name -> what happens at a level), `inputs` are read by it
(name -> level), `analog` gives conversion results.
"""

from __future__ import annotations

from collections.abc import Callable

from sim.film import Film
from sim.head import RecordingHead
from sim.panel import Display, Keys
from sim.paper_path import A4, PaperPath, SheetTaker, Size


def _on_rising_edge(action: Callable[[], None]) -> Callable[[int], None]:
    before = 0

    def level(value: int) -> None:
        nonlocal before
        rising = value and not before
        before = value
        if rising:
            action()

    return level


class Mechanism:
    """One machine. A person's hands are the methods; the board's are `outputs`, `inputs`,
    `analog`, `shift`, `display`.
    """

    def __init__(
        self,
        taker: SheetTaker,
        sheets: int = 250,
        film: Film | None = None,
        size: Size = A4,
    ) -> None:
        self.paper = PaperPath(sheets, taker, size)
        self.film = film or Film()
        self.head = RecordingHead()
        self.display = Display()
        self.keys = Keys()
        self.cover_open = False
        self.alarm = False
        self.cable = True
        self.rows_moved = 0
        self.wasted_strobes = 0
        self.outputs = self._outputs()
        self.inputs = self._inputs()
        self.analog: dict[str, Callable[[], int]] = {"OIS_AD": self.film.reading}

    def _outputs(self) -> dict[str, Callable[[int], None]]:
        return {
            "VLED_ON": self._set_led,
            "nHEAD_LATCH": self.head.set_latch,
            "HEAD_STROBE": self._strobe,
            "FEED_STEP": _on_rising_edge(self._step_platen),
            "ASF_DRIVE": _on_rising_edge(self._step_feeder),
            "ALARM": self._set_alarm,
        }

    def _inputs(self) -> dict[str, Callable[[], int]]:
        return {
            "nASFB": lambda: 1,
            "nPAPER": lambda: int(self.paper.sheets == 0),
            "nREGIST": lambda: int(not self.paper.at_head),
            "COVER": lambda: int(self.cover_open),
            "nKEY_START": lambda: self.keys.level("start"),
            "nKEY_STOP": lambda: self.keys.level("stop"),
            "nKEY_FUNC": lambda: self.keys.level("function"),
        }

    def _set_led(self, level: int) -> None:
        self.film.led = level

    def _set_alarm(self, level: int) -> None:
        self.alarm = bool(level)

    def _strobe(self, level: int) -> None:
        """Dots come out only where there is paper, film and pressure; heat anywhere else is
        counted as wasted.
        """
        strobes = self.head.strobes
        self.head.set_strobe(level)
        if self.head.strobes > strobes and (
            self.cover_open or not self.paper.at_head or self.film.left <= 0
        ):
            self.wasted_strobes += 1
            self.head.take_row()

    def _step_platen(self) -> None:
        if self.cover_open or not self.paper.at_head or self.paper.jammed:
            return
        self.film.step()
        self.rows_moved += 1
        self.paper.step_platen(self.head.take_row())

    def _step_feeder(self) -> None:
        if not self.cover_open:
            self.paper.step_feeder()

    def load_paper(self, sheets: int) -> None:
        """Put sheets into the tray."""
        self.paper.sheets += sheets

    def empty_tray(self) -> None:
        """Take all sheets out of the tray."""
        self.paper.sheets = 0

    def open_cover(self) -> None:
        """Open the cover; the rollers let go."""
        self.cover_open = True

    def close_cover(self) -> None:
        """Close the cover again."""
        self.cover_open = False

    def jam(self) -> None:
        """The sheet sticks: rollers turn, paper does not move."""
        self.paper.jammed = True

    def clear_jam(self) -> None:
        """Take the sheet out of the path; what was recorded on it stays on it."""
        self.paper.pull_out()
