"""The store on flash that is cut, flipped, full or worn: nothing that was promised is lost, and
nothing is recorded twice without the mark. FLASH_SEEDS=N runs N lives of each kind.
"""

from __future__ import annotations

import os

from tests.unit.flash_support import KINDS, run

_HARMS = 12  # in a life


def seeds(few: int) -> range:
    return range(int(os.getenv("FLASH_SEEDS") or few))


def test_power_cuts_at_any_program_or_erase_leave_what_was_promised() -> None:
    for seed in seeds(3):
        run(seed, _HARMS, ("cut",))


def test_flipped_bits_never_make_the_store_claim_too_much_or_forget_a_mark() -> None:
    doubts = 0
    for seed in seeds(4):
        doubts += run(seed, _HARMS, ("flip",)).doubts
    assert doubts


def test_a_full_flash_refuses_forgets_nothing_and_goes_on_by_itself() -> None:
    for seed in seeds(1):
        run(seed, _HARMS // 3, ("full",))


def test_worn_blocks_are_found_out_and_left() -> None:
    for seed in seeds(1):
        run(seed, _HARMS, ("worn",))


def test_all_of_it_in_one_life() -> None:
    for seed in seeds(2):
        assert sum(run(seed, _HARMS, KINDS).counts.values()) == _HARMS
