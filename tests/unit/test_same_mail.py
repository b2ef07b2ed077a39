"""Mails that come again under other unique-ids, and mails that only look alike."""

from __future__ import annotations

from firmware.mail.header import Envelope
from firmware.recording.again import SameMail, digest_of
from firmware.recording.faults import SAME_MAIL, FaultList
from firmware.recording.job import AS_NOTICE, HELD, ON_PAPER, PENDING
from firmware.store.ledger import Ledger
from tests.unit.store_support import FakeClock, FakeStorage

OLD, NEW, OTHER = b"\x01ld-key1", b"\x01ew-key1", b"\x01ther-k1"
DIGEST = b"dig1"


class _Job:
    def __init__(self, key: bytes) -> None:
        self.key = key
        self.envelope = Envelope()


def recorded(storage: FakeStorage, notice: bool = False, digest: bytes = DIGEST) -> Ledger:
    """A ledger with a mail of two pages on paper."""
    ledger = Ledger(storage, FakeClock())
    ledger.open()
    ledger.begin(OLD, "a@example.com", "Order", digest)
    ledger.intend(OLD, 1)
    ledger.complete(OLD, 1)
    ledger.intend(OLD, 2)
    ledger.complete(OLD, 2)
    ledger.finish(OLD, 2, notice)
    return ledger


def reopened(storage: FakeStorage) -> Ledger:
    ledger = Ledger(storage, FakeClock())
    ledger.open()
    return ledger


def test_a_mail_under_a_new_unique_id_is_known_again_once_the_old_one_is_gone() -> None:
    storage = FakeStorage()
    ledger = recorded(storage)
    assert ledger.same_again(NEW, DIGEST) is None  # not listed yet: who knows
    ledger.forget_others([OLD, NEW])
    assert ledger.same_again(NEW, DIGEST) is None  # both are there: the sender sent it twice
    ledger.forget_others([NEW])
    assert ledger.same_again(NEW, DIGEST) == OLD
    assert ledger.same_again(NEW, b"dig2") is None and ledger.same_again(NEW, b"") is None


def test_the_digest_outlives_a_restart_and_a_compaction() -> None:
    storage = FakeStorage()
    recorded(storage)
    for _ in range(2):
        ledger = reopened(storage)
        ledger.forget_others([NEW])
        assert ledger.same_again(NEW, DIGEST) == OLD
        ledger.compact()


def test_a_mail_that_was_deleted_and_sent_again_is_a_new_mail() -> None:
    ledger = recorded(FakeStorage())
    ledger.deleted(OLD)
    ledger.forget_others([NEW])
    assert ledger.same_again(NEW, DIGEST) is None


def test_records_without_a_digest_are_read_as_before() -> None:
    storage = FakeStorage()
    recorded(storage, digest=b"")
    ledger = reopened(storage)
    assert ledger.is_finished(OLD)
    ledger.forget_others([NEW])
    assert ledger.same_again(NEW, DIGEST) is None


def test_digests_tell_headers_apart_and_need_something_to_go_by() -> None:
    one, two, nothing = Envelope(), Envelope(), Envelope()
    one.message_id, two.message_id = "<1@example.com>", "<2@example.com>"
    assert len(digest_of(one)) == 4 and digest_of(one) != digest_of(two)
    nothing.subject = "Order"
    assert digest_of(nothing) == b""


def asked(notice: bool = False) -> "tuple[Ledger, FaultList, SameMail]":
    ledger = recorded(FakeStorage(), notice)
    ledger.forget_others([NEW])
    faults = FaultList()
    same = SameMail(ledger, faults)
    same.begin_visit(0)
    assert same.judge(_Job(NEW), DIGEST) == HELD
    same.end_visit(0)
    assert SAME_MAIL in faults
    return ledger, faults, same


def test_it_is_held_until_someone_answers_and_other_mails_are_not() -> None:
    ledger, _faults, same = asked()
    assert same.judge(_Job(OTHER), b"dig9") == PENDING
    same.begin_visit(0)
    assert same.judge(_Job(NEW), DIGEST) == HELD
    assert not ledger.is_finished(NEW)


def test_taken_means_finished_without_a_sheet() -> None:
    for notice, outcome in ((False, ON_PAPER), (True, AS_NOTICE)):
        ledger, faults, same = asked(notice)
        assert same.answer(False) and SAME_MAIL not in faults
        same.begin_visit(0)
        assert same.judge(_Job(NEW), DIGEST) == outcome
        same.end_visit(0)
        assert ledger.is_finished(NEW) and ledger.pages_done(NEW) == 2
        assert ledger.ended_as_notice(NEW) == notice


def test_printed_again_it_carries_the_mark() -> None:
    ledger, _faults, same = asked()
    assert same.answer(True)
    same.begin_visit(0)
    assert same.judge(_Job(NEW), DIGEST) == PENDING
    assert ledger.may_be_on_paper(NEW, 1) and ledger.may_be_on_paper(NEW, 2)


def test_an_answer_is_good_for_one_visit_and_nobody_answers_what_is_not_asked() -> None:
    _ledger, _faults, same = asked()
    same.answer(False)
    same.begin_visit(0)
    same.end_visit(0)
    assert same.judge(_Job(NEW), DIGEST) == HELD
    assert same.answer(False) and not same.answer(False)


def test_when_the_mails_are_gone_nothing_is_asked_any_more() -> None:
    _ledger, faults, same = asked()
    same.begin_visit(0)
    same.end_visit(0)
    assert SAME_MAIL not in faults
