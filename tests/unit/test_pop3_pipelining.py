"""Commands ahead of their answers: fewer round trips, and nothing lost to servers that lie."""
from __future__ import annotations

from binascii import b2a_base64, hexlify
from typing import TYPE_CHECKING

from firmware.pop3.auth.digest import md5
from firmware.pop3.auth.hashes import hmac
from firmware.pop3.serving import AHEAD_OCTETS
from firmware.recording import faults
from tests.unit.pop3_support import DROP, ScriptedLink, listing, stuffed
from tests.unit.store_support import FakeStorage
from tests.unit.test_pop3_mailbox import Desk, FakeLedger, numbers

if TYPE_CHECKING:
    from typing import Any

COUNT = 40
MAILS = [b"Subject: %d\r\n\r\nmail %d\r\n" % (n, n) for n in range(1, COUNT + 1)]
CAPA = listing(b"TOP", b"UIDL", b"PIPELINING", b"USER")


class PipeLink(ScriptedLink):
    """A server that takes several commands at a time, or does not as it says.

    `lie`: 'first' it reads the first line of a segment and drops the rest; 'retr' it drops what
    stands behind a RETR in a segment; 'join' it takes a segment of several lines for one command
    that it does not know; 'close' it closes the connection then; 'skip' it drops every fifth
    command of a segment.
    """

    lie = ""
    writes: list[bytes]

    def greet(self, greeting: bytes) -> None:
        self._coming[:] = [greeting]

    async def write(self, data: bytes) -> None:
        self.writes.append(bytes(data))
        lines = bytes(data).split(b"\r\n")[:-1]
        if self.lie == "join" and len(lines) > 1:
            self._say(b"-ERR what?\r\n")
            return
        if self.lie == "close" and len(lines) > 1:
            self._say(DROP)
            return
        for position, line in enumerate(lines):
            if self.lie == "skip" and position % 5 == 4:
                continue
            await super().write(line + b"\r\n")
            if self.lie == "first" or (self.lie == "retr" and line[:4] == b"RETR"):
                return


class Maildrop:
    """Mails that stay the same over several connections, and what is left of them."""

    def __init__(self, lie: str = "", capa: bytes = CAPA, late: bool = False,
                 storage: Any = None, count: int = COUNT, replies: Any = None,
                 **settings: Any) -> None:
        self.storage = storage or FakeStorage()
        more: dict[bytes, list[Any]] = {b"CAPA": [capa]}
        if late:  # announced only to whom it knows
            more[b"CAPA"] = [listing(b"TOP", b"USER"), capa]
        for number in range(1, count + 1):
            more[b"LIST %d" % number] = [b"+OK %d %d\r\n" % (number, len(MAILS[number - 1]))]
        more.update(replies or {})
        self.lie = lie
        self.more = more
        self.desk = Desk(MAILS[:count], more, rows=COUNT, **settings)
        self.desk.visit.storage = self.storage
        self.links: list[PipeLink] = []
        self.connect()

    def connect(self) -> None:
        """Connections for one visit, however often it is repeated."""
        self.links = []
        for _ in range(3):
            answers = {verb: list(said) for verb, said in self.desk.link.replies.items()}
            answers.update({verb: list(said) for verb, said in self.more.items()})
            link = PipeLink(b"+OK ready <1.2@h>\r\n", answers)
            link.lie = self.lie
            link.writes = []
            self.links.append(link)
        self.desk.network.links = list(self.links)

    def used(self) -> list[PipeLink]:
        return [link for link in self.links if link.sent]

    def visit(self) -> tuple[int, ...]:
        return numbers(self.desk.run())


def test_all_mails_are_fetched_once_and_deleted() -> None:
    drop = Maildrop()
    assert drop.visit() == (0, COUNT, COUNT, 0, 0, COUNT)
    assert drop.desk.got == MAILS and drop.desk.reports == []
    assert len(drop.used()) == 1 and drop.links[0].verbs().count("DELE") == COUNT


