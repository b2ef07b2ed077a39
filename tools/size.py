"""Where the memory goes: what `make size` prints.

    python -m tools.size [--json FILE]

For each module its `.mpy` for a Cortex-M4 and what importing it leaves on the heap of a 32-bit
MicroPython (the WebAssembly build under node), with what stays behind of those that are loaded on
demand and dropped; then buffers and objects; then the largest number of live octets while five
mails are recorded on the 64-bit desk in a heap of 384 KiB. What can't be measured here (no node,
no npm) is said, not hidden.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tools.build import BUDGET, ROOT, build_tree, modules, packed, read_manifest
from tools.romfs import image

PACKAGE = "@micropython/micropython-webassembly-pyscript"
VERSION = "1.29.0-6"
WASM = ROOT / "build" / "wasm"
FOOTPRINT = Path(__file__).parent / "wasm" / "footprint.mjs"
PORT = "hal.ports.rp2_w5500"  # the board with the smallest heap
FIRST = "firmware.main"  # the large buffers have their places before anything else is loaded
RECEIVER = "firmware.receiver"
# forgotten after boot: what puts the board together
BOOT_ONLY = ("hal.assembly", "hal.wiring", "hal.signals")
# loaded for a visit and alive as long as its connection: most is in memory while a fax is recorded
# that comes over TLS
OF_VISIT = ("hal.tls_mbed_stream",)
HOST_ONLY = ("hal.ports.", "hal.readiness_loop", "hal.tls_openssl")  # and boards of another kind
DEVICE_ARCH = "armv7emsp"
HEAP = "384k"
MAILS = 5
BUFFERS_BUDGET = 40 * 1024

# Whatever a board's own modules offer: a thing that gives itself for every name and every call.
_BEFORE = """
import asyncio, time, struct, binascii, hashlib, random, io, vfs, json, os, select, array
import asyncio.event, asyncio.lock, asyncio.funcs
class _Any:
    recordable_lines = 4543
    lines_per_mm_x100 = 1540
    block_count = 64
    block_size = 4096  # the last: names may share a short one, and buffers have this size
    def __getattr__(self, name):
        return self
    def __call__(self, *arguments, **named):
        return self
    def __getitem__(self, name):
        return self
    def ticks_ms(self):
        return 0
    def ticks_diff(self, one, other):
        return 0
    def __iter__(self):
        return iter(())
_any = _Any()
for _name in ("machine", "network", "socket", "esp32", "rp2", "tls", "ssl"):
    sys.modules[_name] = _any
sys.modules["pointers"] = _any
"""
_BUFFERS = """
from firmware.main import %s as Buffers, %s as _cold
_buffers = _cold.g1.%s(Buffers())  # what fills them is in the first group
del Buffers, _cold
from firmware.main import %s as _load
_load("firmware")  # lets go what filled the buffers
del _load
"""
_OBJECTS = """
from %s import %s as Receiver
_receiver = Receiver(_any, _buffers)
del Receiver
from firmware.main import %s as _load
_load("firmware")  # lets go what put the objects together
del _load
"""
_DROP = """
for _name in list(sys.modules):
    if _name in %r:
        del sys.modules[_name]
        _room, _dot, _short = _name.rpartition(".")
        if hasattr(sys.modules.get(_room), _short):
            delattr(sys.modules[_room], _short)
