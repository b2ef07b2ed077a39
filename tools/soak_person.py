"""Who looks after the machine: by day, now and then, sees what is wrong and puts it right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.recording import faults

if TYPE_CHECKING:
    from tools.soak_year import Year

_LOAD = 100  # sheets
_LOW_LINES = 200_000  # of film


class Person:
    """One for all: operator, technician, and whoever reads the mailbox with a PC.

    `wanted` are the parameters as they should be; what differs was not stored, or set wrong.
    """

    def __init__(self, year: Year) -> None:
        self.wanted = {
            "pop.interval": "30",
            "pop.delete": "after-record",
            "pop.password": year.world.maildrop.password,
            "pop.login": "auto",
            "record.header": "on",
            "record.fit": "reduce",
            "record.cut_mm": "6",
            "clock.zone_min": "0",
            "pop.stall_s": "300",
            "pop.trace": "off",
            "pop.keep_days": "7",
        }
        self._year = year
        self._world = year.world
        self._busy = False

    def is_wanted(self) -> bool:
        """True when the machine waits for a person, or parameters are not as they should be."""
        receiver = self._world.receiver
        if receiver is None:
            return False
        if not receiver.parameters.get("pop.interval"):
            return True
        asks = any(code in receiver.faults for code in (
            faults.SAME_MAIL, faults.JAM, faults.MAILBOX_CLOSED))
        knows = self.wanted["pop.password"] == self._world.maildrop.password
        return asks or not knows or receiver.poller.stopped() or bool(self._differing())

    def round(self) -> None:
        """Look, and do what is to be done."""
        if not self._world.power.on or self._world.receiver is None or self._busy:
            return
        self._look_at_machine()
        self._look_at_panel()
        for name in self._differing():
            self.type("param set %s %s" % (name, self.wanted[name]))
        if not self._world.calendar.is_set:
            self._world.calendar.datetime((2026, 6, 1, 0, 12, 0, 0, 0))
        if self.wanted["pop.delete"] == "never":
            self._tidy_mailbox()

    def put_right(self) -> None:
        """As at the beginning."""
        self.wanted.update({"pop.interval": "5", "pop.delete": "after-record"})

    def type(self, line: str) -> None:
        """A line at the service console."""
        self._world.line.type(line + "\r")

    def _differing(self) -> list[str]:
        parameters = self._world.receiver.parameters
        return [name for name, text in self.wanted.items() if _text(parameters.get(name)) != text]

    def _look_at_machine(self) -> None:
        machine = self._world.machine
        if machine.film.left < _LOW_LINES and not self._sheet_inside():
            machine.film.renew()
        if machine.paper.jammed or self._stuck():
            self._clear_jam()
        elif machine.cover_open:
            machine.close_cover()
        if machine.paper.sheets < 5:
            machine.load_paper(_LOAD)

    def _sheet_inside(self) -> bool:
        return self._world.machine.paper.passed is not None

    def _stuck(self) -> bool:
        """True when a jam is shown and a sheet lies in the path."""
        return faults.JAM in self._world.receiver.faults and self._sheet_inside()

    def _clear_jam(self) -> None:
        """Open, take the sheet out, close: two minutes."""
        machine, observer = self._world.machine, self._world.observer
        self._busy = True

        def out() -> None:
            observer.interrupt()
            machine.clear_jam()

        def close() -> None:
            machine.close_cover()
            self._busy = False

        observer.interrupt()
        machine.open_cover()
        self._year.after(60, out)
        self._year.after(120, close)

    def _look_at_panel(self) -> None:
        standing = self._world.receiver.faults
        keys = self._world.machine.keys
        if faults.SAME_MAIL in standing:
            self._year.counts["asked whether it is the same mail"] += 1
            keys.tap("stop")
        elif faults.RESTARTED in standing or faults.PARAMETER in standing:
            keys.tap("stop")
        elif (
            faults.JAM in standing
            or faults.MAILBOX_CLOSED in standing
            or self._world.receiver.poller.stopped()
        ):
            keys.tap("start")

    def _tidy_mailbox(self) -> None:
        """Somebody deletes with a PC what is on paper."""
        maildrop, judge = self._world.maildrop, self._year.judge
        if maildrop.locked or len(maildrop.mails) < 30:
            return
        for mail in list(maildrop.mails):
            if mail not in self._year.waiting and self._world.receiver is not None:
                maildrop.mails.remove(mail)
                judge.forget(mail)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)
