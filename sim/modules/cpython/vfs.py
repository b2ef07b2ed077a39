"""CPython stand-in for MicroPython's `vfs`: VfsLfs2 over littlefs-python, on images that
MicroPython reads and writes.

Only littlefs-python's thin `littlefs.lfs` calls are used: its buffered files neither sync on
`flush` nor survive a
failed close. A block device may raise from its methods; the exception comes out of the call that
was under way, and
littlefs sees an I/O error meanwhile.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from littlefs import lfs
from littlefs.context import UserContext
from littlefs.errors import LittleFSError

_Result = TypeVar("_Result")

_IO_ERROR = -5
_BLOCK_COUNT = 4
_BLOCK_SIZE = 5
_ERASE = 6
_SYNC = 3
_TYPE_DIRECTORY = 2
_MODE = {_TYPE_DIRECTORY: 0x4000}
_REGULAR = 0x8000
_FLAG: Any = lfs.LFSFileFlag
_FLAGS = {
    "r": _FLAG.rdonly,
    "w": _FLAG.wronly | _FLAG.creat | _FLAG.trunc,
    "a": _FLAG.wronly | _FLAG.creat | _FLAG.append,
    "x": _FLAG.wronly | _FLAG.creat | _FLAG.excl,
}


class _Hooks(UserContext):  # type: ignore[misc]
    """littlefs's way to the block device; remembers what it raised."""

    def __init__(self, device: Any) -> None:
        self.failure: BaseException | None = None
        self._device = device

    def read(self, cfg: Any, block: int, off: int, size: int) -> bytes | bytearray:
        buffer = bytearray(size)
        self._do(self._device.readblocks, block, buffer, off)
        return buffer

    def prog(self, cfg: Any, block: int, off: int, data: bytes) -> int:
        return self._do(self._device.writeblocks, block, data, off)

    def erase(self, cfg: Any, block: int) -> int:
        return self._do(self._device.ioctl, _ERASE, block)

    def sync(self, cfg: Any) -> int:
        return self._do(self._device.ioctl, _SYNC, 0)

    def _do(self, call: Callable[..., int | None], *arguments: Any) -> int:
        if self.failure is not None:
            return _IO_ERROR
        try:
            return int(call(*arguments) or 0)
        except BaseException as failure:  # noqa: BLE001 - raised again by VfsLfs2._call
            self.failure = failure
            return _IO_ERROR


class VfsLfs2:
    """A littlefs on a block device with the extended protocol (readblocks and writeblocks with an
    offset, ioctl).
    """

    def __init__(
        self,
        bdev: Any,
        readsize: int = 32,
        progsize: int = 32,
        lookahead: int = 32,
        mtime: bool = True,
    ) -> None:
        self._hooks = _Hooks(bdev)
        self._config = _config(bdev, self._hooks, readsize, progsize, lookahead)
        self._fs = lfs.LFSFilesystem()
        self._call(lfs.mount, self._config)

    @staticmethod
    def mkfs(bdev: Any, readsize: int = 32, progsize: int = 32, lookahead: int = 32) -> None:
        """Format the device. Raises OSError."""
        hooks = _Hooks(bdev)
        _guarded(
            hooks,
            lfs.format,
            lfs.LFSFilesystem(),
            _config(bdev, hooks, readsize, progsize, lookahead),
        )

    def mount(self, readonly: bool, mkfs: bool) -> None:
        """Nothing more to do than was done when it was made."""

    def umount(self) -> None:
        """Let go of the device."""
        self._call(lfs.unmount)

    def open(self, path: str, mode: str = "r") -> LfsFile:
        """Open a file for octets. Raises OSError."""
        flags = _FLAGS[mode[0]]
        if "+" in mode:
            flags = (flags & ~_FLAG.wronly) | _FLAG.rdwr
        return LfsFile(self._call, self._call(lfs.file_open, path, flags))

    def ilistdir(self, path: str = "") -> Iterator[tuple[str, int, int, int]]:
        """Entries as (name, mode, 0, size). Raises OSError."""
        handle = self._call(lfs.dir_open, path or "/")
        entries = []
        while entry := self._call(lfs.dir_read, handle):
            if entry.name not in (".", ".."):
                entries.append((entry.name, _MODE.get(entry.type, _REGULAR), 0, entry.size))
        self._call(lfs.dir_close, handle)
        return iter(entries)

    def stat(self, path: str) -> tuple[int, ...]:
        """(mode, 0, 0, 0, 0, 0, size, 0, 0, 0). Raises OSError."""
        entry = self._call(lfs.stat, path)
        return _MODE.get(entry.type, _REGULAR), 0, 0, 0, 0, 0, entry.size, 0, 0, 0

    def statvfs(self, _path: str = "") -> tuple[int, ...]:
        """(block size, same, blocks, free, free, 0, 0, 0, 0, longest name)."""
        size, count = self._config.block_size, self._config.block_count
        free = count - self._call(lfs.fs_size)
        return size, size, count, free, free, 0, 0, 0, 0, self._config.name_max

    def rename(self, old: str, new: str) -> None:
        """Rename, replacing `new` in one step. Raises OSError."""
        self._call(lfs.rename, old, new)

    def remove(self, path: str) -> None:
        """Remove a file or an empty directory. Raises OSError."""
        self._call(lfs.remove, path)

    rmdir = remove

    def mkdir(self, path: str) -> None:
        """Make a directory. Raises OSError."""
        self._call(lfs.mkdir, path)

    def _call(self, function: Callable[..., _Result], *arguments: Any) -> _Result:
        return _guarded(self._hooks, function, self._fs, *arguments)


