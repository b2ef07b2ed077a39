"""A built tree as a ROMFS image: a board that has one runs the code where it lies in flash and
copies none of it into RAM.

    mpremote romfs deploy build/ARCH.romfs
"""

from __future__ import annotations

from pathlib import Path

from mpremote.romfs import VfsRomWriter

_HOST_ONLY = ("main.py", "hal/readiness_loop.mpy", "hal/tls_openssl.mpy")


def image(tree: Path, names: list[str]) -> bytes:
    """The image of these files of a tree, by their names from its root."""
    writer = VfsRomWriter()
    _fill(writer, tree, "", sorted(set(names) - set(_HOST_ONLY)))
    made: bytes = writer.finalise()
    return made


def _fill(writer: VfsRomWriter, tree: Path, folder: str, names: list[str]) -> None:
    inner = sorted({name.split("/")[0] for name in names if "/" in name})
    for name in names:
        if "/" not in name:
            writer.mkfile(name, (tree / folder / name).read_bytes())
    for one in inner:
        writer.opendir(one)
        below = [name[len(one) + 1 :] for name in names if name.startswith(one + "/")]
        _fill(writer, tree, folder + one + "/", below)
        writer.closedir()
