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
import ast
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

from tools.build import BUDGET, ON_DEMAND, ROOT, build_tree, read_manifest

PACKAGE = "@micropython/micropython-webassembly-pyscript"
VERSION = "1.29.0-6"
WASM = ROOT / "build" / "wasm"
FOOTPRINT = Path(__file__).parent / "wasm" / "footprint.mjs"
PORT = "hal.ports.rp2_w5500"  # the board with the smallest heap
FIRST = "firmware.buffers"
# in the order of the boot: the large buffers have their places before anything else is loaded
# what is in memory while a fax is recorded: the most
ENTRIES = (
    "firmware.main",
    PORT,
    "hal.board",
    "firmware.receiver",
    "firmware.supervisor",
    "firmware.recording.fax_part",
)
DEVICE_ARCH = "armv7emsp"
HEAP = "384k"
MAILS = 5
BUFFERS_BUDGET = 40 * 1024

# Whatever a board's own modules offer: a thing that gives itself for every name and every call.
_BEFORE = """
import asyncio, time, struct, binascii, hashlib, random, io, vfs, json, os, select, array
import asyncio.event, asyncio.lock, asyncio.funcs
class _Any:
    block_size = 4096
    block_count = 64
    recordable_lines = 4543
    lines_per_mm_x100 = 1540
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
    def names(self):
        return []
_any = _Any()
for _name in ("machine", "network", "socket", "esp32", "rp2"):
    sys.modules[_name] = _any
class _Casts:
    ptr8 = ptr16 = ptr32 = None
_Casts.casting = lambda *casts: lambda function: function
sys.modules["pointers"] = _Casts
"""
_BUFFERS = "from firmware.buffers import Buffers\n_buffers = Buffers()\ndel Buffers"
_OBJECTS = """
from firmware.receiver import Receiver
_receiver = Receiver(_any, _buffers)
del Receiver
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


def module_path(name: str) -> Path | None:
    """The source of a dotted name of ours; None for a package without code, or somebody else's."""
    path = ROOT.joinpath(*name.split("."))
    if path.with_suffix(".py").is_file():
        return path.with_suffix(".py")
    package = path / "__init__.py"
    return package if package.is_file() and package.stat().st_size else None


def imports(name: str) -> Iterator[str]:
    """What a module of ours imports of ours while it is loaded."""
    path = module_path(name)
    if path is None:
        return
    for node in _loaded(ast.parse(path.read_text(encoding="utf-8")).body):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from ("%s.%s" % (node.module, alias.name) for alias in node.names)


def _loaded(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        if isinstance(node, ast.If):
            yield from _loaded(node.orelse)
        elif isinstance(node, ast.Try):
            yield from _loaded([*node.body, *node.orelse])
        else:
            yield node


def load_order(entries: Sequence[str]) -> list[str]:
    """Every module that loading `entries` loads, each behind those that it needs."""
    order: list[str] = []
    seen: set[str] = set()

    def visit(name: str) -> None:
        if name in seen or not name.startswith(("firmware", "hal")):
            return
        seen.add(name)
        for needed in imports(name):
            visit(needed)
        if module_path(name) is not None:
            order.append(name)

    for entry in entries:
        visit(entry)
    return [name for name in order if name != "hal.readiness_loop"]  # CPython's


def on_demand(tree: Path) -> list[str]:
    """Modules that are loaded when called for and dropped."""
    names = [name[:-4].replace("/", ".") for name in read_manifest(tree) if _is_demanded(name)]
    return sorted(name for name in names if not name.endswith("__init__"))


def _is_demanded(name: str) -> bool:
    return name.endswith(".mpy") and name.startswith(ON_DEMAND)


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
    order = load_order([FIRST])
    steps = [[name, "import " + name] for name in order] + [["buffers", _BUFFERS]]
    later = [name for name in load_order(ENTRIES) if name not in order]
    steps += [[name, "import " + name] for name in later] + [["objects", _OBJECTS]]
    demanded = on_demand(tree)
    for name in demanded:  # one may load others of them
        steps += [[name, "import " + name], ["-" + name, _DROP % (demanded,)]]
    files = {name: str(tree / name) for name in read_manifest(tree) if name != "main.py"}
    files.pop("pointers.mpy", None)
    return {"files": files, "before": _BEFORE, "steps": steps}


def footprints(folder: Path) -> dict[str, int]:
    """Octets that each step of the plan added to the 32-bit heap. Raises RuntimeError."""
    tree = build_tree(ROOT / "build", "bytecode")
    with tempfile.TemporaryDirectory() as temporary:
        file = Path(temporary, "plan.json")
        file.write_text(json.dumps(plan(tree)))
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
        self.tree = build_tree(ROOT / "build", DEVICE_ARCH)
        self.sizes = {
            name[:-4].replace("/", ".").replace(".__init__", ""): int(entry["size"])
            for name, entry in read_manifest(self.tree).items()
            if name.endswith(".mpy")
        }
        found = package()
        self.skipped = found if isinstance(found, str) else ""
        self.wasm = {} if isinstance(found, str) else footprints(found)
        self.peak = heap_peak()
        self.demanded = on_demand(self.tree)
        self.resident = load_order([FIRST, *ENTRIES])

    def figures(self) -> dict[str, Any]:
        """Sums in octets; None for what could not be measured."""
        wasm, measured = self.wasm, bool(self.wasm)
        behind = sum(wasm.get(name, 0) + wasm.get("-" + name, 0) for name in self.demanded)
        return {
            "code_mpy": sum(self.sizes[name] for name in self.resident),
            "code_wasm": sum(wasm[name] for name in self.resident) if measured else None,
            "left_behind_wasm": behind if measured else None,
            "buffers_wasm": wasm["buffers"] if measured else None,
            "objects_wasm": wasm["objects"] if measured else None,
            "heap_peak_x64": self.peak,
        }

    def lines(self) -> Iterator[str]:
        """The report."""
        yield "%-38s %8s %8s" % ("module", ".mpy", "32-bit")
        for name in sorted(self.resident):
            yield self._row(name, self.wasm.get(name))
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
        yield _sum("names left behind by code on demand, 32-bit", figures["left_behind_wasm"])
        yield _sum("buffers, 32-bit", figures["buffers_wasm"], BUFFERS_BUDGET)
        yield _sum("objects after boot, 32-bit", figures["objects_wasm"])
        what = "most live octets, %d mails, 64-bit, heap %s" % (MAILS, HEAP)
        yield _sum(what, figures["heap_peak_x64"], 384 * 1024)


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
