"""Durable files over littlefs: small, few, in one flat directory.

littlefs makes data durable when a file is closed, and replaces a file atomically by rename: every
power cut leaves the old content or the new one, never a mixture.
"""
from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from micropython import const

from hal.live_signals import forget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from hal.witness import Witness

_TEMPORARY = ".tmp"
_FORMATTED = "formatted"  # lies in every filesystem that is made here, so that none is empty
_RARE = "hal.second_copy"
_KEPT_TWICE = "parameters"
_REBUILT = "rebuilt"  # see devices.Storage
_DIRECTORY = const(0x4000)
_IOCTL_COUNT = const(4)
_HEAD_OCTETS = const(64)
# littlefs reads, and looks for what it wants, in caches of four times this; the default of 32
# makes it read ten times as often. Every mount must have the same: a small file is as large as a
# cache at most
_READ_OCTETS = const(128)
_SMALL = const(384)  # octets of a file that littlefs then keeps within its directory, and more
_SMALL_AS_MOUNTED = const(96)  # with the caches of a board that mounts with the defaults
_ENOSPC = const(28)  # not among the names of MicroPython's errno


def open_filesystem(device: Any, kind: Any) -> Any:
    """The filesystem on a block device; made anew where it can't be mounted, empty files
    'rebuilt' and 'formatted' in it. Never raises OSError: a flash that can't even be formatted
    gives a filesystem whose every call does.

    A cut in the middle leaves a filesystem without any file, or one that can't be mounted: either
    is told as 'rebuilt' at the next boot. Only a flash that was never written is new.

    :param kind: vfs.VfsLfs2
    """
    try:
        if is_blank(device):
            kind.mkfs(device)
            return _marked(mount(device, kind), (_FORMATTED,))
        try:
            filesystem = mount(device, kind)
            if _entries(filesystem):
                return filesystem
        except OSError:
            return made_anew(device, kind)
        return _marked(filesystem, (_REBUILT, _FORMATTED))
    except OSError as error:
        return Unusable(error)


def made_anew(device: Any, kind: Any) -> Any:
    """A new filesystem in the place of what was there, with the files 'rebuilt' and 'formatted'.
    Raises OSError.
    """
    kind.mkfs(device)
    return _marked(mount(device, kind), (_REBUILT, _FORMATTED))


def mount(device: Any, kind: Any) -> Any:
    """The filesystem on a block device that holds one. Raises OSError.

    :param kind: vfs.VfsLfs2
    """
    return kind(device, readsize=_READ_OCTETS)


def is_blank(device: Any) -> bool:
    """True when no block of the device was ever written: littlefs begins every block at its
    start.
    """
    buffer = bytearray(_HEAD_OCTETS)
    for block in range(device.ioctl(_IOCTL_COUNT, 0)):
        device.readblocks(block, buffer, 0)
        if buffer != b"\xff" * _HEAD_OCTETS:
            return False
    return True


def _marked(filesystem: Any, names: tuple[str, ...]) -> Any:
    for name in names:
        filesystem.open("/" + name, "wb").close()
    return filesystem


def _entries(filesystem: Any) -> list[tuple[Any, ...]]:
    """All that the directory has. A listing that is not read to its end stays open in littlefs
    until the collector finds it, perhaps when the filesystem itself is gone.
    """
    return list(filesystem.ilistdir("/"))


class Unusable:
    """In place of a filesystem that there can't be: every call raises the same OSError."""

    def __init__(self, error: OSError) -> None:
        self._code = error.errno or errno.EIO

    def open(self, path: str, mode: str) -> Any:
        """Raises OSError."""
        raise OSError(self._code, "flash")

    def rename(self, old: str, new: str) -> None:
        """Raises OSError."""
        raise OSError(self._code, "flash")

    def ilistdir(self, path: str) -> Any:
        """Raises OSError."""
        raise OSError(self._code, "flash")

    remove = statvfs = ilistdir


class Mounted:
    """The methods of vfs.VfsLfs2 over a directory of the filesystem that a board has mounted at
    boot.
    """

    SMALL = _SMALL_AS_MOUNTED

    def __init__(self, root: str) -> None:
        self._root = root
        try:
            os.mkdir(root)
        except OSError as error:
            if error.errno != errno.EEXIST:
                raise

    def open(self, path: str, mode: str) -> Any:
        """Open a file. Raises OSError."""
        return open(self._root + path, mode)  # the caller closes it

    def ilistdir(self, path: str) -> Iterator[tuple[Any, ...]]:
        """(name, type, inode, size) of each entry."""
        entries: Iterator[tuple[Any, ...]] = os.ilistdir(  # type: ignore[attr-defined]
            self._root + path.rstrip("/"))
        return entries

    def rename(self, old: str, new: str) -> None:
        """Rename, replacing `new`. Raises OSError."""
        os.rename(self._root + old, self._root + new)

    def remove(self, path: str) -> None:
        """Remove a file. Raises OSError."""
        os.remove(self._root + path)

    def statvfs(self, path: str) -> Any:
        """As os.statvfs."""
        return os.statvfs(self._root + path.rstrip("/"))


