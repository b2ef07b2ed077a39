"""What must be true of any run, judged by who sees all: every sheet and the server.

Pages are known by their dots: a mail's pages are those that a calm world records of it alone. A
page is on paper when its last dot is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from typing import Any

from sim.observer import SeenSheet
from sim.pop3_server import Mail, Maildrop
from sim.world import Setup, World

Body = tuple[bytes, ...]
Date = tuple[int, int, int]  # year, month, day
Mask = tuple[int, int]  # rows of a page, the second one not included
_STORAGE = 70  # firmware/recording/faults.py
_known: dict[tuple[bytes, int, str, Date | None], tuple[Body, ...]] = {}


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


def pages_of(content: bytes, setup: Setup, date: Date | None = None) -> tuple[Body, ...]:
    """The bodies of the mail's pages, as a calm world records them, its calendar set or not."""
    header = setup.settings.get("record.header", "on")
    key = content, setup.rows, header, date
    if key not in _known:
        maildrop = Maildrop()
        maildrop.mails.append(Mail(content, "calm"))
        calm = {"record.header": header}
        world = World(0, maildrop, Setup(calm, rows=setup.rows, blocks=setup.blocks))
        if date is not None:
            world.calendar.datetime((*date, 0, 0, 0, 0, 0))
        world.run(lambda world: bool(world.heard("visit-end")), 60)
        ends = world.heard("visit-end")
        if not ends or ends[0]["unfinished"] or ends[0]["result"] != "ok":
            raise ValueError("a calm world does not record this mail: %s" % world.said)
        _known[key] = tuple(sheet.body(header == "on") for sheet in world.observer.sheets)
    return _known[key]


class _Page:
    """One page: how many mails want it, how many of them are not over yet, and its copies."""

    def __init__(self) -> None:
        self.wanted = self.open = 0
        self.copies = self.interrupted = self.unmarked = self.deleted = 0


