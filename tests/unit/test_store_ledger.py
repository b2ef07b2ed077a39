"""The ledger: what is on paper, what is finished, and what survives a restart, a torn end and a
bad octet.
"""

from __future__ import annotations

from firmware.recording.faults import LEDGER_FULL, STORAGE, Fault
from firmware.store.ledger import Ledger
from firmware.store.record_log import RecordLog
from tests.unit.store_support import FakeClock, FakeStorage
from tests.unit.support import raises

A = b"aaaaaaaa"
B = b"bbbbbbbb"
C = b"cccccccc"


def reopened(storage: FakeStorage, **options: int) -> Ledger:
    ledger = Ledger(storage, FakeClock(), **options)
    ledger.open()
    return ledger


def filled(storage: FakeStorage) -> Ledger:
    """A: finished and deleted; B: page 2 begun."""
    ledger = reopened(storage)
    ledger.begin(A, "a@example.com", "Offer")
    ledger.intend(A, 1)
    ledger.complete(A, 1)
    ledger.finish(A, 2, False)
    ledger.deleted(A)
    ledger.begin(B, "b@example.com", "Order")
    ledger.intend(B, 1)
    ledger.complete(B, 1)
    ledger.intend(B, 2)
    return ledger


def check_filled(ledger: Ledger) -> None:
    assert ledger.is_finished(A) and not ledger.is_finished(B) and not ledger.is_finished(C)
    assert (ledger.pages_done(A), ledger.pages_done(B), ledger.pages_done(C)) == (2, 1, 0)
    assert (ledger.intent_page(A), ledger.intent_page(B), ledger.intent_page(C)) == (0, 2, 0)
    assert list(ledger.unfinished()) == [(B, 1, 2)]


def test_an_empty_store_knows_nothing() -> None:
    ledger = Ledger(FakeStorage(), FakeClock())
    assert ledger.open() == ""
    assert not ledger.is_finished(A) and ledger.pages_done(A) == 0 and ledger.intent_page(A) == 0
    assert list(ledger.unfinished()) == [] and list(ledger.journal()) == []


def test_what_was_entered_stands_after_a_restart() -> None:
    storage = FakeStorage()
    check_filled(filled(storage))
    check_filled(reopened(storage))


def test_an_intent_without_completion_asks_for_the_mark() -> None:
    storage = FakeStorage()
    filled(storage)
    ledger = reopened(storage)
    assert (
        ledger.may_be_on_paper(B, 2)
        and not ledger.may_be_on_paper(B, 3)
        and not ledger.may_be_on_paper(C, 1)
    )


def test_begin_and_end_of_a_page_are_one_durable_write_each() -> None:
    storage = FakeStorage()
    ledger = reopened(storage)
    ledger.begin(A, "a", "s")
    assert storage.appends == 0
    for page in range(1, 10):
        ledger.intend(A, page)
        ledger.complete(A, page)
    ledger.intend(A, 10)
    ledger.finish(A, 10, False)
    ledger.deleted(A)
    assert storage.appends == 20


def test_a_torn_end_is_cut_at_every_octet() -> None:
    storage = FakeStorage()
    filled(storage)
    whole = bytes(storage.files["ledger"])
    # within the last record, B: page 2 begun
    entered = storage.number - 1
    for cut in range(len(whole) - 18, len(whole)):
        storage.files["ledger"] = bytearray(whole[:cut])
        storage.number = entered
        ledger = Ledger(storage, FakeClock())
        assert ledger.open() == "the last record of the ledger was cut off"
        assert ledger.pages_done(B) == 1 and ledger.intent_page(B) == 0 and ledger.is_finished(A)
        assert ledger.lost == 0 and not ledger.doubtful
        ledger.intend(B, 2)
        assert reopened(storage).intent_page(B) == 2


def test_records_that_vanish_from_the_end_without_a_trace_are_noticed() -> None:
    storage = FakeStorage()
    ledger = filled(storage)
    before = bytes(storage.files["ledger"])
    for page in (2, 3):
        ledger.complete(B, page)
        ledger.intend(B, page + 1)
    for content in (before, b""):  # the filesystem went back to an older state
        storage.files["ledger"] = bytearray(content)
        ledger = Ledger(storage, FakeClock())
        assert "damaged" in ledger.open() and ledger.doubtful
        assert ledger.may_be_on_paper(B, 2) and ledger.may_be_on_paper(C, 1)
        ledger.intend(B, 2)
        assert Ledger(storage, FakeClock()).open() == ""  # it goes on from there