def test_commands_outstanding_stay_below_what_tcp_takes_without_its_peer() -> None:
    drop = Maildrop()
    drop.visit()
    assert max(len(data) for data in drop.links[0].writes) <= AHEAD_OCTETS + 20


def test_server_that_shows_a_mail_once_is_asked_for_one_at_a_time() -> None:
    for greeting, user, most in ((b"+OK Gpop ready for requests\r\n", "user", 1),
                                 (b"+OK Gpop ready for requests\r\n", "recent:user", 9),
                                 (b"+OK ready\r\n", "user", 9)):
        drop = Maildrop(count=9, **{"pop.user": user})
        drop.links[0].greet(greeting)
        assert drop.visit()[:3] == (0, 9, 9)
        assert max(data.count(b"RETR") for data in drop.links[0].writes) >= min(most, 2)
        assert max(data.count(b"RETR") for data in drop.links[0].writes) <= most


def test_known_server_costs_a_few_round_trips() -> None:
    drop = Maildrop(**{"pop.delete": "never"})
    assert drop.visit()[0] == 0
    first = len(drop.links[0].writes)
    again = Maildrop(storage=drop.storage, **{"pop.delete": "never"})
    assert again.visit() == (0, COUNT, COUNT, 0, 0, 0)
    writes = again.links[0].writes
    assert writes[0] == b"USER user\r\nPASS secret\r\nCAPA\r\nSTAT\r\nLIST\r\nUIDL\r\n"
    assert writes[1][:16] == b"RETR 1\r\nRETR 2\r\n" and writes[1][-15:] == b"RETR 40\r\nQUIT\r\n"
    assert len(writes) == 2 and first > 3


AHEAD = b"CAPA\r\nSTAT\r\nLIST\r\nUIDL\r\n"
OK, REFUSED = b"+OK\r\n", b"-ERR [AUTH] no\r\n"


def writes_to_known(login: str, **answers: bytes) -> list[bytes]:
    """What goes to a server that was visited before; it answers so."""
    capa = listing(b"TOP", b"UIDL", b"PIPELINING", b"USER", b"SASL PLAIN CRAM-MD5")
    storage = FakeStorage()
    for _visit in range(2):
        drop = Maildrop(capa=capa, storage=storage, replies={
            line.encode(): [answers[line]] for line in answers},
                        **{"pop.delete": "never", "pop.login": login})
        assert drop.visit()[:3] == (0, COUNT, COUNT)
    return drop.links[0].writes


def test_listings_follow_the_last_word_of_any_login_on_a_known_server() -> None:
    plain = writes_to_known("plain", AUTH=OK)
    assert plain[0] == b"AUTH PLAIN AHVzZXIAc2VjcmV0\r\n" + AHEAD and len(plain) == 2
    apop = writes_to_known("apop", APOP=OK)
    assert apop[0][:5] == b"APOP " and apop[0].endswith(b"\r\n" + AHEAD) and len(apop) == 2
    digest = hexlify(hmac(md5(), b"secret", b"<1.2@h>"))
    said = b2a_base64(b"user " + digest)[:-1]
    cram = writes_to_known("cram-md5", **{"AUTH": b"+ PDEuMkBoPg==\r\n", said.decode(): OK})
    assert cram[:2] == [b"AUTH CRAM-MD5\r\n", said + b"\r\n" + AHEAD] and len(cram) == 3


def test_known_server_without_pipelining_is_not_asked_what_it_can() -> None:
    storage = FakeStorage()
    capa = listing(b"TOP", b"UIDL", b"USER")
    assert Maildrop(capa=capa, storage=storage, count=1).visit()[0] == 0
    drop = Maildrop(capa=capa, storage=storage, count=1)
    assert drop.visit()[0] == 0
    assert drop.links[0].verbs() == ["USER", "PASS", "STAT", "LIST", "UIDL", "RETR", "DELE",
                                     "QUIT"]


