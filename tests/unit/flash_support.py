"""Flash that is cut, flipped, filled or worn under the store, and what must be true of the store
then; for both runtimes, each with its own littlefs.

A run lives from one seed: random entries into ledger and parameters, and in the middle of them one
kind of harm after the other. What was promised stands in `Promises`.
"""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING

import vfs

from firmware.recording.faults import Fault
from firmware.store.ledger import Ledger
from firmware.store.parameters import Parameters
from hal.storage import Storage, made_anew, open_filesystem
from hal.witness import Witness
from tests.unit.store_support import FakeClock

if TYPE_CHECKING:
    from typing import Any

BLOCK = 4096
BLOCKS = 20
STEPS = 40  # entries between two harms, at most
KINDS = ("cut", "flip", "full", "worn")
_IO_ERROR = -5
# an exception that passes through MicroPython's littlefs leaves its open files in pieces, and one
# that fails is not asked again on CPython
_RAISES = sys.implementation.name == "cpython"


class Cut(BaseException):
    """The power has failed."""


class HarmedFlash:
    """NOR flash as a block device: programs take bits away, erases bring a block's bits back.

    `left` changes from now the power fails, in the way `tear`: nothing of the change done, half
    of it, all of it, any octets of it. Then nothing can be written until `revive`.
    """

    def __init__(self, blocks: int, beside: HarmedFlash | None = None) -> None:
        self.beside = beside  # loses its power with this one
        self.data = bytearray(b"\xff" * (blocks * BLOCK))
        self.left = -1  # for ever
        self.tear = 0
        self.dead = False
        self.endurance = 0  # erases that a block lasts; 0: for ever
        self._erases = bytearray(2 * blocks)
        self._blocks = blocks

    def readblocks(self, block: int, buffer: Any, offset: int = 0) -> int:
        start = block * BLOCK + offset
        memoryview(buffer)[:] = memoryview(self.data)[start : start + len(buffer)]
        return 0

    def writeblocks(self, block: int, buffer: Any, offset: int = 0) -> int:
        start = block * BLOCK + offset
        old = self.data[start : start + len(buffer)]
        return self._change(start, bytes([old[at] & buffer[at] for at in range(len(old))]))

    def ioctl(self, request: int, argument: int) -> int:
        if request == 4:
            return self._blocks
        if request == 5:
            return BLOCK
        if request == 6:
            worn = self._wear(argument)
            start = argument * BLOCK
            new = self.data[start : start + BLOCK] if worn else b"\xff" * BLOCK
            return self._change(start, new)
        return 0

    def revive(self) -> None:
        """The power is back."""
        self.left = -1
        self.dead = False

    def _wear(self, block: int) -> bool:
        erases = self._erases[2 * block] << 8 | self._erases[2 * block + 1]
        erases = min(erases + 1, 0xFFFF)
        self._erases[2 * block], self._erases[2 * block + 1] = erases >> 8, erases & 0xFF
        return 0 < self.endurance < erases

    def _change(self, start: int, new: bytes | bytearray) -> int:
        if self.left != 0 and not self.dead:
            self.left -= 1
            self.data[start : start + len(new)] = new
            return 0
        if not self.dead:
            self._tear(start, new)
        self.dead = True
        if self.beside is not None:
            self.beside.dead = True
        if _RAISES:
            raise Cut
        return _IO_ERROR

    def _tear(self, start: int, new: bytes | bytearray) -> None:
        if self.tear < 3:
            done = (0, len(new) // 2, len(new))[self.tear]
            self.data[start : start + done] = new[:done]
        else:
            for at in range(len(new)):
                if random.getrandbits(1):
                    self.data[start + at] = new[at]


class Promises:
    """What the ledger has promised of one mail; `now`: of the call under way."""

    def __init__(self) -> None:
        self.done = self.intent = 0
        self.finished = False
        self.now = (0, 0, False)
        self.tried = False  # to finish it, perhaps in vain: the record waits then
        self.known = True  # for certain; after damage only that nothing is claimed too much

    def keep(self) -> None:
        """The call returned."""
        self.done, self.intent, self.finished = self.now


class Store:
    """The store on flash, and a model of it. `counts`: harms by kind."""

    def __init__(self) -> None:
        self.flash = HarmedFlash(BLOCKS)
        self.spool = HarmedFlash(3, self.flash)
        self.flash.beside = self.spool
        self.mails: dict[bytes, Promises] = {}
        self.hosts = [""]  # pop.host as it may stand
        self.next = 0
        self.counts = dict.fromkeys(KINDS, 0)
        self.doubts = 0
        self.boot()

    def boot(self) -> str:
        """Open everything; returns what the ledger says."""
        self.storage = Storage(
            open_filesystem(self.flash, vfs.VfsLfs2),
            Witness(self.spool),
            self.spool,
            lambda: made_anew(self.flash, vfs.VfsLfs2),
        )
        self.parameters = Parameters(self.storage)
        self.faulty = self.parameters.load()
        self.ledger = Ledger(self.storage, FakeClock(), limit=6000, capacity=40)
        return self.ledger.open()

    def step(self) -> None:
        """One random entry. Raises Cut, Fault, OSError."""
        what = random.getrandbits(4)
        if what == 0:
            host = "host%d.example.com" % random.getrandbits(16)
            self.hosts.append(host)
            self.parameters.set("pop.host", host)
            self.hosts = [host]
        elif what == 1:
            self.ledger.note("visit", "x" * random.getrandbits(6))
        elif what == 2:
            self.storage.replace("server", [bytes(random.getrandbits(9))])
        elif what == 3:
            self.ledger.compact()
        else:
            self._mail()

    def _mail(self) -> None:
        """The next thing that happens to the youngest mail."""
        key = b"mail%04d" % self.next
        mail = self.mails.get(key)
        if mail is None:
            mail = self.mails[key] = Promises()
            self.ledger.begin(key, "sender@example.com", "Subject " * random.getrandbits(3))
        if mail.intent <= mail.done:
            mail.now = (mail.done, mail.done + 1, False)
            self.ledger.intend(key, mail.done + 1)
        elif random.getrandbits(1):
            mail.now = (mail.intent, mail.intent, False)
            self.ledger.complete(key, mail.intent)
        else:
            mail.now = (mail.intent, mail.intent, True)
            mail.tried = True
            self.ledger.finish(key, mail.intent, False)
            self.next += 1
        mail.keep()
        if mail.finished:
            self._leave(key)

    def _leave(self, key: bytes) -> None:
        """Some finished mails are deleted on the server; then they may be forgotten."""
        many = len(self.mails) > 12
        for other in [other for other, mail in self.mails.items() if mail.finished and many]:
            del self.mails[other]
            self.ledger.deleted(other)
        if key in self.mails and random.getrandbits(1):
            del self.mails[key]
            self.ledger.deleted(key)
        self.ledger.forget_others(list(self.mails))

    # What must be true

    def check_cut(self, said: str) -> None:
        """After a power cut: what was promised, or that and the call under way; nothing in doubt.
        """
        assert said == "" and not self.ledger.doubtful, said
        assert not self.faulty and self.parameters.get("pop.host") in self.hosts
        self.hosts = [self.parameters.get("pop.host")]
        for key, mail in self.mails.items():
            if mail.known:
                was = (mail.done, mail.intent, mail.finished)
                done, over = self.ledger.pages_done(key), self.ledger.is_finished(key)
                intent = max(done, self.ledger.intent_page(key))
                assert (done, intent, over) in (was, mail.now), (key, done, intent, was, mail.now)
                mail.done, mail.intent, mail.finished = mail.now = (done, intent, over)
                assert over or self.ledger.may_be_on_paper(key, done + 1) == (intent > done)
            else:
                self._check_damaged(key, mail)
        self._next()

    def check_damaged(self) -> None:
        """After damage: no page that may be on paper would come again without the mark, and none
        counts as recorded that is not.
        """
        self.doubts += self.ledger.doubtful
        for key, mail in self.mails.items():
            self._check_damaged(key, mail)
            mail.known = False
        assert self.faulty or self.parameters.get("pop.host") in self.hosts
        self.hosts = [self.parameters.get("pop.host")]
        self.ledger.forget_others(list(self.mails))
        self.ledger.flush()
        assert not self.ledger.doubtful
        self._next()

    def _check_damaged(self, key: bytes, mail: Promises) -> None:
        ledger = self.ledger
        done = ledger.pages_done(key)
        assert done <= max(mail.intent, mail.now[0]), (key, done, mail.intent)
        assert mail.tried or not ledger.is_finished(key), key
        if not ledger.is_finished(key):
            for page in range(done + 1, mail.intent + 1):
                assert ledger.may_be_on_paper(key, page), (key, page)
        mail.done, mail.finished = done, ledger.is_finished(key)
        mail.intent = max(mail.intent, done)
        mail.now = (mail.done, mail.intent, mail.finished)

    def _next(self) -> None:
        while self.ledger.is_finished(b"mail%04d" % self.next):
            self.next += 1


def harm(store: Store, kind: str) -> None:
    """Do some entries, one harm of the kind in the middle of them, and check. Raises
    AssertionError.
    """
    store.counts[kind] += 1
    if kind == "cut":
        _cut(store)
    elif kind == "flip":
        _flip(store)
    elif kind == "full":
        _fill(store)
    else:
        _wear_out(store)


def _cut(store: Store) -> None:
    victim = store.spool if random.getrandbits(3) == 0 else store.flash
    victim.left, victim.tear = random.getrandbits(6), random.getrandbits(2)
    try:
        for _ in range(STEPS):
            store.step()
    except (Cut, Fault, OSError):
        assert store.flash.dead
    store.flash.revive()
    store.spool.revive()
    said = store.boot()
    store.check_cut(said)


def _flip(store: Store) -> None:
    for _ in range(random.getrandbits(3)):
        store.step()
    for _ in range(1 << random.getrandbits(2)):
        store.flash.data[random.randrange(len(store.flash.data))] ^= 1 << random.getrandbits(3)
        at = random.randrange(2 * BLOCK)  # where the directory lies, most of the time
        store.flash.data[at] ^= 1 << random.getrandbits(3)
    store.boot()
    store.storage.remove("junk")  # which may have come back
    store.check_damaged()


def _fill(store: Store) -> None:
    """Entries fail while there is no space, nothing is forgotten, and it goes on by itself."""
    number = 0
    try:
        while True:
            store.storage.append("junk", bytes(BLOCK * 2 >> min(number, 6)))
            number += store.storage.free() < 3 * BLOCK
    except OSError:
        number = 0
    for _ in range(STEPS):
        _try(store)
    store.storage.remove("junk")
    store.step()
    assert store.boot() == "" and not store.ledger.doubtful
    store.check_damaged()


def _wear_out(store: Store) -> None:
    """Blocks that keep what they have, whatever is written to them."""
    store.flash.endurance = 60
    for _ in range(STEPS):
        _try(store)
    store.boot()
    store.check_damaged()


def _try(store: Store) -> None:
    try:
        store.step()
    except (Fault, OSError):
        return


def run(seed: int, harms: int, kinds: tuple[str, ...] = KINDS) -> Store:
    """One life of one flash. Raises AssertionError."""
    random.seed(seed)
    store = Store()
    for _ in range(harms):
        harm(store, random.choice(kinds))
    return store
