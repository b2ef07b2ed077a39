"""How small a heap the whole receiver runs in, on a 32-bit MicroPython.

    python -m tools.small_heap [--json FILE] [--from 164]

The desk records the nine sample mails and a fax of twelve pages, larger than the spool, in one
visit over TLS; all must be recorded and deleted without a fault. The smallest heap counts, to
4 KiB, in which it is so three times of three. Once with the program loaded into RAM, once executed
in place from a ROMFS image outside of the heap, and once loaded into RAM in a build without native
code, where all code is in the heap.

It starts as on a board, in the root of its files. What stands in for MicroPython's own modules
(`sim/modules`) is executed in place each time, and the report says what it takes of the heap for
all that. What a heap holds here and on a board is still not all the same: this port has native
code and what Mbed TLS takes outside of the collector's heap; the report says how much that is on a
board.

MicroPython is Debian's for i386, unpacked into build/i386 and not installed; the desk itself runs
on it by `MICROPYTHON=build/i386/micropython python -m sim`. Where it can't be had the tool says so
and ends well.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from sim import mails, options, shadows
from sim.console import Console
from sim.desk import Desk, Inbox
from sim.device import Ended, MicroPythonDevice
from sim.mechanism import Mechanism
from sim.paper import Paper
from sim.pop3_server import Maildrop, serving
from sim.state import State
from sim.wiring import Wiring
from tools import debian_packages, micropython_binary, small_heap_rows
from tools.build import ROOT, build_tree, read_manifest

PLACE = ROOT / "build" / "i386"
MICROPYTHON = PLACE / "micropython"
# the younger one first: ROMFS came with MicroPython 1.25
SUITES = [{"i386": suite} for suite in ("sid", "trixie")]
PACKAGES = tuple(name + ":i386" for name in (
    "micropython", "libc6", "libffi8", "libgcc-s1", "libmbedtls21", "libmbedcrypto16",
    "libmbedx509-7"))
_START = """#!/bin/sh
root=$(dirname "$0")
libraries=$root/usr/lib/i386-linux-gnu
exec "$libraries/ld-linux.so.2" --library-path "$libraries" "$root/usr/bin/micropython" "$@"
"""
BOARD = "armv7emsp"  # whose native code is counted
TLS_KIB = 36  # of a board's heap, where Mbed TLS allocates there
BOARD_KIB = 192
MOST, STEP, TIMES = 240, 4, 3  # KiB, KiB, runs
PAGES = 12  # of the large fax
_SAMPLE_PAGES = 13
_ARCH_BITS = 2  # of the third octet of a .mpy file, above these: which native code is in it


class Attempt(NamedTuple):
    """One run: whether all went well, what went wrong, most live octets, seconds."""

    heap: int  # KiB
    well: bool
    why: str
    peak: int
    seconds: float


Try = Callable[[int], Attempt]


def smallest(attempt: Try, guess: int, step: int = STEP, times: int = TIMES) -> list[Attempt]:
    """All attempts in the smallest heap (KiB) that does so many times of as many; none when not
    even `MOST` does. What does in one heap is taken to do in larger ones; what is told was tried.

    It looks near the guess first, further away by strides that double, then by halves.
    """
    tried: dict[int, Attempt] = {}
    low, high = 0, MOST + step  # the largest that does not, the smallest that does, so far
    heap, stride = guess, step
    while high - low > step:
        tried[heap] = attempt(heap)
        low, high = (low, heap) if tried[heap].well else (heap, high)
        if low and high <= MOST:
            heap = low + (high - low) // (2 * step) * step
        else:
            heap = max(step, high - stride) if high <= MOST else min(MOST, low + stride)
            stride *= 2
    for heap in range(high, MOST + 1, step):
        done = [tried[heap]] if heap in tried else []
        while len(done) < times and (not done or done[-1].well):
            done.append(attempt(heap))
        if done[-1].well:
            return done
    return []


def fetch() -> None:
    """MicroPython for i386, unpacked. Raises MissingError."""
    debian_packages.fetch(PLACE, SUITES, PACKAGES, debian_packages.run)
    MICROPYTHON.write_text(_START)
    MICROPYTHON.chmod(0o755)


def contents() -> list[bytes]:
    """The mails of the visit."""
    from tests.unit.tiff_layouts import BEFORE
    from tools.bench_stream import mail

    samples = [mails.load(path) for path in mails.samples(ROOT / "build")]
    return [*samples, mail(BEFORE, PAGES)]


class _Place:
    """A maildrop behind TLS whose authority the device trusts."""

    def __init__(self, stack: ExitStack) -> None:
        import ssl

        from tests.certificates import Authority

        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="small-")))
        authority = Authority()
        secured = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        secured.load_cert_chain(*authority.issue("localhost").write(folder, "server"))
        self.maildrop = Maildrop()
        self.root = authority.der
        self.port = stack.enter_context(serving(self.maildrop, secured=secured)).port


class Bench:
    """Runs the desk with one tree of the program, in a heap of any size."""

    def __init__(self, place: _Place, tree: Path, launch: str) -> None:
        self._place = place
        self._tree = tree
        self._launch = launch
        self._contents = contents()

    def attempt(self, heap: int) -> Attempt:
        """One visit; tells how it went."""
        done = asyncio.run(self._run(heap))
        print("  %d KiB: %s" % (heap, "heap_peak %d, %.1f s" % (done.peak, done.seconds)
                                if done.well else done.why), flush=True)
        return done

    async def _run(self, heap: int) -> Attempt:
        began = time.monotonic()
        maildrop = self._place.maildrop
        maildrop.mails.clear()
        for content in self._contents:
            maildrop.add(content)
        said: list[str] = []
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="small-")))
            desk = self._desk(stack, folder, heap, said)
            await desk.run()
        seconds = time.monotonic() - began
        summary = desk.report.summary("micropython", seconds)
        why = _why(summary, len(self._contents), len(maildrop.mails))
        if why and said:
            why += ": " + said[-1]
        return Attempt(heap, not why, why, summary["heap_peak"], round(seconds, 1))

    def _desk(self, stack: ExitStack, folder: Path, heap: int, said: list[str]) -> Desk:
        from hal.ports.desk import PINS

        loop = asyncio.get_running_loop()
        paper = Paper(folder / "paper")
        machine, inbox = Mechanism(paper), Inbox(loop, paper)
        state = self._state(folder)
        console = Console(folder / "console")
        stack.callback(console.close)
        stops: list[Callable[[], None]] = []

        def ended(how: Ended) -> None:  # it would try again and again
            said.append("the device restarts" if how.restart else str(how).splitlines()[-1])
            loop.call_soon_threadsafe(stops[0])

        wiring = Wiring(machine, PINS, 0x3C, inbox)
        device = MicroPythonDevice(
            MICROPYTHON, self._tree, "%dk" % heap, wiring, state, console.master,
            ended)
        device.command[-1] = self._launch or device.command[-1]
        desk = Desk(options.parse(["--once"]), machine, paper, inbox, device, console,
                    _lost_into(said))
        stops.append(desk.interrupt)
        return desk

    def _state(self, folder: Path) -> State:
        maildrop = self._place.maildrop
        state = State(folder / "state")
        state.trust([self._place.root])
        state.set_parameters([
            ("pop.host", "localhost"), ("pop.port", str(self._place.port)),
            ("pop.security", "tls"), ("pop.user", maildrop.user),
            ("pop.password", maildrop.password)])
        return state


def _lost_into(said: list[str]) -> Callable[[str], None]:
    def show(line: str) -> None:
        if "Error" in line:
            said.append(line.splitlines()[-1])

    return show


def _why(summary: dict[str, Any], mails_given: int, left: int) -> str:
    """What is not as it shall be after a visit; '' when all is."""
    for fault in summary["faults"]:
        return str(fault["text"])
    wanted = {"deleted": mails_given, "unfinished": 0, "pages": _SAMPLE_PAGES + PAGES}
    for name, number in wanted.items():
        if summary[name] != number:
            return "%d %s" % (summary[name], name)
    return "%d mails are left" % left if left else ""


def native_octets(tree: Path) -> int:
    """Octets of the files of a tree that have native code."""
    paths = [tree / name for name in read_manifest(tree) if name.endswith(".mpy")]
    return sum(len(data) for data in map(Path.read_bytes, paths) if data[2] >> _ARCH_BITS)


def measure(guess: int) -> dict[str, Any]:
    """All figures; `guess` is a heap (KiB) to begin with, 0 for what was found before."""
    figures: dict[str, Any] = {
        "native_mpy_" + BOARD: native_octets(build_tree(ROOT / "build", BOARD))}
    shadows.install()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="small-")))
        place = _Place(stack)
        for row in small_heap_rows.rows(folder):
            print(row.name)
            figures["stand_ins"] = small_heap_rows.weight(MICROPYTHON, row.tree, folder)
            found = smallest(Bench(place, row.tree, row.launch).attempt, guess or row.guess)
            figures[row.name] = found and {
                "heap_kib": found[0].heap, "heap_peak": max(one.peak for one in found),
                "seconds": min(one.seconds for one in found)}
    return figures


def lines(figures: dict[str, Any]) -> Iterator[str]:
    """The report."""
    for name in small_heap_rows.NAMES:
        found = figures[name]
        if not found:
            yield "%-30s not in %d KiB" % (name, MOST)
            continue
        yield "%-30s %d KiB, most live octets %d, %.1f s (%d times of %d)" % (
            name, found["heap_kib"], found["heap_peak"], found["seconds"], TIMES, TIMES)
    yield "In each, %d octets are what stands in for a board's own modules. Beside it, on a" \
        % figures["stand_ins"]
    yield "board whose heap is the collector's alone: %d KiB for TLS, and of the %d octets of" % (
        TLS_KIB, figures["native_mpy_" + BOARD])
    yield "modules with native code what is in RAM (all of it, or what ROMFS does not execute in"
    yield "place; nothing in a build without). A board with %d KiB has %d KiB without TLS." % (
        BOARD_KIB, BOARD_KIB - TLS_KIB)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.small_heap", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures as JSON")
    parser.add_argument("--from", type=int, default=0, dest="guess", metavar="KIB",
                        help="look near this heap first (default: near those found before)")
    given = parser.parse_args(arguments)
    try:
        if not MICROPYTHON.is_file():
            print("fetching MicroPython for i386 ...", file=sys.stderr)
            fetch()
        if micropython_binary.native_arch(MICROPYTHON) != "x86":
            raise debian_packages.MissingError("it does not run on this machine")
    except (debian_packages.MissingError, OSError) as error:
        print("skipped: no 32-bit MicroPython here (%s)" % error)
        return 0
    figures = measure(given.guess)
    print("\n".join(lines(figures)))
    if given.json:
        given.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
