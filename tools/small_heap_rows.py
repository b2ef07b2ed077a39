"""The rows of `tools/small_heap.py`: how a program is built and started for each."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sim import shadows
from tools.build import ROOT, build_tree, read_manifest
from tools.romfs import image

NAMES = ("loaded into RAM", "executed in place", "without native code, into RAM")
_GUESSES = (148, 108, 152)  # KiB: what they ran in when this was written
_STAND_INS = ("desk_link", "flash", "machine", "network")
# images are mapped by the C library, so that the heap has none of them
_MOUNT = """
import ffi, sys, uctypes, vfs
for place, path, octets in %r:
    file = open(path, "rb")
    mapped = ffi.open(None).func("p", "mmap", "plliil")(0, octets, 1, 2, file.fileno(), 0)
    vfs.mount(vfs.VfsRom(uctypes.bytearray_at(mapped, octets)), place)
    file.close()
del place, path, octets, file, mapped, ffi, uctypes, vfs
sys.path[:] = %r
"""
_RUN = """
import firmware.main as m
m.run()
"""
_WEIGH = """
import gc
gc.collect()
before = gc.mem_alloc()
import %s
gc.collect()
print(gc.mem_alloc() - before)
"""


class Row(NamedTuple):
    """One line of the report: a tree, how it is started in it, and a heap to try first (KiB)."""

    name: str
    tree: Path
    launch: str
    guess: int


class _Mounted(NamedTuple):
    """An image that is mounted at a place."""

    place: str
    path: str
    octets: int


def rows(folder: Path) -> Iterator[Row]:
    """All rows; images of theirs go to the folder."""
    desk = (shadows.MICROPYTHON, shadows.DESK)
    native = build_tree(ROOT / "build" / "desk", "x86", desk)
    whole = _mounted("/rom", native, list(read_manifest(native)), folder)
    plain = build_tree(ROOT / "build" / "desk", "bytecode", desk)
    starts = [(native, _start([_stand_ins(native, folder)], "")),
              (native, _start([whole], "/rom")),
              (plain, _start([_stand_ins(plain, folder)], ""))]
    for name, guess, (tree, start) in zip(NAMES, _GUESSES, starts, strict=True):
        yield Row(name, tree, start + _RUN, guess)


def weight(micropython: Path, tree: Path, folder: Path) -> int:
    """Octets of the heap that the stand-ins take where they are executed in place."""
    code = _start([_stand_ins(tree, folder)], "") + _WEIGH % ", ".join(_STAND_INS)
    with open(os.devnull, "r+b") as link:
        done = subprocess.run(
            [micropython.absolute(), "-c", code], cwd=tree, pass_fds=(link.fileno(),),
            env={**os.environ, "DESK_LINK": str(link.fileno())}, capture_output=True, text=True,
            check=True, timeout=60)
    return int(done.stdout)


def _stand_ins(tree: Path, folder: Path) -> _Mounted:
    return _mounted("/desk", tree, [name + ".mpy" for name in _STAND_INS], folder)


def _mounted(place: str, tree: Path, names: list[str], folder: Path) -> _Mounted:
    file = folder / (tree.name + place.replace("/", "-"))
    file.write_bytes(image(tree, names))
    return _Mounted(place, str(file), file.stat().st_size)


def _start(images: list[_Mounted], root: str) -> str:
    """Code that mounts these and looks for modules there, then in the root."""
    places = [one.place for one in images if one.place != root]
    return _MOUNT % ([tuple(one) for one in images], [*places, root, ".frozen"])