_name = _room = _short = None
"""


def resident(what: dict[str, Any]) -> list[str]:
    """What is in memory at the worst moment, in the order of loading."""
    order = [name for name in what["order"] if name not in (*BOOT_ONLY, "hal.readiness_loop")]
    at = order.index("hal.board") + 1
    return [*order[:at], PORT, *order[at:], *OF_VISIT]


def on_demand(tree: Path, stays: Sequence[str]) -> list[str]:
    """Modules that are loaded when called for and dropped."""
    names = [
        name
        for path, name in modules(tree).items()
        if not path.endswith("__init__.mpy") and name not in stays
    ]
    return sorted(name for name in names if not name.startswith(HOST_ONLY))


def package() -> Path | str:
    """The folder of the WebAssembly build, fetched when it is missing; or why there is none."""
    folder = WASM / "node_modules" / PACKAGE
    if shutil.which("node") is None:
        return "node is not installed"
    if not (folder / "micropython.mjs").is_file():
        if shutil.which("npm") is None:
            return "npm is not installed"
        WASM.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(WASM)]
        done = subprocess.run(
            [*command, "%s@%s" % (PACKAGE, VERSION)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            return "npm can't fetch it: " + (done.stderr.strip().splitlines() or ["?"])[-1]
    return folder


def plan(tree: Path) -> dict[str, Any]:
    """What footprint.mjs is to do."""
    what = packed(tree)
    named, called = what["names"], what["files"]
    before = _BEFORE
    for name in ("block_size", "block_count", "recordable_lines", "lines_per_mm_x100"):
        before = before.replace(name, named.get(name, name))
    load = named.get("load", "load")
    steps = []
    stays = resident(what)
    for name in stays:
        steps.append([name, "__import__(%r)" % called.get(name, name)])
        if name == FIRST:
            buffers = [named.get(one, one) for one in ("Buffers", "cold", "Buffers____init__")]
            steps.append(["buffers", _BUFFERS % (*buffers, load)])
    receiver = called.get(RECEIVER, RECEIVER), named.get("Receiver", "Receiver")
    steps.append(["objects", _OBJECTS % (*receiver, load)])
    demanded = on_demand(tree, stays)
    drop = _DROP % ([called.get(name, name) for name in demanded],)
    for name in demanded:  # one may load others of them
        steps += [[name, "__import__(%r)" % called.get(name, name)], ["-" + name, drop]]
    files = {name: str(tree / name) for name in read_manifest(tree) if name != "main.py"}
    files.pop("pointers.mpy", None)
    return {"files": files, "before": before, "steps": steps}


def footprints(folder: Path, rom: bool = False) -> dict[str, int]:
    """Octets that each step of the plan added to the 32-bit heap; `rom`: with the code executed in
    place. Raises RuntimeError.
    """
    tree = build_tree(ROOT / "build", "bytecode")
    with tempfile.TemporaryDirectory() as temporary:
        file = Path(temporary, "plan.json")
        planned = plan(tree)
        if rom:
            planned["romfs"] = str(Path(temporary, "image"))
            Path(planned["romfs"]).write_bytes(image(tree, list(read_manifest(tree))))
        file.write_text(json.dumps(planned))
        done = subprocess.run(
            ["node", str(FOOTPRINT), str(folder), str(file)],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    if done.returncode:
        raise RuntimeError("the 32-bit build failed: " + (done.stderr + done.stdout)[-800:])
    found: list[list[Any]] = json.loads(done.stdout.splitlines()[-1])
    pairs = itertools.pairwise(found)
    return {name: octets - before for (_was, before), (name, octets) in pairs}


def heap_peak() -> int:
    """The largest number of live octets while the desk records five sample mails."""
    from sim.mails import samples

    with tempfile.TemporaryDirectory() as folder:
        mails = [str(path) for path in samples(ROOT / "build")[:MAILS]]
        command = [sys.executable, "-m", "sim", "--once", "--json", "--heap", HEAP]
        done = subprocess.run(
            [*command, "--paper", folder, "--mail", *mails],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    if not done.stdout:
        raise RuntimeError("the desk failed: " + done.stderr[-600:])
    return int(json.loads(done.stdout.splitlines()[-1])["heap_peak"])


class Report:
    """All figures; `lines` for people, `figures` for machines."""

    def __init__(self) -> None:
        tree = build_tree(ROOT / "build", DEVICE_ARCH)
        self.sizes = _sizes(tree)
        self.alone = _sizes(build_tree(ROOT / "build" / "modules", DEVICE_ARCH, packed=False))
        found = package()
        self.skipped = found if isinstance(found, str) else ""
        self.wasm = {} if isinstance(found, str) else footprints(found)
        self.rom = {} if isinstance(found, str) else footprints(found, rom=True)
        self.peak = heap_peak()
        self.rooms: dict[str, list[str]] = packed(tree)["rooms"]
        self.resident = resident(packed(tree))
        self.demanded = on_demand(tree, self.resident)

    def figures(self) -> dict[str, Any]:
        """Sums in octets; None for what could not be measured."""
        wasm, measured = self.wasm, bool(self.wasm)
        behind = sum(wasm.get(name, 0) + wasm.get("-" + name, 0) for name in self.demanded)
        return {
            "code_mpy": sum(self.sizes[name] for name in self.resident),
            "code_wasm": sum(wasm[name] for name in self.resident) if measured else None,
            "code_romfs_wasm": sum(self.rom[name] for name in self.resident) if measured else None,
            "left_behind_wasm": behind if measured else None,
            "buffers_wasm": wasm["buffers"] if measured else None,
            "objects_wasm": wasm["objects"] if measured else None,
            "heap_peak_x64": self.peak,
        }

    def lines(self) -> Iterator[str]:
        """The report."""
        yield "%-38s %8s %8s" % ("module", ".mpy", "32-bit")
        for name in self.resident:
            yield self._row(name, self.wasm.get(name))
            for part in self.rooms.get(name, ()):
                yield "  %-36s %8d" % (part, self.alone.get(part, 0))
        yield "Below a room the modules in it, with the .mpy that each would be alone."
        yield ""
        yield "%-38s %8s %8s %s" % ("on demand, then dropped", ".mpy", "32-bit", "stays")
        for name in self.demanded:
            used = self.wasm.get(name)
            stays = used + self.wasm["-" + name] if used is not None else None
            yield "%s %6s" % (self._row(name, used), "-" if stays is None else stays)
        yield ""
        if self.skipped:
            yield "32-bit figures not measured: " + self.skipped
        yield from self._sums()

    def _row(self, name: str, used: int | None) -> str:
        return "%-38s %8d %8s" % (name, self.sizes[name], "-" if used is None else used)

    def _sums(self) -> Iterator[str]:
        figures = self.figures()
        yield _sum("code that stays, .mpy for " + DEVICE_ARCH, figures["code_mpy"])
        yield _sum("code that stays, 32-bit", figures["code_wasm"], BUDGET)
        yield _sum("the same executed in place from ROMFS", figures["code_romfs_wasm"], BUDGET)
        yield _sum("names left behind by code on demand, 32-bit", figures["left_behind_wasm"])
        yield _sum("buffers, 32-bit", figures["buffers_wasm"], BUFFERS_BUDGET)
        yield _sum("objects after boot, 32-bit", figures["objects_wasm"])
        what = "most live octets, %d mails, 64-bit, heap %s" % (MAILS, HEAP)
        yield _sum(what, figures["heap_peak_x64"], 384 * 1024)


def _sizes(tree: Path) -> dict[str, int]:
    files = read_manifest(tree)
    return {name: int(files[path]["size"]) for path, name in modules(tree).items()}


def _sum(what: str, octets: int | None, budget: int = 0) -> str:
    if octets is None:
        return "%-48s   not measured" % what
    verdict = ""
    if budget:
        verdict = " of %d KiB%s" % (budget // 1024, "" if octets <= budget else ", OVER BUDGET")
    return "%-48s %8d  %.1f KiB%s" % (what, octets, octets / 1024, verdict)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="make size", description="Where the memory goes.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures as JSON")
    options = parser.parse_args(arguments)
    report = Report()
    print("\n".join(report.lines()))
    if options.json:
        options.json.write_text(json.dumps(report.figures(), indent=1) + os.linesep)
    return 0


if __name__ == "__main__":
    sys.exit(main())
