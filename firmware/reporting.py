"""What the machine says of itself: events for whoever watches it, lines for the journal, figures
for the console.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from firmware import on_demand
from firmware.recording import faults
from firmware.recording.faults import Fault

if TYPE_CHECKING:
    from typing import Any

    from firmware.devices import Board
    from firmware.pop3.mailbox import VisitResult
    from firmware.recording.job import Job
    from firmware.store.ledger import Ledger


def live_octets() -> int:
    """Octets of the heap that are in use after a collection; 0 on a runtime that can't tell."""
    on_demand.let_go()
    gc.collect()
    return gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0


class Reporter:
    """Passes on what happens. A flash that fails must not stop the telling, so the journal may
    miss a line.

    `heap_peak` is the largest number of live octets seen after a collection.
    """

    def __init__(self, board: Board, ledger: Ledger) -> None:
        self._board = board
        self._ledger = ledger
        self.heap_peak = 0
        self.pages = 0  # since power on
        self.visits = 0
        self.doing = "ready"  # for panel and console
        self.mail: Job | None = None  # being recorded
        self.last_visit: VisitResult | None = None
        self.last_visit_time = 0

    def sample_heap(self) -> None:
        """Take the live octets into the peak."""
        self.heap_peak = max(self.heap_peak, live_octets())

    def note(self, kind: str, text: str) -> None:
        """A line for the journal."""
        try:
            self._ledger.note(kind, text)
        except Fault as fault:
            self._board.monitor.event(
                "fault", {"code": fault.code, "text": str(fault), "active": True}
            )

    def event(self, kind: str, fields: dict[str, Any]) -> None:
        """An event for whoever watches."""
        self._board.monitor.event(kind, fields)

    def fault(self, code: int, detail: str, active: bool) -> None:
        """A fault came or went."""
        text = faults.sentence(code, detail)
        self.event("fault", {"code": code, "text": text, "active": active})
        if active:
            self.note("fault", text)

    def visit_begins(self, mailbox: str, why: str) -> None:
        """The mailbox is visited."""
        self.doing = "visiting"
        self.event("visit-begin", {"mailbox": mailbox, "why": why})

    def visit_ends(self, result: VisitResult, pages: int) -> None:
        """The visit is over; `pages` were recorded in it."""
        self.sample_heap()
        self.doing = "ready"
        self.visits += 1
        self.last_visit = result
        self.last_visit_time = self._board.clock.now()
        self.event(
            "visit-end",
            {
                "result": result.code or "ok",
                "mails": result.mails,
                "recorded": result.recorded,
                "notices": result.notices,
                "unfinished": result.unfinished,
                "deleted": result.deleted,
                "pages": pages,
                "octets": result.octets,
                "heap_peak": self.heap_peak,
            },
        )

    def mail_begins(self, job: Job) -> None:
        """A mail is fetched; its header is known."""
        self.doing = "receiving"
        self.mail = job
        self.event(
            "mail",
            {
                "n": job.number,
                "of": job.count,
                "from": job.envelope.sender,
                "subject": job.envelope.subject,
                "octets": job.octets,
            },
        )

    def mail_ends(self, job: Job, result: str) -> None:
        """A mail ended: 'recorded', 'notice' or 'unfinished'."""
        self.sample_heap()
        self.mail = None
        self.event(
            "mail-end",
            {"n": job.number, "result": result, "pages": job.pages, "reason": job.reason},
        )

    def unrecorded(self, job: Job, name: str, reason: str) -> None:
        """Something of a mail goes onto the notice sheet instead of being recorded."""
        self.event("unrecorded", {"n": job.number, "name": name, "reason": reason})
        self.note("unrecorded", "%s: %s" % (name, reason))

    def page(self, job: Job, page: int, total: int, kind: str, duplicate: bool) -> None:
        """A page is on paper."""
        self.sample_heap()
        self.pages += 1
        job.pages = page
        self.event(
            "page",
            {
                "page": page,
                "of": total,
                "from": job.envelope.sender,
                "kind": kind,
                "duplicate": duplicate,
            },
        )
