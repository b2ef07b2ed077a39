"""Copy the built tree to a board with MicroPython and verify every file by its SHA-256 sum, taken
on the device.

    python -m tools.flash PORT [--arch ARCH] [--verify] [--tree DIR] [--no-start]

Only files that differ are copied. Exit status: 0 the device holds the tree; 1 it does not; 2 wrong
usage.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tools.build import ARCHES, MANIFEST, ROOT, ROOTS, BuildError, build_tree, read_manifest
from tools.device import Device, DeviceError, Kind

Say = Callable[[str], None]


class VerifyError(DeviceError):
    """Files on the device are not those of the tree."""


def check_kind(kind: Kind, tree: Path, arch: str) -> None:
    """Raise DeviceError when the device can't load the tree."""
    if not kind.runs(arch):
        raise DeviceError(
            "the tree is for %s, the device runs %s (%s): build ARCH=%s"
            % (arch, kind.arch or "no native code", kind.text, kind.build_arch())
        )
    for path in tree.rglob("*.mpy"):
        _magic, version, feature = path.read_bytes()[:3]
        native = feature >> 2
        if version != kind.version or (native and feature & 3 != kind.sub_version):
            raise DeviceError(
                "the compiler makes .mpy version %d.%d, the device loads %d.%d (%s): "
                "update its MicroPython"
                % (version, feature & 3, kind.version, kind.sub_version, kind.text)
            )


def wanted(tree: Path) -> dict[str, str]:
    """{name: SHA-256} of all files that belong on the device but the manifest itself."""
    sums = {name: str(entry["sha256"]) for name, entry in read_manifest(tree).items()}
    if not sums:
        raise DeviceError("%s has no %s: run make build" % (tree, MANIFEST))
    return sums


def differing(device: Device, sums: dict[str, str]) -> list[str]:
    """Names whose content on the device is not as wanted."""
    there = device.hashes(sorted(sums))
    return [name for name in sorted(sums) if there[name] != sums[name]]


def copy(device: Device, tree: Path, sums: dict[str, str], say: Say) -> None:
    """Copy what differs, remove what is not of the tree (a stale `.py` would win over its
    `.mpy`): all in our folders, and what was copied to the root before.
    """
    there = [name for folder in ROOTS for name in device.names(folder)]
    there += [name for name in device.listed(MANIFEST) if "/" not in name]
    stale = [name for name in there if name not in sums]
    changed = differing(device, sums)
    if not stale and not changed:
        return
    for name in stale:
        say("remove %s" % name)
        device.remove(name)
    need = sum((tree / name).stat().st_size + 4096 for name in changed)
    free = device.free()
    if need > free:
        raise DeviceError(
            "%d KiB are needed on the device, %d KiB are free" % (need // 1024, free // 1024)
        )
    for number, name in enumerate(changed, 1):
        say("copy %d/%d %s" % (number, len(changed), name))
        device.put(name, (tree / name).read_bytes())
    device.put(MANIFEST, (tree / MANIFEST).read_bytes())


def verify(device: Device, sums: dict[str, str]) -> None:
    """Raise VerifyError when a file on the device differs."""
    wrong = differing(device, sums)
    if wrong:
        raise VerifyError(
            "%d of %d files on the device are not as built: %s; run make flash again"
            % (len(wrong), len(sums), ", ".join(wrong))
        )


def flash(device: Device, tree: Path, arch: str, start: bool = True, say: Say = print) -> None:
    """Bring the device up to date with the tree. Raises DeviceError; then it stays held: its
    firmware does not start until a later flash succeeds.
    """
    check_kind(device.kind(), tree, arch)
    sums = wanted(tree)
    device.hold()
    copy(device, tree, sums, say)
    verify(device, sums)
    say("%d files on the device verified by SHA-256" % len(sums))
    device.release(start)


def compare(device: Device, tree: Path, start: bool = True, say: Say = print) -> None:
    """Only compare; the firmware goes on as it was. Raises VerifyError."""
    device.hold()
    try:
        verify(device, wanted(tree))
    finally:
        device.release(start)
    say("the device holds the tree as built")


def _run(options: argparse.Namespace) -> None:
    device = Device(options.port)
    try:
        kind = device.kind()
        print("%s: %s, %s" % (options.port, kind.text, kind.arch or "no native code"))
        arch = options.arch or kind.build_arch()
        tree = options.tree or build_tree(ROOT / "build", arch)
        if options.verify:
            compare(device, tree, not options.no_start)
        else:
            flash(device, tree, arch, not options.no_start)
    finally:
        device.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="make flash PORT=...", description="Copy the firmware to a board and verify it."
    )
    parser.add_argument("port", help="serial port of the board, such as /dev/ttyACM0")
    parser.add_argument(
        "--arch", choices=ARCHES, help="architecture of the tree (default: that of the board)"
    )
    parser.add_argument("--tree", type=Path, help="a tree already built (default: build it)")
    parser.add_argument("--verify", action="store_true", help="copy nothing, only compare")
    parser.add_argument(
        "--no-start", action="store_true", help="do not start the firmware afterwards"
    )
    try:
        _run(parser.parse_args(arguments))
    except (DeviceError, BuildError) as error:
        print("flash: %s" % error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
