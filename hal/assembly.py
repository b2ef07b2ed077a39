"""Assembles a board from the signal table and one port; needed at boot only."""
from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import machine

from hal.asf import Asf
from hal.clock import Clock
from hal.covers import Covers
from hal.film import Film
from hal.head import Head
from hal.live_signals import LiveSignals
from hal.monitor import Monitor
from hal.network import Network
from hal.panel import Display, Keys, Panel
from hal.roller import Roller
from hal.serial import Serial
from hal.spool_area import SpoolArea
from hal.storage import Storage
from hal.watchdog import Watchdog
from hal.wiring import Wiring
from hal.witness import Witness

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from hal.board import Board

_KEYS = ("nKEY_START", "nKEY_STOP", "nKEY_FUNC")  # in the order of panel.KEY_NAMES


def options_of(text: str) -> dict[str, int]:
    """A port's options, of a line each: name and number."""
    pairs = [line.split() for line in text.split("\n") if line]
    return {name: int(number) for name, number in pairs}


def assemble(board: Board, port: Any, ticks: Callable[[], int] | None) -> None:
    """Give `board` its drivers. Raises SignalError when table, port and drivers do not agree,
    OSError when the data filesystem can't be used.
    """
    # builds without native code have a module in its place, and the code is the collector's
    board.code_stays = port.CODE_STAYS and "pointers" not in sys.modules
    wiring = Wiring(port.PINS, options_of(port.OPTIONS), machine.Pin, port.converter)
    board.clock = Clock(machine.RTC(), ticks)
    _mechanism(board, port, wiring)
    _panel(board, port, wiring)
    board.network = Network(port.network_interface(wiring), board.clock)
    spool_device = port.spool_device(wiring)
    board.storage = Storage(
        port.filesystem(),
        Witness(spool_device),
        spool_device,
        getattr(port, "filesystem_made_anew", None),
    )
    board.spool_area = SpoolArea(spool_device, 2)
    board.serial = Serial(port.service_line(wiring), board.clock)
    board.monitor = Monitor(port.event_line)
    board.watchdog = Watchdog(machine.WDT, wiring.option("watchdog.timeout_ms"))
    wiring.watch("nASFB")
    wiring.finish()
    board.signals = LiveSignals(port.PINS, wiring.readers)


def _mechanism(board: Board, port: Any, wiring: Wiring) -> None:
    """Outputs first, so that head and rollers stand still whatever fails later."""
    strobe = wiring.output("HEAD_STROBE")
    latch = wiring.output("nHEAD_LATCH")
    platen = Roller(wiring.output("FEED_STEP"), wiring.option("FEED_STEP.period_us"))
    pick = Roller(wiring.output("ASF_DRIVE"), wiring.option("ASF_DRIVE.period_us"))
    spi = port.head_spi(wiring)
    board.head = Head(spi, latch, strobe, platen, wiring.option("HEAD_STROBE.pulse_us"))
    retry_ms = wiring.option("ASF_DRIVE.retry_ms")
    board.asf = Asf(wiring.input("nPAPER"), wiring.input("nREGIST"), pick, platen, retry_ms)
    settle_us = wiring.option("VLED_ON.settle_us")
    board.film = Film(wiring.output("VLED_ON"), wiring.analog("OIS_AD"), settle_us)
    board.covers = Covers(wiring.input("COVER"))


def _panel(board: Board, port: Any, wiring: Wiring) -> None:
    inputs = [wiring.input(name) for name in _KEYS]
    keys = Keys(inputs, board.clock, wiring.option("nKEY.debounce_ms"))
    display = Display(port.panel_i2c(wiring))
    poll_ms = wiring.option("nKEY.poll_ms")
    board.panel = Panel(display, keys, wiring.output("ALARM"), poll_ms)
