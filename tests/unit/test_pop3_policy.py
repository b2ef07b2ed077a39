"""The policy of a mailbox: what is deleted when, what is too large, how many mails a visit; what
response codes and terms of the server make of it (RFC 2449, 3206).
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.pop3.identity import box_of, uid_key
from firmware.pop3.outcomes import LEAVE, NOTICE, RECORDED, UNFINISHED
from firmware.recording import faults
from tests.unit.pop3_support import FakeNetwork, listing, stuffed
from tests.unit.store_support import FakeStorage
from tests.unit.test_pop3_mailbox import BOX, KEYS, A, B, C, Desk, FakeLedger, numbers

if TYPE_CHECKING:
    from typing import Any

DAY_S = 86400
HEAD = b"From: big@example.com\r\nSubject: big\r\n\r\n"
LARGE = HEAD + b"x" * 3000 + b"\r\n"


def capa(*lines: bytes) -> Any:
    return {b"CAPA": [listing(b"TOP", b"UIDL", *lines)]}


# deleting

class Kept:
    """A mailbox that keeps mails for some days, and a clock."""

    def __init__(self, days: int) -> None:
        self.storage = FakeStorage()
        self.ledger = FakeLedger()
        self.days = days
        self.today = 20000

    def visit(self, *mails: bytes, **how: Any) -> Desk:
        how.setdefault("ledger", self.ledger)
        desk = Desk(list(mails), **how, **{"pop.delete": "after-days", "pop.keep_days": self.days})
        desk.visit.storage = self.storage
        desk.visit.now = lambda: self.today * DAY_S
        desk.result = desk.run()
        return desk


def test_mails_stay_for_some_days_and_are_deleted_then() -> None:
    kept = Kept(3)
    for day, deleted in ((0, 0), (0, 0), (1, 0), (2, 0), (3, 2)):
        kept.today = 20000 + day
        desk = kept.visit(A, B)
        assert numbers(desk.result)[0] == 0 and desk.result.deleted == deleted, day
    assert len(kept.ledger.of("finish")) == 2


def test_without_a_clock_nothing_is_deleted_by_age() -> None:
    kept = Kept(1)
    kept.visit(A)
    kept.visit(A)
    kept.today = 0
    assert kept.visit(A).result.deleted == 0


def test_memory_of_kept_mails_that_is_damaged_keeps_them_longer() -> None:
    kept = Kept(2)
    kept.visit(A)
    kept.visit(A)
    octets = bytearray(kept.storage.files["kept"])
    octets[9] ^= 0x40
    kept.storage.files["kept"] = octets
    kept.today += 2
    assert kept.visit(A).result.deleted == 0
    kept.today += 2
    assert kept.visit(A).result.deleted == 1


def test_notices_are_kept_or_deleted_as_the_mailbox_wants() -> None:
    for wanted, deleted in (("keep", 1), ("delete", 2)):
        desk = Desk([A, B], **{"pop.unreadable": wanted})
        desk.outcomes = [NOTICE, RECORDED]
        assert numbers(desk.run()) == (0, 2, 1, 1, 0, deleted)
        desk.again(A, B)
        assert desk.run().deleted == deleted and len(desk.got) == 2


# size and count

def large(**settings: Any) -> Desk:
    replies = {b"TOP 2 0": [b"+OK\r\n" + stuffed(HEAD)]}
    return Desk([A, LARGE, B], replies, **settings)


def test_larger_mail_is_told_of_once_by_its_header_and_stays() -> None:
    desk = large(**{"pop.max_kb": 2})
    withheld = []
    deliver = desk.visit.deliver

    async def noting(key: bytes, number: int, count: int, size: int, body: Any) -> int:
        withheld.append((number, body.withheld, size))
        return await deliver(key, number, count, size, body)

    desk.visit.deliver = noting
    assert numbers(desk.run()) == (0, 3, 2, 1, 0, 2)
    assert desk.got == [A, HEAD, B] and b"RETR 2" not in desk.link.sent
    assert withheld == [(1, False, len(A)), (2, True, len(LARGE)), (3, False, len(B))]
    assert b"DELE 2" not in desk.link.sent
    assert desk.reports == [(faults.MAIL_TOO_LARGE, "mail 2 has 2 kB")]
    desk.again(A, LARGE, B)
    assert desk.run().notices == 0 and len(desk.got) == 3


def test_larger_mail_is_left_alone_when_nobody_wants_to_know() -> None:
    desk = large(**{"pop.max_kb": 2, "pop.large": "skip"})
    result = desk.run()
    assert numbers(result) == (0, 3, 2, 0, 0, 2) and result.large == 1
    assert desk.got == [A, B] and desk.reports == []


def test_larger_mail_of_a_server_without_top_is_reported_and_stays() -> None:
    desk = Desk([LARGE, A], **{"pop.max_kb": 2})
    assert numbers(desk.run()) == (0, 2, 1, 0, 1, 1) and desk.got == [A]
    assert b"RETR 1" not in desk.link.sent and desk.reports[0][1].startswith("mail 1")


def test_mails_of_one_visit_are_counted_and_the_rest_comes_at_once() -> None:
    desk = Desk([A, B, C], **{"pop.most": 2})
    result = desk.run()
    assert numbers(result) == (0, 3, 2, 0, 1, 2) and result.more
    desk.again(C, replies={b"UIDL": [listing(b"1 uid3")]})
    result = desk.run()
    assert result.recorded == 1 and not result.more


def test_mails_that_fail_do_not_bring_the_visitor_back_at_once() -> None:
    desk = Desk([A, B], **{"pop.most": 1})
    desk.outcomes = [UNFINISHED]
    assert not desk.run().more


# terms of the server

def test_server_that_deletes_what_was_fetched_hears_no_quit_before_all_is_on_paper() -> None:
    for outcomes, verb in (([RECORDED, RECORDED], "QUIT"), ([RECORDED, UNFINISHED], "DELE"),
                           ([RECORDED, LEAVE], "RETR")):
        desk = Desk([A, B], capa(b"EXPIRE 0"))
        desk.outcomes = list(outcomes)
        desk.run()
        verbs = desk.link.verbs()
        assert ("QUIT" in verbs) == (verb == "QUIT"), outcomes
        assert verbs.count("RETR") == 2


def test_server_that_deletes_what_was_fetched_is_rid_first_of_what_is_on_paper() -> None:
    desk = Desk([A, B], capa(b"EXPIRE 0"), ledger=FakeLedger(KEYS[0]))
    result = desk.run()
    assert desk.got == [] and result.deleted == 1 and result.more
    assert "RETR" not in desk.link.verbs() and desk.link.verbs()[-1] == "QUIT"


def test_refused_quit_does_not_bring_the_visitor_back_at_once() -> None:
    replies = capa(b"EXPIRE 0")
    replies[b"QUIT"] = [b"-ERR no\r\n"]
    result = Desk([A, B], replies, ledger=FakeLedger(KEYS[0])).run()
    assert not result.more and result.deleted == 0


def test_server_that_deletes_sooner_than_wanted_is_told_of() -> None:
    for expire, settings, told in (
            (b"EXPIRE 0", {"pop.delete": "never"}, True),
            (b"EXPIRE 30 USER", {"pop.delete": "never"}, True),
            (b"EXPIRE NEVER", {"pop.delete": "never"}, False),
            (b"EXPIRE 30", {"pop.delete": "after-record"}, False),
            (b"EXPIRE 5", {"pop.delete": "after-days", "pop.keep_days": 7}, True),
            (b"EXPIRE 9", {"pop.delete": "after-days", "pop.keep_days": 7}, False)):
        desk = Desk([A], capa(expire), **settings)
        desk.run()
        assert (faults.MAIL_EXPIRES in [code for code, _text in desk.reports]) == told, expire


def test_login_delay_that_is_announced_goes_to_the_poller() -> None:
    assert Desk([A], capa(b"LOGIN-DELAY 900")).run().login_delay_s == 900
    assert Desk([A], capa(b"LOGIN-DELAY 120 USER")).run().login_delay_s == 120
    assert Desk([A]).run().login_delay_s == 0


def test_response_codes_have_fault_codes_of_their_own() -> None:
    for code, fault in ((b"IN-USE", faults.MAILBOX_IN_USE),
                        (b"LOGIN-DELAY", faults.LOGIN_TOO_SOON),
                        (b"SYS/TEMP", faults.SERVER_TROUBLE),
                        (b"SYS/PERM", faults.MAILBOX_CLOSED),
                        (b"AUTH", faults.LOGIN_REFUSED), (b"X-OTHER", faults.LOGIN_REFUSED)):
        result = Desk([A], {b"PASS": [b"-ERR [%s] no\r\n" % code]}).run()
        assert result.code == fault, code
        assert faults.panel_text(fault) and len(faults.panel_text(fault)) <= 20
    for code, fault in ((b"SYS/TEMP", faults.SERVER_TROUBLE), (b"X", faults.MESSAGE_REFUSED)):
        desk = Desk([A, B], {b"RETR 1": [b"-ERR [%s] no\r\n" % code]})
        assert numbers(desk.run()) == (0, 2, 1, 0, 1, 1)
        assert desk.reports[0][0] == fault


def test_greeting_that_refuses_has_its_code() -> None:
    desk = Desk([A])
    desk.link._coming = [b"-ERR [SYS/TEMP] later\r\n"]
    assert desk.run().code == faults.SERVER_TROUBLE


def test_language_and_utf8_are_asked_for_where_they_are_offered() -> None:
    desk = Desk([A], capa(b"UTF8", b"LANG"))
    assert desk.run().recorded == 1  # though both are refused
    assert desk.link.sent[1:3] == [b"UTF8", b"LANG en"]
    assert "UTF8" not in Desk([A], capa()).link.verbs()


# several mailboxes

def test_keys_tell_the_mailbox_and_its_listing_speaks_for_no_other() -> None:
    told: list[Any] = []
    for box in range(4):
        desk = Desk([A])
        desk.ledger.forget_others = lambda live_keys, box: told.append((sorted(live_keys), box))
        desk.visit.box = box
        desk.run()
        key = uid_key(BOX, b"uid1", box)
        assert told.pop() == ([key], box) and box_of(key) == box and not told
        assert desk.ledger.of("finish") == [key]


def test_files_of_each_mailbox_are_its_own() -> None:
    visit = Desk([A]).visit
    assert [visit.file("server"), visit.file("kept")] == ["server", "kept"]
    visit.box = 3
    assert visit.file("server") == "server4"


def test_network_that_is_down_is_told_as_such_for_every_mailbox() -> None:
    desk = Desk([A])
    desk.visit.box = 2
    desk.visit.session._network = FakeNetwork(up=False)
    assert desk.run().code == faults.NETWORK_DOWN