def test_nothing_goes_ahead_of_the_login_where_pipelining_is_announced_after_it() -> None:
    storage = FakeStorage()
    assert Maildrop(late=True, storage=storage).visit()[0] == 0
    drop = Maildrop(late=True, storage=storage)
    drop.more[b"CAPA"] = [CAPA]
    drop.connect()
    assert drop.visit() == (0, COUNT, COUNT, 0, 0, COUNT)
    assert drop.links[0].writes[:3] == [b"USER user\r\n", b"PASS secret\r\n",
                                        b"CAPA\r\nSTAT\r\nLIST\r\nUIDL\r\n"]


def test_servers_that_lie_about_it_lose_nothing_and_print_nothing_twice() -> None:
    for lie in ("first", "retr", "join", "close", "skip"):
        for late in (False, True):
            drop = Maildrop(lie, late=late)
            result = drop.visit()
            assert result == (0, COUNT, COUNT, 0, 0, COUNT), (lie, late, result)
            assert sorted(drop.desk.got) == sorted(MAILS), (lie, late)
            keys = drop.desk.ledger.of("finish")
            assert len(keys) == COUNT and len(drop.used()) == 2
            assert drop.desk.reports[0][1] == "visited again without PIPELINING"


def keys_with_mails(drop: Maildrop) -> list[tuple[bytes, bytes]]:
    """What a visit hands over, with the keys."""
    pairs: list[tuple[bytes, bytes]] = []
    deliver = drop.desk.visit.deliver

    async def noting(key: bytes, number: int, count: int, size: int, body: Any) -> int:
        outcome = await deliver(key, number, count, size, body)
        pairs.append((key, drop.desk.got[-1]))
        return outcome

    drop.desk.visit.deliver = noting
    drop.visit()
    return sorted(pairs)


def test_each_mail_of_a_lying_server_stands_in_the_ledger_under_its_own_key() -> None:
    expected = keys_with_mails(Maildrop(capa=b"-ERR\r\n"))
    for lie in ("first", "retr", "join", "close", "skip"):
        assert keys_with_mails(Maildrop(lie)) == expected, lie


def test_lie_is_remembered_and_not_believed_again() -> None:
    drop = Maildrop("first")
    drop.visit()
    again = Maildrop("first", storage=drop.storage)
    assert again.visit()[0] == 0 and len(again.used()) == 1
    assert all(data.count(b"\n") == 1 for data in again.links[0].writes)


def test_proven_server_that_answers_out_of_step_is_not_believed_any_more() -> None:
    drop = Maildrop()
    drop.visit()
    again = Maildrop("join", storage=drop.storage)
    assert again.visit() == (0, COUNT, COUNT, 0, 0, COUNT)
    assert sorted(again.desk.got) == sorted(MAILS)


def test_other_server_at_the_same_address_is_asked_anew() -> None:
    drop = Maildrop(count=2)
    drop.visit()
    other = Maildrop(capa=listing(b"TOP", b"USER"), storage=drop.storage, count=2)
    for link in other.links:
        link._coming = [b"+OK another server\r\n"]
    assert other.visit()[0] == 0 and other.links[0].sent[0] == b"CAPA"


def test_damaged_memory_is_no_memory() -> None:
    drop = Maildrop(count=2)
    drop.visit()
    name = "server"
    for at in range(0, len(drop.storage.files[name]), 7):
        storage = FakeStorage()
        octets = bytearray(drop.storage.files[name])
        octets[at] ^= 1
        storage.files[name] = octets
        assert Maildrop(storage=storage, count=2).visit() == (0, 2, 2, 0, 0, 2)


