"""A short slice of the fuzzing campaign, on both runtimes: the long one is `make fuzz`."""
from __future__ import annotations

from tests.faults import fuzz_fax


def test_sound_inputs_pass_the_targets() -> None:
    for data in fuzz_fax.seeds():
        fuzz_fax.ccitt(data)
    for data in fuzz_fax.files():
        for way in range(4):
            fuzz_fax.tiff(data[:-1] + bytes([way]))


def test_damaged_inputs_never_leave_a_buffer_or_raise_anything_but_a_refusal() -> None:
    assert fuzz_fax.campaign(3, 7) > 5


def test_nothing_at_all_is_refused() -> None:
    for data in (b"", b"\0", b"II*\0", bytes(40)):
        fuzz_fax.tiff(data)
        fuzz_fax.ccitt(data)
