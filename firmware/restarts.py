"""Why the machine was restarted, how often in a row, and which mails were being taken when it was.

Loaded at boot and when something has gone wrong; while nothing has, there is neither a file nor an
object. The file: count and state; why; the mail that is being taken; and a line for each mail that
was being taken when the machine was lost: its key, how often, and whether a sheet told of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from micropython import const

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from firmware.devices import Board, Storage
    from firmware.pop3.body import Body

    Deliver = Callable[[bytes, int, int, int, Any], Coroutine[Any, Any, int]]

MOST = const(6)  # restarts in a row; then the machine stays in its safe state
DEATHS = const(3)  # of the machine in one mail; then a sheet tells of the mail, in its place

_FILE = "restarts"
_RUNNING, _LOST, _ASKED, _TRYING = "running", "lost", "asked", "trying"
_NOBODY = "-"
_LONGEST_H = const(24)
_KEPT = const(8)
_OCTETS = const(512)
_TEXT = const(100)
_LEFT = "it failed in mails again and again; left in the mailbox: %d"
_TOLD = "the machine failed in it %d times; read it with a PC (code 075)"


def at_boot(board: Board) -> Restarts | None:
    """What there is to know at boot; None when all is well. Never raises OSError."""
    restarts = Restarts(board.storage)
    restarts.booted(board.started)
    return restarts if restarts.count or restarts.mails else None


def end(board: Board, error: Exception, key: bytes) -> None:
    """The program ends of `error`: say so on the panel, and for the next boot."""
    if type(error).__name__ == "TaskLost":
        who = "%s task" % error.args[0]
        why = "the %s: %s" % (who, error.args[1])
    else:
        who, why = "program", "%s %s" % (type(error).__name__, error)
    board.panel.show("RESTARTING", who)
    board.panel.alarm(True)
    lost(board.storage, why, key)


def lost(storage: Storage, why: str, key: bytes) -> None:
    """The machine is about to be restarted because of `why`, `key` being the mail in hand, or b"".
    Never raises OSError.
    """
    restarts = Restarts(storage)
    restarts.died(why, key)
    restarts.state = _LOST
    restarts.save()


def asked(storage: Storage) -> None:
    """A person restarts the machine: all is forgotten. Never raises OSError."""
    restarts = Restarts(storage)
    restarts.mails = []
    restarts.count, restarts.state = 0, _ASKED
    restarts.save()


class Restarts:
    """The file's content; what can't be read counts for nothing."""

    def __init__(self, storage: Storage) -> None:
        self.count = 0  # since all went well, or a person restarted
        self.state = _RUNNING
        self.why = ""
        self.safe = False  # the machine must not receive in this life
        self.mails: list[tuple[str, int, bool]] = []  # key, deaths, told
        self._trying = _NOBODY
        self._storage = storage
        try:
            self._load()
        except (OSError, ValueError, IndexError):
            self.count, self.mails = 0, []

    def _load(self) -> None:
        buffer = bytearray(_OCTETS)
        octets = self._storage.read(_FILE, 0, buffer)
        if not octets:
            return
        lines = str(memoryview(buffer)[:octets], "utf-8").split("\n")
        count, self.state = lines[0].split(" ")
        self.count, self.why, self._trying = int(count), lines[1], lines[2]
        for line in lines[3:-1]:
            key, deaths, told = line.split(" ")
            self.mails.append((key, int(deaths), told == "told"))

    def save(self) -> None:
        """Write it, or remove it when there is nothing to say. A flash that fails changes nothing:
        then the machine counts from the beginning.
        """
        try:
            if not self.count and not self.mails and self.state == _RUNNING:
                self._storage.remove(_FILE)
                return
            lines = ["%d %s" % (self.count, self.state), self.why, self._trying]
            lines += ["%s %d %s" % (key, deaths, "told" if told else _NOBODY)
                      for key, deaths, told in self.mails]
            self._storage.replace(_FILE, ["\n".join(lines).encode(), b"\n"])
        except OSError:
            return

    def booted(self, started: str) -> None:
        """The machine has come up; `started` as `devices.Board` says it."""
        state = self.state
        if state in (_RUNNING, _TRYING):
            if started == "power":
                self.why, self._trying = "", _NOBODY
            elif state == _RUNNING:
                text = "the watchdog found that nothing moved"
                self.died(text if started == "watchdog" else "the program ended", b"")
        if state == _ASKED:
            self.why, self.mails = "", []
        # a person's, the power's or time's asking gives one try
        self.safe = self.count >= MOST and state != _TRYING and started != "power"
        self.state = _RUNNING
        if self.count or self.mails or state != _RUNNING:
            self.save()

    def died(self, why: str, key: bytes) -> None:
        """Count a restart, and a death in the mail `key`, or in the one that was being taken."""
        self.count += 1
        self.why = why.replace("\n", " ")[:_TEXT]
        name = _name(key) if key else self._trying
        if name != _NOBODY:
            self._blame(name)
        self._trying = _NOBODY

    def blame(self, key: bytes) -> None:
        """The program failed in this mail, and went on."""
        self._blame(_name(key))
        self.save()

    def _blame(self, name: str) -> None:
        deaths, told = self._of(name)
        self._set(name, deaths + 1, told)

    def try_again(self) -> None:
        """The next boot tries once; another failure leads back to the safe state."""
        self.state = _TRYING
        self.save()

    def well(self) -> None:
        """All has gone well for a while."""
        self.count, self.why = 0, ""
        self.save()

    def wait_h(self) -> int:
        """Hours in the safe state until it is tried again."""
        return min(1 << min(self.count - MOST, 8), _LONGEST_H)

    async def deliver(self, deliver: Deliver, key: bytes, number: int, count: int, size: int,
                      body: Body) -> int:
        """Take one mail, as `deliver` does, with an eye on what happens."""
        from firmware.pop3.outcomes import NOTICE, RECORDED, UNFINISHED

        name = _name(key)
        deaths, told = self._of(name)
        if told or deaths > DEATHS:
            return UNFINISHED  # it stays on the server
        self._try(name)
        if deaths < DEATHS:
            outcome = await deliver(key, number, count, size, body)
            if deaths and outcome in (RECORDED, NOTICE):
                self._set(name, 0, False)
                self.save()
        else:
            # a mail of its own: pages of the real one may be on paper
            other = key[:7] + bytes((key[7] ^ 0xFF,))
            header = _Header(body, _TOLD % deaths)
            outcome = await deliver(other, number, count, size, header)
            if outcome in (RECORDED, NOTICE):
                self._set(name, deaths, True)
                self.save()
                outcome = UNFINISHED
        self._try(_NOBODY)
        return outcome

    def left(self) -> str:
        """Of mails that are left on the server because they are the machine's death; ''."""
        count = sum(1 for _key, deaths, told in self.mails if told or deaths > DEATHS)
        return _LEFT % count if count else ""

    def _try(self, name: str) -> None:
        """Only after a restart is it worth a write: the next one must know the mail."""
        name = name if self.count else _NOBODY
        if name != self._trying:
            self._trying = name
            self.save()

    def _of(self, name: str) -> tuple[int, bool]:
        for key, deaths, told in self.mails:
            if key == name:
                return deaths, told
        return 0, False

    def _set(self, name: str, deaths: int, told: bool) -> None:
        self.mails = [mail for mail in self.mails if mail[0] != name]
        if deaths:
            self.mails.append((name, deaths, told))
            del self.mails[:-_KEPT]


class _Header:
    """The header of a mail's body, and no more of it."""

    def __init__(self, body: Body, why: str) -> None:
        self.withheld = why
        self._body = body
        self._ended = False

    async def next(self) -> memoryview | None:
        """As `Body.next`, up to the first empty line or the end of the piece that has it."""
        if self._ended:
            return None
        piece = await self._body.next()
        if piece is not None:
            octets = bytes(piece)
            end = max(octets.find(b"\n\r\n") + 3, octets.find(b"\n\n") + 2)
            if end > 2:
                self._ended = True
                return piece[:end]
        return piece


def _name(key: bytes) -> str:
    return "".join(["%02x" % octet for octet in key])
