"""The same mail again? A server that gives its mails new unique-ids must not have a whole mailbox
printed a second time without being asked.

A mail whose unique-id is new, and whose header is that of a mail that ended on paper and has gone
from the server's listing without our deleting it, is held: it stays on the server, unfinished,
until a person says 'print' (with the mark of a possible duplicate) or 'taken'. The answer holds
for all such mails, up to the end of the next visit to each mailbox that has some. A mail that the
sender sends twice is printed twice: its copy is still listed, or was deleted by us.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from micropython import const

from firmware.recording import job as outcomes
from firmware.recording.faults import SAME_MAIL

if TYPE_CHECKING:
    from firmware.mail.header import Envelope
    from firmware.recording.faults import FaultList
    from firmware.recording.job import Job
    from firmware.store.ledger import Ledger

_ASK = const(0)
_PRINT = const(1)
_TAKE = const(2)
_DIGEST_OCTETS = const(4)


def digest_of(envelope: Envelope) -> bytes:
    """4 octets of what tells a mail from others; empty for a header that tells too little."""
    if not envelope.message_id and not envelope.date:
        return b""
    words = (envelope.message_id, envelope.date, envelope.sender, envelope.subject)
    return hashlib.sha256("\n".join(words).encode()).digest()[:_DIGEST_OCTETS]


class SameMail:
    """Decides for each mail; remembers the answer, and which mailboxes hold such mails."""

    def __init__(self, ledger: Ledger, fault_list: FaultList) -> None:
        self._ledger = ledger
        self._faults = fault_list
        self._answer = _ASK
        self._boxes = 0  # a bit for each mailbox where mails wait for the answer

    def judge(self, job: Job, digest: bytes) -> int:
        """PENDING: record it; HELD; or the outcome of a mail that was taken for printed. Raises
        Fault.
        """
        old = self._ledger.same_again(job.key, digest)
        if old is None:
            return outcomes.PENDING
        if self._answer == _TAKE:
            notice = self._ledger.ended_as_notice(old)
            self._ledger.begin(job.key, job.envelope.sender, job.envelope.subject, digest)
            self._ledger.finish(job.key, self._ledger.pages_done(old), notice)
            return outcomes.AS_NOTICE if notice else outcomes.ON_PAPER
        if self._answer == _PRINT:
            self._ledger.doubt(job.key)
            return outcomes.PENDING
        self._boxes |= 1 << (job.key[0] >> 6)
        self._faults.enter(SAME_MAIL)
        return outcomes.HELD

    def answer(self, wanted: bool) -> bool:
        """A person has answered: print them, or take them for printed. False when nothing was
        asked.
        """
        if SAME_MAIL not in self._faults:
            return False
        self._answer = _PRINT if wanted else _TAKE
        self._faults.clear(SAME_MAIL)
        return True

    def begin_visit(self, box: int) -> None:
        """Mailbox `box` is visited."""
        if self._answer == _ASK:
            self._boxes &= ~(1 << box)

    def end_visit(self, box: int) -> None:
        """All mails of mailbox `box` were seen."""
        if self._answer != _ASK:
            self._boxes &= ~(1 << box)
        if not self._boxes:
            self._answer = _ASK
            self._faults.clear(SAME_MAIL)
