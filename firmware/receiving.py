"""The receiving task: visits to the mailbox, and each mail from the wire into the spool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware import on_demand
from firmware.mail.message import MessageReader
from firmware.pop3.mailbox import VisitResult
from firmware.pop3.outcomes import AGAIN, LEAVE, NOTICE, RECORDED, UNFINISHED
from firmware.recording import faults
from firmware.recording import job as outcomes
from firmware.recording.job import Job
from firmware.store.parameters import MAILBOXES
from firmware.store.spool import SpoolAbandoned

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from firmware.devices import Clock, Storage
    from firmware.pop3.body import Body
    from firmware.recording.faults import FaultList
    from firmware.recording.task import RecordTask
    from firmware.reporting import Reporter
    from firmware.restarts import Restarts
    from firmware.store.parameters import Parameters
    from firmware.store.spool import Spool

_OUTCOMES = {
    outcomes.ON_PAPER: RECORDED,
    outcomes.AS_NOTICE: NOTICE,
    outcomes.STALLED: LEAVE,
    outcomes.AGAIN: AGAIN,
}
_LARGE = "it has %d kB: too large to be fetched here; read it with a PC (code 415)"


def _of_visits(code: int) -> bool:
    """True for the codes of what can be wrong with network, server and mailbox."""
    return faults.NETWORK_DOWN <= code <= faults.MAIL_EXPIRES


class Receiving:
    """`visit` is what the poller calls; `deliver` what the visit calls for each mail.

    :param mail_buffer: the mail reader's for good
    """

    def __init__(
        self,
        clock: Clock,
        parameters: Parameters,
        fault_list: FaultList,
        reporter: Reporter,
        spool: Spool,
        task: RecordTask,
        mail_buffer: bytearray,
        storage: Storage,
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._parameters = parameters
        self._faults = fault_list
        self._reporter = reporter
        self._spool = spool
        self._task = task
        self._mail_buffer = mail_buffer
        self._reader: MessageReader | None = None
        self._box = 0  # the mailbox that is visited
        self.key = b""  # of the mail in hand
        self.restarts: Restarts | None = None  # where there is anything to say of them
        # what stands of each mailbox: the fault that ended its last visit, and whether it expires
        self._standing: list[list[tuple[int, str]]] = [[] for _ in range(MAILBOXES)]

    async def visit(
        self, why: str, box: int, run_visit: Callable[[], Coroutine[Any, Any, VisitResult]]
    ) -> VisitResult:
        """Visit mailbox `box` once. When nothing can be recorded, no mail is fetched: the server
        keeps it best.
        """
        self._box = box
        get = self._parameters.of_mailbox(box).get
        self._reporter.visit_begins("%s@%s" % (get("pop.user"), get("pop.host")), why)
        pages = self._reporter.pages
        hindrance = await self._task.hindrance()
        if hindrance:
            result = VisitResult()
            result.code = hindrance
        else:
            self._standing[box] = []
            self._task.same_mail.begin_visit(box)
            result = await run_visit()
            if not result.code:
                self._task.same_mail.end_visit(box)
            else:
                self._standing[box].append((result.code, self._named(result.detail)))
            self._tell()
        left = self.restarts.left() if self.restarts is not None else ""
        if left:
            self._faults.enter(faults.RESTARTED, left)
        self._reporter.visit_ends(result, self._reporter.pages - pages)
        if not _of_visits(result.code):
            result.code = 0  # the recorder's own faults are no reason for the poller to back off
        return result

    def _tell(self) -> None:
        """Bring the list of faults up to what stands of all mailboxes."""
        standing = [fault for faults_of_box in self._standing for fault in faults_of_box]
        for code, _detail in self._faults.standing():
            if _of_visits(code) and all(code != other for other, _text in standing):
                self._faults.clear(code)
        told = []
        for code, detail in standing:
            if code not in told:
                self._faults.enter(code, detail)
                told.append(code)

    def _named(self, text: str) -> str:
        return "mailbox %d: %s" % (self._box + 1, text) if self._box else text

    def reports(self, code: int, text: str) -> None:
        """What a visit says of something that does not end it."""
        text = self._named(text)
        standing = self._standing[self._box]
        stays = code in (faults.MAIL_EXPIRES, faults.MESSAGE_REFUSED)
        if stays and all(code != other for other, _text in standing):
            standing.append((code, text))  # until a visit goes without it
            return
        text = "%03d %s" % (code, text) if code else text
        self._reporter.event("mailbox", {"text": text})
        self._reporter.note("mailbox", text)

    async def deliver(self, key: bytes, number: int, count: int, size: int, body: Body) -> int:
        """Take one mail off the wire; returns when it is on paper, or will not be now. Raises what
        `body` raises.
        """
        if self.restarts is None:
            return await self._deliver(key, number, count, size, body)
        return await self.restarts.deliver(self._deliver, key, number, count, size, body)

    async def _deliver(self, key: bytes, number: int, count: int, size: int, body: Any) -> int:
        self.key = key
        self._spool.begin()
        job = Job(self._spool, key, number, count, size, self._clock.now())
        if body.withheld:
            job.withheld = body.withheld if body.withheld is not True else _LARGE % (size // 1024)
        reader = body.taker = self._begin(job)
        job.envelope = reader.envelope
        self._task.give(job)
        try:
            await self._take(body, reader, job)
        except faults.Fault:
            job.end(False)
            await job.settled()
            raise
        except Exception as error:  # noqa: BLE001 - our own mistake must not stop other mails
            job.end(False)
            job.blamed = True
            self._reporter.event("program", {"text": "%s %s" % (type(error).__name__, error)})
            self._reporter.note("program", "%s %s" % (type(error).__name__, error))
        finally:
            job.end(job.complete)
        outcome = _OUTCOMES.get(await job.settled(), UNFINISHED)
        if job.blamed:
            self._blame(key)
        self.key = b""
        return outcome

    def _begin(self, job: Job) -> MessageReader:
        reader = self._reader
        if reader is None:
            reader = self._reader = MessageReader(job, self._mail_buffer, self._spool)
        else:
            reader.begin(job)
        return reader

    def _blame(self, key: bytes) -> None:
        """The program failed in this mail; it must not do so for ever."""
        if self.restarts is None:
            self.restarts = on_demand.load("firmware.restarts").Restarts(self._storage)
        self.restarts.blame(key)

    async def _take(self, body: Body, reader: MessageReader, job: Job) -> None:
        try:
            while True:
                piece = await body.next()
                if piece is None:
                    break
                await reader.feed(piece)
            await reader.close(True)
        except SpoolAbandoned:
            return  # the recording side has settled the mail already
        job.end(True)