def test_a_bad_octet_anywhere_costs_one_record_and_is_reported() -> None:
    storage = FakeStorage()
    filled(storage)
    whole = bytes(storage.files["ledger"])
    for at in range(len(whole)):
        data = bytearray(whole)
        data[at] ^= 0x10
        storage.files["ledger"] = data
        ledger = Ledger(storage, FakeClock())
        assert "damaged" in ledger.open() and ledger.lost >= 1 and ledger.doubtful
        assert ledger.may_be_on_paper(B, 2)
        assert ledger.pages_done(B) == (at < len(whole) - 38 or at >= len(whole) - 19)
        assert ledger.pages_done(A) >= 1


def test_mails_unknown_after_damage_are_marked_until_the_mailbox_was_seen() -> None:
    storage = FakeStorage()
    filled(storage)
    storage.files["ledger"][3] ^= 1
    ledger = reopened(storage)
    assert ledger.may_be_on_paper(C, 1)
    ledger = reopened(storage)
    assert ledger.doubtful
    ledger.forget_others([A, B, C])
    for known in (ledger, reopened(storage)):
        assert not known.doubtful
        assert known.may_be_on_paper(C, 1) and known.may_be_on_paper(C, 2)
        assert not known.may_be_on_paper(b"new mail", 1)
        assert known.may_be_on_paper(B, 3)  # unfinished when records were lost


def test_a_mail_deleted_and_gone_is_forgotten_others_are_not() -> None:
    storage = FakeStorage()
    ledger = filled(storage)
    ledger.forget_others([A, B])
    assert ledger.is_finished(A)
    ledger.forget_others([])
    assert not ledger.is_finished(A) and ledger.pages_done(B) == 1
    ledger.flush()
    assert not reopened(storage).is_finished(A)


def test_the_file_stays_bounded_and_the_state_stands() -> None:
    storage = FakeStorage()
    ledger = reopened(storage, limit=4096, capacity=40)
    largest = 0
    for number in range(300):
        key = b"%08d" % number
        ledger.begin(key, "someone@example.com", "Subject %d" % number)
        ledger.intend(key, 1)
        ledger.complete(key, 1)
        ledger.finish(key, 1, False)
        ledger.deleted(key)
        ledger.forget_others([key, B])
        largest = max(largest, storage.size("ledger"))
    assert largest <= 4096 and storage.replaces > 5
    ledger = reopened(storage, limit=4096, capacity=40)
    assert ledger.is_finished(b"00000299") and not ledger.is_finished(b"00000100")
    texts = [text for _time, kind, text in ledger.journal(True, 30) if kind == "mail"]
    assert texts[0] == "3030 someone@example.com: Subject 299" and texts[1].endswith("Subject 298")


def test_a_full_index_and_journal_are_not_compacted_again_and_again() -> None:
    storage = FakeStorage()
    ledger = reopened(storage, limit=9216, capacity=240)
    for number in range(240):
        key = b"%08d" % number
        ledger.finish(key, 1, False)
        ledger.deleted(key)
    ledger.compact()
    assert storage.size("ledger") <= 240 * 27 + 9216 // 4
    assert not ledger.wants_compacting()
    for _note in range(60):
        ledger.note("visit", "some words about it")
        assert not ledger.wants_compacting()
    assert storage.replaces <= 8


def test_compaction_keeps_unfinished_mails_and_finished_ones_still_listed() -> None:
    storage = FakeStorage()
    ledger = filled(storage)
    ledger.finish(C, 3, True)
    ledger.forget_others([])
    ledger.compact()
    again = reopened(storage)
    assert again.pages_done(B) == 1 and again.intent_page(B) == 2 and again.is_finished(C)


def test_a_full_ledger_refuses_new_mails_and_forgets_none_that_counts() -> None:
    storage = FakeStorage()
    ledger = reopened(storage, capacity=3)
    for number in range(3):
        ledger.finish(b"mail%04d" % number, 1, False)
    refused = raises(Fault, ledger.begin, A, "a", "s")
    assert refused.code == LEDGER_FULL
    assert all(ledger.is_finished(b"mail%04d" % number) for number in range(3))
    ledger.forget_others([b"mail0001", b"mail0002"])
    ledger.begin(A, "a", "s")
    ledger.intend(A, 1)
    ledger = reopened(storage, capacity=3)
    assert (
        ledger.is_finished(b"mail0001")
        and ledger.intent_page(A) == 1
        and not ledger.is_finished(b"mail0000")
    )


