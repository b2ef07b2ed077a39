"""Copy the built tree to a board with MicroPython and verify every file by its SHA-256 sum, taken
on the device.

    python -m tools.flash PORT [--arch ARCH] [--verify] [--tree DIR] [--no-start]

Only files that differ are copied. Exit status: 0 the device holds the tree; 1 it does not; 2 wrong
usage.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tools.build import ARCHES, MANIFEST, ROOT, ROOTS, BuildError, build_tree, read_manifest
from tools.device import HOLD, Device, DeviceError, Kind
from tools.ports import boards

Say = Callable[[str], None]


NEXT = MANIFEST + ".new"  # while it is written
_BLOCK = 4096  # of a file system
_INLINE = 512  # octets: a smaller file may have no block of its own
_SPARE = 4 * _BLOCK


class VerifyError(DeviceError):
    """Files on the device are not those of the tree."""


class Unchanged(DeviceError):
    """The tree can't be copied; nothing on the device was changed."""


def check_arch(kind: Kind, arch: str) -> None:
    """Raise DeviceError when the device can't load trees of that architecture."""
    if not kind.runs(arch):
        raise DeviceError(
            "the tree is for %s, the device runs %s (%s): build ARCH=%s"
            % (arch, kind.arch or "no native code", kind.text, kind.build_arch())
        )


def check_kind(kind: Kind, tree: Path, arch: str) -> None:
    """Raise DeviceError when the device can't load the tree."""
    check_arch(kind, arch)
    for path in tree.rglob("*.mpy"):
        _magic, version, feature = path.read_bytes()[:3]
        native = feature >> 2
        if version != kind.version or (native and feature & 3 != kind.sub_version):
            raise DeviceError(
                "the compiler makes .mpy version %d.%d, the device loads %d.%d (%s): "
                "update its MicroPython"
                % (version, feature & 3, kind.version, kind.sub_version, kind.text)
            )


def built_for(tree: Path) -> str:
    """The architecture of a tree. Raises DeviceError where there is no tree."""
    try:
        arch: str = json.loads((tree / MANIFEST).read_text())["arch"]
    except (OSError, ValueError, KeyError) as error:
        raise DeviceError("%s has no %s: run make build" % (tree, MANIFEST)) from error
    return arch


def wanted(tree: Path) -> dict[str, str]:
    """{name: SHA-256} of all files that belong on the device."""
    sums = {name: str(entry["sha256"]) for name, entry in read_manifest(tree).items()}
    if not sums:
        raise DeviceError("%s has no %s: run make build" % (tree, MANIFEST))
    return sums | {MANIFEST: hashlib.sha256((tree / MANIFEST).read_bytes()).hexdigest()}


def differing(device: Device, sums: dict[str, str]) -> list[str]:
    """Names whose content on the device is not as wanted."""
    there = device.hashes(sorted(sums))
    return [name for name in sorted(sums) if there[name] != sums[name]]


def strays(device: Device, sums: dict[str, str]) -> tuple[list[str], set[str]]:
    """What is on the device of other versions (a stale `.py` would win over its `.mpy`): all in
    our folders, empty ones too, and at the root what a manifest there names; in the order in which
    it can be removed. And all that the manifest names.
    """
    folders = {name[: at + 1] for name in sums for at, sign in enumerate(name) if sign == "/"}
    root = device.root()
    listed = _names(device.read(MANIFEST if MANIFEST in root else NEXT))
    found = [name for folder in ROOTS for name in device.names(folder)]
    found += [name for name in root if name in {*listed, NEXT}]
    stale = {name for name in found if name not in sums and name not in folders}
    files = sorted(name for name in stale if name[-1] != "/")
    return files + sorted(stale - {*files}, reverse=True), listed


def _names(manifest: bytes) -> set[str]:
    """The files that a manifest names, as far as it is whole."""
    return set(re.findall(r'"([^"]+)": \{', manifest.decode("utf-8", "replace"))) - {"files"}


def _refuse_shadows(device: Device, sums: dict[str, str], stale: Sequence[str]) -> None:
    """Raise DeviceError when something else at the root would be loaded instead of a module."""
    ours = {name[:-4] for name in sums if name.endswith(".mpy")}
    for name in device.root():
        module = name[:-1] if name[-1] == "/" else name[:-3] if name.endswith(".py") else ""
        if module in ours and name not in stale:
            raise DeviceError(
                "the board would load %s, which is not ours, instead of %s.mpy: remove or rename "
                "it" % (name, module)
            )


