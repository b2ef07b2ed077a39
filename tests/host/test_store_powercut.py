"""The store on real littlefs, with the power cut at every program and every erase of its
scenarios.

What survives a cut is the flash's content at that moment and nothing else. So a scenario runs once
over a flash that keeps, for each program and erase, its content before it and torn content:
nothing, half or all of the operation done. Each of these is then mounted, opened and compared with
what had been promised by then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import vfs

from firmware.recording.faults import STORAGE, Fault
from firmware.store.ledger import Ledger
from firmware.store.parameter_table import TABLE
from firmware.store.parameters import Parameters
from firmware.store.record_log import RecordLog
from hal.storage import Storage, mount
from tests.unit.store_support import FakeClock

BLOCK = 512
BLOCKS = 128


class Cut(NamedTuple):
    """Flash content after a cut, and how far the scenario was: steps that had returned."""

    flash: bytes
    returned: int


class Flash:
    """A block device that keeps what each cut would have left, and counts its work."""

    def __init__(self, content: bytes = b"\xff" * BLOCK * BLOCKS, block: int = BLOCK) -> None:
        self.data = bytearray(content)
        self.block = block
        self.returned = 0
        self.cuts: list[Cut] = []
        self.keep = False
        self.erased = 0
        self.programmed = 0

    def readblocks(self, block: int, buffer: bytearray, offset: int = 0) -> None:
        start = block * self.block + offset
        buffer[:] = self.data[start : start + len(buffer)]

    def writeblocks(self, block: int, data: bytes, offset: int = 0) -> None:
        self.programmed += len(data)
        self._change(block * self.block + offset, data)

    def ioctl(self, request: int, argument: int) -> int:
        if request == 4:
            return len(self.data) // self.block
        if request == 5:
            return self.block
        if request == 6:
            self.erased += 1
            self._change(argument * self.block, b"\xff" * self.block)
        return 0

    def _change(self, start: int, data: bytes) -> None:
        for done in (0, len(data) // 2, len(data)) if self.keep else ():
            torn = bytearray(self.data)
            torn[start : start + done] = data[:done]
            self.cuts.append(Cut(bytes(torn), self.returned))
        self.data[start : start + len(data)] = data


def mounted(flash: Flash) -> Storage:
    """On small blocks no file lies within its directory; on large ones new records do."""
    return Storage(mount(flash, vfs.VfsLfs2))


def kinds() -> tuple[Flash, Flash]:
    return formatted(), formatted(4096, 12)


def formatted(block: int = BLOCK, blocks: int = BLOCKS) -> Flash:
    flash = Flash(b"\xff" * block * blocks, block)
    vfs.VfsLfs2.mkfs(flash)
    return flash


def cuts_of(flash: Flash, steps: Iterator[None]) -> list[Cut]:
    """Run the scenario, which yields after each of its steps; every cut that could happen."""
    flash.keep = True
    for _step in steps:
        flash.returned += 1
    flash.keep = False
    return flash.cuts


# The ledger

MAILS = [b"mail%04d" % number for number in range(8)]
State = dict[bytes, tuple[int, int, bool]]  # key: pages complete, page intended, finished


def ledger_on(storage: Storage) -> Ledger:
    return Ledger(storage, FakeClock(), limit=1024, capacity=6)


def calls(method: str, *arguments: Any) -> Callable[[Ledger], None]:
    def call(ledger: Ledger) -> None:
        getattr(ledger, method)(*arguments)

    return call


def ledger_steps() -> list[tuple[Callable[[Ledger], None], bytes, tuple[int, int, bool]]]:
    """Each step with the mail that it changes and how that stands afterwards."""
    steps: list[tuple[Callable[[Ledger], None], bytes, tuple[int, int, bool]]] = []

    def add(
        call: Callable[[Ledger], None], key: bytes, pages: int, intent: int, over: bool
    ) -> None:
        steps.append((call, key, (pages, intent, over)))

    for number, key in enumerate(MAILS):

        def begin(ledger: Ledger, key: bytes = key, number: int = number) -> None:
            ledger.begin(key, "sender%d@example.com" % number, "Subject of mail %d" % number)
            ledger.intend(key, 1)

        add(begin, key, 0, 1, False)
        for page in (1, 2):

            add(calls("complete", key, page), key, page, page, False)
            add(calls("intend", key, page + 1), key, page, page + 1, False)
        add(calls("complete", key, 3), key, 3, 3, False)
        if number == 5:
            continue  # stays unfinished
        add(calls("finish", key, 3, False), key, 3, 3, True)
        add(calls("note", "visit", "a word of some length"), key, 3, 3, True)

        def leave(ledger: Ledger, key: bytes = key, number: int = number) -> None:
            if number != 2:  # that one stays on the server
                ledger.deleted(key)
            ledger.forget_others([MAILS[2], MAILS[5]])

        add(leave, key, 0 if number != 2 else 3, 0 if number != 2 else 3, number == 2)
    return steps


def ledger_scenario(flash: Flash) -> Iterator[None]:
    ledger = ledger_on(mounted(flash))
    assert ledger.open() == ""
    for call, _key, _after in ledger_steps():
        call(ledger)
        yield


def states() -> list[State]:
    """How the mails stand before the first step and after each."""
    state: State = {}
    found = [dict(state)]
    for _call, key, after in ledger_steps():
        state[key] = after
        found.append(dict(state))
    return found


def seen(ledger: Ledger, key: bytes) -> tuple[int, int, bool]:
    intent = ledger.intent_page(key)
    done = ledger.pages_done(key)
    return done, max(intent, done), ledger.is_finished(key)


def stands(ledger: Ledger, state: State) -> bool:
    """True when the ledger shows the state; a mail that the server has deleted may be forgotten or
    not yet.
    """
    for key in MAILS:
        wanted = state.get(key, (0, 0, False))
        wanted = wanted[0], max(wanted[0], wanted[1]), wanted[2]
        if seen(ledger, key) != wanted and not (wanted == (0, 0, False) and seen(ledger, key)[2]):
            return False
    return True


def test_the_ledger_keeps_every_promise_whatever_the_cut() -> None:
    expected = states()
    for flash in kinds():
        cuts = cuts_of(flash, ledger_scenario(flash))
        assert len(cuts) > 150
        for number, cut in enumerate(cuts):
            ledger = ledger_on(mounted(Flash(cut.flash, flash.block)))
            assert ledger.open() == "", number
            assert not ledger.doubtful
            before = expected[cut.returned]
            after = expected[min(cut.returned + 1, len(expected) - 1)]
            assert stands(ledger, before) or stands(ledger, after), (number, cut.returned)
            assert all(text for _time, _kind, text in ledger.journal(True, 50))


def test_the_scenario_compacts_so_that_compaction_is_cut_too() -> None:
    flash = formatted()
    storage = mounted(flash)
    replaced = []
    replace = storage.replace

    def counted(name: str, parts: Any) -> None:
        replaced.append(name)
        replace(name, parts)

    storage.replace = counted  # type: ignore[method-assign]
    ledger = ledger_on(storage)
    ledger.open()
    for call, _key, _after in ledger_steps():
        call(ledger)
        assert storage.size("ledger") <= 1024
    assert len(replaced) >= 2


def test_after_any_cut_the_rest_of_the_scenario_ends_as_without_it() -> None:
    for whole, stride in zip(kinds(), (17, 5), strict=True):
        for cut in cuts_of(whole, ledger_scenario(whole))[::stride]:
            flash = Flash(cut.flash, whole.block)
            ledger = ledger_on(mounted(flash))
            ledger.open()
            for call, _key, _after in ledger_steps()[cut.returned :]:
                call(ledger)
            ledger.flush()
            again = ledger_on(mounted(Flash(bytes(flash.data), whole.block)))
            assert again.open() == "" and stands(again, states()[-1])
            assert seen(again, MAILS[5]) == (3, 3, False)
            assert seen(again, MAILS[2]) == (3, 3, True)


def test_a_second_cut_while_a_damaged_ledger_is_written_anew() -> None:
    flash = formatted()
    ledger = ledger_on(mounted(flash))
    ledger.open()
    for call, _key, _after in ledger_steps()[:6]:
        call(ledger)
    storage = mounted(flash)
    octets = bytearray(storage.size("ledger.new"))
    storage.read("ledger.new", 0, octets)
    octets[3] ^= 0x40
    storage.replace("ledger.new", [bytes(octets)])
    flash = Flash(bytes(flash.data))

    def opening() -> Iterator[None]:
        assert "damaged" in ledger_on(mounted(flash)).open()
        yield

    cuts = cuts_of(flash, opening())
    assert len(cuts) > 10
    for cut in cuts:
        ledger = ledger_on(mounted(Flash(cut.flash)))
        ledger.open()
        assert ledger.doubtful and ledger.pages_done(MAILS[0]) == 3
        assert ledger.may_be_on_paper(MAILS[7], 1)


# The record log


def test_a_record_is_there_whole_or_not_at_all_and_a_rewrite_is_old_or_new() -> None:
    for flash in kinds():
        records_are_whole_on(flash)


def records_are_whole_on(flash: Flash) -> None:
    def scenario() -> Iterator[None]:
        log = RecordLog(mounted(flash), "log")
        list(log.records())
        for number in range(30):
            log.append([b"record %d" % number])
            yield
        log.rewrite([b"record 30"] * 31)
        yield

    for cut in cuts_of(flash, scenario()):
        log = RecordLog(mounted(Flash(cut.flash, flash.block)), "log")
        found = [bytes(payload) for _offset, payload in log.records()]
        assert not log.torn and log.damaged == log.missing == 0
        assert len(found) in (cut.returned, cut.returned + 1)
        new = found[:1] == [b"record 30"]
        assert found == (
            [b"record 30"] * 31 if new else [b"record %d" % n for n in range(len(found))]
        )


# Parameters


def test_parameters_are_the_old_or_the_new_ones() -> None:
    changes = [
        ("pop.host", "mail.example.com"),
        ("pop.password", "p" * 90),
        ("pop.port", "995"),
        ("pop.host", "other.example.com"),
        ("record.header", "off"),
        ("pop.delete", "never"),
    ]
    flash = formatted()

    def scenario() -> Iterator[None]:
        parameters = Parameters(mounted(flash))
        parameters.load()
        for name, text in changes:
            parameters.set(name, text)
            yield

    expected = []
    for count in range(len(changes) + 1):
        values = {name: row[1] for name, row in TABLE.items()}
        for name, text in changes[:count]:
            values[name] = (
                int(text)
                if name == "pop.port"
                else text != "off"
                if name == "record.header"
                else text
            )
        expected.append(values)
    cuts = cuts_of(flash, scenario())
    assert len(cuts) > 60
    for cut in cuts:
        parameters = Parameters(mounted(Flash(cut.flash)))
        assert parameters.load() == []
        values = {name: parameters.get(name) for name in TABLE}
        assert values in expected[cut.returned : cut.returned + 2]


# Full, and what a page costs


def test_a_full_flash_is_a_fault_nothing_known_is_lost_and_it_goes_on_once_there_is_space() -> (
    None
):
    flash = formatted(BLOCK, 24)
    storage = mounted(flash)
    ledger = ledger_on(storage)
    ledger.open()
    ledger.intend(MAILS[0], 1)
    refused = 0
    for page in range(1, 400):
        try:
            if page == 20:
                storage.append("junk", bytes(storage.free() - 2 * BLOCK))
            ledger.complete(MAILS[0], page)
        except Fault as fault:
            assert fault.code == STORAGE
            refused += 1
        except OSError:
            continue
    assert refused > 100 and ledger.pages_done(MAILS[0]) == 399
    storage.remove("junk")
    ledger.complete(MAILS[0], 400)
    again = ledger_on(mounted(Flash(bytes(flash.data))))
    assert again.open() == "" and again.pages_done(MAILS[0]) == 400


def wear_of_a_page() -> tuple[float, float]:
    """Erases and octets programmed for each page of a long mail, on 4 KiB blocks, compaction
    included.
    """
    flash = formatted(4096, 32)
    ledger = Ledger(mounted(flash), FakeClock())
    ledger.open()
    ledger.begin(MAILS[0], "sales@example.com", "A long mail")
    ledger.intend(MAILS[0], 1)
    flash.erased = flash.programmed = 0
    for page in range(1, 2001):
        ledger.complete(MAILS[0], page)
        ledger.intend(MAILS[0], page + 1)
    return flash.erased / 2000, flash.programmed / 2000


def test_a_page_wears_the_flash_by_less_than_half_an_erase_and_two_kilobytes() -> None:
    erases, octets = wear_of_a_page()
    assert erases <= 0.5 and octets <= 2000
