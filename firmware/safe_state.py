"""The safe state, after too many restarts in a row: nothing is received or recorded; panel and
console live, so that somebody can see why and change what is wrong.

It ends by the start key, by the console's `reboot`, by a power cycle, or after some hours: the
machine tries again, and fails back into it at the next restart. Nothing that could have been the
trouble is loaded here; what fails even so is tried again every second.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from micropython import const

from firmware import VERSION
from firmware.recording.faults import SAFE_STATE, STORAGE, Fault, FaultList, panel_text
from firmware.reporting import Reporter
from firmware.service.console import serve
from firmware.store.ledger import Ledger
from firmware.store.parameters import Parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from firmware.devices import Board
    from firmware.restarts import Restarts

_HOUR_S = const(3600)


class SafeState:
    """`run` never returns; to the console's commands it is what the receiver is otherwise."""

    def __init__(self, board: Board, restarts: Restarts) -> None:
        self.board = board
        self.version = VERSION
        self._restarts = restarts
        self.parameters = Parameters(board.storage)
        self.ledger = Ledger(board.storage, board.clock)
        self._reporter = Reporter(board, self.ledger)
        self.faults = FaultList(self._reporter.fault)
        self._seconds = restarts.wait_h() * _HOUR_S

    async def run(self) -> None:
        """Keep panel and console alive until it is tried again."""
        self._attempt(self._open)
        self._reporter.event("safe", {"text": self._restarts.why})
        detail = "%d times, at last: %s" % (self._restarts.count, self._restarts.why)
        self._attempt(lambda: self._reporter.note("safe", detail))
        self._attempt(lambda: self.faults.enter(SAFE_STATE, detail))
        begin = (self._panel, lambda: serve(self.board.serial, self))
        tasks = [asyncio.create_task(self._lasting(one)) for one in begin]
        while self._seconds > 0 and not any(task.done() for task in tasks):
            self.board.watchdog.feed()
            await asyncio.sleep(1)
            self._seconds -= 1
        self.try_again()

    def _open(self) -> None:
        trouble = self.ledger.open()
        if trouble:
            self.faults.enter(STORAGE, trouble)
        self.parameters.load()

    def _attempt(self, action: Callable[[], Any]) -> None:
        try:
            action()
        except Exception as error:  # noqa: BLE001 - here all goes on, told
            self._tell(error)

    async def _lasting(self, begin: Callable[[], Coroutine[Any, Any, None]]) -> None:
        while True:
            try:
                await begin()
            except Exception as error:  # noqa: BLE001 - here all goes on, told
                self._tell(error)
            await asyncio.sleep(1)

    def _tell(self, error: Exception) -> None:
        text = "safe state: %s %s" % (type(error).__name__, error)
        self._reporter.event("lost", {"text": text})

    async def _panel(self) -> None:
        panel = self.board.panel
        upper = panel_text(SAFE_STATE)
        lamp = True
        while True:
            panel.show(upper, "START: TRY AGAIN")
            panel.alarm(lamp)
            key = await panel.key(1)
            lamp = lamp and key != "stop"
            if key == "start":
                self.try_again()

    def try_again(self) -> None:
        """Restart as a receiver."""
        self._restarts.try_again()
        self.board.reset()

    # What commands may use

    def poll_now(self) -> None:
        """Not here. Raises Fault."""
        raise Fault(SAFE_STATE)

    def mailbox_changed(self, box: int, name: str) -> None:
        """The receiver will find it."""

    def same_mail(self, wanted: bool) -> bool:
        """No mail is held here."""
        return False

    def status(self) -> dict[str, Any]:
        """What goes on, for the service console."""
        known, octets = self.ledger.counts()
        return {
            "version": VERSION,
            "board": self.board.name,
            "doing": "safe state: not receiving",
            "mail": "",
            "restarts": self._restarts.count,
            "why": self._restarts.why,
            "tries_again_s": self._seconds,
            "mails_known": known,
            "ledger_octets": octets,
        }
