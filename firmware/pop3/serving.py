"""What a visit does with the mails that the listings named: fetch, delete, tell of, leave.

Commands go out ahead of their answers where the server takes that (RFC 2449 section 6.6). A server
that announces it and can't do it must cost nothing: until it has shown that it can, every RETR is
preceded by a LIST of the same mail, whose answer names it; so no answer is ever taken for that to
another command.
"""
from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from micropython import const

from firmware.pop3.conversation import CLOSED
from firmware.pop3.failures import Refused
from firmware.pop3.maildrop import DUE, FINISHED, KEYED, MARKED, SHARED
from firmware.pop3.outcomes import AGAIN, LEAVE, NOTICE, RECORDED, UNFINISHED
from firmware.pop3.parsing import number_at
from firmware.recording.faults import MAIL_TOO_LARGE, PROTOCOL, SERVER_BROKE_OFF, Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from firmware.pop3.body import Body
    from firmware.pop3.mailbox import Deliver, Ledger, Settings, VisitResult
    from firmware.pop3.maildrop import MailWindow
    from firmware.pop3.session import Session

# Octets of commands whose answers have not come: less than any TCP takes for sending without its
# peer's help (a W5500 socket has 2048). See Session.ahead for why nobody can wait for ever.
AHEAD_OCTETS = const(1000)
_STAYS = const(8)  # NOOPs outstanding: more would not help
_PROOFS = const(6)  # mails fetched ahead and in step, and the server has shown that it can

# commands in the plan, three bits; above them the row of the mail
_RETRIEVE = const(0)
_DELETE = const(1)
_STAY = const(2)
_LIST = const(3)
_HEADER = const(4)
_VERBS = (b"RETR", b"DELE", b"NOOP", b"LIST", b"TOP")


