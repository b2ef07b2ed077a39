"""The Board: all drivers of one machine, assembled from the signal table and one port."""
from __future__ import annotations

from typing import TYPE_CHECKING

import machine

from hal import ports
from hal.asf import Asf
from hal.clock import Clock
from hal.covers import Covers
from hal.film import Film
from hal.head import Head
from hal.monitor import Monitor
from hal.network import Network
from hal.panel import Display, Keys, Panel
from hal.roller import Roller
from hal.serial import Serial
from hal.spool_area import SpoolArea
from hal.storage import Storage
from hal.watchdog import Watchdog
from hal.wiring import LiveSignals, Wiring

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_KEYS = ("nKEY_START", "nKEY_STOP", "nKEY_FUNC")  # in the order of panel.KEY_NAMES


class Board:
    """Implements `devices.Board`. Raises SignalError when table, port and drivers do not agree,
    OSError when the data filesystem can't be used.

    :param port: a module of hal/ports
    :param ticks: a time base in ms (virtual time); None takes the runtime's own
    """

    def __init__(self, port: Any, ticks: Callable[[], int] | None = None) -> None:
        self.name: str = port.NAME
        self._wiring = wiring = Wiring(port.PINS, port.OPTIONS, machine.Pin, port.converter)
        self.clock = Clock(machine.RTC(), ticks)
        self._open_mechanism(port)
        self._open_panel(port)
        self.network = Network(port.network_interface(wiring), self.clock)
        self.storage = Storage(port.filesystem())
        self.spool_area = SpoolArea(port.spool_device(wiring))
        self.serial = Serial(port.service_line(wiring), self.clock)
        self.monitor = Monitor(port.event_line)
        self.watchdog = Watchdog(machine.WDT, wiring.option("watchdog.timeout_ms"))
        wiring.watch("nASFB")
        wiring.finish()
        self.signals = LiveSignals(port.PINS, wiring.readers)

    def _open_mechanism(self, port: Any) -> None:
        """Outputs first, so that head and rollers stand still whatever fails later."""
        wiring = self._wiring
        strobe = wiring.output("HEAD_STROBE")
        latch = wiring.output("nHEAD_LATCH")
        platen = Roller(wiring.output("FEED_STEP"), wiring.option("FEED_STEP.period_us"))
        pick = Roller(wiring.output("ASF_DRIVE"), wiring.option("ASF_DRIVE.period_us"))
        spi = port.head_spi(wiring)
        self.head = Head(spi, latch, strobe, platen, wiring.option("HEAD_STROBE.pulse_us"))
        self.asf = Asf(wiring.input("nPAPER"), wiring.input("nREGIST"), pick, platen,
                       wiring.option("ASF_DRIVE.retry_ms"))
        self.film = Film(wiring.output("VLED_ON"), wiring.analog("OIS_AD"),
                         wiring.option("VLED_ON.settle_us"))
        self.covers = Covers(wiring.input("COVER"))

    def _open_panel(self, port: Any) -> None:
        wiring = self._wiring
        keys = Keys([wiring.input(name) for name in _KEYS], self.clock,
                    wiring.option("nKEY.debounce_ms"))
        self.panel = Panel(Display(port.panel_i2c(wiring)), keys, wiring.output("ALARM"),
                           wiring.option("nKEY.poll_ms"))

    def reset(self) -> None:
        """Restart the machine; does not come back."""
        machine.reset()


def open_board(port: Any = None, ticks: Callable[[], int] | None = None) -> Board:
    """The board of `port`, a module of hal/ports; of the machine that this runs on when None.
    Raises as Board.
    """
    return Board(port or ports.this_port(), ticks)
