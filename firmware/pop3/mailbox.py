"""One visit to the mailbox: what is fetched, what is deleted, what is left for the next time.

The order that must never change (POP3 rule 3): on paper, in the ledger (durable), DELE, QUIT
answered with +OK, deletion recorded.
"""
from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from micropython import const

from firmware.pop3.failures import Refused
from firmware.pop3.identity import HeaderKey
from firmware.pop3.maildrop import FINISHED, KEYED, MARKED, SHARED, MailWindow
from firmware.pop3.session import CLOSED
from firmware.recording.faults import (
    NOT_CONFIGURED,
    PROTOCOL,
    SERVER_BROKE_OFF,
    SERVER_REFUSED,
    Fault,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from typing import Any, Protocol

    from firmware.pop3.reply import Body
    from firmware.pop3.session import Session

    Deliver = Callable[[bytes, int, int, int, Body], Awaitable[int]]

    class Ledger(Protocol):
        """What a visit wants of the ledger."""

        def is_finished(self, key: bytes) -> bool:
            """Is it on paper, as itself or as a notice sheet?"""
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

        def forget_others(self, live_keys: Iterable[bytes]) -> None:
            """These are in the maildrop, and no others."""
            ...

    class Settings(Protocol):
        """What a visit wants of the parameters."""

        def get(self, name: str) -> Any:
            """The parameter's value."""
            ...


# what became of a mail that was handed over
RECORDED = const(1)
NOTICE = const(2)  # ended on paper as a notice sheet
UNFINISHED = const(3)  # stays on the server; the next mail may come
LEAVE = const(4)  # stays on the server, and so do all behind it: paper keeps the session waiting

_KEEP_ALIVE_S = const(30)  # many servers drop a session that is idle for 60 s
WINDOW_OCTETS = const(4095)  # 315 mails a visit


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
        self.octets = 0  # of the mails handed over, as far as they came
        self.more = False  # mails wait that this visit had no room for: come again at once


class Visit:
    """Visits the mailbox that the parameters name; `run` may be called again and again.

    :param deliver: called with (key, number, count, size, body); returns one of the above.
        It need not read the body to its end; the ledger is told here unless it did so already
    :param report: called with (fault code or 0, sentence) about what does not end the visit
    :param block: room for the listing, ROW_OCTETS a mail; lent for good
    """

    def __init__(self, session: Session, ledger: Ledger, deliver: Deliver, settings: Settings,
                 report: Callable[[int, str], None], block: bytearray | None = None) -> None:
        self._session = session
        self._ledger = ledger
        self._deliver = deliver
        self._settings = settings
        self._report = report
        self._window = MailWindow(block if block is not None else bytearray(WINDOW_OCTETS))
        self._next_first = 1
        self._mailbox = b""
        self._told = False
        self._handed: Body | None = None
        self._talking = asyncio.Lock()

    async def run(self) -> VisitResult:
        """Visit once. Never raises a Fault: the result has its code."""
        result = VisitResult()
        first, self._next_first = self._next_first, 1
        self._window.open(first)
        self._told = False
        keeper = asyncio.create_task(self._keep_alive())
        try:
            try:
                await self._enter(result)
                await self._serve(result)
            finally:
                result.unfinished = self._window.count(0, FINISHED)
            await self._leave(result)
        except Fault as fault:
            result.code, result.detail = fault.code, fault.detail
        finally:
            keeper.cancel()
            self._session.close()
        return result

    async def _enter(self, result: VisitResult) -> None:
        get = self._settings.get
        host, user = get("pop.host"), get("pop.user")
        if not host or not user:
            raise Fault(NOT_CONFIGURED)
        self._mailbox = ("%s@%s" % (user, host.lower())).encode()
        times = self._session.times
        times.connect_ms = get("pop.connect_s") * 1000
        times.greeting_ms = times.reply_ms = get("pop.reply_s") * 1000
        times.silence_ms = get("pop.silence_s") * 1000
        await self._session.connect(host, get("pop.port"))
        await self._session.capa()
        await self._session.login(user, get("pop.password"), get("pop.login"))
        await self._session.capa()  # servers announce more to whom they know (RFC 2449 section 5)
        result.mails, _octets = await self._session.stat()

    async def _serve(self, result: VisitResult) -> None:
        if result.mails:
            await self._read_listings()
        self._tell_ledger()
        for number in self._window.numbers(0):
            if not await self._serve_one(number, result):
                return

    async def _read_listings(self) -> None:
        window = self._window

        def identified(number: int, uid: memoryview) -> None:
            window.identify(self._mailbox, number, uid)

        await self._session.list(window.list)
        try:
            await self._session.uidl(identified)
        except Refused:
            self._report(0, "the server has no unique-ids")
        shared = window.count(SHARED)
        if shared:
            self._report(0, "%d mails share their unique-ids with others" % shared)

    async def _serve_one(self, number: int, result: VisitResult) -> bool:
        """Serve one mail. False when the visit must end."""
        window = self._window
        try:
            if not window.has(number, KEYED):
                window.set_key(number, await self._header_key(number))
            key = window.key(number)
            outcome = 0
            if self._ledger.is_finished(key):
                window.set(number, FINISHED)
                if window.has(number, SHARED):
                    self._report(0, "mail %d: a copy of it is on paper" % number)
            else:
                outcome = await self._fetch(number, key, result)
        except Refused as refused:
            self._report(refused.code, "mail %d: %s" % (number, refused.detail))
            return True
        if window.has(number, FINISHED) and self._settings.get("pop.delete") == "after-record":
            await self._delete(number)
        return outcome != LEAVE
    async def _header_key(self, number: int) -> bytes:
        """The key of a mail without a usable unique-id, of its header. TOP is optional: else a
        RETR for it alone.
        """
        size = self._window.size(number)
        header = HeaderKey(self._mailbox, size)
        try:
            body = await self._session.top(number, 0)
        except Refused:
            body = await self._session.retr(number, size)
        while (piece := await body.next()) is not None:
            header.feed(piece)
        return header.key()

    async def _fetch(self, number: int, key: bytes, result: VisitResult) -> int:
        size = self._window.size(number)
        body = await self._session.retr(number, size)
        self._handed = body
        try:
            outcome = await self._deliver(key, number, result.mails, size, body)
        finally:
            async with self._talking:  # a NOOP under way must have its answer first
                self._handed = None
            result.octets += body.octets
        if outcome == LEAVE:
            return outcome
        await body.drain()
        if body.mixed:
            self._report(PROTOCOL, "mail %d ended in a mixed line ending" % number)
        if outcome in (RECORDED, NOTICE):
            self._finish(number, key, outcome, result)
        if self._session.state == CLOSED:
            raise Fault(SERVER_BROKE_OFF, "while paper was waited for")
        return outcome

    def _finish(self, number: int, key: bytes, outcome: int, result: VisitResult) -> None:
        if not self._ledger.is_finished(key):
            self._ledger.finish(key, self._ledger.pages_done(key), outcome == NOTICE)
        self._window.set(number, FINISHED)
        if outcome == NOTICE:
            result.notices += 1
        else:
            result.recorded += 1

    async def _delete(self, number: int) -> None:
        try:
            await self._session.dele(number)
            self._window.set(number, MARKED)
        except Refused as refused:
            self._report(refused.code, "mail %d is not deleted: %s" % (number, refused.detail))

    async def _leave(self, result: VisitResult) -> None:
        if not self._session.can_talk():
            return  # inside a body that paper holds up: nothing can be said, nothing is deleted
        if not await self._session.quit():
            self._report(SERVER_REFUSED, "QUIT: %s" % self._session.words())
            return
        window, ledger = self._window, self._ledger
        for number in window.numbers(MARKED):
            ledger.deleted(window.key(number))
            result.deleted += 1
        if window.next_first:
            # the mails beyond move down by what was deleted
            self._next_first = max(window.next_first - result.deleted, 1)
            result.more = True
        if not self._told:
            self._tell_ledger()

    def _tell_ledger(self) -> None:
        """Tell the ledger what the server lists, once all keys of the maildrop are known."""
        window = self._window
        if window.first > 1 or window.next_first or window.count(0, KEYED):
            return
        self._told = True
        self._ledger.forget_others(window.key(number) for number in window.numbers(KEYED, MARKED))

    async def _keep_alive(self) -> None:
        """Say NOOP while a mail that has come whole waits for paper."""
        while True:
            await asyncio.sleep(_KEEP_ALIVE_S)
            async with self._talking:
                if self._handed is not None and self._session.can_talk():
                    try:
                        await self._session.noop()
                    except Fault as fault:
                        self._report(fault.code, "NOOP: %s" % fault.detail)
