"""A visit: what is fetched, deleted, left, reported (POP3 rules 2 to 6 and 10)."""
from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from firmware.pop3 import mailbox
from firmware.pop3.identity import uid_key
from firmware.pop3.mailbox import Visit, VisitResult
from firmware.pop3.maildrop import ROW_OCTETS
from firmware.pop3.outcomes import AGAIN, LEAVE, NOTICE, RECORDED, UNFINISHED
from firmware.pop3.reply import MIN_BUFFER
from firmware.pop3.session import Session
from firmware.recording import faults
from firmware.recording.faults import Fault
from tests.unit.pop3_support import (
    DROP,
    FakeNetwork,
    ScriptedLink,
    listing,
    replaced,
    stuffed,
    whole,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from firmware.pop3.body import Body

BOX = b"user@mail"


class FakeLedger:
    """Keys that are finished, and all that was told, in order."""

    def __init__(self, *finished: bytes) -> None:
        self.finished = list(finished)
        self.told: list[Any] = []

    def is_finished(self, key: bytes) -> bool:
        return key in self.finished

    def pages_done(self, key: bytes) -> int:
        return 2

    def finish(self, key: bytes, pages: int, notice: bool) -> None:
        self.finished.append(key)
        self.told.append(("finish", key, pages, notice))

    def deleted(self, key: bytes) -> None:
        self.told.append(("deleted", key))

    def ended_as_notice(self, key: bytes) -> bool:
        return ("finish", key, 2, True) in self.told

    def forget_others(self, live_keys: Any, box: int) -> None:
        self.told.append(("live", sorted(live_keys)))

    def of(self, what: str) -> list[Any]:
        return [event[1] for event in self.told if event[0] == what]


class Desk:
    """A visit with all that it needs, on a scripted server."""

    def __init__(self, mails: list[bytes], replies: Any = None, ledger: FakeLedger | None = None,
                 uids: bool = True, rows: int = 10, **settings: Any) -> None:
        count = len(mails)
        answers: dict[bytes, list[Any]] = {
            b"CAPA": [b"-ERR\r\n"], b"USER": [b"+OK\r\n"], b"PASS": [b"+OK\r\n"],
            b"STAT": [b"+OK %d 999\r\n" % count], b"DELE": [b"+OK\r\n"], b"QUIT": [b"+OK\r\n"],
            b"NOOP": [b"+OK\r\n"], b"TOP": [b"-ERR\r\n"],
            b"LIST": [listing(*(b"%d %d" % (n + 1, len(mails[n])) for n in range(count)))],
            b"UIDL": [listing(*(b"%d uid%d" % (n + 1, n + 1) for n in range(count)))
                      if uids else b"-ERR\r\n"]}
        for number in range(count):
            answers[b"RETR %d" % (number + 1)] = [b"+OK\r\n" + stuffed(mails[number])]
        answers.update(replies or {})
        self.link = ScriptedLink(b"+OK\r\n", answers)
        self.ledger = ledger or FakeLedger()
        self.got: list[bytes] = []
        self.outcomes: list[int] = []
        self.reports: list[tuple[int, str]] = []
        self.settings = {"pop.host": "Mail", "pop.port": 110, "pop.user": "user",
                         "pop.security": "plain", "pop.allow_plain": True,
                         "pop.password": "secret", "pop.login": "user",
                         "pop.delete": "after-record", "pop.connect_s": 1, "pop.reply_s": 2,
                         "pop.silence_s": 3, "pop.token": "",
                         "pop.unreadable": "delete", "pop.max_kb": 0, "pop.large": "notice",
                         "pop.most": 0, "pop.keep_days": 7}
        self.settings.update(settings)
        self.network = FakeNetwork(self.link)
        session = Session(self.network, bytearray(MIN_BUFFER))
        self.visit = Visit(session, self.ledger, self.deliver, self.settings,
                           lambda code, text: self.reports.append((code, text)),
                           bytearray(rows * ROW_OCTETS))

    async def deliver(self, key: bytes, number: int, count: int, size: int, body: Body) -> int:
        self.got.append(await whole(body))
        return self.outcomes.pop(0) if self.outcomes else RECORDED

    def run(self) -> VisitResult:
        return asyncio.run(self.visit.run())

    def again(self, *mails: bytes, **how: Any) -> None:
        """A new connection to a server with these mails, for the same visit."""
        self.network.links = [Desk(list(mails), **how).link]
        self.link = self.network.links[0]


def numbers(result: VisitResult) -> tuple[int, ...]:
    return (result.code, result.mails, result.recorded, result.notices, result.unfinished,
            result.deleted)


A, B, C = b"Subject: a\r\n\r\n", b"Subject: b\r\n\r\n.dot\r\n", b"Subject: c\r\n\r\n"
KEYS = [uid_key(BOX, b"uid%d" % number) for number in (1, 2, 3)]


def test_every_mail_is_handed_over_then_deleted() -> None:
    desk = Desk([A, B])
    result = desk.run()
    assert numbers(result) == (0, 2, 2, 0, 0, 2) and not result.more
    assert desk.got == [A, B] and result.octets == len(A) + len(B)
    assert desk.link.verbs() == ["CAPA", "USER", "PASS", "CAPA", "STAT", "LIST", "UIDL", "RETR",
                                 "DELE", "RETR", "DELE", "QUIT"]
    assert desk.link.closed and desk.reports == []


def test_ledger_knows_before_the_server_is_told_and_deletion_after_quit() -> None:
    desk = Desk([A])
    seen = []
    write = desk.link.write

    async def noting(data: bytes) -> None:
        seen.append((bytes(data[:4]), [event[0] for event in desk.ledger.told]))
        await write(data)

    desk.link.write = noting
    desk.run()
    assert (b"DELE", ["live", "finish"]) in seen and (b"QUIT", ["live", "finish"]) in seen
    assert desk.ledger.told == [("live", [KEYS[0]]), ("finish", KEYS[0], 2, False),
                                ("deleted", KEYS[0])]


def test_key_is_of_user_host_and_unique_id() -> None:
    desk = Desk([A, B])
    desk.run()
    assert desk.ledger.of("finish") == KEYS[:2]


def test_mail_finished_in_an_earlier_visit_is_deleted_and_not_fetched() -> None:
    desk = Desk([A, B], ledger=FakeLedger(KEYS[0]))
    result = desk.run()
    assert desk.got == [B] and numbers(result) == (0, 2, 1, 0, 0, 2)
    assert [line for line in desk.link.sent if line[:4] == b"DELE"] == [b"DELE 1", b"DELE 2"]


def test_nothing_is_deleted_when_the_parameter_says_never() -> None:
    desk = Desk([A, B], ledger=FakeLedger(KEYS[0]), **{"pop.delete": "never"})
    assert numbers(desk.run()) == (0, 2, 1, 0, 0, 0)
    assert "DELE" not in desk.link.verbs() and desk.ledger.of("deleted") == []


def test_notice_counts_as_on_paper_and_unfinished_stays_on_the_server() -> None:
    desk = Desk([A, B, C])
    desk.outcomes = [NOTICE, UNFINISHED, RECORDED]
    assert numbers(desk.run()) == (0, 3, 1, 1, 1, 2)
    assert desk.ledger.told[1:3] == [("finish", KEYS[0], 2, True), ("finish", KEYS[2], 2, False)]
    assert b"DELE 2" not in desk.link.sent


def test_a_mail_that_is_wanted_again_is_fetched_again_at_once() -> None:
    desk = Desk([A, B, C])
    desk.outcomes = [RECORDED, AGAIN, RECORDED, RECORDED]
    assert numbers(desk.run()) == (0, 3, 3, 0, 0, 3)
    assert desk.got == [A, B, B, C] and desk.reports == []


def test_rest_of_a_body_that_nobody_wanted_is_drained() -> None:
    desk = Desk([A * 2000, B])

    async def refuse(key: bytes, number: int, count: int, size: int, body: Body) -> int:
        await body.next()
        return UNFINISHED

    desk.visit.deliver = refuse
    assert numbers(desk.run()) == (0, 2, 0, 0, 2, 0)
    assert desk.link.verbs()[-3:] == ["RETR", "RETR", "QUIT"]


def test_leaving_with_the_body_read_quits_and_keeps_what_was_deleted() -> None:
    desk = Desk([A, B, C])
    desk.outcomes = [RECORDED, LEAVE]
    assert numbers(desk.run()) == (0, 3, 1, 0, 2, 1)
    assert desk.link.verbs()[-3:] == ["DELE", "RETR", "QUIT"]


def test_leaving_inside_a_body_says_nothing_more() -> None:
    desk = Desk([A, B * 1000])

    async def stall(key: bytes, number: int, count: int, size: int, body: Body) -> int:
        if number == 1:
            return await desk.deliver(key, number, count, size, body)
        await body.next()
        return LEAVE

    desk.visit.deliver = stall
    assert numbers(desk.run()) == (0, 2, 1, 0, 1, 0)
    assert desk.link.verbs()[-1] == "RETR" and desk.link.closed
    assert desk.ledger.of("deleted") == []


def test_refused_mail_is_reported_and_the_next_is_served() -> None:
    desk = Desk([A, B], {b"RETR 1": [b"-ERR gone\r\n"]})
    assert numbers(desk.run()) == (0, 2, 1, 0, 1, 1)
    assert desk.got == [B] and desk.reports == [(faults.MESSAGE_REFUSED, "mail 1: gone")]


def test_connection_dropped_at_any_octet_of_a_mail_deletes_nothing() -> None:
    wire = b"+OK\r\n" + stuffed(B)
    for cut in range(len(wire)):
        desk = Desk([A, B], {b"RETR 2": [[wire[:cut], DROP]]})
        result = desk.run()
        assert result.code == faults.SERVER_BROKE_OFF
        assert result.recorded == 1 and result.deleted == 0 and result.unfinished == 1
        assert b"DELE 2" not in desk.link.sent and desk.ledger.of("deleted") == []
        assert KEYS[1] not in desk.ledger.finished


def test_connection_dropped_at_dele_or_quit_deletes_nothing_and_is_made_up_for() -> None:
    for verb in (b"DELE", b"QUIT"):
        desk = Desk([A], {verb: [DROP]})
        result = desk.run()
        assert result.code == faults.SERVER_BROKE_OFF and result.recorded == 1
        assert result.deleted == 0 and desk.ledger.of("deleted") == []
        desk.again(A)
        result = desk.run()
        assert numbers(result) == (0, 1, 0, 0, 0, 1) and len(desk.got) == 1


def test_refused_dele_and_refused_quit_are_reported() -> None:
    desk = Desk([A], {b"DELE": [b"-ERR read-only\r\n"]})
    assert numbers(desk.run()) == (0, 1, 1, 0, 0, 0)
    assert desk.reports == [(faults.SERVER_REFUSED, "mail 1 is not deleted: read-only")]
    desk = Desk([A], {b"QUIT": [b"-ERR some messages not removed\r\n"]})
    assert numbers(desk.run()) == (0, 1, 1, 0, 0, 0)
    assert desk.reports == [(faults.SERVER_REFUSED, "QUIT: some messages not removed")]
    assert desk.ledger.of("deleted") == []


def test_failures_on_the_way_in_have_their_codes() -> None:
    assert Desk([], **{"pop.host": ""}).run().code == faults.NOT_CONFIGURED
    assert Desk([], **{"pop.user": ""}).run().code == faults.NOT_CONFIGURED
    assert Desk([], {b"PASS": [b"-ERR no\r\n"]}).run().code == faults.LOGIN_REFUSED
    assert Desk([A], {b"STAT": [b"-ERR no\r\n"]}).run().code == faults.SERVER_REFUSED
    assert Desk([A], {b"LIST": [b"-ERR no\r\n"]}).run().code == faults.SERVER_REFUSED
    desk = Desk([])
    desk.network.up = False
    assert desk.run().code == faults.NETWORK_DOWN


def test_empty_maildrop_is_left_at_once() -> None:
    desk = Desk([])
    assert numbers(desk.run()) == (0, 0, 0, 0, 0, 0)
    assert desk.link.verbs()[-2:] == ["STAT", "QUIT"]


def test_parameters_set_the_time_outs() -> None:
    desk = Desk([A])
    desk.run()
    times = desk.visit.session.times
    assert (times.connect_ms, times.reply_ms, times.silence_ms) == (1000, 2000, 3000)


# identity where unique-ids fail

def top(*mails: bytes) -> dict[bytes, list[Any]]:
    return {b"TOP %d 0" % (n + 1): [b"+OK\r\n" + stuffed(mails[n])] for n in range(len(mails))}


X = b"Message-ID: <x@h>\r\nDate: today\r\nFrom: x\r\n\r\n"
Y = b"Message-ID: <y@h>\r\nDate: today\r\nFrom: y\r\n\r\n"


def test_without_uidl_mails_are_known_again_by_their_headers() -> None:
    for replies in ({}, top(X, Y)):
        desk = Desk([X, Y], replies, uids=False, **{"pop.delete": "never"})
        assert numbers(desk.run()) == (0, 2, 2, 0, 0, 0)
        desk.again(X, Y, replies=replies, uids=False)
        assert numbers(desk.run()) == (0, 2, 0, 0, 0, 0)
        assert desk.got == [X, Y]
        desk.again(Y, replies=top(Y) if replies else {}, uids=False)
        assert desk.run().recorded == 0


def test_mails_that_nothing_but_their_text_tells_apart_are_all_recorded() -> None:
    one, other = b"\r\none\r\n", b"\r\ntwo\r\n"
    for replies in ({b"TOP": [listing()]}, {}):
        desk = Desk([one, other, one], replies, uids=False)
        result = desk.run()
        assert desk.got == [one, other] and result.deleted == 3  # the third is the first again
        assert "mail 3: a copy of it is on paper" in str(desk.reports)


def test_missing_duplicate_long_and_illegal_unique_ids_fail_no_mail() -> None:
    for lines in ([b"2 b"], [b"1 same", b"2 same"], [b"1 " + b"x" * 71, b"2 b"],
                  [b"1 a b", b"2 b"], [b"1", b"2 \xff"], [], [b"7 z", b"2 b", b"junk"]):
        desk = Desk([X, Y], {b"UIDL": [listing(*lines)]})
        assert numbers(desk.run()) == (0, 2, 2, 0, 0, 2)
        assert desk.got == [X, Y]


def test_mail_that_uidl_lists_and_list_does_not_is_not_asked_for() -> None:
    desk = Desk([A, B], {b"LIST": [listing(b"2 10")]})
    assert desk.run().recorded == 1 and b"RETR 1" not in desk.link.sent


def test_wrong_sizes_change_nothing() -> None:
    for sizes in (b"0", b"1", b"99999999999999999999", b""):
        desk = Desk([A, B], {b"LIST": [listing(b"1 " + sizes, b"2 " + sizes)],
                             b"STAT": [b"+OK 2 " + sizes + b"\r\n"]})
        assert numbers(desk.run()) == (0, 2, 2, 0, 0, 2) and desk.got == [A, B]


def test_two_copies_of_one_mail_with_one_unique_id_are_one_mail() -> None:
    desk = Desk([X, X], {b"UIDL": [listing(b"1 same", b"2 same")]})
    result = desk.run()
    assert desk.got == [X] and result.recorded == 1 and result.deleted == 2
    assert len(desk.reports) == 2 and "mail 2" in desk.reports[1][1]


def test_mixed_line_ending_of_a_mail_is_reported() -> None:
    desk = Desk([A], {b"RETR 1": [b"+OK\r\n" + A[:-2] + b"\n.\r\n"],
                      b"LIST": [listing(b"1 %d" % (len(A) - 1))]})
    assert numbers(desk.run()) == (0, 1, 1, 0, 0, 1)
    assert desk.reports[0][0] == faults.PROTOCOL


# more than fits

def test_mails_beyond_the_window_come_with_the_next_visit() -> None:
    desk = Desk([A, B, C], rows=2)
    result = desk.run()
    assert result.more and result.recorded == 2 and result.deleted == 2
    desk.again(C, replies={b"UIDL": [listing(b"1 uid3")]}, rows=2)
    result = desk.run()
    assert not result.more and result.recorded == 1 and desk.got == [A, B, C]


def test_window_moves_on_when_nothing_is_deleted() -> None:
    desk = Desk([A, B, C], rows=2, **{"pop.delete": "never"})
    assert desk.run().more
    for _ in range(2):
        desk.again(A, B, C, rows=2)
        result = desk.run()
    assert desk.got == [A, B, C] and result.recorded == 0 and result.more


# waiting for paper

def waiting(desk: Desk, read: bool, seconds: float,
            until: "Callable[[], bool]" = lambda: True) -> None:
    """Let `deliver` take its time before it has read the body, or after that, until something has
    come about, however slow this machine is.
    """
    async def slowly(key: bytes, number: int, count: int, size: int, body: Body) -> int:
        if read:
            desk.got.append(await whole(body))
            await asyncio.sleep(seconds)
            for _turn in range(6000):
                if until():
                    break
                await asyncio.sleep(0.01)
            return RECORDED
        await body.next()
        await asyncio.sleep(seconds)
        return await desk.deliver(key, number, count, size, body)

    desk.visit.deliver = slowly


def with_short_keep_alive(desk: Desk) -> VisitResult:
    real_sleep = asyncio.sleep
    desk.ticks = 0

    class Hurried:
        Lock = asyncio.Lock
        create_task = staticmethod(asyncio.create_task)

        @staticmethod
        async def sleep(seconds: float) -> None:
            assert seconds == 2
            desk.ticks += 1
            await real_sleep(0.02 / 15)

    undo = replaced(mailbox, "asyncio", Hurried)
    try:
        return desk.run()
    finally:
        undo()


def test_noop_is_said_while_a_whole_mail_waits_for_paper() -> None:
    desk = Desk([A])
    waiting(desk, True, 0, lambda: desk.link.verbs().count("NOOP") >= 4)
    assert numbers(with_short_keep_alive(desk)) == (0, 1, 1, 0, 0, 1)
    assert 4 <= desk.link.verbs().count("NOOP") <= desk.ticks // 15  # every half minute


def test_nothing_is_said_inside_a_body() -> None:
    desk = Desk([A])
    waiting(desk, False, 0.09)
    assert with_short_keep_alive(desk).recorded == 1 and "NOOP" not in desk.link.verbs()


def test_server_lost_while_paper_is_waited_for_costs_the_deletion_only() -> None:
    desk = Desk([A, B], {b"NOOP": [DROP]})
    waiting(desk, True, 0, lambda: bool(desk.reports))
    result = with_short_keep_alive(desk)
    assert result.code == faults.SERVER_BROKE_OFF and result.recorded == 1
    assert desk.ledger.finished == [KEYS[0]] and result.unfinished == 1
    assert desk.reports[0][0] == faults.SERVER_BROKE_OFF


def test_fault_of_the_ledger_ends_the_visit_and_nothing_is_deleted() -> None:
    desk = Desk([A, B])

    def full(key: bytes, pages: int, notice: bool) -> None:
        raise Fault(faults.STORAGE, "full")

    desk.ledger.finish = full
    result = desk.run()
    assert (result.code, result.deleted, result.detail) == (faults.STORAGE, 0, "full")
    assert "DELE" not in desk.link.verbs()


def test_cancelled_visit_closes_the_connection() -> None:
    desk = Desk([A])
    waiting(desk, True, 30)

    async def cancelled() -> bool:
        task = asyncio.create_task(desk.visit.run())
        while not desk.got:
            await asyncio.sleep(0)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            return True
        return False

    assert asyncio.run(cancelled()) and desk.link.closed
    assert "QUIT" not in desk.link.verbs()
