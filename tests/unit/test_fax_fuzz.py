"""A short slice of the fuzzing campaign, on both runtimes: the long one is `make fuzz`."""
from __future__ import annotations

import asyncio

from tests.faults import fuzz_fax
from tests.fuzz.inputs import inputs
from tests.fuzz.targets import TARGETS


def test_sound_inputs_pass_the_targets() -> None:
    for data in fuzz_fax.seeds():
        asyncio.run(fuzz_fax.ccitt(data))
    for data in fuzz_fax.files():
        for way in (0, 1, 2, 3, 129, 130):
            asyncio.run(fuzz_fax.tiff(data[:-1] + bytes([way])))


def test_damaged_inputs_never_leave_a_buffer_or_raise_anything_but_a_refusal() -> None:
    for name, count in (("ccitt", 60), ("tiff", 200)):
        target = TARGETS[name]
        for data in inputs(target.pieces, target.sound(), 7, count):
            asyncio.run(target.load()(data))


def test_nothing_at_all_passes_the_targets() -> None:
    for data in (b"", b"\0", b"II*\0", bytes(40)):
        asyncio.run(fuzz_fax.tiff(data))
        asyncio.run(fuzz_fax.ccitt(data))
