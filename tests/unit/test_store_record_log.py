"""Records: framing, resync after anything foreign, torn ends, sequence numbers."""

from __future__ import annotations

import random

from firmware.store.record_log import FRAME, RecordLog
from tests.unit.store_support import FakeStorage
from tests.unit.support import raises


def read(storage: FakeStorage) -> tuple[RecordLog, list[bytes]]:
    log = RecordLog(storage, "log")
    return log, [bytes(payload) for _offset, payload in log.records()]


def written(payloads: list[bytes]) -> FakeStorage:
    storage = FakeStorage()
    log, _none = read(storage)
    for payload in payloads:
        log.append([payload])
    return storage


def some_payloads(count: int, seed: int) -> list[bytes]:
    """Of all lengths, some of them looking like records."""
    random.seed(seed)
    payloads = []
    for number in range(count):
        length = random.choice((0, 1, 9, 60, 255))
        payloads.append(bytes([(number + at if at & 7 else 0xE1) & 0xFF for at in range(length)]))
    return payloads


def test_what_was_appended_is_read_back_in_order() -> None:
    payloads = some_payloads(60, 1)
    storage = written(payloads)
    log, found = read(storage)
    assert found == payloads
    assert (log.damaged, log.missing, log.torn, log.size) == (0, 0, False, storage.size("log"))


def test_several_records_are_one_write() -> None:
    storage = written([])
    log, _none = read(storage)
    log.append([b"one", b"two", b""])
    assert storage.appends == 1 and read(storage)[1] == [b"one", b"two", b""]


def test_a_record_can_be_read_at_its_offset() -> None:
    storage = written([b"one", b"two"])
    log = RecordLog(storage, "log")
    for offset, payload in log.records():
        assert bytes(log.at(offset) or b"") == bytes(payload)
    assert log.at(1) is None and log.at(999) is None


def test_foreign_octets_of_any_length_are_skipped() -> None:
    payloads = some_payloads(12, 2)
    for length in (1, 8, 300, 1017, 1024, 1025, 5000):
        for filler in (0, 0xE1, 0xFF):
            storage = written(payloads[:6])
            storage.files["log"].extend(bytes([filler]) * length)
            log, _found = read(storage)
            assert log.torn and log.damaged == 0
            for payload in payloads[6:]:
                log.append([payload])
            log, found = read(storage)
            assert found == payloads, (length, filler)
            assert log.damaged == 1 and log.missing == 0 and not log.torn


def test_a_changed_octet_never_passes_for_a_record() -> None:
    payloads = [bytes([65 + number]) * 12 for number in range(5)]
    whole = bytes(written(payloads).files["log"])
    for at in range(len(whole)):
        storage = FakeStorage()
        storage.files["log"] = bytearray(whole)
        storage.files["log"][at] ^= 0x81
        log, found = read(storage)
        lost = at // (12 + FRAME)
        assert found == payloads[:lost] + payloads[lost + 1 :]
        assert log.torn == (lost == 4) and log.damaged == (lost < 4)
        assert log.missing == (0 < lost < 4)  # numbers may begin anywhere


def test_every_cut_end_leaves_the_records_before_it() -> None:
    payloads = some_payloads(8, 3)
    whole = bytes(written(payloads).files["log"])
    ends = [0]
    for payload in payloads:
        ends.append(ends[-1] + len(payload) + FRAME)
    for cut in range(len(whole)):
        storage = FakeStorage()
        storage.files["log"] = bytearray(whole[:cut])
        log, found = read(storage)
        count = len([end for end in ends[1:] if end <= cut])
        assert found == payloads[:count] and log.torn == (cut not in ends) and log.damaged == 0


def test_missing_records_are_counted_across_the_wrap_of_the_sequence() -> None:
    storage = FakeStorage()
    log, _none = read(storage)
    log._next = 0xFFFE
    for payload in (b"a", b"b", b"c", b"d"):
        log.append([payload])
    octets = storage.files["log"]
    storage.files["log"] = octets[:18] + octets[27:]  # without the record with the number 0
    log, found = read(storage)
    assert found == [b"a", b"b", b"d"] and log.missing == 1


def test_rewriting_numbers_on_and_keeps_the_old_file_when_it_fails() -> None:
    storage = written([b"old"] * 5)
    log, _found = read(storage)
    storage.fail = True
    raises(OSError, log.rewrite, [b"new"])
    storage.fail = False
    log.append([b"more"])
    log, found = read(storage)
    assert found == [b"old"] * 5 + [b"more"] and log.missing == 0
    log.rewrite([b"new"])
    log.append([b"newer"])
    log, found = read(storage)
    assert found == [b"new", b"newer"] and log.missing == 0 and log.damaged == 0


