"""What goes wrong in a simulated year, and how often: server, network, paper, power, clock, and
what people do to parameters and keys.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from tests.faults import scripts_lists, scripts_mails, scripts_talk
from tests.faults.case import Case
from tools import soak_mails

if TYPE_CHECKING:
    from tools.soak_year import Year

_HOUR_S = 3600.0
_DAY_S = 86400.0
_ROW = soak_mails.ROWS - 30  # of a sheet: trouble comes before

# Servers that send other octets than the mail's, or that know it by its letter
_ALTER = ("LF", "CR", "not stuffed", "lone dot", "only a dot", "two ends", "for ever",
          "without end", "listed again", "may be deleted", "octet by octet", "answered after 25",
          "answers after 25")


class Trouble(NamedTuple):
    """A kind of trouble; `begin` sees to its end as well, or leaves that to the person."""

    name: str
    weight: float
    begin: Callable[[Year], None]


def _usable(case: Case) -> bool:
    """True for a server that sends mails as they are, and whose failures are its own."""
    altered = any(word in case.name for word in _ALTER)
    others = case.settings.get("pop.delete") or case.between or case.down
    return not altered and not others and case.exact and not case.again


CASES = [case for case in (*scripts_talk.CASES, *scripts_lists.CASES, *scripts_mails.CASES)
         if _usable(case)]


def choose(chance: random.Random) -> Trouble:
    """One, by their weights."""
    return chance.choices(TROUBLES, [trouble.weight for trouble in TROUBLES])[0]


def end_all(year: Year) -> None:
    """Whatever lasts is over now."""
    for end in list(year.ends.values()):
        end()


def _lasts(year: Year, name: str, seconds: float, end: Callable[[], None]) -> None:
    """`end` is called after so long; what has begun already lasts as long as it does."""

    def over() -> None:
        if year.ends.get(name) is over:
            del year.ends[name]
            end()

    year.ends[name] = over
    year.after(seconds, over)


def _set_for(year: Year, thing: object, name: str, value: object, seconds: float) -> None:
    if name in year.ends:
        return
    before = getattr(thing, name)
    setattr(thing, name, value)
    _lasts(year, name, seconds, lambda: setattr(thing, name, before))


def _spread(year: Year, least_s: float, most_s: float) -> float:
    """Short ones are more frequent than long ones."""
    return float(least_s * (most_s / least_s) ** year.chance.random())


# Server


def _script(year: Year) -> None:
    """It misbehaves, for one visit or for hours."""
    if "script" in year.ends:
        return
    case = year.chance.choice(CASES)
    script = case.script()
    if script is None:
        return
    year.counts["script: " + case.name] += 1
    year.world.server.script = script

    def end() -> None:
        year.world.server.script = None
        year.world.network.break_all()

    _lasts(year, "script", _spread(year, 60, 5 * _HOUR_S), end)


def _server_down(year: Year) -> None:
    network = year.world.network
    _set_for(year, network, "listening", False, _spread(year, 60, 8 * _HOUR_S))
    if year.chance.random() < 0.7:
        network.break_all()


def _reset(year: Year) -> None:
    """Connections break when they are used next, some time within the next visits."""
    year.breaks = year.chance.randint(1, 120)


def _in_use(year: Year) -> None:
    """Another program has the mailbox open."""
    maildrop = year.world.maildrop
    if maildrop.locked or "locked" in year.ends:
        return
    _set_for(year, maildrop, "locked", True, _spread(year, 60, 2 * _HOUR_S))


def _renumber(year: Year) -> None:
    """All mails get new unique-ids."""
    for mail in year.world.maildrop.mails:
        mail.uid = "%x" % year.chance.getrandbits(60)


# Network


def _no_names(year: Year) -> None:
    _set_for(year, year.world.network, "resolving", False, _spread(year, 60, 8 * _HOUR_S))


def _unreachable(year: Year) -> None:
    _set_for(year, year.world.network, "reachable", False, _spread(year, 60, 4 * _HOUR_S))


def _silent(year: Year) -> None:
    """Nothing arrives, and what was said meanwhile is lost: connections do not survive it."""
    network = year.world.network
    if "silent" in year.ends:
        return
    network.silent = True

    def end() -> None:
        network.silent = False
        network.break_all()

    _lasts(year, "silent", _spread(year, 20, 2 * _HOUR_S), end)


def _slow(year: Year) -> None:
    network, seconds = year.world.network, _spread(year, 600, 8 * _HOUR_S)
    _set_for(year, network, "latency_s", year.chance.choice((0.02, 0.2, 1.5)), seconds)
    _set_for(year, network, "longest", year.chance.choice((40, 200, 1460)), seconds)


def _cable_out(year: Year) -> None:
    _set_for(year, year.world.machine, "cable", False, _spread(year, 30, 4 * _HOUR_S))
    year.world.network.break_all()


# Paper


def _on_a_sheet(*actions: str) -> Callable[[Year], None]:
    """Something happens at some row of the sheet that comes next; the person puts it right."""

    def begin(year: Year) -> None:
        line = year.chance.randint(1, _ROW)
        for action in actions:
            year.world.scenario.add("%s at line %d" % (action, line))

    return begin


def _paper_out(year: Year) -> None:
    """A few sheets are left."""
    year.world.machine.paper.sheets = year.chance.choice((0, 0, 1, 2, 7))


def _cover(year: Year) -> None:
    year.world.observer.interrupt()
    year.world.machine.open_cover()


# Power


def _cut(year: Year) -> None:
    """Now, whatever goes on."""
    if year.world.power.on:
        year.cut_counts()
        year.world.cut()


def _cut_at_a_step(year: Year) -> None:
    """At one of the steps that come next: in the middle of a page, a visit, a record."""
    year.fuse = year.chance.randint(1, 6000)


# Clock


def _clock(year: Year) -> None:
    calendar = year.world.calendar
    jump = year.chance.choice((1, 40, 3600, _DAY_S, 40 * _DAY_S)) * year.chance.uniform(-1, 1)
    if year.chance.random() < 0.2:
        calendar.stop()
    else:
        calendar.jump(round(jump))


# People


def _parameter(year: Year) -> None:
    """Somebody wants it otherwise."""
    chance, wanted = year.chance, year.person.wanted
    name = chance.choice(sorted(CHOICES))
    wanted[name] = chance.choice(CHOICES[name])
    year.person.type("param set %s %s" % (name, wanted[name]))


CHOICES = {
    "pop.interval": ("5", "15", "30", "60", "120"),
    "pop.delete": ("after-record", "after-record", "after-days", "never"),
    "pop.login": ("auto", "user", "apop"),
    "record.header": ("on", "off"),
    "record.fit": ("reduce", "split", "cut"),
    "record.cut_mm": ("0", "6", "15"),
    "clock.zone_min": ("0", "60", "-720", "840"),
    "pop.stall_s": ("60", "300", "3600"),
    "pop.trace": ("on", "off"),
    "pop.keep_days": ("1", "3", "7"),
}
COMMANDS = ("status", "mail", "journal", "journal 100", "param list", "fault", "fault list",
            "signals", "poll", "help", "version", "mail taken", "nonsense", "param set", "\x03",
            "param set pop.interval x", "reboot")


def _console(year: Year) -> None:
    for command in year.chance.sample(COMMANDS, 2):
        year.person.type(command)


def _keys(year: Year) -> None:
    for key in year.chance.sample(("start", "function", "function", "start"), 2):
        year.world.machine.keys.tap(key)


def _wrong_password(year: Year) -> None:
    """Changed on the server; some time later somebody tells the machine."""
    maildrop, person = year.world.maildrop, year.person
    if "password" in year.ends:
        return
    maildrop.password = "new%d" % year.chance.randrange(1000)
    _lasts(year, "password", _spread(year, 600, 1.5 * _DAY_S),
           lambda: person.wanted.update({"pop.password": maildrop.password}))


def _by_hand(year: Year) -> None:
    """Nobody is there: visits only by hand, for days."""
    wanted = year.person.wanted
    if "by hand" in year.ends:
        return
    before, wanted["pop.interval"] = wanted["pop.interval"], "0"
    _lasts(year, "by hand", year.chance.uniform(0.5, 9) * _DAY_S,
           lambda: wanted.update({"pop.interval": before}))


TROUBLES: tuple[Trouble, ...] = (
    Trouble("server misbehaves", 8, _script),
    Trouble("server down", 3, _server_down),
    Trouble("connection reset", 4, _reset),
    Trouble("mailbox in use", 2, _in_use),
    Trouble("unique-ids renumbered", 0.5, _renumber),
    Trouble("no name server", 2, _no_names),
    Trouble("server unreachable", 2, _unreachable),
    Trouble("line silent", 2, _silent),
    Trouble("line slow", 2, _slow),
    Trouble("cable out", 2, _cable_out),
    Trouble("paper out", 3, _paper_out),
    Trouble("paper out on a sheet", 2, _on_a_sheet("paper out")),
    Trouble("cover opened", 2, _cover),
    Trouble("cover opened on a sheet", 3, _on_a_sheet("cover open")),
    Trouble("jam", 3, _on_a_sheet("jam")),
    Trouble("jam, and no paper", 1, _on_a_sheet("jam", "paper out")),
    Trouble("film end", 2, _on_a_sheet("film end")),
    Trouble("power cut", 4, _cut),
    Trouble("power cut at a step", 8, _cut_at_a_step),
    Trouble("clock jumps", 2, _clock),
    Trouble("parameter", 4, _parameter),
    Trouble("console", 3, _console),
    Trouble("keys", 2, _keys),
    Trouble("password changed", 1, _wrong_password),
    Trouble("visits by hand", 0.2, _by_hand),
)