def test_mail_refused_ahead_of_others_is_asked_for_once_more_alone() -> None:
    refusals: list[Any] = [b"-ERR not now\r\n", b"+OK\r\n" + stuffed(MAILS[4])]
    drop = Maildrop(replies={b"RETR 5": refusals})
    assert drop.visit() == (0, COUNT, COUNT, 0, 0, COUNT)
    assert sorted(drop.desk.got) == sorted(MAILS)
    drop = Maildrop(replies={b"RETR 5": [b"-ERR never\r\n"]})
    assert drop.visit() == (0, COUNT, COUNT - 1, 0, 1, COUNT - 1)
    assert drop.desk.reports == [(faults.MESSAGE_REFUSED, "mail 5: never")]


def test_finished_mails_cost_no_round_trip_each() -> None:
    ledger = FakeLedger()
    first = Maildrop(**{"pop.delete": "never"})
    first.desk.visit.ledger = ledger
    first.visit()
    drop = Maildrop(storage=first.storage)
    drop.desk.visit.ledger = ledger
    assert drop.visit() == (0, COUNT, 0, 0, 0, COUNT) and drop.desk.got == []
    assert len(drop.links[0].writes) == 3


def test_copies_with_one_key_are_printed_once_though_both_were_asked_for() -> None:
    copies = [b"Message-ID: <1@h>\r\nDate: x\r\n\r\nsame\r\n"] * COUNT
    drop = Maildrop(replies={b"UIDL": [b"-ERR\r\n"]})
    for number in range(COUNT):
        for link in drop.links:
            link.replies[b"RETR %d" % (number + 1)] = [b"+OK\r\n" + stuffed(copies[number])]
            link.replies[b"LIST"] = [listing(*(b"%d 40" % (n + 1) for n in range(COUNT)))]
    assert drop.visit() == (0, COUNT, 1, 0, 0, COUNT) and len(drop.desk.got) == 1


def test_leaving_with_answers_outstanding_deletes_nothing_and_is_made_up_for() -> None:
    from firmware.pop3.outcomes import LEAVE, RECORDED

    drop = Maildrop()
    drop.desk.outcomes = [RECORDED, RECORDED, LEAVE]
    assert drop.visit() == (0, COUNT, 2, 0, COUNT - 2, 0)
    assert "QUIT" not in drop.links[0].verbs() and drop.links[0].closed
    drop.connect()
    assert drop.visit() == (0, COUNT, COUNT - 2, 0, 0, COUNT)


def test_wrong_password_is_tried_twice_only_while_nothing_is_proven() -> None:
    drop = Maildrop()
    drop.visit()
    again = Maildrop(storage=drop.storage, replies={b"PASS": [b"-ERR no\r\n"]})
    assert again.visit()[0] == faults.LOGIN_REFUSED and len(again.used()) == 1
    for refusal, tries in ((b"-ERR [AUTH] no\r\n", 1), (b"-ERR no\r\n", 2)):
        drop = Maildrop(replies={b"PASS": [refusal]})
        assert drop.visit()[0] == faults.LOGIN_REFUSED and len(drop.used()) == tries


def test_nothing_is_asked_for_ahead_of_a_server_that_deletes_what_was_fetched() -> None:
    drop = Maildrop(capa=listing(b"TOP", b"UIDL", b"PIPELINING", b"EXPIRE 0"))
    assert drop.visit() == (0, COUNT, COUNT, 0, 0, COUNT)
    assert max(data.count(b"RETR") for data in drop.links[0].writes) == 1


def test_paper_that_keeps_mails_waiting_ends_asking_ahead_for_some_mails() -> None:
    drop = Maildrop()
    drop.visit()
    again = Maildrop(storage=drop.storage)
    again.desk.visit._slow = 8  # as a mail that waited for paper leaves it
    assert again.visit() == (0, COUNT, COUNT, 0, 0, COUNT)
    assert max(data.count(b"RETR") for data in again.links[0].writes) == 1
    again.connect()
    again.desk.visit.ledger = FakeLedger()
    again.visit()
    assert max(data.count(b"RETR") for data in again.links[0].writes) > 10
