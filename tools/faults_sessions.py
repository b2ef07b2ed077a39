"""The sessions in which the power is cut: mails, server, paper, and when it is over."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import NamedTuple

from sim.pop3_server import Action, Drop, Exchange, Mail, Maildrop, Script, drop_after, refuse
from sim.world import Setup, World
from tools.faults_mails import fax, mail, noise, words

SHORT, LONG = 160, 900  # rows of a sheet: for faxes, for texts

Mails = Callable[[random.Random], list[bytes]]


class Session(NamedTuple):
    """One session; everything in it comes from the seed.

    `visits` that must have ended well since the last power-on; 0: until the maildrop is empty.
    """

    name: str
    mails: Mails
    setup: Setup = Setup(rows=SHORT)
    visits: int = 0
    scripts: Callable[[], Script] | None = None
    prepare: Callable[[World], None] | None = None
    uids: Callable[[Maildrop], None] | None = None

    def world(self, seed: int) -> World:
        """A new world at the beginning of the session."""
        chance = random.Random("%s %d" % (self.name, seed))
        maildrop = Maildrop()
        for content in self.mails(chance):
            maildrop.add(content)
        if self.uids is not None:
            self.uids(maildrop)
        script = self.scripts() if self.scripts is not None else None
        world = World(chance.getrandbits(30), maildrop, self.setup._replace(script=script))
        octets = chance.choice((0, 1500, 4000, 9000))
        if self.prepare is not None:
            self.prepare(world)
        else:
            _age(world, octets, chance.randrange(4))
        return world

    def done(self, world: World) -> bool:
        """True when nothing more is to come."""
        if world.scenario.waits_for_time or not world.power.on:
            return False
        good = 0
        for end in world.heard_in_this_life("visit-end"):
            good = good + 1 if end["result"] == "ok" and not end["unfinished"] else 0
        return good >= self.visits if self.visits else bool(good) and not world.maildrop.mails


def _one_fax(chance: random.Random) -> list[bytes]:
    return [mail(chance, tiffs=(fax(chance, 1),))]


def _faxes(*pages: int) -> Mails:
    return lambda chance: [mail(chance, tiffs=(fax(chance, n),)) for n in pages]


def _texts(*lines: int) -> Mails:
    return lambda chance: [mail(chance, words(chance, n)) for n in lines]


def _mixed(chance: random.Random) -> list[bytes]:
    return [mail(chance, words(chance, 2), (fax(chance, 1),), pdf=True)]


def _two_tiffs(chance: random.Random) -> list[bytes]:
    return [mail(chance, tiffs=(fax(chance, 1), fax(chance, 2)))]


def _damaged(chance: random.Random) -> list[bytes]:
    return [mail(chance, tiffs=(fax(chance, 1)[:60],))]


def _twins(chance: random.Random) -> list[bytes]:
    content = _one_fax(chance)[0]
    return [content, content]


def _noisy(chance: random.Random) -> list[bytes]:
    return [mail(chance, tiffs=(noise(chance, 48),))]


def _only_once(verb: str, actions: list[Action], session: int = 1) -> Script:
    def script(exchange: Exchange) -> Iterable[Action] | None:
        met = exchange.verb == verb and exchange.session == session
        return actions if met else None

    return script


def _breaks_once(verb: str, octets: int, at_count: int) -> Script:
    whole = drop_after(verb, octets, at_count)
    return lambda exchange: whole(exchange) if exchange.session == 1 else None


def _both(one: Script, other: Script) -> Script:
    return lambda exchange: one(exchange) or other(exchange)


def _same_uid(maildrop: Maildrop) -> None:
    for one in maildrop.mails:
        one.uid = "1"


def _illegal_uids(maildrop: Maildrop) -> None:
    for number, one in enumerate(maildrop.mails):
        one.uid = "x" * 80 + str(number)


def _age(world: World, octets: int, more: int = 0) -> None:
    """Let the ledger be so long already, of old notes, and have `more` notes in its small file,
    of which the next records make it full.
    """
    import vfs

    from firmware.store import ledger_records as records
    from firmware.store.record_log import FRAME, RecordLog
    from hal.storage import Storage, mount
    from sim.virtual_device import installed

    with installed(world):
        log = RecordLog(Storage(mount(world.flash("data"), vfs.VfsLfs2)), "ledger")
        note = bytes([records.NOTE]) + records.NO_KEY + bytes(4) + records.texts("old", "x" * 90)
        log.append([note] * (octets // (len(note) + FRAME)))
        for _ in range(more):
            log.append([note])


def _fill_ledger(world: World) -> None:
    """It is longer than it may be."""
    _age(world, 32768 - 130)


def _tire_ledger(world: World) -> None:
    """It is compacted in the first idle moment."""
    _age(world, 25500)


def _setup(scenario: str = "", rows: int = SHORT, **settings: str) -> Setup:
    return Setup({name.replace("__", "."): value for name, value in settings.items()},
                 scenario, rows=rows)


_BODY_LINE = "at page 1 line 75"
_LAST_LINE = 92  # all dots are on the sheet

SESSIONS = (
    Session("one-page", _one_fax),
    Session("many-pages", _faxes(5)),
    Session("several-mails", _faxes(1, 2, 1, 1)),
    Session("two-tiffs-in-a-mail", _two_tiffs),
    Session("text", _texts(3), _setup(rows=LONG)),
    Session("text-of-two-pages", _texts(24), _setup(rows=LONG)),
    Session("notice", lambda chance: [mail(chance, pdf=True)], _setup(rows=LONG)),
    Session("text-fax-and-notice", _mixed, _setup(rows=LONG)),
    Session("damaged-tiff", _damaged, _setup(rows=LONG)),
    Session("deletion-refused", _faxes(1, 1), visits=2, scripts=lambda: refuse("DELE"),
            setup=_setup(pop__interval="1")),
    Session("deletion-refused-once", _faxes(1, 1), scripts=lambda: refuse("DELE", times=1),
            setup=_setup(pop__interval="1")),
    Session("never-deleted", _faxes(2, 1), visits=2,
            setup=_setup(pop__interval="1", pop__delete="never")),
    Session("server-breaks-off-in-a-mail", _faxes(1, 2),
            scripts=lambda: _breaks_once("RETR", 700, 2)),
    Session("server-breaks-off-at-the-dot", _faxes(2, 1),
            scripts=lambda: _breaks_once("RETR", -3, 1)),
    Session("quit-without-answer", _faxes(1, 1),
            scripts=lambda: _only_once("QUIT", [Drop()]), setup=_setup(pop__interval="1")),
    Session("quit-refused", _faxes(1), visits=1,
            scripts=lambda: _only_once("QUIT", [b"-ERR not all deleted\r\n"]),
            setup=_setup(pop__interval="1")),
    Session("no-uidl", _faxes(1, 1), scripts=lambda: refuse("UIDL")),
    Session("no-uidl-no-top", _faxes(1, 1),
            scripts=lambda: _both(refuse("UIDL"), refuse("TOP"))),
    Session("one-uid-for-all", _faxes(1, 1), uids=_same_uid),
    Session("uids-too-long", _faxes(1, 1), uids=_illegal_uids),
    Session("same-mail-twice", _twins),
    Session("compaction-at-power-on", _faxes(2, 1), prepare=_fill_ledger),
    Session("compaction-between-pages", _faxes(6, 1), Setup(rows=SHORT, ledger=256)),
    Session("compaction-when-idle", _faxes(1), prepare=_tire_ledger),
    Session("paper-out-between-pages", _faxes(2), Setup(rows=SHORT, sheets=1,
            scenario="paper 20 after 40 s")),
    Session("paper-out-within-a-page", _faxes(2),
            _setup("paper out %s; jam %s; cover open after 19 s; jam clear after 20 s;"
                   "cover close after 25 s; paper 9 after 30 s" % (_BODY_LINE, _BODY_LINE))),
    Session("jam-behind-the-last-line", _faxes(1, 1),
            _setup("jam at page 1 line %d; cover open after 19 s; jam clear after 20 s;"
                   "cover close after 25 s" % _LAST_LINE)),
    Session("jam-in-the-last-page", _faxes(1, 1),
            _setup("jam at page 2 line 70; cover open after 19 s; jam clear after 20 s;"
                   "cover close after 25 s")),
    Session("cover-opened-within-a-page", _faxes(2),
            _setup("cover open %s; cover close after 30 s" % _BODY_LINE)),
    Session("film-end", _faxes(2), _setup("film end %s; film new after 30 s" % _BODY_LINE)),
    Session("no-header", _faxes(2), _setup(record__header="off")),
    Session("through-the-spool", _noisy, _setup(rows=300)),
    Session("small-segments", _faxes(1), Setup(rows=SHORT, segment=60)),
    Session("cable-out", _faxes(1, 1), _setup("cable out; cable in after 20 s")),
)
BY_NAME = {session.name: session for session in SESSIONS}


def late(world: World, content: bytes) -> Mail:
    """A mail that comes while the world runs."""
    return world.maildrop.add(content)
