"""The recording side of the receiver, whole, over RAM; only the machine is a fake."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

from firmware.fax.buffers import FaxBuffers
from firmware.mail.message import HEADROOM, MessageReader
from firmware.recording.document import Recording
from firmware.recording.faults import FaultList
from firmware.recording.job import Job
from firmware.recording.page import HeaderBand
from firmware.recording.recorder import Recorder
from firmware.recording.sheet import Sheet
from firmware.recording.task import RecordTask
from firmware.store.ledger import Ledger
from firmware.store.spool import SPARE, Spool, SpoolAbandoned
from tests.unit.fake_machine import FakeMachine
from tests.unit.store_support import FakeArea, FakeClock, FakeStorage

if TYPE_CHECKING:
    from typing import Any

KEY = b"mail-key"


class FakeReporter:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.pages: list[tuple[int, int, str, bool]] = []
        self.notes: list[str] = []
        self.events: list[str] = []
        self.ends: list[str] = []
        self.unrecorded_parts: list[tuple[str, str]] = []

    def page(self, job: Job, page: int, total: int, kind: str, duplicate: bool) -> None:
        job.pages = page
        self.pages.append((page, total, kind, duplicate))

    def note(self, kind: str, text: str) -> None:
        self.notes.append("%s: %s" % (kind, text))

    def event(self, kind: str, fields: dict[str, str]) -> None:
        self.events.append("%s: %s" % (kind, fields["text"]))

    def unrecorded(self, job: Job, name: str, reason: str) -> None:
        self.unrecorded_parts.append((name, reason))

    def mail_begins(self, job: Job) -> None:
        pass

    def mail_ends(self, job: Job, result: str) -> None:
        self.ends.append(result)


class Desk:
    """One machine with flash that survives `restart`. `small`: in the buffers of a small heap."""

    def __init__(self, tray: int = 20, blocks: int = 16, small: bool = False) -> None:
        self.small = small
        gc.collect()  # the area is two large blocks, and the last test's may lie scattered
        self.machine = FakeMachine(tray)
        self.storage = FakeStorage()
        self.area = FakeArea(blocks + SPARE, 4096)
        self.restart()

    def restart(self) -> None:
        """Power off and on."""
        self.reporter = FakeReporter()
        self.faults = FaultList()
        self.ledger = Ledger(self.storage, FakeClock())
        self.ledger.open()
        self.spool = Spool(self.area, bytearray(4096))
        buffers = FaxBuffers(self.small)
        self.recorder = Recorder(self.machine, self.faults, lambda: None)
        band = HeaderBand(buffers.band)
        self.sheet = Sheet(self.recorder, self.ledger, band, self.reporter.page)
        self.sheet.stall_s = 1
        self.recording = Recording(
            self.sheet, buffers, bytearray(256 if self.small else 512), self.reporter
        )
        self.recording.cut_lines = 92
        self.task = RecordTask(
            self.recording,
            self.recorder,
            self.ledger,
            self.spool,
            self.faults,
            self.reporter,
            lambda: None,
        )

    def record(self, mail: bytes, key: bytes = KEY, upto: int = -1, step: int = 700) -> Job:
        """Put one mail on paper; with `upto` the line breaks off after so many octets."""
        return asyncio.run(self._record(mail, key, upto, step))

    async def _record(self, mail: bytes, key: bytes, upto: int, step: int) -> Job:
        self.spool.begin()
        job = Job(self.spool, key, 1, 1, len(mail), 1_795_000_000)
        reader = MessageReader(job, bytearray(HEADROOM + (512 if self.small else 1024)))
        job.envelope = reader.envelope
        recording = asyncio.create_task(self.task._record(job))
        end = len(mail) if upto < 0 else upto
        try:
            for at in range(0, end, step):
                await reader.feed(memoryview(mail)[at : min(at + step, end)])
                if at % 4096 < step:
                    await asyncio.sleep(0)  # as a body off the wire does
            if upto < 0:
                await reader.close(True)
            job.end(upto < 0)
        except SpoolAbandoned:
            job.end(False)
        await recording
        return job


def kinds(desk: Desk) -> list[Any]:
    """Kinds of the pages on paper, in order."""
    return [kind for _page, _total, kind, _duplicate in desk.reporter.pages]


def tiff(rows: list[bytes], pages: int = 1, width: int = 1728) -> bytes:
    """An uncompressed fax TIFF at 204 x 98 dpi, the same rows on every page, IFDs before data."""
    data = b"".join(rows)
    out = bytearray(b"II*\0\x08\0\0\0")
    for page in range(pages):
        tags = [
            (254, 4, 1, 2),
            (256, 4, 1, width),
            (257, 4, 1, len(rows)),
            (258, 3, 1, 1),
            (259, 3, 1, 1),
            (262, 3, 1, 0),
            (273, 4, 1, 0),
            (277, 3, 1, 1),
            (278, 4, 1, len(rows)),
            (279, 4, 1, len(data)),
            (282, 5, 1, 0),
            (283, 5, 1, 0),
            (296, 3, 1, 2),
            (297, 3, 2, page | pages << 16),
        ]
        at = len(out)
        after = at + 2 + 12 * len(tags) + 4
        values = {282: after, 283: after + 8, 273: after + 16}
        out += len(tags).to_bytes(2, "little")
        for tag, kind, count, value in tags:
            value = values.get(tag, value)
            out += tag.to_bytes(2, "little") + kind.to_bytes(2, "little")
            out += count.to_bytes(4, "little") + value.to_bytes(4, "little")
        following = after + 16 + len(data) if page + 1 < pages else 0
        out += following.to_bytes(4, "little")
        for dpi in (204, 98):
            out += dpi.to_bytes(4, "little") + (1).to_bytes(4, "little")
        out += data
    return bytes(out)