def _refuse_size(
    device: Device, tree: Path, changed: Sequence[str], stale: Sequence[str]
) -> None:
    """Raise DeviceError when there is not enough space. What is replaced gives its own back."""
    old = device.sizes([*changed, *(name for name in stale if name[-1] != "/")])
    need = sum(_blocks((tree / name).stat().st_size) for name in changed) + _SPARE
    free = device.free() + sum(_blocks(size) for size in old.values() if size >= _INLINE)
    if need > free:
        raise DeviceError(
            "%d KiB are needed on the board, %d KiB are free: remove files of your own from it"
            % (need // 1024, free // 1024)
        )


def _blocks(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def _put_manifest(device: Device, content: bytes) -> None:
    """Either the old one or the new one is there whenever the power goes."""
    device.put(NEXT, content)
    device.rename(NEXT, MANIFEST)


def copy(device: Device, tree: Path, sums: dict[str, str], say: Say) -> None:
    """Copy what differs, remove what is not of the tree. While that goes on the manifest names the
    files of both, so that whatever a power cut leaves is found again. Raises DeviceError; before
    anything is changed where there is no space or a foreign file is in the way: Unchanged.
    """
    stale, listed = strays(device, sums)
    changed = differing(device, sums)
    try:
        _refuse_shadows(device, sums, stale)
        if changed or stale:
            _refuse_size(device, tree, changed, stale)
    except DeviceError as error:
        raise Unchanged(str(error)) from error
    if not changed and not stale:
        return
    if NEXT in stale:
        if MANIFEST not in device.root():  # it was cut off between removing and renaming
            device.rename(NEXT, MANIFEST)
        stale.remove(NEXT)
    both: dict[str, dict[str, str]] = {name: {} for name in sorted(listed | sums.keys())}
    _put_manifest(device, json.dumps({"files": both}).encode())
    for name in stale:
        say("remove %s" % name)
        device.remove(name)
    changed = [name for name in changed if name != MANIFEST]
    for number, name in enumerate(changed, 1):
        say("copy %d/%d %s" % (number, len(changed), name))
        device.put(name, (tree / name).read_bytes())
    _put_manifest(device, (tree / MANIFEST).read_bytes())


def verify(device: Device, sums: dict[str, str]) -> None:
    """Raise VerifyError when a file on the device differs, or is of another version."""
    wrong = differing(device, sums)
    if wrong:
        raise VerifyError(
            "%d of %d files on the device are not as built: %s; run make flash again"
            % (len(wrong), len(sums), ", ".join(wrong))
        )
    stale, _listed = strays(device, sums)
    if stale:
        raise VerifyError(
            "on the device there is what is not of this build: %s; run make flash again"
            % ", ".join(stale)
        )
    _refuse_shadows(device, sums, stale)


def flash(device: Device, tree: Path, arch: str, start: bool = True, say: Say = print) -> None:
    """Bring the device up to date with the tree. Raises DeviceError; then it stays held: its
    firmware does not start until a later flash succeeds. Where nothing was changed (Unchanged) it
    goes on as it was.
    """
    check_kind(device.kind(), tree, arch)
    sums = wanted(tree)
    held = HOLD in device.root()
    device.hold()
    try:
        copy(device, tree, sums, say)
    except Unchanged:
        if not held:
            device.release(start)
        raise
    verify(device, sums)
    say("%d files on the device verified by SHA-256" % len(sums))
    device.release(start)


def compare(device: Device, tree: Path, start: bool = True, say: Say = print) -> None:
    """Only compare; the firmware goes on as it was. Raises VerifyError; a device that was not
    flashed to the end stays held then.
    """
    sums = wanted(tree)
    held = HOLD in device.root()
    device.hold()
    try:
        verify(device, sums)
        held = False
    finally:
        if not held:
            device.release(start)
    say("the device holds the tree as built")


def _run(options: argparse.Namespace) -> None:
    arch = options.arch
    if options.tree:
        if arch not in (None, built_for(options.tree)):
            raise DeviceError("%s is for %s, not for %s" % (
                options.tree, built_for(options.tree), arch))
        arch = built_for(options.tree)
    device = Device(options.port)
    try:
        kind = device.kind()
        print("%s: %s, %s" % (options.port, kind.text, kind.arch or "no native code"))
        arch = arch or kind.build_arch()
        check_arch(kind, arch)
        tree = options.tree or build_tree(ROOT / "build", arch)
        if options.verify:
            compare(device, tree, not options.no_start)
        else:
            flash(device, tree, arch, not options.no_start)
    finally:
        device.close()


def _said(error: KeyboardInterrupt | DeviceError | BuildError) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "interrupted; run make flash again: a board not flashed to its end starts nothing"
    return str(error)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="make flash PORT=/dev/ttyACM0",
        description="Build for the board, copy what changed and verify every file. Options go "
        'into ARGS="...".',
    )
    parser.add_argument("port", nargs="?", help="serial port of the board, such as /dev/ttyACM0")
    parser.add_argument(
        "--arch", choices=ARCHES, help="architecture of the tree (default: that of the board)"
    )
    parser.add_argument("--tree", type=Path, help="a tree already built (default: build it)")
    parser.add_argument("--verify", action="store_true", help="copy nothing, only compare")
    parser.add_argument(
        "--no-start", action="store_true", help="do not start the firmware afterwards"
    )
    options = parser.parse_args(arguments)
    if not options.port:
        print("flash: say which board, make flash PORT=...; boards seen: %s" % boards(),
              file=sys.stderr)
        return 2
    try:
        _run(options)
    except (DeviceError, BuildError, KeyboardInterrupt) as error:
        print("flash: %s" % _said(error), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
