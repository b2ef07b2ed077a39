"""The Board: all drivers of one machine. What puts them together is loaded at boot only."""
from __future__ import annotations

from typing import TYPE_CHECKING

import machine

from hal import ports
from hal.live_signals import forget

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from hal.asf import Asf
    from hal.clock import Clock
    from hal.covers import Covers
    from hal.film import Film
    from hal.head import Head
    from hal.live_signals import LiveSignals
    from hal.monitor import Monitor
    from hal.network import Network
    from hal.panel import Panel
    from hal.serial import Serial
    from hal.spool_area import SpoolArea
    from hal.storage import Storage
    from hal.watchdog import Watchdog


class Board:
    """Implements `devices.Board`. Raises SignalError when table, port and drivers do not agree,
    OSError when the data filesystem can't be used.

    :param port: a module of hal/ports
    :param ticks: a time base in ms (virtual time); None takes the runtime's own
    """

    clock: Clock
    network: Network
    storage: Storage
    spool_area: SpoolArea
    asf: Asf
    film: Film
    head: Head
    covers: Covers
    panel: Panel
    serial: Serial
    monitor: Monitor
    watchdog: Watchdog
    signals: LiveSignals
    code_stays: bool

    def __init__(self, port: Any, ticks: Callable[[], int] | None = None) -> None:
        from hal.assembly import assemble

        self.name: str = port.NAME
        cause = machine.reset_cause()
        self.started = "power"
        if cause != machine.PWRON_RESET:
            self.started = "watchdog" if cause == machine.WDT_RESET else "reset"
        assemble(self, port, ticks)

    def reset(self) -> None:
        """Restart the machine; does not come back."""
        machine.reset()


def open_board(port: Any = None, ticks: Callable[[], int] | None = None) -> Board:
    """The board of `port`, a module of hal/ports; of the machine that this runs on when None.
    Raises as Board.
    """
    board = Board(port or ports.this_port(), ticks)
    forget("hal.assembly", "hal.wiring", "hal.signals")
    return board
