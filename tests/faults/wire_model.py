"""The far end of a modelled connection: the embedded maildrop's sessions behind a script, in
virtual time, in pieces of any size.
"""
from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator
from itertools import chain

from sim.pop3_server import Action, Drop, Exchange, Maildrop, Pause, Script, _Session

HORIZON_MS = 2**30
ENDLESS = 1 << 28  # octets of one connection: who takes more of an endless reply never stops


class Stubborn(Exception):
    """The device goes on reading what will never end."""


class PeerModel:
    """Implements `machine.Peer`.

    :param cuts: where it is given, replies come in pieces of random size, one octet or more
    """

    def __init__(self, maildrop: Maildrop, script: Script | None = None,
                 cuts: random.Random | None = None) -> None:
        self.maildrop = maildrop
        self.script = script
        self.cuts = cuts
        self.refusing = False
        self.pipelining = True  # it is announced
        self._session: _Session | None = None

    def connect(self, now_ms: int) -> bool:
        """Begin a session, with its greeting."""
        if self.refusing:
            return False
        self.close()
        self.maildrop.sessions += 1
        self._number = self.maildrop.sessions
        timestamp = "<%d.1@desk>" % self._number
        self._session = _Session(self.maildrop, timestamp)
        self._counts: dict[str, int] = {}
        self._heard = b""
        self._actions: deque[Iterator[Action]] = deque()
        self._due_ms = now_ms
        self._front = b""
        self._dropped = False
        self._sent = 0
        self._greeting = b"+OK ready %s\r\n" % timestamp.encode()
        self._answer("", "")
        return True

    def _answer(self, verb: str, argument: str) -> None:
        """Queue what the script makes of the honest reply; what it refuses was not done."""
        session = self._session
        assert session is not None
        drop = self.maildrop
        before = (session.user, session.mails, set(session.marked), session.over, drop.locked,
                  list(drop.mails), list(drop.deleted))
        reply = session.reply(verb, argument) if verb else self._greeting
        if verb == "CAPA" and not self.pipelining:
            reply = reply.replace(b"PIPELINING\r\n", b"")
        self._counts[verb] = self._counts.get(verb, 0) + 1
        exchange = Exchange(verb, argument, reply, self._number, self._counts[verb])
        actions = self.script(exchange) if self.script is not None else None
        said = iter([reply] if actions is None else actions)
        first = next(said, b"")
        if isinstance(first, bytes) and first[:4] == b"-ERR" != reply[:4]:
            (session.user, session.mails, session.marked, session.over, drop.locked, drop.mails,
             drop.deleted) = before
        self._actions.append(chain([first], said))

    def write(self, octets: bytes, now_ms: int) -> bool:
        """Commands; several at once are answered one after the other."""
        if self._session is None or self._dropped:
            return False
        if not self._actions and not self._front:
            self._due_ms = now_ms
        self._heard += octets
        while b"\n" in self._heard and not self._session.over:
            line, _, self._heard = self._heard.partition(b"\n")
            text = line.decode("utf-8", "replace").rstrip("\r")
            verb, _, argument = text.partition(" ")
            verb = verb.upper()
            secret = verb in ("PASS", "APOP", "AUTH")
            self.maildrop.commands.append(verb + " ****" if secret else text)
            self._answer(verb, argument)
        return True

    def read(self, count: int, now_ms: int, timeout_ms: int) -> tuple[bytes | None, int]:
        """The next piece, or that none comes in time."""
        self._advance()
        left_ms = (self._due_ms - now_ms + HORIZON_MS // 2) % HORIZON_MS - HORIZON_MS // 2
        wait_ms = max(left_ms, 0)
        if not self._front and not self._dropped and not self._over():
            wait_ms = HORIZON_MS  # nothing will come
        if timeout_ms and wait_ms > timeout_ms:
            return None, timeout_ms
        if wait_ms == HORIZON_MS:
            raise Stubborn("it waits without a limit")
        most = min(count, len(self._front))
        if self.cuts is not None and most > 1:
            most = self.cuts.choice((1, 2, 3, self.cuts.randint(1, most), most))
        piece, self._front = self._front[:most], self._front[most:]
        self._sent += most
        if self._sent > ENDLESS:
            raise Stubborn("it took %d octets" % ENDLESS)
        return piece, wait_ms

    def _over(self) -> bool:
        return self._session is None or (self._session.over and not self._actions)

    def _advance(self) -> None:
        """Bring the next octets to the front."""
        while not self._front and not self._dropped and self._actions:
            action = next(self._actions[0], None)
            if action is None:
                self._actions.popleft()
            elif isinstance(action, Drop):
                self._dropped = True
            elif isinstance(action, Pause):
                self._due_ms = (self._due_ms + int(action.seconds * 1000)) % HORIZON_MS
            else:
                self._front = action

    def close(self) -> None:
        """The device hung up; the session's marks are gone with it."""
        if self._session is not None:
            self._session.close()
            self._session = None