class Storage:
    """Implements `devices.Storage`. What a cut `replace` left behind is removed at once.

    :param filesystem: an object with open, ilistdir, rename, remove and statvfs of vfs.VfsLfs2
    :param witness: keeps what `mark` is told; without it nothing does
    :param device: has room for a second copy of one file, see second_copy.py
    :param remake: gives the filesystem made anew; without it `rebuild` can't
    """

    def __init__(
        self,
        filesystem: Any,
        witness: Witness | None = None,
        device: Any = None,
        remake: Callable[[], Any] | None = None,
    ) -> None:
        self._filesystem = filesystem
        self._witness = witness
        self._device = device
        self._remake = remake
        self.small: int = getattr(filesystem, "SMALL", _SMALL)
        try:
            for name in self.names():
                if name.endswith(_TEMPORARY):
                    self.remove(name)
            if device is not None:
                self._rarely("compare", device, _KEPT_TWICE)
        except OSError:  # whoever stores something hears of it
            return

    def append(self, name: str, record: bytes | bytearray | memoryview) -> None:
        """Append to the file (made when missing); durable on return. Raises OSError."""
        with self._filesystem.open(_path(name), "ab") as file:
            _write_all(file, record)

    def replace(self, name: str, parts: Iterable[bytes]) -> None:
        """Replace the whole file by the parts joined: old or new content, whatever happens. Raises
        OSError.
        """
        if name == _KEPT_TWICE and self._device is not None:
            self._rarely("replace", self._device, name, parts)
        else:
            self.replace_one(name, parts)

    def replace_one(self, name: str, parts: Iterable[bytes]) -> None:
        """The same without a second copy. Raises OSError."""
        path = _path(name)
        try:
            with self._filesystem.open(path + _TEMPORARY, "wb") as file:
                for part in parts:
                    _write_all(file, part)
            self._filesystem.rename(path + _TEMPORARY, path)
        except Exception:
            self.remove(name + _TEMPORARY)
            raise

    def _rarely(self, function: str, *arguments: Any) -> Any:
        try:
            module = __import__(_RARE, None, None, ("__name__",))
            return getattr(module, function)(self, *arguments)
        finally:
            forget(_RARE)

    def rebuild(self, but: tuple[str, ...]) -> None:
        """Make the filesystem anew, with the files in it as far as they can be kept, `but`
        these, and the file 'rebuilt'. Raises OSError, also where that can't be done.
        """
        if self._remake is None:
            raise OSError(errno.EIO, "flash")
        kept = self._rarely("contents", but)
        self._filesystem = self._remake()
        for name, content in kept.items():
            self.replace_one(name, content)
        if self._device is not None:
            self._rarely("compare", self._device, _KEPT_TWICE)

    def read(self, name: str, offset: int, view: bytearray | memoryview) -> int:
        """Read at `offset`; returns octets read, 0 at the end or when the file is missing. Raises
        OSError.
        """
        try:
            file = self._filesystem.open(_path(name), "rb")
        except OSError as error:
            if error.errno == errno.ENOENT:
                return 0
            raise
        with file:
            file.seek(offset)
            return file.readinto(view) or 0

    def size(self, name: str) -> int:
        """Octets, or -1 when there is no such file."""
        octets = -1
        for entry in self._files():
            if entry[0] == name:
                octets = entry[3]
        return octets

    def remove(self, name: str) -> None:
        """Remove; harmless when missing. Raises OSError."""
        try:
            self._filesystem.remove(_path(name))
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise

    def names(self) -> list[str]:
        """Names of all files."""
        return [entry[0] for entry in self._files()]

    def free(self) -> int:
        """Octets free."""
        figures = self._filesystem.statvfs("/")
        octets: int = figures[0] * figures[3]
        return octets

    def mark(self, number: int) -> None:
        """Keep a number of 16 bits where damage to the files does not reach it, if possible."""
        try:
            if self._witness is not None:
                self._witness.enter(number)
        except OSError:
            return  # it is what notices other damage; nothing depends on it alone

    def marked(self) -> int:
        """The number that was kept last, -1 when there is none."""
        try:
            return -1 if self._witness is None else self._witness.number()
        except OSError:
            return -1

    def _files(self) -> list[tuple[Any, ...]]:
        return [entry for entry in _entries(self._filesystem) if not entry[1] & _DIRECTORY]


def _path(name: str) -> str:
    if not name or "/" in name:
        raise ValueError("not a file name: %r" % name)
    return "/" + name


def _write_all(file: Any, data: bytes | bytearray | memoryview) -> None:
    written = file.write(data)
    if written != len(data):
        raise OSError(_ENOSPC, "the filesystem is full")