class Serving:
    """Serves the mails of one visit.

    :param proven: the server has shown in an earlier visit that it can do PIPELINING
    :param eats: it deletes at QUIT what was fetched, DELE or not (EXPIRE 0)
    """

    def __init__(self, session: Session, ledger: Ledger, deliver: Deliver,
                 report: Callable[[int, str], None], window: MailWindow, settings: Settings,
                 result: VisitResult, proven: bool, eats: bool) -> None:
        get = settings.get
        self.handed: Body | None = None  # the mail that `deliver` has
        self.slow = False  # paper keeps mails waiting: nothing is asked for ahead
        self.waited = False  # and has done so in this visit
        self.lied = False  # it refused ahead of its answers what it does otherwise
        self.suspects: list[bytes] = []  # keys of mails that end the session
        self.fetching = b""  # key of the mail whose answer is being read
        self.uneaten = 0  # mails fetched and not on paper: a server that eats must hear no QUIT
        self.talking = asyncio.Lock()
        self.proofs = _PROOFS if proven else -1  # -1: the first mail is fetched alone
        self._session = session
        self._ledger = ledger
        self._deliver = deliver
        self._report = report
        self._window = window
        self._result = result
        self._eats = eats
        self._delete = get("pop.delete")
        self._keep_notices = get("pop.unreadable") == "keep"
        self._most = get("pop.most") or 0
        self._largest = (get("pop.max_kb") or 0) * 1024
        self._tell_large = get("pop.large") != "skip"
        self._plan: list[int] = []  # commands whose answers are to come, oldest first
        self._again: list[int] = []  # mails refused while others were outstanding
        self._wanted: list[int] = []  # mails to be fetched once more
        self._numbers: Iterator[int] = iter(())
        self._begun = 0
        self._doubtful: list[int] = []  # suspects of this maildrop
        self._put_off = False  # there were more mails than may be fetched in one visit
        self._quits = False  # QUIT was sent ahead

    async def run(self) -> bool:
        """Serve all mails whose keys are known. False when the session must be left.

        Raises Fault.
        """
        if self._eats:
            await self._serve(self._window.numbers(KEYED), False)
            if self._window.count(MARKED):
                # what follows might not be finished, and then QUIT must not be said
                self._result.more = self._window.count(KEYED, FINISHED) > 0
                return True
        if not await self._serve(self._window.numbers(KEYED, FINISHED), True):
            return False
        while self._wanted:
            self._send(_RETRIEVE, self._wanted.pop(0))
            await self._session.flush()
            if not await self._serve(iter(()), True):
                return False
        if self._put_off and self._result.recorded + self._result.notices:
            self._result.more = True
        again, self._again = self._again, []
        if not again:
            return await self._serve_doubtful()
        self._session.pipelining = False
        before = self._result.octets
        stays = await self._serve(iter(again), True)
        self.lied = self._result.octets > before
        return stays

    async def _serve_doubtful(self) -> bool:
        """Mails that ended the session before: in a visit that has nothing to lose."""
        served = self._result.recorded + self._result.notices
        if served or self._window.count(MARKED):
            return True
        suspects, self.suspects = self.suspects, []
        self._doubtful.sort(key=lambda number: suspects.index(self._window.key(number)))
        return await self._serve(iter(self._doubtful), True)

    async def _serve(self, numbers: Iterator[int], fetch: bool) -> bool:
        self._numbers = numbers
        while True:
            if self._fill(fetch):
                await self._session.flush()
            if not self._plan:
                return True
            if not await self._step(self._plan.pop(0)):
                return False

    def _limit(self) -> int:
        """Commands that may be outstanding."""
        if not self._session.pipelining or self.slow or self.proofs < 0 or self._eats:
            return 1
        return AHEAD_OCTETS // len(b"RETR %d\r\n" % (self._window.first + self._window.used))

    def _fill(self, fetch: bool) -> bool:
        """Ask for what comes next; True when something was asked for."""
        plan, limit = self._plan, self._limit()
        before = len(plan)
        if before > limit // 2:
            return False
        while len(plan) < limit:
            number = next(self._numbers, 0)
            if not number:
                self._quit_ahead(limit, fetch)
                break
            self._ask_for(number, fetch)
        return len(plan) > before or self._quits

    def _quit_ahead(self, limit: int, fetch: bool) -> None:
        """Where nothing is ever deleted QUIT need not wait for the last mail: it changes nothing.
        """
        if limit > 1 and fetch and self._delete == "never" and self.proven() and not self._quits:
            self._quits = True
            self._session.ahead(b"QUIT")

    def _ask_for(self, number: int, fetch: bool) -> None:
        window = self._window
        if self._ledger.is_finished(window.key(number)):
            self._is_finished(number)
        elif not fetch:
            return
        elif window.key(number) in self.suspects:
            self._doubtful.append(number)
        elif self._most and self._begun >= self._most:
            self._put_off = True
        elif self._largest and window.size(number) > self._largest:
            if self._tell_large:
                self._send(_HEADER, number)
            else:
                self._result.large += 1
        else:
            self._begun += 1
            if 0 <= self.proofs < _PROOFS and self._session.pipelining and not self.slow:
                self._send(_LIST, number)
            self._send(_RETRIEVE, number)

    def _is_finished(self, number: int) -> None:
        window = self._window
        if window.has(number, SHARED) and not window.has(number, FINISHED):
            self._report(0, "mail %d: a copy of it is on paper" % number)
        window.set(number, FINISHED)
        if self._may_delete(number) and not window.has(number, MARKED):
            self._send(_DELETE, number)

    def _may_delete(self, number: int) -> bool:
        window = self._window
        if self._delete == "never" or (self._largest and window.size(number) > self._largest):
            return False  # one that is too large was only told of: it stays for a PC
        if self._keep_notices and self._ledger.ended_as_notice(window.key(number)):
            return False
        return self._delete != "after-days" or window.has(number, DUE)

    def _send(self, kind: int, number: int) -> None:
        if kind == _STAY:
            self._session.ahead(_VERBS[kind])
        else:
            lines = (b"0",) if kind == _HEADER else ()
            self._session.ahead(_VERBS[kind], b"%d" % number, *lines)
        self._plan.append((number - self._window.first) << 3 | kind)

    async def stay(self) -> None:
        """Keep the session alive while a mail that has come whole waits for paper."""
        if self._quits:
            return
        if not self._session.owed:
            await self._session.noop()
        elif sum(1 for planned in self._plan if planned & 7 == _STAY) < _STAYS:
            self._send(_STAY, self._window.first)
            await self._session.flush()

    async def _step(self, planned: int) -> bool:
        """Read the oldest answer. False when the visit must end."""
        kind, number = planned & 7, self._window.first + (planned >> 3)
        try:
            if kind == _RETRIEVE:
                return await self._retrieved(number)
            if kind == _DELETE:
                await self._session.dele(number)
                self._window.set(number, MARKED)
            elif kind == _STAY:
                await self._session.noop()
            elif kind == _LIST:
                await self._in_step(number)
            else:
                return await self._too_large(number)
        except Refused as refused:
            what = "mail %d is not deleted: %s" if kind == _DELETE else "mail %d: %s"
            self._report(refused.code, what % (number, refused.detail))
        return True

    async def _in_step(self, number: int) -> None:
        """The answer to LIST names its mail, or it is the answer to something else."""
        accepted = await self._session.command(b"LIST", b"%d" % number)
        if not accepted or number_at(self._session.text, 0)[0] != number:
            raise Fault(PROTOCOL, "the answers are out of step")

    async def _retrieved(self, number: int) -> bool:
        window, session = self._window, self._session
        asked_ahead = self._plan and self.proofs < _PROOFS
        self.fetching = window.key(number)
        try:
            body = await session.retr(number, window.size(number))
        except Refused:
            self.fetching = b""
            if asked_ahead:
                self._again.append(number)  # once more when nothing else is outstanding
                return True
            raise
        self._check_step(number)
        if self._ledger.is_finished(window.key(number)):  # a copy of it came meanwhile
            await body.drain()
            self.fetching = b""
            self._is_finished(number)
            return True
        self.uneaten += self._eats
        outcome = await self._hand_over(number, body)
        self.fetching = b""
        if outcome == LEAVE:
            return False
        if outcome == AGAIN:
            await self._ask_again(number)
        elif outcome != UNFINISHED:
            self.uneaten -= self._eats
            self._finish(number, outcome)
        if session.state == CLOSED:
            raise Fault(SERVER_BROKE_OFF, "while paper was waited for")
        return True

    async def _ask_again(self, number: int) -> None:
        """Fetch the mail once more: at once, or when nothing else is outstanding."""
        self.uneaten -= self._eats
        if self._plan:
            self._wanted.append(number)
        else:
            self._send(_RETRIEVE, number)
            await self._session.flush()

    def _check_step(self, number: int) -> None:
        """Raise Fault PROTOCOL when what should answer RETR answers the LIST that follows it."""
        plan = self._plan
        if self.proofs >= _PROOFS or not plan or plan[0] & 7 != _LIST:
            return
        following = self._window.first + (plan[0] >> 3)
        said, at = number_at(self._session.text, 0)
        size, end = number_at(self._session.text, at + 1)
        if said == following and size >= 0 and end == len(self._session.text):
            raise Fault(PROTOCOL, "the answers are out of step")

    async def _hand_over(self, number: int, body: Body) -> int:
        window, result = self._window, self._result
        self.handed = body
        try:
            outcome = await self._deliver(window.key(number), number, result.mails,
                                          window.size(number), body)
        finally:
            async with self.talking:  # a NOOP under way must have its answer first
                self.handed = None
            result.octets += body.octets
        if outcome != LEAVE:
            await body.drain()
            self._look_at_ending(number, body)
        return outcome

    def _look_at_ending(self, number: int, body: Body) -> None:
        if body.mixed:
            self._report(PROTOCOL, "mail %d ended in a mixed line ending" % number)
        if self.proofs < _PROOFS and self._session.pipelining:
            # where lines end in an odd way, the end of a mail shows by silence only
            if body.mixed or body.lf_only:
                self._session.pipelining = False
                self.proofs = -1
            else:
                self.proofs += bool(self._plan) or self.proofs < 0

    def _finish(self, number: int, outcome: int) -> None:
        ledger, key = self._ledger, self._window.key(number)
        if not ledger.is_finished(key):
            ledger.finish(key, ledger.pages_done(key), outcome == NOTICE)
        if outcome == NOTICE:
            self._result.notices += 1
        else:
            self._result.recorded += 1
        self._window.set(number, FINISHED)
        self._is_finished(number)

    async def _too_large(self, number: int) -> bool:
        """A notice sheet tells of it, of its header, once; it stays on the server for a PC."""
        size = self._window.size(number)
        body = await self._session.top(number, 0)
        body.withheld = True
        self._report(MAIL_TOO_LARGE, "mail %d has %d kB" % (number, size // 1024))
        outcome = await self._hand_over(number, body)
        if outcome in (RECORDED, NOTICE):
            self._finish(number, NOTICE)
        return outcome != LEAVE

    def may_quit(self) -> bool:
        """True when no answer but that to QUIT is outstanding."""
        return self._session.owed == self._quits

    def proven(self) -> bool:
        """True when the server has shown that it can do PIPELINING."""
        return self.proofs >= _PROOFS
