"""The panel task: what the display says, and what the keys do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from micropython import const

from firmware.recording.faults import PARAMETER, RESTARTED, panel_text
from firmware.recording.page import time_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from firmware.receiver import Receiver

_PERIOD_S = const(1)
_ACKNOWLEDGED = (PARAMETER, RESTARTED)  # they tell of something that is over
_TURNS = const(2)  # periods that one of several faults is shown


class PanelTask:
    """Keys: start visits the mailbox now, and says that a jam was looked after; stop puts the lamp
    out until another fault comes; function shows the next fault. Asked whether the same mails are
    to be printed again, start says yes and stop says no.

    :param beat: the supervisor's pulse of this task
    """

    def __init__(self, receiver: Receiver, beat: Callable[[], None]) -> None:
        self._receiver = receiver
        self._panel = receiver.board.panel
        self._faults = receiver.faults
        self._reporter = receiver.reporter
        self._beat = beat
        self._turn = 0
        self._code = 0
        self._text = ""
        self._silenced: list[tuple[int, str]] = []

    async def run(self) -> None:
        """Serve the panel for ever."""
        while True:
            self._beat()
            self._show()
            key = await self._panel.key(_PERIOD_S)
            if key:
                self._pressed(key)

    def _pressed(self, key: str) -> None:
        if key == "start":
            self._receiver.same_mail(True)
            self._receiver.recorder.retry()
            self._receiver.poll_now()
        elif key == "stop":
            self._receiver.same_mail(False)
            for code in _ACKNOWLEDGED:
                self._faults.clear(code)
            self._silenced = self._faults.standing()
        elif key == "function":
            self._turn += _TURNS - self._turn % _TURNS

    def _show(self) -> None:
        standing = self._faults.standing()
        self._panel.alarm(bool(standing) and standing != self._silenced)
        if standing:
            upper = self._text_of(standing[self._turn // _TURNS % len(standing)][0])
            self._turn += 1
        else:
            zone_min = self._receiver.parameters.get("clock.zone_min")
            now = time_text(self._receiver.board.clock.now(), zone_min)
            upper = now or "UF-E1"
        self._panel.show(upper, self._activity())

    def _text_of(self, code: int) -> str:
        """The fault's text; the table is loaded only when another code is shown."""
        if code != self._code:
            self._code, self._text = code, panel_text(code)
        return self._text

    def _activity(self) -> str:
        job = self._reporter.mail
        if job is None:
            return "CONNECTING" if self._reporter.doing == "visiting" else "READY"
        return "MAIL %d/%d PAGE %d" % (job.number, job.count, job.pages + 1)
