"""One simulated stretch of operation: what comes, what goes wrong, who looks after it, and what
must hold all the time.

Everything comes from the seed, the plan of each day from seed and day: the same days give the same
run, however many follow.
"""

from __future__ import annotations

import heapq
import itertools
import random
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

from sim.film import MARK_LINES
from sim.pop3_server import Mail, Maildrop
from sim.verdict import Judge, Verdict
from sim.virtual_network import RECEIVE, SEND
from sim.world import World
from tools import soak_trouble
from tools.soak_mails import FAXES, SETUP, Sample
from tools.soak_person import Person

DAY_S = 86400.0
HOUR_S = 3600.0
PATIENCE_S = 8 * HOUR_S  # a mail is on paper so long after it came and everything is well again
LAST_S = 3 * DAY_S  # for what is left when the last day is over
KNOWN = 512  # mails that the ledger knows at most
LEDGER_OCTETS = 49152
_WEEK = 7
_CALM = (6, 0)  # days of the week


class Year:
    """A world over many days; called by it every half second, as its `done`.

    :param first: number of the first day; from another one than 1 on the machine is new
    """

    def __init__(self, seed: int, days: int, pool: Sequence[Sample], first: int = 1) -> None:
        self.seed, self.first, self.days = seed, first, days
        self.chance = random.Random("soak %d" % seed)
        self.world = World(self.chance.getrandbits(30), Maildrop(), SETUP._replace(
            settings={"pop.interval": "30"}))
        self.world.observer.patience_s = 20.0
        self.world.cutter = self._cutter
        self.judge = Judge(self.world, headers=(True, False))
        for sample in pool:
            self.judge.masks |= sample.masks
        self.counts: Counter[str] = Counter()  # of what happened
        self.day = first
        self.fuse = 0  # steps to the next power cut
        self.breaks = 0  # times that octets are sent or come until the connection breaks
        self.ends: dict[str, Callable[[], None]] = {}  # how what lasts is ended, by its name
        self.waiting: dict[Mail, float] = {}  # mails not known to be on paper, since when
        self.failure = ""
        self.nights: list[int] = []  # the world's trace each night
        self.person = Person(self)
        self._pool = pool
        self._weights = [3 if sample.kind in FAXES else 1 for sample in pool]
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._well_since = self._began = self.now
        self._over = False

    @property
    def now(self) -> float:
        """Virtual seconds."""
        return self.world.loop.time()

    @property
    def lived_s(self) -> float:
        """Virtual seconds since the beginning."""
        return self.now - self._began

    @property
    def hour(self) -> float:
        """Of the day."""
        return (self.now - self._began) % DAY_S / HOUR_S

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Do it so many seconds from now."""
        self._at(self.now + seconds, action)

    def _at(self, when: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (when, next(self._numbers), action))

    def _today(self, hour: float, action: Callable[[], None]) -> None:
        midnight = self._began + (self.day - self.first) * DAY_S
        self._at(midnight + hour * HOUR_S, action)

    def fail(self, text: str) -> None:
        """Something does not hold."""
        self.failure = self.failure or "day %d, %05.2f h: %s" % (self.day, self.hour, text)

    # Running

    def run(self) -> Verdict:
        """All days, and what it takes until all mails are on paper."""
        self.world.calendar.datetime((2026, 1, 1, 0, 0, 0, 0, 0))
        self._at(self._began + self.days * DAY_S, self._last)
        self._plan_day()
        finished = self.world.run(self, self.days * DAY_S + LAST_S)
        verdict = self.judge.judge(finished)
        if self.failure:
            verdict.unfinished = max(verdict.unfinished, 1)
            verdict.notes.insert(0, self.failure)
        return verdict

    def __call__(self, world: World) -> bool:
        """True when it is over."""
        if not self.is_well():
            self._well_since = self.now
        while self._agenda and self._agenda[0][0] <= self.now:
            heapq.heappop(self._agenda)[2]()
        if self.failure:
            return True
        if self._over and not self._left():
            return True
        world.skip(self._agenda[0][0] if self._agenda else self.now + 60)
        return False

    def _left(self) -> bool:
        """True while mails are to come on paper, or away from the server."""
        keeps = self.person.wanted["pop.delete"] != "after-record"
        self._look_at_paper()
        return bool(self.waiting) or (bool(self.world.maildrop.mails) and not keeps)

    def _last(self) -> None:
        """No more mails, no more troubles; the person puts everything right."""
        self._over = True
        self.fuse = 0
        self._agenda = []
        soak_trouble.end_all(self)
        self.person.put_right()

        def look() -> None:
            self.person.round()
            self.after(600, look)

        look()

    def is_well(self) -> bool:
        """True when nothing keeps mails from coming on paper but what the device does itself."""
        machine, network = self.world.machine, self.world.network
        return (
            self.world.power.on
            and not machine.cover_open
            and not machine.paper.jammed
            and machine.paper.sheets > 0
            and machine.film.left > MARK_LINES
            and machine.cable
            and network.listening
            and network.reachable
            and network.resolving
            and not network.silent
            and self.world.server.script is None
            and not self.person.is_wanted()
        )

    # A day

    def _plan_day(self) -> None:
        chance = random.Random("soak %d day %d" % (self.seed, self.day))
        self.chance = chance
        calm = self.day % _WEEK in _CALM
        self._today(24, self._next_day)
        for _ in range(chance.randint(0, 6) if calm else chance.randint(6, 24)):
            self._today(_by_day(chance), self._mail)
        if chance.random() < 0.03:
            self._today(_by_day(chance), self._burst)
        for _ in range(0 if calm else chance.choice((0, 1, 1, 2, 3, 5))):
            trouble = soak_trouble.choose(chance)
            self._today(chance.uniform(0, 22), partial(self._do, trouble))
        for _ in range(chance.randint(3, 9)):
            self._today(chance.uniform(7.5, 18.5), self.person.round)
        self._today(3, self._settle)
        for hour in range(24):
            self._today(hour, self._check)
        if calm and self.day > self.first:
            self._today(23.8, self._calm_evening)

    def _next_day(self) -> None:
        self.day += 1
        self._plan_day()

    def _do(self, trouble: soak_trouble.Trouble) -> None:
        self.counts[trouble.name] += 1
        trouble.begin(self)

    def _mail(self) -> None:
        """A mail comes whose pages are not expected already."""
        sample = self.chance.choices(self._pool, self._weights)[0]
        if self.judge.expects(sample.pages):
            sample = self.chance.choice(self._pool)
            if self.judge.expects(sample.pages):
                return
        number = self.counts["mails"]
        self.counts["mails"] += 1
        self.counts["pages"] += len(sample.pages)
        mail = self.world.maildrop.add(sample.sent(number), exact=True)
        self.judge.accept(mail, sample.pages)
        self.waiting[mail] = self.now

    def _burst(self) -> None:
        for _ in range(30):
            self._mail()

    # What must hold

    def _check(self) -> None:
        """Each hour: nothing is wrong with any sheet, and no mail waits for too long."""
        self._look_at_paper()
        if self.judge.verdict.failed:
            self.fail(self.judge.verdict.notes[-1])
        if self.now - self._well_since < PATIENCE_S:
            return
        for since in self.waiting.values():
            if self.now - since > PATIENCE_S:
                self.fail("a mail waits for %.1f hours though all is well for %.1f; faults: %s" % (
                    (self.now - since) / HOUR_S, (self.now - self._well_since) / HOUR_S,
                    self._standing()))

    def _look_at_paper(self) -> None:
        self.judge.absorb()
        for mail in [mail for mail in self.waiting if self.judge.on_paper(mail)]:
            del self.waiting[mail]

    def _settle(self) -> None:
        """Each night: judge, forget, and look at the ledger."""
        self._look_at_paper()
        self.judge.settle()
        self.nights.append(self.world.trace)
        if self.day % 30 == 0:
            text = "seed %d: day %d, %d sheets" % (self.seed, self.day, self.judge.sheets)
            print(text, file=sys.stderr, flush=True)
        receiver = self.world.receiver
        if receiver is not None:
            known, octets = receiver.ledger.counts()
            self.counts["ledger_mails"] = max(self.counts["ledger_mails"], known)
            self.counts["ledger_octets"] = max(self.counts["ledger_octets"], octets)
            if known > KNOWN or octets > LEDGER_OCTETS:
                self.fail("the ledger knows %d mails in %d octets" % (known, octets))

    def _calm_evening(self) -> None:
        """At the end of a calm day the panel shows that all is well."""
        if self.now - self._well_since < PATIENCE_S:
            return  # what went wrong before lasts
        self.counts["calm evenings"] += 1
        standing, lower = self._standing(), self.world.machine.display.rows[1].strip()
        if standing or lower != "READY" or self.world.machine.alarm:
            self.fail("on a calm evening the panel shows %r, faults: %s" % (
                self.world.machine.display.rows, standing))

    def _standing(self) -> list[tuple[int, str]]:
        receiver = self.world.receiver
        return receiver.faults.standing() if receiver is not None else []

    # Power

    def _cutter(self, kind: str, ways: int) -> int | None:
        """The world's: cut when the fuse has burnt down; often once more soon after."""
        if self.breaks and kind in (SEND, RECEIVE):
            self.breaks -= 1
            if not self.breaks:
                self.world.network.break_all()
        if not self.fuse:
            return None
        self.fuse -= 1
        if self.fuse:
            return None
        self.cut_counts()
        return self.chance.randrange(ways)

    def cut_counts(self) -> None:
        """The power is about to fail."""
        self.counts["cuts"] += 1
        self.world.off_s = self.chance.choice((1, 5, 5, 60, 900, 7200))
        self.fuse = self.chance.randint(1, 500) if self.chance.random() < 0.3 else 0


def _by_day(chance: random.Random) -> float:
    """An hour at which mails come: by night few."""
    return chance.uniform(0, 24) if chance.random() < 0.07 else chance.triangular(7, 19, 11)
