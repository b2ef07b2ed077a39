"""The ledger: which pages of which mail are on paper, and which mails are finished. The journal is
a view of it.

A mail is named by its key of 8 octets; its pages count from 1 and are recorded in order. Before a
page's first line an *intent* is durable, after its last line its *completion*. After a power cut
`pages_done` says where to go on, and `may_be_on_paper` whether the page that comes next must carry
the mark of a possible duplicate.

What changes nothing that is on paper or on the server (`begin`, `deleted`, forgetting) waits in
RAM for the next durable record, to save flash. See `journal` for the records, `record_log` for
their frame.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from micropython import const

from firmware import on_demand
from firmware.recording.faults import STORAGE, Fault
from firmware.store import ledger_records as records
from firmware.store.mail_index import (
    DELETED,
    DOUBT,
    FINISHED,
    GONE,
    NO_DIGEST,
    NOTICE,
    MailIndex,
)
from firmware.store.record_log import RecordLog

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import NoReturn

    from firmware.devices import Clock, Storage

NAME = "ledger"
REBUILT = "rebuilt"  # a file, see devices.Storage
HEALING = "firmware.store.healing"
HEALED = "it was damaged and is formatted anew"

_ENOSPC = const(28)
_PENDING = const(24)  # records waiting in RAM


class Ledger:
    """All mails that are known. `open` before use. Every call that changes raises `Fault(STORAGE)`
    when flash fails.

    `limit` bounds the file in octets, `capacity` the mails remembered at a time.
    """

    def __init__(self, storage: Storage, clock: Clock, limit: int = 32768,
                 capacity: int = 512) -> None:
        self.lost = 0  # places damaged or records missing, as found by `open`
        self.doubtful = False  # mails unknown here may be on paper
        self.boxes = 1  # a bit for each mailbox that is visited
        self.heard = 0  # and for each whose listing has come
        self.storage = storage
        self._clock = clock
        self._limit = limit
        self._capacity = capacity
        self.log = RecordLog(storage, NAME, True)
        self.index = MailIndex()
        self._pending: list[bytes] = []
        self._stale = False  # the file lacks what only the index knows
        self._healed = False
        # (mail, page) entered last as complete, when `open` found nothing begun since
        self.latest: tuple[bytes, int] | None = None
        self._begun = (b"", NO_DIGEST, NO_DIGEST)  # the mail begun last: key, digest, layout
        self._compacted = 0  # octets of the file when it was last written anew

    def open(self) -> str:
        """Read the file, cut a torn end off, go on after damage. Returns '' or, in plain words,
        what was wrong.

        Never raises: what can be read is used, and what is then known is written anew.
        """
        return str(on_demand.call("firmware.store.opening", "opened", self))

    def heal(self) -> bool:
        """Have the filesystem formatted anew and all that is known written; once in a run."""
        if self._healed:
            return False
        self._healed = True
        healed: bool = on_demand.call(HEALING, "heal", self.storage, NAME, REBUILT, self.compact)
        return healed

    # What is known

    def pages_done(self, key: bytes) -> int:
        """Pages of the mail that are on paper: 1..n."""
        slot = self.index.find(key)
        return 0 if slot < 0 else self.index.pages(slot)

    def intent_page(self, key: bytes) -> int:
        """The page that was begun and not completed; 0 when there is none."""
        slot = self.index.find(key)
        if slot < 0:
            return 0
        page = self.index.intent(slot)
        return page if page > self.index.pages(slot) else 0

    def may_be_on_paper(self, key: bytes, page: int) -> bool:
        """True when the page must carry the mark of a possible duplicate; ask before `intend`."""
        slot = self.index.find(key)
        if slot < 0:
            return self.doubtful
        if self.index.flags(slot) & DOUBT:
            return True
        return self.index.intent(slot) >= page

    def is_finished(self, key: bytes) -> bool:
        """True when the mail has ended on paper, as itself or as a notice sheet."""
        slot = self.index.find(key)
        return slot >= 0 and bool(self.index.flags(slot) & FINISHED)

    def ended_as_notice(self, key: bytes) -> bool:
        """True when something of the finished mail stands on a notice sheet only."""
        slot = self.index.find(key)
        return slot >= 0 and bool(self.index.flags(slot) & NOTICE)

    def layout(self, key: bytes) -> bytes:
        """How the pages of a mail that was begun and is not finished are laid out, 4 octets as
        `begin` was told; zeros where that is not known.
        """
        slot = self.index.find(key)
        if slot < 0 or self.index.flags(slot) & FINISHED:
            return NO_DIGEST
        return self.index.digest(slot)

    def unfinished(self) -> Iterator[tuple[bytes, int, int]]:
        """(key, pages complete, page with an intent or 0) of each mail that was begun and is not
        finished.
        """
        for slot in self.index.slots():
            if not self.index.flags(slot) & (FINISHED | GONE):
                key = self.index.key(slot)
                yield key, self.index.pages(slot), self.intent_page(key)

    def same_again(self, key: bytes, digest: bytes) -> bytes | None:
        """The key of a mail with this digest that ended on paper and is not listed any more,
        although it was not deleted; None when there is none, or when `key` is known.
        """
        if not digest or self.index.find(key) >= 0:
            return None
        for slot in self.index.slots():
            ended = self.index.flags(slot) & (FINISHED | GONE) == FINISHED | GONE
            if ended and self.index.digest(slot) == digest:
                return self.index.key(slot)
        return None

    def counts(self) -> tuple[int, int]:
        """(mails known, octets of the file)."""
        return self.index.count, self.log.size

    # What changes

    def begin(self, key: bytes, sender: str, subject: str, digest: bytes = b"",
              layout: bytes = NO_DIGEST) -> None:
        """Know the mail, who sent it, and how its pages are laid out; durable with its first page;
        `digest` with its end. Raises `Fault(LEDGER_FULL)`.
        """
        slot = self.slot(key)
        self._begun = (key, digest or NO_DIGEST, layout)
        if self.index.digest(slot) != layout:
            self.index.set_digest(slot, layout)
            self.later(struct.pack(">B8s", records.LAYOUT, key) + layout)
        self.later(self._timed(records.BEGIN, key, records.texts(sender, subject)))

    def over_again(self, key: bytes) -> None:
        """None of the mail's pages counts as complete any more, and each may be on paper: they are
        laid out otherwise now.
        """
        on_demand.call("firmware.store.taking_back", "over_again", self, key)

    def doubt(self, key: bytes) -> None:
        """Know the mail as one that may be on paper: its pages carry the mark. Raises
        `Fault(LEDGER_FULL)`.
        """
        slot = self.slot(key)
        self.index.set_flags(slot, DOUBT)
        self.later(records.state(self.index, slot))

    def intend(self, key: bytes, page: int) -> None:
        """Before the page's first line; durable on return. Raises `Fault(LEDGER_FULL)`."""
        self.index.set_intent(self.slot(key), page)
        self._now(struct.pack(">B8sH", records.INTEND, key, page))

    def complete(self, key: bytes, page: int) -> None:
        """After the page's last line; durable on return. Implies all pages before it."""
        self.index.set_pages(self.slot(key), page)
        self._now(struct.pack(">B8sH", records.COMPLETE, key, page))

    def finish(self, key: bytes, pages: int, notice: bool) -> None:
        """The mail has ended on paper with `pages` pages, all complete; durable on return."""
        slot = self.slot(key)
        flags = FINISHED | (NOTICE if notice else 0)
        if self._begun[0] == key:
            self.index.set_digest(slot, self._begun[1])
        self.index.set_pages(slot, pages)
        self.index.set_flags(slot, flags)
        rest = struct.pack(">HB4s", min(pages, 0xFFFF), flags, self.index.digest(slot))
        self._now(self._timed(records.FINISH, key, rest))

    def retract(self, key: bytes, page: int) -> None:
        """The page, entered as complete, and its mail, perhaps as finished, are not: the page will
        be recorded again, with the mark. Durable on return.
        """
        layout = self._begun[2] if self._begun[0] == key else self.layout(key)
        on_demand.call("firmware.store.taking_back", "retract", self, key, page, layout)

    def retract_latest(self) -> None:
        """At power-on a sheet sticks in the machine: the page entered last before, if none was
        begun since, may not be whole.
        """
        latest, self.latest = self.latest, None
        if latest is not None and self.index.find(latest[0]) >= 0:
            self.retract(*latest)

    def deleted(self, key: bytes) -> None:
        """The server has deleted the mail (QUIT was answered with +OK); durable with the next
        record or `flush`.

        Lost, it costs nothing: the mail is still finished, and forgotten once the server does not
        list it.
        """
        slot = self.index.find(key)
        if slot >= 0 and not self.index.flags(slot) & DELETED:
            self.index.set_flags(slot, DELETED)
            self.later(self._timed(records.DELETED, key, b""))

    def forget_others(self, live_keys: Iterable[bytes], box: int = -1) -> None:
        """Hear which mails the server lists: mails deleted and gone are forgotten, others that are
        gone may be later.

        While the ledger is doubtful, the listed mails that it does not know are entered as
        possibly on paper; it is so until the listings of all mailboxes in `boxes` have come.

        :param box: the mailbox whose keys these are, as the keys' first two bits say it; -1: of
            all mails
        """
        on_demand.call("firmware.store.forgetting", "others", self, live_keys, box)

    def note(self, kind: str, text: str) -> None:
        """Enter an event into the journal; durable on return. Bounded: long texts are cut."""
        self._now(self._timed(records.NOTE, records.NO_KEY, records.texts(kind, text)))

    def flush(self) -> None:
        """Make durable what still waits in RAM."""
        if not self._pending:
            return
        try:
            size = self.log.size + sum(len(record) + 8 for record in self._pending)
            if self._stale or size > self._limit:
                self._compact_or_grow()
            self.log.append(self._pending)
        except OSError as error:
            if error.errno != _ENOSPC and self.heal():
                self._pending = []  # the index has them
                raise Fault(STORAGE, HEALED) from None
            _fail(error)
        self._pending = []

    def compact(self) -> None:
        """Write the file anew: what stands, and the newest part of the records. Best called while
        nothing else runs.
        """
        on_demand.call("firmware.store.forgetting", "before_compaction", self.index)
        try:
            keep = self._limit // 4
            self.log.rewrite(records.standing(self.log, self.index, self.doubtful, keep))
            self._compacted = self.log.size
        except OSError as error:
            _fail(error)

    def wants_compacting(self) -> bool:
        """True when the file is so full that an idle moment should be used to compact it."""
        full = self._limit * 3 // 4
        return self.log.size > max(full, self._compacted + self._limit // 8)

    # The journal

    def journal(self, newest_first: bool = True,
                limit: int = 20) -> Iterator[tuple[int, str, str]]:
        """The last `limit` events: (seconds since 1970 or 0, kind, text). Kinds: mail, recorded,
        notice, deleted, and those of `note`. Stops early when the file is compacted meanwhile.
        """
        self.flush()
        return on_demand.call(  # type: ignore[no-any-return]
            "firmware.store.journal", "entries", self.log, newest_first, limit
        )

    # Within

    def slot(self, key: bytes) -> int:
        """The mail's slot, made when missing."""
        slot = self.index.find(key)
        if slot >= 0:
            return slot
        if self.is_full():
            self._make_room()
        slot = self.index.add(key)
        if self.doubtful:
            self.index.set_flags(slot, DOUBT)
        return slot

    def _make_room(self) -> None:
        on_demand.call("firmware.store.forgetting", "make_room", self)

    def is_full(self) -> bool:
        """True when another mail takes the place of one."""
        return self.index.count >= self._capacity

    def _timed(self, kind: int, key: bytes, rest: bytes) -> bytes:
        return struct.pack(">B8sI", kind, key, self._clock.now()) + rest

    def later(self, record: bytes) -> None:
        """Let the record wait. When too many do and flash fails, the index alone knows: it is
        written anew later.
        """
        if len(self._pending) >= _PENDING:
            try:
                self.flush()
            except Fault:
                self._pending = []
                self._stale = True
        self._pending.append(record)

    def _now(self, record: bytes) -> None:
        self.later(record)
        self.flush()

    def _compact_or_grow(self) -> None:
        """Compact; when there is no space for the new file, let the old one grow a little."""
        try:
            self.compact()
        except Fault:
            if self._stale or self.log.size > self._limit + self._limit // 2:
                raise
        self._stale = False


def _fail(error: OSError) -> NoReturn:
    raise Fault(STORAGE, "ledger: %s" % error)
