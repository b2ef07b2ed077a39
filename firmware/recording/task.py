"""The recording task: takes one mail after the other from the receiving task; between mails it
watches the machine.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from micropython import const

from firmware import on_demand
from firmware.recording import job as outcomes
from firmware.recording.again import SameMail, digest_of
from firmware.recording.document import UNKNOWN, ReadAgain
from firmware.recording.faults import JAM, STORAGE, Fault, FaultList
from firmware.recording.recorder import PageInterrupted, Stalled
from firmware.store.spool import Incomplete

if TYPE_CHECKING:
    from collections.abc import Callable

    from firmware.recording.document import Recording
    from firmware.recording.job import Job
    from firmware.recording.recorder import Recorder
    from firmware.reporting import Reporter
    from firmware.store.ledger import Ledger
    from firmware.store.spool import Spool

_RESULTS = {
    outcomes.ON_PAPER: "recorded",
    outcomes.AS_NOTICE: "notice",
    outcomes.AGAIN: "again",
}
_LAID_OUT = "firmware.recording.laid_out"
_WATCH_S = 1
_UNLOAD_AFTER = const(3)  # idle seconds; the console may want the memory
_ERASE_AHEAD_BLOCKS = 4  # in every idle second: some 0.2 s on a serial flash, one block at a time


class RecordTask:
    """`give` hands a mail over; `run` is the long-lived task.

    `ready_again` is called when the machine can record after a mail had to wait for that.

    :param beat: the supervisor's pulse of this task
    """

    def __init__(
        self,
        recording: Recording,
        recorder: Recorder,
        ledger: Ledger,
        spool: Spool,
        faults: FaultList,
        reporter: Reporter,
        beat: Callable[[], None],
    ) -> None:
        self._recording = recording
        self._recorder = recorder
        self._ledger = ledger
        self._spool = spool
        self._faults = faults
        self._reporter = reporter
        self.ready_again: Callable[[], None] = beat
        self.same_mail = SameMail(ledger, faults)
        self._beat = beat
        self._job: Job | None = None
        self._given = asyncio.Event()
        self._put_off = False
        self._idle = 0  # seconds since the last mail
        self._looked = False  # at what was in the machine at power-on
        self._looking = asyncio.Lock()

    def give(self, job: Job) -> None:
        """Hand over a mail that is beginning to arrive. One at a time: the spool holds one."""
        self._job = job
        self._given.set()

    async def hindrance(self) -> int:
        """0 when a page could be recorded now; else the code of what hinders it, and `ready_again`
        will be called when it is over.
        """
        await self._look_first()
        if await self._recorder.check():
            return 0
        self._put_off = True
        return self._recorder.hindrance()

    async def run(self) -> None:
        """Record what is handed over, for ever."""
        await self._look_first()
        while True:
            self._beat()
            if self._job is None:
                await self._watch()
            else:
                job, self._job = self._job, None
                self._given.clear()
                await self._record(job)

    async def _look_first(self) -> None:
        """Before anything else: does the sheet come out that was in the machine at power-off?"""
        async with self._looking:
            if self._looked:
                return
            self._looked = True
            try:
                if await self._recorder.sheet_sticks():
                    self._ledger.retract_latest()
            except Fault as fault:
                self._faults.enter(fault.code, fault.detail)

    async def _watch(self) -> None:
        if await self._recorder.check() and self._put_off:
            self._put_off = False
            self.ready_again()
        await self._spool.erase_ahead(_ERASE_AHEAD_BLOCKS)
        if self._ledger.wants_compacting():
            self._compact()
        try:
            await asyncio.wait_for(self._given.wait(), _WATCH_S)
            self._idle = 0
        except asyncio.TimeoutError:
            self._idle += 1
            if self._idle == _UNLOAD_AFTER:
                self._recording.unload()

    def _compact(self) -> None:
        try:
            self._ledger.compact()
        except Fault as fault:
            self._faults.enter(fault.code, fault.detail)

    async def _record(self, job: Job) -> None:
        outcome, reason = await self._outcome(job)
        job.settle(outcome, reason)
        result = _RESULTS.get(outcome, "unfinished")
        if result == "unfinished" and outcome != outcomes.HELD:
            self._reporter.note(
                result, "mail %d of %s: %s" % (job.number, job.envelope.sender, reason)
            )
        self._reporter.mail_ends(job, result)

    async def _outcome(self, job: Job) -> tuple[int, str]:
        """Record the mail; whatever goes wrong with it becomes its outcome, so that the next one
        is served.
        """
        try:
            await job.slot(0)  # by then the header has been read
            digest = digest_of(job.envelope)
            settled = self.same_mail.judge(job, digest)
            self._reporter.mail_begins(job)
            if settled:
                return settled, "it is on paper under another unique-id"
            layout = self._layout(job.key)
            self._ledger.begin(job.key, job.envelope.sender, job.envelope.subject, digest, layout)
            noticed = await self._recording.record(job)
            await self._finish(job, noticed)
        except ReadAgain:
            return outcomes.AGAIN, "its directories come too late: it is read once more"
        except Incomplete:
            return outcomes.BROKEN_OFF, "it did not arrive whole"
        except (Stalled, PageInterrupted):
            self._put_off = True
            return outcomes.STALLED, "the machine could not record: " + self._standing()
        except Fault as fault:
            self._faults.enter(fault.code, fault.detail)
            return outcomes.FAILED, str(fault)
        except OSError as error:
            self._faults.enter(STORAGE, str(error))
            return outcomes.FAILED, "flash memory: %s" % error
        except Exception as error:  # noqa: BLE001 - our own mistake must not stop other mails
            job.blamed = True
            return outcomes.FAILED, "program fault %s: %s" % (type(error).__name__, error)
        return (outcomes.AS_NOTICE if noticed else outcomes.ON_PAPER), ""

    def _layout(self, key: bytes) -> bytes:
        """How this mail's pages are laid out: as they are wanted, unless some are on paper."""
        recording = self._recording
        wanted = recording.wanted
        if recording.layout == wanted and self._ledger.layout(key) in (wanted, UNKNOWN):
            return wanted
        return on_demand.call(_LAID_OUT, "choose", recording, self._recorder, self._ledger, key)  # type: ignore[no-any-return]

    async def _finish(self, job: Job, noticed: bool) -> None:
        """The last sheet may wait for this record. Raises PageInterrupted when it then does not
        come out; Fault.
        """
        out = False
        try:
            self._ledger.finish(job.key, job.pages, noticed)
        finally:
            out = await self._recorder.end()
            if out:
                self._recording.sheet.came_out()
        if not out:
            self._ledger.retract(job.key, job.pages)
            raise PageInterrupted(JAM)

    def _standing(self) -> str:
        return ", ".join("%03d" % code for code, _detail in self._faults.standing())
