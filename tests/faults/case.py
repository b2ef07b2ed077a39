"""One row of the library: a server that misbehaves, and what must come of it."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count as counting
from typing import Any

from sim.pop3_server import Action, Drop, Exchange, Maildrop, Pause, Script

FOREVER = Pause(90000)
DROP = Drop()
ALL = "*"  # as many as there are mails
MakeScript = Callable[[], Script | None]  # made anew for each run: some scripts count


@dataclass
class Case:
    """What must come of a visit to this server; letters name mails.

    Behind it an honest server with one more mail is visited, and whatever the first visits left
    must be on paper then: each page once, unless `again` says of which mails a page comes a second
    time, with the mark of a possible duplicate.
    """

    name: str
    script: MakeScript
    mails: str = "AF"
    code: int = 0
    recorded: str = ALL
    deleted: str = ALL  # the same as recorded
    notices: str = ""
    again: str = ""
    says: str = ""  # part of the fault's text
    notes: str = ""  # part of the journal
    visits: int = 1  # with this script; all figures are those of the last one
    settings: dict[str, str] = field(default_factory=dict)
    down: bool = False
    exact: bool = True  # pages are those that an honest server's mail gives
    left: str = ""  # mails that stay on the server at the end
    between: Callable[[Maildrop], None] | None = None


def failing(name: str, script: MakeScript, code: int, **more: Any) -> Case:
    """Nothing is recorded, nothing deleted."""
    return Case(name, script, code=code, recorded="", deleted="", **more)


def honest() -> None:
    """No script."""


def script_of(verb: str, change: Callable[[bytes], Iterable[Action]], at: int = 0) -> MakeScript:
    """Change the honest reply to `verb`: the `at`-th of a session (0: each)."""
    def script(exchange: Exchange) -> Iterable[Action] | None:
        wanted = exchange.verb == verb and at in (0, exchange.count)
        return change(exchange.reply) if wanted else None

    return lambda: script


def of_mail(letter: str, change: Callable[[bytes], Iterable[Action]]) -> MakeScript:
    """Change the honest reply to RETR of this mail."""
    sender = b"<%s@example.com>" % letter.encode()

    def script(exchange: Exchange) -> Iterable[Action] | None:
        wanted = exchange.verb == "RETR" and sender in exchange.reply
        return change(exchange.reply) if wanted else None

    return lambda: script


def say(verb: str, *actions: Action, at: int = 0) -> MakeScript:
    """Say this instead."""
    return script_of(verb, lambda _reply: actions, at)


def greets(text: bytes) -> MakeScript:
    """Greet with this line."""
    return say("", text + b"\r\n")


def edit(verb: str, change: Callable[[bytes], bytes], at: int = 0) -> MakeScript:
    """Say the reply so changed."""
    return script_of(verb, lambda reply: [change(reply)], at)


def insert(verb: str, where: int, *actions: Action, at: int = 0) -> MakeScript:
    """Within the reply, behind `where` octets (negative: from its end), do this."""
    def change(reply: bytes) -> Iterator[Action]:
        yield reply[:where]
        yield from actions
        yield reply[where:]

    return script_of(verb, change, at)


def lines_of(reply: bytes) -> list[bytes]:
    """The lines of a listing without status and dot."""
    return reply.split(b"\r\n")[1:-2]


def each_line(verb: str, change: Callable[[bytes], bytes]) -> MakeScript:
    """Change every line of a listing; b'' takes it out."""
    def listing(reply: bytes) -> bytes:
        lines = [line for line in map(change, lines_of(reply)) if line]
        return b"\r\n".join([b"+OK", *lines, b".", b""])

    return edit(verb, listing)


def endless(verb: str, front: bytes, line: Callable[[int], bytes], at: int = 0) -> MakeScript:
    """A reply that never ends."""
    def lines(_reply: bytes) -> Iterator[Action]:
        yield front
        numbers = counting(1)
        while True:
            yield b"".join(line(next(numbers)) for _ in range(64))

    return script_of(verb, lines, at)


def dripping(verb: str, seconds: float, at: int = 0) -> MakeScript:
    """The reply one octet at a time, but for the first line of several, and what never ends."""
    def drops(reply: bytes) -> Iterator[Action]:
        front, _, behind = reply.partition(b"\n")
        if behind:
            yield front + b"\n"
        for octet in behind[:-3] or front[:-1]:
            yield bytes([octet])
            yield Pause(seconds)
        while True:
            yield b"7 7\r\n"
            yield Pause(seconds)

    return script_of(verb, drops, at)


def after_all(change: Callable[[bytes], bytes]) -> MakeScript:
    """Every reply so changed."""
    return lambda: lambda exchange: [change(exchange.reply)]


def renumbered(line: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """A line of a listing with its second word changed."""
    number, _, word = line.partition(b" ")
    return number + b" " + change(word)


def stretched(octets: bytes) -> bytes:
    """Blanks become many."""
    return re.sub(rb" ", b" \t  ", octets)