def test_a_full_ledger_makes_room_of_mails_that_the_server_has_deleted() -> None:
    storage = FakeStorage()
    ledger = reopened(storage, capacity=4)
    for number in range(40):
        key = b"mail%04d" % number
        ledger.begin(key, "a", "b")
        ledger.finish(key, 1, False)
        if number:
            ledger.deleted(key)
    assert ledger.is_finished(b"mail0000") and reopened(storage).is_finished(b"mail0000")


def test_a_failing_flash_is_a_fault_and_nothing_is_forgotten_meanwhile() -> None:
    storage = FakeStorage()
    ledger = filled(storage)
    storage.fail = True
    assert raises(Fault, ledger.complete, B, 2).code == STORAGE
    assert ledger.pages_done(B) == 2  # it is on paper, whatever the flash says
    storage.fail = False
    ledger.note("test", "again")
    assert reopened(storage).pages_done(B) == 2


def test_many_failures_need_no_more_ram_and_lose_nothing() -> None:
    storage = FakeStorage()
    ledger = filled(storage)
    storage.fail = True
    for page in range(2, 200):
        raises(Fault, ledger.complete, B, page)
    assert len(ledger._pending) <= 32
    storage.fail = False
    ledger.flush()
    assert reopened(storage).pages_done(B) == 199


def test_a_ledger_that_cannot_be_read_does_not_stop_the_machine() -> None:
    storage = FakeStorage()
    filled(storage)
    storage.fail_read = 2
    ledger = Ledger(storage, FakeClock())
    assert "damaged" in ledger.open() and ledger.doubtful
    storage.fail_read = 0
    ledger.intend(C, 1)
    assert reopened(storage).intent_page(C) == 1


def test_one_failing_read_is_tried_again() -> None:
    storage = FakeStorage()
    filled(storage)
    storage.fail_read = 1
    ledger = Ledger(storage, FakeClock())
    assert ledger.open() == ""
    check_filled(ledger)


def test_the_journal_is_a_view_newest_first_or_last() -> None:
    storage = FakeStorage()
    ledger = filled(storage)
    ledger.note("fault", "010 the feeder is empty")
    entries = list(ledger.journal())
    assert [kind for _time, kind, _text in entries] == [
        "fault",
        "mail",
        "deleted",
        "recorded",
        "mail",
    ]
    assert entries[0] == (1700000000, "fault", "010 the feeder is empty")
    assert entries[1][2] == "6262 b@example.com: Order" and entries[3][2] == "6161 2 pages"
    assert list(reopened(storage).journal(False, 2)) == [entries[1], entries[0]]


def test_long_and_foreign_texts_are_cut_at_a_character() -> None:
    ledger = reopened(FakeStorage())
    ledger.note("n", "\u20ac" * 100)
    ledger.begin(A, "\u00e4" * 500, "x\0y" * 200)
    ledger.flush()
    texts = [text for _time, _kind, text in ledger.journal()]
    assert texts[1] == "\u20ac" * 33 and texts[0].startswith("6161 " + "\u00e4" * 50 + ": x y")


def test_records_of_a_later_version_change_nothing() -> None:
    storage = FakeStorage()
    filled(storage)
    log = RecordLog(storage, "ledger")
    list(log.records())
    log.append([bytes([kind]) for kind in range(256)])
    ledger = Ledger(storage, FakeClock())
    assert ledger.open() == ""
    check_filled(ledger)
    assert len(list(ledger.journal())) == 4


def test_a_page_whose_sheet_did_not_come_out_is_taken_back() -> None:
    storage = FakeStorage()
    ledger = filled(storage)
    ledger.begin(C, "c@example.com", "Order", b"dig1")
    ledger.intend(C, 1)
    ledger.finish(C, 1, False)
    ledger.retract(C, 1)
    for known in (ledger, reopened(storage)):
        assert not known.is_finished(C) and known.pages_done(C) == 0
        assert known.may_be_on_paper(C, 1)


def test_at_power_on_only_the_page_entered_last_can_be_taken_back() -> None:
    storage = FakeStorage()
    ledger = filled(storage)
    ledger.intend(C, 1)
    ledger.complete(C, 1)
    ledger.note("visit", "over")
    again = reopened(storage)
    again.retract_latest()
    again.retract_latest()  # once is enough
    assert again.pages_done(C) == 0 and again.may_be_on_paper(C, 1)


def test_at_power_on_no_page_is_taken_back_when_another_was_begun() -> None:
    storage = FakeStorage()
    ledger = filled(storage)
    ledger.intend(C, 1)
    ledger.complete(C, 1)
    ledger.intend(C, 2)
    again = reopened(storage)
    again.retract_latest()
    assert again.pages_done(C) == 1 and again.may_be_on_paper(C, 2)
