"""Many inputs for one target, one after the other in one process, on either runtime:
`python -m tests.fuzz.campaign NAME COUNT SECONDS SEED [tell]`, or `… NAME one 0 0` for one that
comes as hex on standard input.

Says `batch SEED` before each batch, and last either `done COUNT GROWTH` (octets by which the heap
in use grew, from the first batches to the last) or `failed HEX`. With `tell` each input is said
first, as `input HEX`: for a process that dies.
"""
from __future__ import annotations

import gc
import sys
import time
from binascii import hexlify, unhexlify
from typing import TYPE_CHECKING

from firmware import on_demand
from tests.faults import virtual_time
from tests.fuzz.inputs import BATCH, inputs
from tests.fuzz.targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.fuzz.targets import Target

_SETTLED = 4  # batches after which everything is loaded that will be


class Failed(Exception):
    """These octets bring something out."""


async def _try(target: Target, all_octets: Iterable[bytes], tell: bool) -> None:
    function = target.load()
    for octets in all_octets:
        if tell:
            _say("input", str(hexlify(octets), "ascii"))
        try:
            await function(octets)
        except Exception as error:
            if hasattr(sys, "print_exception"):
                sys.print_exception(error, sys.stderr)
            raise Failed(octets, error) from None


def run(name: str, count: int, seconds: float, seed: int, tell: bool = False) -> tuple[int, int]:
    """So many inputs, or as many as go into the time. Returns how many there were, and by how
    many octets the heap grew. Raises Failed.
    """
    # To load a module anew for each input would be most of the work.
    on_demand.drop = lambda start, but=(): None  # type: ignore[assignment]
    target, begun, done, number = TARGETS[name], time.time(), 0, 0
    first = last = 0
    while done < count and time.time() - begun < seconds:
        _say("batch", seed + number)
        most = min(BATCH, count - done)
        made = inputs(target.pieces, target.sound(), seed + number, most)
        virtual_time.run(_try(target, made, tell))
        done += most
        number += 1
        gc.collect()
        last = gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0
        if number <= _SETTLED:
            first = max(first, last)
    return done, last - first


def _say(*words: object) -> None:
    sys.stdout.write(" ".join(str(word) for word in words) + "\n")
    if hasattr(sys.stdout, "flush"):
        sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """Run as the arguments say."""
    name, count, seconds, seed = arguments[:4]
    try:
        if count == "one":
            one = unhexlify(sys.stdin.readline().strip())
            virtual_time.run(_try(TARGETS[name], [one], False))
            done, growth = 1, 0
        else:
            done, growth = run(name, int(count), float(seconds), int(seed), "tell" in arguments)
    except Failed as failed:
        _say("failed", str(hexlify(failed.args[0]), "ascii"), repr(failed.args[1]))
        return 1
    _say("done", done, growth)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
