"""The receiving task: visits to the mailbox, and each mail from the wire into the spool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.mail.message import MessageReader
from firmware.pop3.mailbox import LEAVE, NOTICE, RECORDED, UNFINISHED, VisitResult
from firmware.recording import faults
from firmware.recording import job as outcomes
from firmware.recording.job import Job
from firmware.store.spool import SpoolAbandoned

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from firmware.devices import Clock
    from firmware.pop3.reply import Body
    from firmware.recording.faults import FaultList
    from firmware.recording.task import RecordTask
    from firmware.reporting import Reporter
    from firmware.store.parameters import Parameters
    from firmware.store.spool import Spool

_OUTCOMES = {outcomes.ON_PAPER: RECORDED, outcomes.AS_NOTICE: NOTICE, outcomes.STALLED: LEAVE}
_VISIT_FAULTS = (
    faults.NETWORK_DOWN,
    faults.NO_NAME,
    faults.NO_SERVER,
    faults.LOGIN_REFUSED,
    faults.SERVER_REFUSED,
    faults.SERVER_BROKE_OFF,
    faults.SERVER_SILENT,
    faults.PROTOCOL,
    faults.NOT_CONFIGURED,
    faults.NO_LOGIN_METHOD,
    faults.SERVER_FALSE,
)  # MicroPython takes no `*range(...)` between parentheses
_VISIT_FAULTS += tuple(range(faults.TLS_FAILED, faults.MAIL_EXPIRES))


class Receiving:
    """`visit` is what the poller calls; `deliver` what the visit calls for each mail.

    :param mail_buffer: lent to the mail reader for good
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
    ) -> None:
        self._clock = clock
        self._parameters = parameters
        self._faults = fault_list
        self._reporter = reporter
        self._spool = spool
        self._task = task
        self._mail_buffer = mail_buffer

    async def visit(
        self, why: str, run_visit: Callable[[], Coroutine[Any, Any, VisitResult]]
    ) -> VisitResult:
        """Visit the mailbox once. When nothing can be recorded, no mail is fetched: the server
        keeps it best.
        """
        get = self._parameters.get
        self._reporter.visit_begins("%s@%s" % (get("pop.user"), get("pop.host")), why)
        pages = self._reporter.pages
        hindrance = await self._task.hindrance()
        if hindrance:
            result = VisitResult()
            result.code = hindrance
        else:
            result = await run_visit()
            self._tell(result)
        self._reporter.visit_ends(result, self._reporter.pages - pages)
        if result.code not in _VISIT_FAULTS:
            result.code = 0  # the recorder's own faults are no reason for the poller to back off
        return result

    def _tell(self, result: VisitResult) -> None:
        for code in _VISIT_FAULTS:
            if code != result.code:
                self._faults.clear(code)
        if result.code:
            self._faults.enter(result.code, result.detail)

    def reports(self, code: int, text: str) -> None:
        """What a visit says of something that does not end it."""
        self._reporter.note("mailbox", "%03d %s" % (code, text) if code else text)

    async def deliver(self, key: bytes, number: int, count: int, size: int, body: Body) -> int:
        """Take one mail off the wire; returns when it is on paper, or will not be now. Raises what
        `body` raises.
        """
        self._spool.begin()
        job = Job(self._spool, key, number, count, size, self._clock.now())
        reader = MessageReader(job, self._mail_buffer)
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
            self._reporter.note("program", "%s %s" % (type(error).__name__, error))
        finally:
            job.end(job.complete)
        return _OUTCOMES.get(await job.settled(), UNFINISHED)

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
