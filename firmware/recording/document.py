"""From the parts of a mail to sheets: what is a fax, what is text, and what only a notice can tell
of.

The recording task runs `Recording.record(job)` while the mail is still arriving. Every part is
looked at by its first octets before its type is believed (IFAX: type, name and content often
disagree).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from micropython import const

from firmware import on_demand
from firmware.recording import faults
from firmware.store.spool import Incomplete

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from firmware.fax.buffers import FaxBuffers
    from firmware.mail.header import Part
    from firmware.recording.job import Job, Slot
    from firmware.recording.sheet import Sheet
    from firmware.reporting import Reporter

_MAX_ROWS = const(24)  # of one notice sheet
_MAGIC_OCTETS = const(8)
_MARK = const(15)  # see learning.py
_UNLIMITED = const(0xFFFFFFFF)
_MOST_WAITING = const(8)  # mails that are put off for one that is read again
UNKNOWN = b"\0\0\0\0"  # layout
_TOO_MANY = "the mail takes more than %d sheets (parameter record.sheets)"
_LEARNING = "firmware.recording.learning"
_FAX = "firmware.recording.fax_part"
_TEXT = "firmware.recording.text_part"
# what goes when faxes or texts are done with; the buffers of faxes stay
_DROPPED = (_FAX, _TEXT, "firmware.fax.", "firmware.text.layout", "firmware.mail.charset",
            "firmware.mail.notice")
_STAY = ("firmware.fax.buffers", "firmware.fax.ccitt_tables")
_TEXT_TYPES = (
    "text/plain",
    "text/csv",
    "text/rfc822-headers",
    "message/delivery-status",
    "message/disposition-notification",
)
_TIFF_TYPES = ("image/tiff", "image/tiff-fx", "image/tif", "image/x-tiff")
_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"II\0*", b"MM*\0", b"IM*\0", b"MI\0*")


class ReadAgain(Exception):
    """All that is wanted of this reading of the mail is learnt; the server must send it again."""


class Row:
    """What the notice sheet says of one thing that is not on paper."""

    def __init__(self, name: str, content_type: str, reason: str, alternative: int) -> None:
        self.name = name
        self.content_type = content_type
        self.reason = reason
        self.alternative = alternative


class Kept:
    """What is known of a fax that is read again, or read ahead: `key` of its mail. Always there,
    so that such a fax takes no more memory than another one. The directories lie in `area`, see
    `fax/kept.py`, those at links from `low` to `high`; `gone`: the chain goes on where it could
    not be had.

    `readings`: how often the mail was asked for again, for the file's page `number`, or 0, of
    `part`; `mark`: where that reading goes on. `gave_way`: mails that wanted to keep theirs
    meanwhile.
    """

    def __init__(self) -> None:
        self.area: Any = None
        self.begin(b"")

    def begin(self, key: bytes) -> None:
        """For the mail of that key."""
        self.key = key
        self.mark: list[Any] = [None] * _MARK
        self.readings = self.gave_way = self.number = self.part = 0
        self.empty()

    def empty(self) -> None:
        """Forget all directories."""
        self.gone = False
        self.low, self.high = _UNLIMITED, 0
        self.end = self.erased = 0  # octets written, blocks erased
        self.cursor = self.common = 0  # places: of the last one wanted; of fields in common


def _default(name: str) -> Any:
    return on_demand.call("firmware.store.parameter_table", "default", name)


class Recording:
    """Puts one mail after the other on paper.

    :param scratch: octets for reading text and looking at parts, 256 or more
    """

    def __init__(
        self,
        sheet: Sheet,
        fax_buffers: FaxBuffers,
        scratch: bytearray,
        reporter: Reporter,
    ) -> None:
        self.sheet = sheet
        self.fax_buffers = fax_buffers
        self.scratch = memoryview(scratch)
        self.reporter = reporter
        self.wanted = self.layout = UNKNOWN  # see laid_out.py: what parameters say, what holds
        self.cut_lines = 0  # parameter record.cut_mm, in lines
        self.setting: Callable[[str], Any] = _default
        self.zone_min = 0
        self.job: Job
        self.rows: list[Row] = []
        self.headed = False  # the heading (From, Subject, Date) is on paper
        # the group of alternatives of which one is on paper; below 0: a fax, and all of it
        self.alternative = 0
        self._worker: Any = None  # what records faxes or texts,
        self._loaded = ""  # and the module that it comes from
        self.kept: Kept | None = None  # of the mail that is read again, or read ahead
        self._kept = Kept()

    async def record(self, job: Job) -> bool:
        """Put the mail on paper. True when something of it stands on a notice sheet only.

        Raises Incomplete (the mail broke off), ReadAgain, Stalled, PageInterrupted, Fault,
        OSError: the page that was open is given up then, and the mail is not finished.
        """
        self.job = job
        self.rows = []
        self.headed = False
        self.alternative = 0
        self.sheet.begin_mail(job)
        try:
            index, first = 0, 0 if self.kept is None else self._first_part(job)
            while True:
                slot = await job.slot(index)
                if slot is None:
                    break
                if job.withheld or index < first:
                    await slot.source.skip()
                else:
                    await self._part(slot)
                index += 1
            if not job.complete:
                raise Incomplete  # behind the last part, but who knows what else was to come
            if job.withheld:
                what = "all of the mail; it is still in the mailbox"
                self.rows = [Row(what, "mail", job.withheld, 0)]
            await self._close()
        except BaseException:
            await self.sheet.abort()
            raise
        self._forget(job.key)
        job.pages = self.sheet.page
        return bool(self.rows)

    def _first_part(self, job: Job) -> int:
        """Index of the part with which this reading of the mail goes on."""
        kept = self.kept
        if kept is None or kept.key != job.key or job.withheld:
            return 0
        index: int = on_demand.call(_LEARNING, "index_of", self, kept)
        on_demand.drop("firmware.fax.kept")
        return index

    async def _part(self, slot: Slot) -> None:
        """Of alternatives one is recorded, but a fax whatever was recorded before it, unless that
        was a fax and all of it: who has only the words beside a fax has lost it.
        """
        part, source = slot.part, slot.source
        group, said = part.alternative, len(self.rows)
        magic = bytes(self.scratch[: await self._fill(slot, _MAGIC_OCTETS)])
        recorded = False
        kind = self._kind_of(part, magic)
        if group and self.alternative in ((-group,) if kind == _FAX else (group, -group)):
            await source.skip()
            return
        if kind == _FAX:
            part.alternative = 0  # what is missing of it is told, whatever is recorded later
        if kind:
            recorded = await self._part_of(kind).record(slot)
        elif magic or slot.damage:
            await self._unprintable(slot, magic)
        await source.skip()
        if slot.damage:
            self.row(slot, faults.MAIL_DAMAGED, slot.damage)
        if recorded and group:
            rows = self.rows
            self.alternative = -group if kind == _FAX and len(rows) == said else group
            self.rows = [row for row in rows[:said] if row.alternative != group] + rows[said:]

    async def _fill(self, slot: Slot, count: int) -> int:
        """Read the first `count` octets of a part into the scratch; fewer only at its end."""
        filled = 0
        while filled < count:
            got = await slot.source.read_at(filled, self.scratch[filled:count])
            if not got:
                break
            filled += got
        return filled

    def _kind_of(self, part: Part, magic: bytes) -> str:
        """The module that records a part which begins so; "" when none does."""
        if magic[:4] in _TIFF_STARTS or part.content_type in _TIFF_TYPES:
            return _FAX
        if part.name.lower().endswith((".tif", ".tiff")):
            return _FAX
        return _TEXT if part.content_type in _TEXT_TYPES else ""

    async def _unprintable(self, slot: Slot, magic: bytes) -> None:
        kind = "application/pdf" if magic[:4] == b"%PDF" else slot.part.content_type
        reason = on_demand.call("firmware.mail.notice", "reason_for", kind)
        self.row(slot, faults.PART_UNSUPPORTED, reason)

    def row(self, slot: Slot, code: int, reason: str) -> None:
        """Something of this part is not on paper: the notice sheet will tell of it."""
        part = slot.part
        reason = "%s (code %03d)" % (reason, code)
        if len(self.rows) < _MAX_ROWS:
            self.rows.append(Row(part.name, part.content_type, reason, part.alternative))
        elif len(self.rows) == _MAX_ROWS:
            self.rows.append(Row("", "", "more parts of this mail can't be recorded either", 0))

    def _part_of(self, kind: str) -> Any:
        """What records faxes or texts; one of the two is in memory at a time."""
        if self._loaded != kind:
            self.unload()
            name = "FaxPart" if kind == _FAX else "TextPart"
            self._worker = getattr(on_demand.load(kind), name)(self)
            self._loaded = kind
        return self._worker

    def unload(self) -> None:
        """Give back the memory of what records faxes or texts; it is loaded again when wanted."""
        if self._worker is None:
            return
        self._worker.close()
        self._worker = None
        self._loaded = ""
        for start in _DROPPED:
            on_demand.drop(start, _STAY)

    def keep(self) -> Kept:
        """For what is to be kept of this mail's directories. Raises ReadAgain while another mail,
        which is to come once more, has the room for that.
        """
        kept = self._kept
        if self.kept is None or kept.key != self.job.key:
            if self.kept is not None and kept.number and kept.gave_way < _MOST_WAITING:
                kept.gave_way += 1
                raise ReadAgain
            kept.begin(self.job.key)
            kept.area = self.job.spool.area
            self.kept = kept
        return kept

    def _forget(self, key: bytes) -> None:
        if self.kept is not None and self.kept.key == key:
            self.kept.begin(b"")
            self.kept = None

    def too_many(self, slot: Slot, code: int) -> bool:
        """True, and told, when the mail has used up the sheets that it may."""
        most = self.setting("record.sheets")
        if self.sheet.page < most:
            return False
        self.row(slot, code, _TOO_MANY % most)
        return True

    async def end_open_page(self) -> None:
        """Finish the page that is open, if there is one."""
        if self.sheet.is_open:
            await self.sheet.finish()

    # The end of the mail

    async def _close(self) -> None:
        """Notice sheet for what is not on paper; a mail without any page gets its heading."""
        if self.rows:
            for row in self.rows:
                self.reporter.unrecorded(self.job, row.name or row.content_type, row.reason)
            await self._part_of(_TEXT).notice(self.rows)
        elif not self.sheet.page:
            await self._part_of(_TEXT).heading_alone()
