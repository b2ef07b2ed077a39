"""Flash that is damaged, worn, full or dead: what can be rebuilt is, and what is not known any
more is printed with the mark.
"""

from __future__ import annotations

import random

import vfs

from firmware.recording.faults import Fault
from firmware.store.ledger import Ledger
from firmware.store.parameters import Parameters
from hal.storage import Storage, made_anew, mount, open_filesystem
from hal.witness import Witness
from sim.virtual_flash import Flash
from tests.unit.store_support import FakeClock

KEY, OTHER = b"mail0001", b"mail0002"


class _Cut(Exception):
    pass


def storage_on(flash: Flash, spool: Flash | None = None) -> Storage:
    witness = Witness(spool) if spool is not None else None
    return Storage(open_filesystem(flash, vfs.VfsLfs2), witness)


def booted(flash: Flash, spool: Flash | None = None) -> tuple[Ledger, str]:
    ledger = Ledger(storage_on(flash, spool), FakeClock())
    return ledger, ledger.open()


def used() -> Flash:
    """A flash with parameters and a mail on paper."""
    flash = Flash(32)
    storage = storage_on(flash)
    parameters = Parameters(storage)
    parameters.load()
    parameters.set("pop.host", "mail.example.com")
    ledger = Ledger(storage, FakeClock())
    assert ledger.open() == ""
    ledger.intend(KEY, 1)
    ledger.complete(KEY, 1)
    ledger.finish(KEY, 1, False)
    return flash


def unmountable() -> Flash:
    flash = used()
    for block in (0, 1):
        for at in range(0, 4096, 16):
            flash.data[block * 4096 + at] ^= 0x55
    return flash


def test_a_new_flash_is_formatted_and_nothing_is_in_doubt() -> None:
    flash = Flash(32)
    ledger, trouble = booted(flash)
    assert trouble == "" and not ledger.doubtful
    ledger, trouble = booted(flash)
    assert trouble == "" and not ledger.doubtful


def test_a_flash_that_was_formatted_and_never_written_to_is_in_doubt() -> None:
    flash = Flash(32)
    vfs.VfsLfs2.mkfs(flash)
    ledger, trouble = booted(flash)
    assert "formatted anew" in trouble and ledger.doubtful


def test_a_filesystem_that_cannot_be_mounted_is_made_anew_and_every_mail_is_in_doubt() -> None:
    flash = unmountable()
    ledger, trouble = booted(flash)
    assert "formatted anew" in trouble
    assert ledger.may_be_on_paper(KEY, 1) and not ledger.is_finished(KEY)
    ledger, trouble = booted(flash)
    assert trouble == "" and ledger.doubtful  # until all mailboxes were listed
    ledger.forget_others([KEY])
    assert not ledger.doubtful and ledger.may_be_on_paper(KEY, 1)
    assert not ledger.may_be_on_paper(OTHER, 1)


def test_a_cut_while_it_is_made_anew_leaves_no_mail_unmarked() -> None:
    begun = unmountable()
    steps = 0

    def count(_kind: str, _ways: int) -> None:
        nonlocal steps
        steps += 1

    whole = Flash(32)
    whole.data[:] = begun.data
    whole.before = count
    booted(whole)
    assert steps >= 10
    for cut in range(steps):
        for way in range(4):
            flash = Flash(32, noise=random.Random(cut))
            flash.data[:] = begun.data
            left = cut

            def at(_kind: str, _ways: int, way: int = way) -> int | None:
                nonlocal left
                left -= 1
                return way if left < 0 else None

            def fallen() -> None:
                raise _Cut

            flash.before, flash.fallen = at, fallen
            try:
                booted(flash)
            except _Cut:
                pass
            flash.before = lambda _kind, _ways: None
            ledger, _trouble = booted(flash)
            assert ledger.may_be_on_paper(KEY, 1) and ledger.doubtful, (cut, way)