class Judge:
    """Watches one world from its beginning on; all mails go through `accept`.

    :param headers: how the parameter record.header may stand while sheets are recorded
    """

    def __init__(self, world: World, headers: tuple[bool, ...] = ()) -> None:
        self.verdict = Verdict()
        self.masks: set[Mask] = set()  # of pages that say when they were received
        self.sheets = 0  # judged so far
        self._next = 0  # of those that the observer still has
        self._world = world
        self._headers = headers or (world.setup.settings.get("record.header", "on") == "on",)
        self._pages: dict[Body, _Page] = {}
        self._of_mail: dict[Mail, tuple[Body, ...]] = {}
        for mail in world.maildrop.mails:
            self.accept(mail)
        world.maildrop.deleted = _Told(self._deleting)

    def accept(self, mail: Mail, pages: tuple[Body, ...] | None = None) -> None:
        """The server has taken this mail: its pages must come on paper.

        :param pages: None: find out
        """
        pages = pages_of(mail.content, self._world.setup) if pages is None else pages
        self._of_mail[mail] = pages
        for body in pages:
            page = self._pages.setdefault(body, _Page())
            page.wanted += 1
            page.open += 1

    def expects(self, pages: Iterable[Body]) -> bool:
        """True when one of these pages is wanted already."""
        return any(page in self._pages for page in pages)

    def on_paper(self, mail: Mail) -> bool:
        """True when all its pages are."""
        pages = (self._pages[body] for body in self._of_mail[mail])
        return all(page.copies >= page.wanted for page in pages)

    def absorb(self) -> None:
        """Judge the sheets that are out, and forget them."""
        self._judge_sheets()
        del self._world.observer.sheets[: self._next]
        self._next = 0

    def settle(self) -> None:
        """Judge the sheets that are out and what was said, and forget both, and the mails that
        the server has deleted.
        """
        self.absorb()
        self._judge_said()
        self._world.forget()
        deleted = self._world.maildrop.deleted
        for mail in deleted:
            self.forget(mail)
        deleted.clear()

    def forget(self, mail: Mail) -> None:
        """The mail is over: should one of its pages come once more, it is foreign."""
        for body in self._of_mail.pop(mail):
            page = self._pages[body]
            page.open -= 1
            if not page.open:
                self._account(page)
                del self._pages[body]

    def judge(self, finished: bool) -> Verdict:
        """At the end of a run."""
        self._judge_sheets(last=True)
        self._judge_said()
        for page in self._pages.values():
            self._account(page)
        verdict = self.verdict
        verdict.unfinished += not finished
        verdict.notes.extend(self._world.loop.complaints)
        verdict.crashes += bool(self._world.loop.complaints)
        return verdict

    def _judge_said(self) -> None:
        verdict = self.verdict
        for said in self._world.said:
            if said.kind in ("died", "watchdog"):
                verdict.crashes += 1
                verdict.notes.append("%s %s" % (said.kind, said.fields))
            elif said.kind == "fault" and said.fields["code"] == _STORAGE:
                verdict.unreadable_ledgers += 1
                verdict.notes.append(said.fields["text"])

    def _judge_sheets(self, last: bool = False) -> None:
        """Judge those that are out; `last`: the one in the machine as well."""
        sheets = self._world.observer.sheets
        while self._next < len(sheets) and (last or sheets[self._next].out):
            self.sheets += 1
            self._next += 1
            self._judge_sheet(sheets[self._next - 1])

    def _judge_sheet(self, sheet: SeenSheet) -> None:
        verdict = self.verdict
        body, begun = self._known(sheet)
        page = self._pages.get(begun) if begun is not None else None
        if page is None:
            if begun is None and not sheet.interrupted:
                verdict.foreign += 1
                verdict.notes.append("sheet %d is no page of any mail" % self.sheets)
            return
        whole = begun == body
        page.copies += whole
        page.interrupted += whole and sheet.interrupted
        if sheet.marked():
            verdict.marked_duplicates += whole
            return
        page.unmarked += 1
        if page.unmarked > page.wanted:
            verdict.unmarked_duplicates += 1
            verdict.notes.append("sheet %d is a second copy without mark" % self.sheets)

    def _known(self, sheet: SeenSheet) -> tuple[Body, Body | None]:
        """What is on it, and the page that this is or begins: () when it may be several or none,
        None when it is no page.
        """
        begun: Body | None = None
        bodies = [sheet.body(header) for header in self._headers]
        for body in bodies:
            for seen in (body, *(masked(body, mask) for mask in self.masks)):
                if seen in self._pages:
                    return seen, seen
                begins = [page for page in self._pages if seen == page[: len(seen)]]
                if begins:
                    begun = begins[0] if seen and len(begins) == 1 else ()
        return bodies[0], begun if bodies[0] else ()

    def _account(self, page: _Page) -> None:
        """All copies of the page are there."""
        verdict = self.verdict
        lost = page.wanted - page.copies
        if lost > 0:
            verdict.lost += lost
            verdict.notes.append("%d copies of a page, %d wanted" % (page.copies, page.wanted))
        elif -lost > page.interrupted:
            verdict.needless_duplicates += 1
            verdict.notes.append("%d copies of a page, %d wanted" % (page.copies, page.wanted))

    def _deleting(self, mail: Mail) -> None:
        self._judge_sheets()
        inside = [self._known(sheet)[0] for sheet in self._world.observer.sheets[self._next :]]
        for body in self._of_mail[mail]:
            page = self._pages[body]
            page.deleted += 1
            if page.copies + inside.count(body) < page.deleted:
                self.verdict.wrong_deletes += 1
                self.verdict.notes.append("deleted, but not on paper: %s" % mail.uid)
                return


def masked(body: Body, mask: Mask) -> Body:
    """The page without these rows."""
    if len(body) <= mask[0]:
        return body
    rows = [b"" if mask[0] <= at < mask[1] else row for at, row in enumerate(body)]
    while rows and not rows[-1]:
        rows.pop()
    return tuple(rows)


class _Told(list[Mail]):
    """The server's list of deleted mails, which tells of each."""

    def __init__(self, tell: Callable[[Mail], None], mails: Iterable[Mail] = ()) -> None:
        super().__init__(mails)
        self._tell = tell

    def append(self, mail: Any) -> None:
        super().append(mail)
        self._tell(mail)