def test_a_payload_too_long_is_refused_and_nothing_is_written() -> None:
    storage = written([b"x"])
    log, _found = read(storage)
    raises(ValueError, log.append, [b"ok", bytes(256)])
    assert read(storage)[1] == [b"x"]


# The small file


def both(storage: FakeStorage) -> bytes:
    return bytes(storage.files.get("log", b"") + storage.files.get("log.new", b""))


def test_new_records_gather_in_a_small_file_and_move_together() -> None:
    storage = FakeStorage(small=100)
    log, _none = read(storage)
    payloads = some_payloads(60, 4)
    largest = 0
    for number, payload in enumerate(payloads):
        log.append([payload])
        largest = max(largest, storage.size("log.new"))
        other, found = read(storage)
        assert found == payloads[: number + 1] and other.missing == other.damaged == 0
        assert log.size == other.size == len(both(storage))
    assert 0 < largest <= 100 and storage.size("log") > 100
    for offset, record in log.records():
        assert bytes(log.at(offset) or b"") == bytes(record)


def test_records_that_a_cut_left_in_both_files_are_read_once() -> None:
    storage = FakeStorage(small=100)
    log, _none = read(storage)
    for number in range(5):
        log.append([b"%d" % number * 8])
    before = bytes(storage.files["log.new"])
    log.append([b"a long one" * 8])
    assert "log.new" not in storage.files
    storage.files["log.new"] = bytearray(before)  # the cut: it was not removed
    log, found = read(storage)
    expected = [b"%d" % number * 8 for number in range(5)] + [b"a long one" * 8]
    assert found == expected and log.missing == log.damaged == 0
    for number in range(9):  # behind the old ones, and then to the large file without them
        log.append([b"%d" % number * 3])
        expected.append(b"%d" % number * 3)
        other, found = read(storage)
        assert found == expected and other.missing == other.damaged == 0
        assert [bytes(log.at(offset) or b"") for offset, _payload in log.records()] == expected


def test_a_small_file_that_a_cut_left_beside_a_rewritten_one_is_old() -> None:
    storage = FakeStorage(small=100)
    log, _none = read(storage)
    for number in range(5):
        log.append([b"%d" % number * 8])
    before = bytes(storage.files["log.new"])
    log.rewrite([b"new"] * 2)
    storage.files["log.new"] = bytearray(before)
    log, found = read(storage)
    assert found == [b"new"] * 2 and log.missing == log.damaged == 0
    log.append([b"newer"])
    assert read(storage)[1] == [b"new", b"new", b"newer"]


def test_a_rewrite_to_nothing_begins_anew() -> None:
    storage = FakeStorage(small=100)
    log, _none = read(storage)
    log.append([b"old"])
    log.rewrite([])
    log.append([b"first"])
    log, found = read(storage)
    assert found == [b"first"] and log.missing == 0


def test_records_lost_at_the_end_of_the_large_file_are_missing() -> None:
    storage = FakeStorage(small=60)
    log, _none = read(storage)
    for number in range(9):
        log.append([b"%d" % number * 8])
    storage.files["log"] = storage.files["log"][:-16]
    log, found = read(storage)
    assert len(found) == 8 and log.missing == 1


def test_after_a_failure_numbers_go_on_from_what_is_there() -> None:
    storage = FakeStorage(small=40)
    log, _none = read(storage)
    log.append([b"one"])
    whole = storage.append

    def enters_and_fails(name: str, record: "bytes | bytearray | memoryview") -> None:
        whole(name, record)
        raise OSError(5)

    storage.append = enters_and_fails  # type: ignore[method-assign]
    raises(OSError, log.append, [b"two"])
    raises(OSError, log.append, [b"three, which is too long for the small file"])
    storage.append = whole  # type: ignore[method-assign]
    log.append([b"four"])
    log, found = read(storage)
    assert found[:2] == [b"one", b"two"] and found[-1] == b"four"
    assert len(found) == 4 and log.missing == log.damaged == 0


def test_a_small_file_that_cannot_be_removed_is_known_as_old() -> None:
    storage = FakeStorage(small=40)
    log, _none = read(storage)
    log.append([b"one"])

    def stays(name: str) -> None:
        raise OSError(5)

    remove = storage.remove
    storage.remove = stays  # type: ignore[method-assign]
    log.append([b"two, which is too long for the small file"])
    log.append([b"three"])
    storage.remove = remove  # type: ignore[method-assign]
    for payload in (b"four", b"five"):
        log.append([payload])
    log, found = read(storage)
    assert [payload[:3] for payload in found] == [b"one", b"two", b"thr", b"fou", b"fiv"]
    assert log.missing == log.damaged == 0
