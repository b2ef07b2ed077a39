"""One visit to the mailbox: what is fetched, what is deleted, what is left for the next time.

The order that must never change (POP3 rule 3): on paper, in the ledger (durable), DELE, QUIT
answered with +OK, deletion recorded.
"""
from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from micropython import const

from firmware import on_demand
from firmware.pop3.capability import LIAR, PROVEN
from firmware.pop3.failures import Refused
from firmware.pop3.maildrop import FINISHED, KEYED, MARKED, MailWindow
from firmware.pop3.serving import Serving
from firmware.recording.faults import (
    LOGIN_REFUSED,
    NO_LOGIN_METHOD,
    NOT_CONFIGURED,
    PROTOCOL,
    SERVER_BROKE_OFF,
    SERVER_REFUSED,
    SERVER_SILENT,
    STORAGE,
    Fault,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from typing import Any, Protocol

    from firmware.devices import Storage
    from firmware.pop3.body import Body
    from firmware.pop3.capability import Server
    from firmware.pop3.session import Session
    from firmware.supervisor import Pulse

    Deliver = Callable[[bytes, int, int, int, Body], Awaitable[int]]

    class Ledger(Protocol):
        """What a visit wants of the ledger."""

        def is_finished(self, key: bytes) -> bool:
            """Is it on paper, as itself or as a notice sheet?"""
            ...

        def ended_as_notice(self, key: bytes) -> bool:
            """Is something of it on a notice sheet only?"""
            ...

        def pages_done(self, key: bytes) -> int:
            """Pages on paper."""
            ...

        def finish(self, key: bytes, pages: int, notice: bool) -> None:
            """It is on paper; durable on return."""
            ...

        def deleted(self, key: bytes) -> None:
            """The server has deleted it."""
            ...

        def forget_others(self, live_keys: Iterable[bytes], box: int) -> None:
            """These are in the maildrop of mailbox `box`, and no others."""
            ...

    class Settings(Protocol):
        """What a visit wants of the parameters."""

        def get(self, name: str) -> Any:
            """The parameter's value."""
            ...


WINDOW_OCTETS = const(3071)  # 236 mails a visit

_TICK_S = const(2)  # a mail that waits so long for paper: nothing is asked for ahead
_KEEP_ALIVE_TICKS = const(15)  # many servers drop a session that is idle for 60 s
_QUICK_MAILS = const(8)
_SUSPECTS = const(8)
_ATTEMPTS = const(3)
# what may come of a server that can't do the PIPELINING that it announces
_DOUBTFUL = (LOGIN_REFUSED, NO_LOGIN_METHOD, PROTOCOL, SERVER_BROKE_OFF, SERVER_REFUSED,
             SERVER_SILENT)
# and of one that can't do what it is remembered for
_CONTRADICTS = (NO_LOGIN_METHOD, PROTOCOL, SERVER_REFUSED)
_SECURITY = "firmware.pop3.security"
_ENTRY = "firmware.pop3.entry"
_KNOWN = "firmware.pop3.known"


class VisitResult:
    """What a visit came to.

    `code` is 0 or that of the fault that ended it, `detail` its detail.
    """

    def __init__(self) -> None:
        self.code = 0
        self.detail = ""
        self.mails = 0  # in the maildrop
        self.recorded = 0
        self.notices = 0
        self.unfinished = 0  # seen in this visit and not on paper
        self.deleted = 0
        self.large = 0  # larger than the mailbox allows, and not told of yet
        self.octets = 0  # of the mails handed over, as far as they came
        self.more = False  # mails wait that this visit had no room for: come again at once
        self.login_delay_s = 0  # the server wants so many seconds between logins


class Visit:
    """Visits the mailbox that the parameters name; `run` may be called again and again.

    :param deliver: called with (key, number, count, size, body); returns one of the outcomes of
        `outcomes`. It need not read the body to its end; the ledger is told here unless it did so
        already
    :param report: called with (fault code or 0, sentence) about what does not end the visit
    :param block: room for the listing, ROW_OCTETS a mail; lent for good
    :param storage: where it is remembered what servers can do and since when mails are kept
    :param now: seconds since 1970, 0 while the clock is not set
    """

    def __init__(self, session: Session, ledger: Ledger, deliver: Deliver, settings: Settings,
                 report: Callable[[int, str], None], block: bytearray | None = None,
                 storage: Storage | None = None, now: Callable[[], int] = lambda: 0) -> None:
        self.session = session
        self.ledger = ledger
        self.settings = settings
        self.report = report
        self.window = MailWindow(block if block is not None else bytearray(WINDOW_OCTETS))
        self.storage = storage
        self.now = now
        self.box = 0  # which mailbox: 0 to 3
        self.mailbox = b""
        self.server: Server | None = None
        self.trusts = True  # in what the server announces
        self.recalls = True  # what was remembered
        self.eats = False  # the server deletes at QUIT what was fetched (EXPIRE 0)
        self.hides = False  # the server shows a mail once: none is asked for ahead
        self.fetched = 0  # mails fetched for their headers alone
        self.visits = 0
        self.deliver = deliver
        self._firsts = [1, 1, 1, 1]
        self._told = False
        self.piped = False  # commands went out ahead of answers
        self._blamed = False  # the server says that the password is wrong
        # keys of mails at which the session ended twice running: they must not keep others waiting
        self.suspects: list[bytes] = []
        self._failing = b""
        self._slow = 0  # quick mails to come before one is asked for ahead again
        self._serving: Serving | None = None
        self.keeper: Pulse | None = None  # of the task that keeps the session alive
        self.staying = False  # what comes from the server now is that task's

    def file(self, name: str) -> str:
        """Name of this mailbox's file."""
        return name + ("%d" % (self.box + 1) if self.box else "")

    async def run(self) -> VisitResult:
        """Visit once; again, with less trust, when the server seems not to do what it announces.
        Never raises a Fault: the result has its code.
        """
        result = VisitResult()
        first, self._firsts[self.box] = self._firsts[self.box], 1
        self.trusts = self.recalls = True
        for _ in range(_ATTEMPTS):
            result.code, result.detail, result.large = 0, "", 0
            self.window.open(first)
            await self._attempt(result)
            if not self._lose_trust(result.code):
                break
        self._failing = self._failing if result.code else b""
        self.visits += 1
        self._remember(result.code)
        return result

    async def _attempt(self, result: VisitResult) -> None:
        self._told = self.eats = self.hides = self.piped = self._blamed = False
        self.fetched = 0
        self.server = self._serving = None
        keeper = asyncio.create_task(self._keep_alive())
        try:
            try:
                await self._enter(result)
                await self._serve(result)
            finally:
                result.unfinished = self.window.count(0, FINISHED) - result.large
            await self._leave(result)
        except Fault as fault:
            result.code, result.detail = fault.code, fault.detail
            if fault.code == NOT_CONFIGURED and self.box:
                self.ledger.forget_others((), self.box)
            if self._serving is not None and self._serving.fetching:
                self._suspect(self._serving.fetching)
            if isinstance(fault, Refused):
                self._blamed = fault.response_code == "AUTH"
                result.login_delay_s = max(result.login_delay_s, fault.wait_s)
        finally:
            lost = keeper.done()
            keeper.cancel()
            if self.keeper is not None:
                self.keeper.rest(self)
            self.session.close()
        if lost:
            await keeper  # raises what it died of: this task dies of it as well

    def _suspect(self, key: bytes) -> None:
        """The session ended in this mail. Others come first from the second time on."""
        if key in self.suspects:
            self.suspects.remove(key)
        elif key != self._failing:
            self._failing = key
            return
        else:
            self.report(0, "a mail ended the session twice: it is put off")
        self.suspects.append(key)
        del self.suspects[:-_SUSPECTS]

    async def _enter(self, result: VisitResult) -> None:
        try:
            await on_demand.load(_SECURITY).connect(self.session, self.settings)
        finally:
            on_demand.drop(_SECURITY)
        try:
            await on_demand.load(_ENTRY).enter(self, result)
        finally:
            on_demand.drop(_ENTRY)
            on_demand.drop(_KNOWN)
            on_demand.drop("firmware.pop3.retention")
            on_demand.drop("firmware.pop3.header_key")

    async def _serve(self, result: VisitResult) -> None:
        self._tell_ledger()
        proven = self.server is not None and bool(self.server.flags & PROVEN)
        self.piped = self.piped or self.session.pipelining
        serving = Serving(self.session, self.ledger, self.deliver, self.report, self.window,
                          self.settings, result, proven, self.eats)
        serving.slow = self._slow > 0 or self.hides
        serving.suspects = self.suspects
        serving.uneaten = self.fetched if self.eats else 0
        self._serving = serving
        try:
            await serving.run()
        finally:
            served = result.recorded + result.notices
            self._slow = _QUICK_MAILS if serving.waited else max(self._slow - served, 0)

    async def _leave(self, result: VisitResult) -> None:
        session, window, serving = self.session, self.window, self._serving
        if serving is None or not session.can_talk() or not serving.may_quit():
            return  # inside a body that paper holds up: nothing can be said, nothing is deleted
        if self.eats and serving.uneaten:
            self.report(0, "left without QUIT: the server would delete what is not on paper")
            return
        if not await session.quit():
            self.report(SERVER_REFUSED, "QUIT: %s" % session.words())
            result.more = False  # nothing was achieved: no reason to come again at once
            return
        for number in window.numbers(MARKED):
            self.ledger.deleted(window.key(number))
            result.deleted += 1
        if window.next_first:
            # the mails beyond move down by what was deleted
            self._firsts[self.box] = max(window.next_first - result.deleted, 1)
            result.more = True
        if not self._told:
            self._tell_ledger()

    def _tell_ledger(self) -> None:
        """Tell the ledger what the server lists, once all keys of the maildrop are known."""
        window = self.window
        if window.first > 1 or window.next_first or window.count(0, KEYED):
            return
        self._told = True
        self.ledger.forget_others(
            (window.key(number) for number in window.numbers(KEYED, MARKED)), self.box)

    def _lose_trust(self, code: int) -> bool:
        """True when the visit is to be repeated with less trust in the server."""
        server = self.server
        if code not in _DOUBTFUL or server is None:
            return False
        certain = server.flags & PROVEN or self._blamed
        if self.trusts and self.piped and (code == PROTOCOL or not certain):
            self.trusts = self.recalls = False
            self.report(code, "visited again without PIPELINING")
            return True
        if self.recalls and server.recalled and code in _CONTRADICTS:
            self.recalls = False
            return True
        return False

    def _remember(self, code: int) -> None:
        """Keep what was learnt of the server, or nothing when it failed in a way that casts doubt.
        """
        server, serving = self.server, self._serving
        if self.storage is None or server is None:
            return
        flags = server.flags
        if serving is not None and serving.lied:
            server.flags = LIAR
        elif serving is not None and serving.proven():
            server.flags |= PROVEN
        doubtful = code in _DOUBTFUL and (not self.trusts or code != SERVER_BROKE_OFF)
        try:
            if doubtful:  # when the repeated visit failed as well, it was not the PIPELINING
                on_demand.call(_KNOWN, "forget", self.storage, self.file("server"))
            elif flags != server.flags:
                on_demand.call(_KNOWN, "flag", self.storage, self.file("server"), server)
        except OSError as error:
            self.report(STORAGE, "server: %s" % error)

    async def _keep_alive(self) -> None:
        """Say NOOP while a mail that has come whole waits for paper."""
        ticks = 0
        while True:
            if self.keeper is not None:
                self.keeper.beat()
            await asyncio.sleep(_TICK_S)
            serving = self._serving
            if serving is None or serving.handed is None or not self.session.can_talk():
                ticks = 0
                continue
            ticks += 1
            serving.slow = serving.waited = True
            if ticks % _KEEP_ALIVE_TICKS == 0:
                async with serving.talking:
                    if serving.handed is not None and self.session.can_talk():
                        await self._stay(serving)

    async def _stay(self, serving: Serving) -> None:
        self.staying = True
        try:
            await serving.stay()
        except Fault as fault:
            self.report(fault.code, "NOOP: %s" % fault.detail)
        finally:
            self.staying = False
