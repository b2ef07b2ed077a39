"""What must be true of any run, judged by who sees all: every sheet and the server.

Pages are known by their dots: a mail's pages are those that a calm world records of it alone. A
page is on paper when its last dot is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from typing import Any

from sim.observer import SeenSheet
from sim.pop3_server import Mail, Maildrop
from sim.world import Setup, World

Body = tuple[bytes, ...]
_STORAGE = 70  # firmware/recording/faults.py
_known: dict[tuple[bytes, int, str], tuple[Body, ...]] = {}


@dataclass
class Verdict:
    """Counts of what went wrong; `marked_duplicates` are what the device is meant to do."""

    lost: int = 0  # pages that are on no sheet
    unmarked_duplicates: int = 0
    marked_duplicates: int = 0
    needless_duplicates: int = 0  # of pages that were not in the machine when the power failed
    wrong_deletes: int = 0
    unreadable_ledgers: int = 0
    foreign: int = 0  # sheets that are no page of any mail
    unfinished: int = 0  # the run came to no end
    crashes: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """True when something is wrong."""
        return any(count for name, count in self.counts().items() if name != "marked_duplicates")

    def counts(self) -> dict[str, int]:
        """All counts by name."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name != "notes"}

    def add(self, other: Verdict) -> None:
        """Sum up."""
        for name, count in other.counts().items():
            setattr(self, name, getattr(self, name) + count)
        self.notes.extend(other.notes)


def pages_of(content: bytes, setup: Setup) -> tuple[Body, ...]:
    """The bodies of the mail's pages, as a calm world records them."""
    header = setup.settings.get("record.header", "on")
    key = content, setup.rows, header
    if key not in _known:
        maildrop = Maildrop()
        maildrop.mails.append(Mail(content, "calm"))
        calm = {"record.header": header}
        world = World(0, maildrop, Setup(calm, rows=setup.rows, blocks=setup.blocks))
        world.run(lambda world: bool(world.heard("visit-end")), 60)
        ends = world.heard("visit-end")
        if not ends or ends[0]["unfinished"] or ends[0]["result"] != "ok":
            raise ValueError("a calm world does not record this mail: %s" % world.said)
        _known[key] = tuple(sheet.body(header == "on") for sheet in world.observer.sheets)
    return _known[key]


class Judge:
    """Watches one world from its beginning on; all mails go through `accept`."""

    def __init__(self, world: World) -> None:
        self.verdict = Verdict()
        self._world = world
        self._header = world.setup.settings.get("record.header", "on") == "on"
        self._wanted: Counter[Body] = Counter()
        self._deleted: Counter[Body] = Counter()
        for mail in world.maildrop.mails:
            self.accept(mail)
        world.maildrop.deleted = _Told(self._deleting)

    def accept(self, mail: Mail) -> None:
        """The server has taken this mail: its pages must come on paper."""
        self._wanted.update(pages_of(mail.content, self._world.setup))

    def judge(self, finished: bool) -> Verdict:
        """At the end of a run."""
        verdict = self.verdict
        verdict.unfinished += not finished
        self._judge_sheets()
        for said in self._world.said:
            if said.kind in ("died", "watchdog"):
                verdict.crashes += 1
                verdict.notes.append("%s %s" % (said.kind, said.fields))
            elif said.kind == "fault" and said.fields["code"] == _STORAGE:
                verdict.unreadable_ledgers += 1
                verdict.notes.append(said.fields["text"])
        verdict.notes.extend(self._world.loop.complaints)
        verdict.crashes += bool(self._world.loop.complaints)
        return verdict

    def _judge_sheets(self) -> None:
        verdict = self.verdict
        copies: dict[Body, list[SeenSheet]] = {}
        unmarked: Counter[Body] = Counter()
        for number, sheet in enumerate(self._world.observer.sheets, 1):
            body = sheet.body(self._header)
            page = body if body in self._wanted else self._begun(body)
            if page is None:
                if body and not sheet.interrupted:
                    verdict.foreign += 1
                    verdict.notes.append("sheet %d is no page of any mail" % number)
                continue
            if page == body:
                copies.setdefault(page, []).append(sheet)
            if not sheet.marked():
                unmarked[page] += 1
                if unmarked[page] > self._wanted[page]:
                    verdict.unmarked_duplicates += 1
                    verdict.notes.append("sheet %d is a second copy without mark" % number)
            else:
                verdict.marked_duplicates += page == body
        for page, wanted in self._wanted.items():
            found = copies.get(page, [])
            verdict.lost += max(0, wanted - len(found))
            extra = len(found) - wanted
            if extra > sum(sheet.interrupted for sheet in found):
                verdict.needless_duplicates += 1
                verdict.notes.append("%d copies of a page, %d wanted" % (len(found), wanted))

    def _begun(self, body: Body) -> Body | None:
        """The page that half a sheet began, when it can only be one."""
        pages = [page for page in self._wanted if body and page[: len(body)] == body]
        return pages[0] if len(pages) == 1 else None

    def _deleting(self, mail: Mail) -> None:
        on_paper = Counter(sheet.body(self._header) for sheet in self._world.observer.sheets)
        pages = pages_of(mail.content, self._world.setup)
        self._deleted.update(pages)
        if any(on_paper[page] < self._deleted[page] for page in pages):
            self.verdict.wrong_deletes += 1
            self.verdict.notes.append("deleted, but not on paper: %s" % mail.uid)


class _Told(list[Mail]):
    """The server's list of deleted mails, which tells of each."""

    def __init__(self, tell: Callable[[Mail], None], mails: Iterable[Mail] = ()) -> None:
        super().__init__(mails)
        self._tell = tell

    def append(self, mail: Any) -> None:
        super().append(mail)
        self._tell(mail)
