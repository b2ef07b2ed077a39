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
from firmware.recording.faults import LEDGER_FULL, STORAGE, Fault
from firmware.store import ledger_records as records
from firmware.store.mail_index import (
    DELETED,
    DOUBT,
    FINISHED,
    GONE,
    NO_DIGEST,
    NOTICE,
    SEEN,
    MailIndex,
)
from firmware.store.record_log import RecordLog

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import NoReturn

    from firmware.devices import Clock, Storage

NAME = "ledger"

_REBUILT = "rebuilt"  # a file, see devices.Storage

_JOURNAL = "firmware.store.journal"
_HEALING = "firmware.store.healing"
_HEALED = "it was damaged and is formatted anew"
_ENOSPC = const(28)
_PENDING = const(24)  # records waiting in RAM
_GONE_KEPT = const(192)  # finished mails remembered at compaction although no longer listed


class Ledger:
    """All mails that are known. `open` before use. Every call that changes raises `Fault(STORAGE)`
    when flash fails.

    `limit` bounds the file in octets, `capacity` the mails remembered at a time.
    """

    def __init__(
        self, storage: Storage, clock: Clock, limit: int = 32768, capacity: int = 512
    ) -> None:
        self.lost = 0  # places damaged or records missing, as found by `open`
        self.doubtful = False  # mails unknown here may be on paper
        self.boxes = 1  # a bit for each mailbox that is visited
        self._heard = 0  # and for each whose listing has come
        self._storage = storage
        self._clock = clock
        self._limit = limit
        self._capacity = capacity
        self._log = RecordLog(storage, NAME, True)
        self._index = MailIndex()
        self._pending: list[bytes] = []
        self._stale = False  # the file lacks what only the index knows
        self._healed = False
        # (mail, page) that was entered last as complete, when `open` found nothing begun since
        self._latest: tuple[bytes, int] | None = None
        self._begun = (b"", NO_DIGEST, NO_DIGEST)  # the mail begun last: key, digest, layout
        self._compacted = 0  # octets of the file when it was last written anew

    def open(self) -> str:
        """Read the file, cut a torn end off, go on after damage. Returns '' or, in plain words,
        what was wrong.

        Never raises: what can be read is used, and what is then known is written anew.
        """
        readable = self._read() or self._read()
        self.lost = self._log.damaged + self._log.missing + (not readable)
        rebuilt = self._is_rebuilt()
        if self.lost or self.doubtful or rebuilt:
            self._doubt()
        if not self.lost and not self._log.torn and not rebuilt:
            sick = on_demand.call(_HEALING, "is_sick", self._storage)
            return _HEALED if sick and self._heal() else ""
        torn = self._log.torn
        try:
            self.compact()
            if rebuilt:  # the doubt is in the file now
                self._storage.remove(_REBUILT)
        except (Fault, OSError) as error:
            if self._heal():
                return _HEALED
            return "the ledger is damaged and could not be written anew (%s)" % error.args[-1]
        if rebuilt:
            return "it was unreadable and is formatted anew"
        if self.lost:
            return "the ledger was damaged in %d places" % self.lost
        return "the last record of the ledger was cut off" if torn else ""

    def _heal(self) -> bool:
        """Have the filesystem formatted anew and all that is known written; once in a run."""
        if self._healed:
            return False
        self._healed = True
        healed: bool = on_demand.call(
            _HEALING, "heal", self._storage, NAME, _REBUILT, self.compact
        )
        return healed

    def _is_rebuilt(self) -> bool:
        try:
            return _REBUILT in self._storage.names()
        except OSError:
            return False

    def _read(self) -> bool:
        self._index = MailIndex()
        self._latest = None
        try:
            for _offset, record in self._log.records():
                self._latest = records.latest(record, self._latest)
                self.doubtful = records.apply(self._index, record) or self.doubtful
        except OSError:
            return False
        return True

    def _doubt(self) -> None:
        """Records were lost: pages of mails unknown or unfinished may be on paper."""
        self.doubtful = True
        for slot in self._index.slots():
            if not self._index.flags(slot) & FINISHED:
                self._index.set_flags(slot, DOUBT)

    # What is known

    def pages_done(self, key: bytes) -> int:
        """Pages of the mail that are on paper: 1..n."""
        slot = self._index.find(key)
        return 0 if slot < 0 else self._index.pages(slot)

    def intent_page(self, key: bytes) -> int:
        """The page that was begun and not completed; 0 when there is none."""
        slot = self._index.find(key)
        if slot < 0:
            return 0
        page = self._index.intent(slot)
        return page if page > self._index.pages(slot) else 0

    def may_be_on_paper(self, key: bytes, page: int) -> bool:
        """True when the page must carry the mark of a possible duplicate; ask before `intend`."""
        slot = self._index.find(key)
        if slot < 0:
            return self.doubtful
        if self._index.flags(slot) & DOUBT:
            return True
        return self._index.intent(slot) >= page

    def is_finished(self, key: bytes) -> bool:
        """True when the mail has ended on paper, as itself or as a notice sheet."""
        slot = self._index.find(key)
        return slot >= 0 and bool(self._index.flags(slot) & FINISHED)

    def ended_as_notice(self, key: bytes) -> bool:
        """True when something of the finished mail stands on a notice sheet only."""
        slot = self._index.find(key)
        return slot >= 0 and bool(self._index.flags(slot) & NOTICE)

    def layout(self, key: bytes) -> bytes:
        """How the pages of a mail that was begun and is not finished are laid out, 4 octets as
        `begin` was told; zeros where that is not known.
        """
        slot = self._index.find(key)
        if slot < 0 or self._index.flags(slot) & FINISHED:
            return NO_DIGEST
        return self._index.digest(slot)

    def unfinished(self) -> Iterator[tuple[bytes, int, int]]:
        """(key, pages complete, page with an intent or 0) of each mail that was begun and is not
        finished.
        """
        for slot in self._index.slots():
            if not self._index.flags(slot) & (FINISHED | GONE):
                key = self._index.key(slot)
                yield key, self._index.pages(slot), self.intent_page(key)

    def same_again(self, key: bytes, digest: bytes) -> bytes | None:
        """The key of a mail with this digest that ended on paper and is not listed any more,
        although it was not deleted; None when there is none, or when `key` is known.
        """
        if not digest or self._index.find(key) >= 0:
            return None
        for slot in self._index.slots():
            ended = self._index.flags(slot) & (FINISHED | GONE) == FINISHED | GONE
            if ended and self._index.digest(slot) == digest:
                return self._index.key(slot)
        return None

    def counts(self) -> tuple[int, int]:
        """(mails known, octets of the file)."""
        return self._index.count, self._log.size

    # What changes

    def begin(
        self,
        key: bytes,
        sender: str,
        subject: str,
        digest: bytes = b"",
        layout: bytes = NO_DIGEST,
    ) -> None:
        """Know the mail, who sent it, and how its pages are laid out; durable with its first page;
        `digest` with its end. Raises `Fault(LEDGER_FULL)`.
        """
        slot = self._slot(key)
        self._begun = (key, digest or NO_DIGEST, layout)
        if self._index.digest(slot) != layout:
            self._index.set_digest(slot, layout)
            self._later(struct.pack(">B8s", records.LAYOUT, key) + layout)
        self._later(self._timed(records.BEGIN, key, records.texts(sender, subject)))

    def over_again(self, key: bytes) -> None:
        """None of the mail's pages counts as complete any more, and each may be on paper: they are
        laid out otherwise now.
        """
        slot = self._slot(key)
        self._index.put(slot, key, 0, 0, self._index.flags(slot) | DOUBT)
        self._later(records.state(self._index, slot))

    def doubt(self, key: bytes) -> None:
        """Know the mail as one that may be on paper: its pages carry the mark. Raises
        `Fault(LEDGER_FULL)`.
        """
        slot = self._slot(key)
        self._index.set_flags(slot, DOUBT)
        self._later(records.state(self._index, slot))

    def intend(self, key: bytes, page: int) -> None:
        """Before the page's first line; durable on return. Raises `Fault(LEDGER_FULL)`."""
        self._index.set_intent(self._slot(key), page)
        self._now(struct.pack(">B8sH", records.INTEND, key, page))

    def complete(self, key: bytes, page: int) -> None:
        """After the page's last line; durable on return. Implies all pages before it."""
        self._index.set_pages(self._slot(key), page)
        self._now(struct.pack(">B8sH", records.COMPLETE, key, page))

    def finish(self, key: bytes, pages: int, notice: bool) -> None:
        """The mail has ended on paper with `pages` pages, all complete; durable on return."""
        slot = self._slot(key)
        flags = FINISHED | (NOTICE if notice else 0)
        if self._begun[0] == key:
            self._index.set_digest(slot, self._begun[1])
        self._index.set_pages(slot, pages)
        self._index.set_flags(slot, flags)
        rest = struct.pack(">HB4s", min(pages, 0xFFFF), flags, self._index.digest(slot))
        self._now(self._timed(records.FINISH, key, rest))

    def retract(self, key: bytes, page: int) -> None:
        """The page, entered as complete, and its mail, perhaps as finished, are not: the page will
        be recorded again, with the mark. Durable on return.
        """
        slot = self._slot(key)
        flags = self._index.flags(slot) & ~(FINISHED | NOTICE)
        layout = self._begun[2] if self._begun[0] == key else self.layout(key)
        self._index.put(slot, key, page - 1, page, flags)
        self._index.set_digest(slot, layout)
        self._now(records.state(self._index, slot))

    def retract_latest(self) -> None:
        """At power-on a sheet sticks in the machine: the page entered last before, if none was
        begun since, may not be whole.
        """
        latest, self._latest = self._latest, None
        if latest is not None and self._index.find(latest[0]) >= 0:
            self.retract(*latest)

    def deleted(self, key: bytes) -> None:
        """The server has deleted the mail (QUIT was answered with +OK); durable with the next
        record or `flush`.

        Lost, it costs nothing: the mail is still finished, and forgotten once the server does not
        list it.
        """
        slot = self._index.find(key)
        if slot >= 0 and not self._index.flags(slot) & DELETED:
            self._index.set_flags(slot, DELETED)
            self._later(self._timed(records.DELETED, key, b""))

    def forget_others(self, live_keys: Iterable[bytes], box: int = -1) -> None:
        """Hear which mails the server lists: mails deleted and gone are forgotten, others that are
        gone may be later.

        While the ledger is doubtful, the listed mails that it does not know are entered as
        possibly on paper; it is so until the listings of all mailboxes in `boxes` have come.

        :param box: the mailbox whose keys these are, as the keys' first two bits say it; -1: of
            all mails
        """
        all_known = True
        for key in live_keys:
            slot = self._index.find(key)
            if slot < 0 and self.doubtful:
                if self._is_full():
                    all_known = False
                    continue
                slot = self._slot(key)
            if slot >= 0:
                self._index.set_flags(slot, SEEN)
        for slot in self._index.slots():
            flags = self._index.flags(slot)
            if flags & SEEN:
                self._index.set_flags(slot, 0, SEEN | GONE)
            elif box >= 0 and self._index.key(slot)[0] >> 6 != box:
                continue
            elif flags & DELETED:
                self._later(struct.pack(">B8s", records.FORGET, self._index.key(slot)))
                self._index.remove(slot)
            else:
                self._index.set_flags(slot, GONE)
        if all_known:
            self._heard |= 1 << box if box >= 0 else self.boxes
        if self.doubtful and self._heard & self.boxes == self.boxes:
            self.doubtful = False
            self.compact()

    def note(self, kind: str, text: str) -> None:
        """Enter an event into the journal; durable on return. Bounded: long texts are cut."""
        self._now(self._timed(records.NOTE, records.NO_KEY, records.texts(kind, text)))

    def flush(self) -> None:
        """Make durable what still waits in RAM."""
        if not self._pending:
            return
        try:
            if (
                self._stale
                or self._log.size + sum(len(record) + 8 for record in self._pending) > self._limit
            ):
                self._compact_or_grow()
            self._log.append(self._pending)
        except OSError as error:
            if error.errno != _ENOSPC and self._heal():
                self._pending = []  # the index has them
                raise Fault(STORAGE, _HEALED) from None
            _fail(error)
        self._pending = []

    def compact(self) -> None:
        """Write the file anew: what stands, and the newest part of the records. Best called while
        nothing else runs.
        """
        self._forget_gone(FINISHED, _GONE_KEPT)
        try:
            keep = self._limit // 4
            self._log.rewrite(records.standing(self._log, self._index, self.doubtful, keep))
            self._compacted = self._log.size
        except OSError as error:
            _fail(error)

    def wants_compacting(self) -> bool:
        """True when the file is so full that an idle moment should be used to compact it."""
        full = self._limit * 3 // 4
        return self._log.size > max(full, self._compacted + self._limit // 8)

    # The journal

    def journal(
        self, newest_first: bool = True, limit: int = 20
    ) -> Iterator[tuple[int, str, str]]:
        """The last `limit` events: (seconds since 1970 or 0, kind, text). Kinds: mail, recorded,
        notice, deleted, and those of `note`. Stops early when the file is compacted meanwhile.
        """
        self.flush()
        entries: Iterator[tuple[int, str, str]] = on_demand.call(
            _JOURNAL, "entries", self._log, newest_first, limit
        )
        return entries

    # Within

    def _slot(self, key: bytes) -> int:
        """The mail's slot, made when missing."""
        slot = self._index.find(key)
        if slot >= 0:
            return slot
        if self._is_full():
            if not (self._forget_gone(FINISHED, 0) or self._forget_deleted()
                    or self._forget_gone(0, 0)):
                raise Fault(LEDGER_FULL, "%d mails" % self._index.count)
            self.compact()
        return self._new(key)

    def _new(self, key: bytes) -> int:
        slot = self._index.add(key)
        if self.doubtful:
            self._index.set_flags(slot, DOUBT)
        return slot

    def _is_full(self) -> bool:
        return self._index.count >= self._capacity

    def _forget_deleted(self) -> int:
        """Forget mails that the server said it has deleted, though no listing has shown it yet:
        a maildrop of thousands has no listing of all.
        """
        deleted = [slot for slot in self._index.slots() if self._index.flags(slot) & DELETED]
        for slot in deleted:
            self._index.remove(slot)
        return len(deleted)

    def _forget_gone(self, finished: int, keep: int) -> int:
        """Forget mails, finished or not, that the server no longer lists, but the last `keep`;
        returns how many.
        """
        forgotten = -keep
        for slot in self._index.slots():
            forgotten += self._index.flags(slot) & (GONE | FINISHED) == GONE | finished
        left = forgotten
        for slot in self._index.slots():
            if left > 0 and self._index.flags(slot) & (GONE | FINISHED) == GONE | finished:
                self._index.remove(slot)
                left -= 1
        return max(0, forgotten)

    def _timed(self, kind: int, key: bytes, rest: bytes) -> bytes:
        return struct.pack(">B8sI", kind, key, self._clock.now()) + rest

    def _later(self, record: bytes) -> None:
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
        self._later(record)
        self.flush()

    def _compact_or_grow(self) -> None:
        """Compact; when there is no space for the new file, let the old one grow a little."""
        try:
            self.compact()
        except Fault:
            if self._stale or self._log.size > self._limit + self._limit // 2:
                raise
        self._stale = False


def _fail(error: OSError) -> NoReturn:
    raise Fault(STORAGE, "ledger: %s" % error)
