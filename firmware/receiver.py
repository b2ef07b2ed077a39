"""The composition root: the four tasks (receive, record, panel, service) and the small objects in
which they meet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from micropython import const

from firmware import VERSION, on_demand
from firmware.operation import PanelTask
from firmware.pop3.mailbox import Visit
from firmware.pop3.names import CachedNames
from firmware.pop3.poller import Poller
from firmware.pop3.session import Session
from firmware.receiving import Receiving
from firmware.recording.document import Recording
from firmware.recording.faults import CALIBRATION, PARAMETER, RESTARTED, STORAGE, FaultList
from firmware.recording.page import HeaderBand, time_text
from firmware.recording.recorder import Recorder
from firmware.recording.sheet import Sheet
from firmware.recording.task import RecordTask
from firmware.reporting import Reporter
from firmware.service.console import serve
from firmware.store.ledger import Ledger
from firmware.store.parameters import MAILBOXES, Parameters
from firmware.store.spool import Spool
from firmware.supervisor import Pulse, Supervisor

if TYPE_CHECKING:
    from typing import Any

    from firmware.buffers import Buffers
    from firmware.devices import Board
    from firmware.pop3.mailbox import VisitResult
    from firmware.restarts import Restarts

_RECEIVE = const(0)
_RECORD = const(1)
_PANEL = const(2)
_SERVICE = const(3)
_KEEPER = const(4)  # of the receive task: keeps the session alive while a mail waits for paper
# name and the longest time between two signs of life, in ms: a silent server may take a minute,
# a jammed feed some seconds; that of receive moves with the parameters
_TASKS = (("receive", 180000), ("record", 60000), ("panel", 10000), ("service", 180000),
          ("receive", 180000))
_SILENCES = "connect_s,reply_s,silence_s"  # that a server is allowed
_BEYOND_S = const(120)


class Receiver:
    """The whole receiver on a board, in buffers that were allocated before.

    :param restarts: where there is anything to say of them
    """

    def __init__(
        self, board: Board, buffers: Buffers, restarts: Restarts | None = None
    ) -> None:
        self._restarts = restarts
        self.board = board
        self.version = VERSION
        self.spool = Spool(board.spool_area, buffers.spool_block)
        self.parameters = Parameters(board.storage)
        self.ledger = Ledger(board.storage, board.clock)
        self.reporter = Reporter(board, self.ledger)
        self.faults = FaultList(self.reporter.fault)
        self._pulses = [Pulse(name, board.clock, bound_ms) for name, bound_ms in _TASKS]
        self.spool.reader, self.spool.writer = self._pulses[_RECORD], self._pulses[_RECEIVE]
        self.recorder = Recorder(board, self.faults, self._pulses[_RECORD].beat)
        self._build_recording(buffers)
        self._build_receiving(buffers)

    def _build_recording(self, buffers: Buffers) -> None:
        fax = buffers.fax
        self.sheet = Sheet(self.recorder, self.ledger, HeaderBand(fax.band), self.reporter.page)
        self._recording = Recording(self.sheet, fax, buffers.text, self.reporter)

    def _build_receiving(self, buffers: Buffers) -> None:
        board, faults, reporter = self.board, self.faults, self.reporter
        beat = self._pulses[_RECEIVE].beat
        self.poller = Poller(
            board.clock, self._visit, self._interval, alive=beat, boxes=MAILBOXES
        )
        record_beat = self._pulses[_RECORD].beat
        self._record_task = RecordTask(
            self._recording, self.recorder, self.ledger, self.spool, faults, reporter, record_beat
        )
        self._record_task.ready_again = self.poller.go_on
        receiving = Receiving(
            board.clock,
            self.parameters,
            faults,
            reporter,
            self.spool,
            self._record_task,
            buffers.mail,
            board.storage,
        )
        session = Session(
            CachedNames(board.network, board.clock), buffers.receive, alive=self._octets_came
        )
        session.board = board
        visit = Visit(
            session,
            self.ledger,
            receiving.deliver,
            self.parameters,
            receiving.reports,
            buffers.window,
            board.storage,
            board.clock.now,
        )
        self._receiving = receiving
        self._session = session
        self._mailbox = visit
        visit.keeper = self._pulses[_KEEPER]
        visit.keeper.rest(visit)

    async def run(self) -> None:
        """Run for ever. Raises TaskLost when a task was lost: the machine must be restarted."""
        self._open_store()
        self.reporter.sample_heap()
        self.reporter.event(
            "boot", {"version": VERSION, "board": self.board.name, "heap": self.reporter.heap_peak}
        )
        panel = PanelTask(self, self._pulses[_PANEL].beat)
        self.board.serial.alive = self._pulses[_SERVICE].beat
        supervisor = Supervisor(self.board.watchdog, self._lost)
        restarts = self._restarts
        if restarts is not None:
            self._receiving.restarts = restarts
            supervisor.well = restarts.well
            if restarts.why:
                self.reporter.note("restart", restarts.why)
                self.faults.enter(RESTARTED, restarts.why)
        supervisor.start(self._pulses[_RECORD], self._record_task.run())
        supervisor.start(self._pulses[_PANEL], panel.run())
        supervisor.start(self._pulses[_SERVICE], serve(self.board.serial, self))
        supervisor.start(self._pulses[_RECEIVE], self.poller.run())
        supervisor.watch(self._pulses[_KEEPER])
        await supervisor.run()

    @property
    def mail(self) -> bytes:
        """Key of the mail in hand, or b""."""
        return self._receiving.key

    def poll_now(self) -> None:
        """Visit the mailbox now (service console, start key)."""
        self.poller.forgive()
        self.poller.poll_now()

    def mailbox_changed(self, box: int, name: str) -> None:
        """Another host, password or the like was set (service console)."""
        self.poller.changed(box, name)

    def same_mail(self, wanted: bool) -> bool:
        """Print the mails that are held because they seem to be on paper, or take them for
        printed. False when none are.
        """
        asked = self._record_task.same_mail.answer(wanted)
        if asked:
            self.poll_now()
        return asked

    def status(self) -> dict[str, Any]:
        """What goes on, for the service console."""
        known, octets = self.ledger.counts()
        job = self.reporter.mail
        return {
            "version": VERSION,
            "board": self.board.name,
            "doing": self.reporter.doing,
            "mail": ""
            if job is None
            else "%d of %d from %s" % (job.number, job.count, job.envelope.sender),
            "last_visit": self._last_visit(),
            "pages": self.reporter.pages,
            "visits": self.reporter.visits,
            "next_visit_s": self.poller.seconds_left(),
            "mails_known": known,
            "ledger_octets": octets,
            "heap_peak": self.reporter.heap_peak,
        }

    def _last_visit(self) -> str:
        result, time = self.reporter.last_visit, self.reporter.last_visit_time
        if result is None:
            return "none yet"
        when = time_text(time, self.parameters.get("clock.zone_min")) or "clock not set"
        said = "fault %03d" % result.code if result.code else "ok"
        on_paper = result.recorded + result.notices
        counts = (when, said, result.mails, on_paper, result.unfinished)
        return "%s, %s: %d mails, %d on paper, %d unfinished" % counts

    def _octets_came(self) -> None:
        self._pulses[_KEEPER if self._mailbox.staying else _RECEIVE].beat()

    def _open_store(self) -> None:
        trouble = self.ledger.open()
        said = "one of the texts that lie beside the code"
        if not trouble and said[:5] == "text ":  # damaged, or of another build (see `cold`)
            trouble = "firmware/texts"
        if trouble:
            self.faults.enter(STORAGE, trouble)
        problems = self.parameters.load()
        if problems:
            self.faults.enter(PARAMETER, "; ".join(problems))

    def _configure_film(self) -> None:
        get = self.parameters.get
        try:
            self.board.film.configure(
                get("film.dark"), get("film.bright"), get("film.mark_bright")
            )
            self.faults.clear(CALIBRATION)
        except ValueError as error:  # the former calibration stays in force
            self.faults.enter(CALIBRATION, str(error))

    def _interval(self, box: int) -> int:
        """Minutes between visits of a mailbox; -1 when there is none: only the first one is
        visited though nothing is set, so that the panel says so.
        """
        settings = self.parameters.of_mailbox(box)
        return int(settings.get("pop.interval")) if settings.get("pop.host") or not box else -1

    async def _visit(self, why: str, box: int) -> VisitResult:
        get = self.parameters.get
        self._recording.wanted = on_demand.call("firmware.recording.laid_out", "packed", get)
        self.sheet.zone_min = self._recording.zone_min = get("clock.zone_min")
        self.sheet.stall_s = self.parameters.of_mailbox(box).get("pop.stall_s")
        self._configure_film()
        self.ledger.boxes = sum(
            1 << number for number in range(MAILBOXES) if self._interval(number) >= 0
        )
        self._mailbox.box = box
        settings = self._mailbox.settings = self.parameters.of_mailbox(box)
        silence_s = max([settings.get("pop." + name) for name in _SILENCES.split(",")])
        bound_ms = 1000 * (_BEYOND_S + silence_s)
        self._pulses[_RECEIVE].bound_ms = self._pulses[_KEEPER].bound_ms = bound_ms
        self._session.show(self._traced if self._mailbox.settings.get("pop.trace") else None)
        return await self._receiving.visit(why, box, self._mailbox.run)

    def _traced(self, side: str, line: str) -> None:
        self.reporter.event("trace", {"side": side, "line": line})

    def _lost(self, text: str) -> None:
        self.reporter.event("lost", {"text": text})