class LfsFile:
    """An open file; durable after `flush` or `close`."""

    def __init__(self, call: Callable[..., Any], handle: lfs.LFSFile) -> None:
        self._call = call
        self._handle: lfs.LFSFile | None = handle

    def read(self, size: int = -1) -> bytes:
        """Up to `size` octets, or all that follow."""
        if size < 0:
            size = self._call(lfs.file_size, self._open()) - self.tell()
        return bytes(self._call(lfs.file_read, self._open(), size))

    def readinto(self, view: Any) -> int:
        """Fill `view`; returns the octets read."""
        data = self.read(len(view))
        memoryview(view)[: len(data)] = data
        return len(data)

    def write(self, data: Any) -> int:
        """Write all of `data`."""
        return int(self._call(lfs.file_write, self._open(), bytes(data)))

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move; returns the new place."""
        return int(self._call(lfs.file_seek, self._open(), offset, whence))

    def tell(self) -> int:
        """Where the next read or write goes."""
        return int(self._call(lfs.file_tell, self._open()))

    def flush(self) -> None:
        """Make durable what was written."""
        self._call(lfs.file_sync, self._open())

    def close(self) -> None:
        """Make durable and let go; harmless when closed. After a failed close the handle is not
        touched again.
        """
        handle, self._handle = self._handle, None
        if handle is not None:
            self._call(lfs.file_close, handle)

    def __enter__(self) -> LfsFile:
        return self

    def __exit__(self, *_why: object) -> None:
        self.close()

    def _open(self) -> lfs.LFSFile:
        if self._handle is None:
            raise OSError(errno.EINVAL, "the file is closed")
        return self._handle


def _config(
    bdev: Any, hooks: _Hooks, read_size: int, prog_size: int, lookahead: int
) -> lfs.LFSConfig:
    """The configuration that MicroPython gives littlefs (extmod/vfs_lfsx.c)."""
    block_size = int(bdev.ioctl(_BLOCK_SIZE, 0))
    return lfs.LFSConfig(
        context=hooks,
        block_size=block_size,
        block_count=int(bdev.ioctl(_BLOCK_COUNT, 0)),
        read_size=read_size,
        prog_size=prog_size,
        block_cycles=100,
        cache_size=min(block_size, 4 * max(read_size, prog_size)),
        lookahead_size=lookahead,
    )


def _guarded(hooks: _Hooks, function: Callable[..., _Result], *arguments: Any) -> _Result:
    """Call; what the block device raised comes out, littlefs's own errors come out as OSError."""
    try:
        result = function(*arguments)
    except LittleFSError as error:
        _raise_failure(hooks)
        raise OSError(-error.code, os.strerror(-error.code)) from None
    _raise_failure(hooks)
    return result


def _raise_failure(hooks: _Hooks) -> None:
    if hooks.failure is not None:
        failure, hooks.failure = hooks.failure, None
        raise failure
