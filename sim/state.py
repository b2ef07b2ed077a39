"""The device's flash between runs: two images in a directory."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from sim import shadows

DATA_BLOCKS = 128  # 512 KiB of files
SPOOL_BLOCKS = 64  # 256 KiB
BLOCK_SIZE = 4096
_AREAS = {"data": DATA_BLOCKS, "spool": SPOOL_BLOCKS}


class State:
    """A directory with `data.img` (a littlefs) and `spool.img` (raw)."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        for name, blocks in _AREAS.items():
            path = self.area(name)
            if not path.exists():
                _write_erased(path, blocks)

    def area(self, name: str) -> Path:
        """The image of an area, 'data' or 'spool'."""
        return self.directory / (name + ".img")

    @property
    def areas(self) -> dict[str, str]:
        """The images by area."""
        return {name: str(self.area(name)) for name in _AREAS}

    def set_parameters(self, values: list[tuple[str, str]]) -> None:
        """Write function parameters as the device itself would. Raises ValueError for a bad name
        or value.
        """
        parameters = self._parameters()
        for name, value in values:
            parameters.set(name, value)

    def parameter(self, name: str) -> Any:
        """A function parameter as the device will find it."""
        return self._parameters().get(name)

    def _parameters(self) -> Any:
        shadows.install()
        from firmware.store.parameters import Parameters

        parameters = Parameters(self._storage())
        parameters.load()
        return parameters

    def trust(self, authorities: list[bytes]) -> None:
        """Store these certificates (DER) instead of those that were. Raises ValueError when there
        is no room for so many.
        """
        shadows.install()
        from firmware.store import certificate_file

        certificate_file.replace(self._storage(), authorities)

    def forget_mails(self) -> None:
        """As if no mail had been seen yet."""
        shadows.install()
        from firmware.store.ledger import NAME
        from firmware.store.record_log import SMALL

        storage = self._storage()
        storage.remove(NAME)
        storage.remove(NAME + SMALL)
        _write_erased(self.area("spool"), SPOOL_BLOCKS)

    def _storage(self) -> Any:
        import vfs

        from hal.storage import Storage, open_filesystem

        filesystem = open_filesystem(open_image(self.area("data")), vfs.VfsLfs2)
        return Storage(filesystem, None, open_image(self.area("spool")))


def copy_of(kept: Path | None, directory: Path) -> State:
    """A state in `directory` with the kept one's settings and no memory of its mails; the kept one
    itself stays as it is.
    """
    state = State(directory)
    if kept is not None and (kept / "data.img").is_file():
        shutil.copyfile(kept / "data.img", state.area("data"))
        state.forget_mails()
    return state


def open_image(path: Path) -> Any:
    """The image as a block device that no running device has to do with."""
    from flash import BlockFile

    class Image(BlockFile):
        def settle(self) -> bool:
            return True

    return Image(str(path))


def _write_erased(path: Path, blocks: int) -> None:
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        for _ in range(blocks):
            file.write(b"\xff" * BLOCK_SIZE)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