def flipped(whole: Flash, seed: int, first: int) -> Flash:
    """The flash with some bits of what was written from octet `first` on turned over."""
    chance = random.Random(seed)
    flash = Flash(32)
    flash.data[:] = whole.data
    blank = b"\xff" * 64
    written = [at for at in range(first, len(flash.data), 64) if flash.data[at : at + 64] != blank]
    for _ in range(chance.choice((1, 3, 30))):
        flash.flip((chance.choice(written) + chance.randrange(64)) * 8 + chance.randrange(8))
    return flash


def test_bits_flipped_in_the_ledger_never_make_it_forget_silently() -> None:
    whole = used()
    ledger, _trouble = booted(whole)
    for number in range(40):  # long enough to lie in blocks of its own, behind the directory's two
        ledger.note("note", "number %d" % number)
    for seed in range(40):
        ledger, _trouble = booted(flipped(whole, seed, 2 * 4096))
        assert ledger.is_finished(KEY) or ledger.may_be_on_paper(KEY, 1), seed


def test_a_bit_flipped_in_the_directory_never_takes_the_ledger_back_unnoticed() -> None:
    whole, spool = Flash(32), Flash(2)
    ledger, _trouble = booted(whole, spool)
    for page in (1, 2, 3):
        ledger.begin(KEY, "a@example.com", "Offer")
        ledger.intend(KEY, page)
        ledger.complete(KEY, page)
    older = 0
    chance = random.Random(1)
    blank = b"\xff" * 16
    for at in range(0, 2 * 4096, 3):
        if whole.data[at : at + 16] == blank:
            continue
        flash, witness = Flash(32), Flash(2)
        flash.data[:], witness.data[:] = whole.data, spool.data
        flash.flip(at * 8 + chance.randrange(8))
        ledger, _trouble = booted(flash, witness)
        assert ledger.pages_done(KEY) == 3 or ledger.may_be_on_paper(KEY, 3), at
        older += ledger.pages_done(KEY) < 3
    assert older > 50


def test_a_folder_made_anew_by_the_board_puts_all_mails_in_doubt() -> None:
    spool = Flash(2)
    ledger, _trouble = booted(Flash(32), spool)
    ledger.intend(KEY, 1)
    new = Flash(32)
    vfs.VfsLfs2.mkfs(new)
    ledger = Ledger(Storage(mount(new, vfs.VfsLfs2), Witness(spool)), FakeClock())
    assert "damaged" in ledger.open() and ledger.may_be_on_paper(KEY, 1)


def whole_storage(flash: Flash, spool: Flash) -> Storage:
    """As a board has it."""
    return Storage(
        open_filesystem(flash, vfs.VfsLfs2),
        Witness(spool),
        spool,
        lambda: made_anew(flash, vfs.VfsLfs2),
    )


def test_parameters_come_back_after_the_filesystem_was_made_anew() -> None:
    flash, spool = Flash(32), Flash(3)
    parameters = Parameters(whole_storage(flash, spool))
    parameters.load()
    parameters.set("pop.host", "mail.example.com")
    for block in (0, 1):
        flash.data[block * 4096 : (block + 1) * 4096] = bytes(4096)
    storage = whole_storage(flash, spool)
    parameters = Parameters(storage)
    assert parameters.load() == [] and parameters.get("pop.host") == "mail.example.com"
    assert "formatted anew" in Ledger(storage, FakeClock()).open()


def chain(storage: Storage) -> None:
    """A file of many blocks; each points to others."""
    storage.replace("roots", [bytes(20 * 4096)])


def break_chain(flash: Flash) -> None:
    """Now littlefs can't find out which blocks are free."""
    for block in range(2, 32):
        if bytes(flash.data[block * 4096 + 64 : block * 4096 + 96]) == bytes(32):
            flash.data[block * 4096 : block * 4096 + 8] = b"\x55" * 8


def test_damage_that_shows_while_it_runs_is_a_fault_once() -> None:
    flash, spool = Flash(32), Flash(3)
    storage = whole_storage(flash, spool)
    chain(storage)
    ledger = Ledger(storage, FakeClock())
    ledger.open()
    ledger.intend(KEY, 1)
    break_chain(flash)
    faults = []
    for number in range(400):
        try:
            ledger.note("note", "number %d, and so on for a while" % number)
        except Fault as fault:
            faults.append(fault.detail)
    assert len(faults) == 1 and "formatted anew" in faults[0]
    again = Ledger(whole_storage(flash, spool), FakeClock())
    assert again.open() == "" and again.may_be_on_paper(KEY, 1)


def test_a_filesystem_that_takes_nothing_any_more_is_made_anew_with_all_that_is_known() -> None:
    flash, spool = Flash(32), Flash(3)
    storage = whole_storage(flash, spool)
    chain(storage)
    parameters = Parameters(storage)
    parameters.load()
    parameters.set("pop.host", "mail.example.com")
    ledger = Ledger(storage, FakeClock())
    ledger.open()
    ledger.intend(KEY, 1)
    ledger.finish(KEY, 1, False)
    ledger.intend(OTHER, 1)
    break_chain(flash)
    try:
        storage.free()
        raise AssertionError("the damage does not show")
    except OSError:
        pass
    storage = whole_storage(flash, spool)
    ledger = Ledger(storage, FakeClock())
    assert "formatted anew" in ledger.open() and not ledger.doubtful
    assert ledger.is_finished(KEY) and ledger.may_be_on_paper(OTHER, 1)
    assert not ledger.may_be_on_paper(b"new mail", 1)
    assert Parameters(storage).load() == [] and storage.size("roots") < 0
    ledger.complete(OTHER, 1)
    again = Ledger(whole_storage(flash, spool), FakeClock())
    assert again.open() == "" and again.pages_done(OTHER) == 1


def test_whatever_bits_are_flipped_the_device_boots_and_the_ledger_goes_on() -> None:
    whole = used()
    for seed in range(50):
        flash = flipped(whole, seed, 0)
        ledger, _trouble = booted(flash)
        ledger.intend(OTHER, 1)
        ledger.complete(OTHER, 1)
        again, _trouble = booted(flash)
        assert again.pages_done(OTHER) == 1 or again.may_be_on_paper(OTHER, 1), seed


def test_worn_blocks_are_left_out_and_the_ledger_goes_on() -> None:
    flash = Flash(16, endurance=60)
    ledger, _trouble = booted(flash)
    done = page = 0
    while page < 5000 and not flash.worn_blocks:
        page += 1
        ledger.note("note", "a long text " * 9)
        ledger.complete(KEY, page)
        done = page
    assert flash.worn_blocks
    for page in range(done + 1, done + 40):
        try:
            ledger.complete(KEY, page)
            done = page
        except Fault:
            break
    again, _trouble = booted(flash)
    assert again.pages_done(KEY) >= done or again.may_be_on_paper(KEY, done)


def test_a_dead_flash_is_a_fault_and_no_boot_failure() -> None:
    flash = unmountable()
    flash.dead = True
    storage = storage_on(flash)
    ledger = Ledger(storage, FakeClock())
    assert "damaged" in ledger.open() and ledger.doubtful
    assert Parameters(storage).load()
    assert ledger.may_be_on_paper(KEY, 1)


def test_a_full_flash_is_a_fault_until_there_is_space_again() -> None:
    flash = Flash(16)
    storage = storage_on(flash)
    ledger = Ledger(storage, FakeClock())
    ledger.open()
    ledger.intend(KEY, 1)
    storage.append("junk", bytes(storage.free() - 4096))
    refused = 0
    for page in range(1, 400):
        try:
            ledger.complete(KEY, page)
        except Fault:
            refused += 1
    assert refused
    storage.remove("junk")
    ledger.complete(KEY, 400)
    again, trouble = booted(flash)
    assert trouble == "" and again.pages_done(KEY) == 400
