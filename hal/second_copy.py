"""What a storage does to outlive its filesystem. Loaded when it comes to that, forgotten after.

One small file has a second copy in a block of the spool's flash: "copy" · octets (2) · CRC-32 of
the content (4) · content; numbers are big-endian. The copy is written first, so it is what counts
unless it is damaged.
"""
from __future__ import annotations

import binascii
import gc
import struct
from typing import TYPE_CHECKING

from micropython import const

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from hal.storage import Storage

_HEAD = const(10)
_KEPT_OCTETS = const(4096)  # of a small file
_PIECE = const(1024)
_SPARED = const(24576)  # octets of the heap that a larger file leaves for what is to be done then
_IOCTL_COUNT = const(4)
_IOCTL_SIZE = const(5)
_IOCTL_ERASE = const(6)


def replace(storage: Storage, device: Any, name: str, parts: Iterable[bytes]) -> None:
    """Replace the file that is kept twice. Raises OSError; then there is no copy."""
    content = b"".join(parts)
    keep(device, content)
    try:
        storage.replace_one(name, (content,))
    except OSError:
        keep(device, b"")
        raise


def compare(storage: Storage, device: Any, name: str) -> None:
    """Make the file what the copy says, or the copy what the file says when there is none. Raises
    OSError.
    """
    copy = content(device)
    octets = max(storage.size(name), 0)
    stored = bytearray(octets if octets <= _KEPT_OCTETS else 0)
    storage.read(name, 0, stored)
    if copy and copy != stored:
        storage.replace_one(name, (copy,))
    elif stored and not copy:
        keep(device, bytes(stored))


def contents(storage: Storage, but: tuple[str, ...]) -> dict[str, list[bytes]]:
    """Name and content, in pieces, of all files that can be read, `but` these: the small ones,
    then larger ones as far as there is memory to spare for them.
    """
    kept: dict[str, list[bytes]] = {}
    try:
        sizes = [(storage.size(name), name) for name in storage.names() if name not in but]
        for octets, name in sorted(sizes):
            pieces = _pieces(storage, name, octets) if octets > 0 else []
            if pieces:
                kept[name] = pieces
    except OSError:
        return kept
    return kept


def _pieces(storage: Storage, name: str, octets: int) -> list[bytes]:
    """A file's content; nothing where it can't be read, or where there is no memory for it."""
    pieces: list[bytes] = []
    gc.collect()
    if octets > _KEPT_OCTETS and hasattr(gc, "mem_free") and gc.mem_free() < octets + _SPARED:
        return pieces
    try:
        for at in range(0, octets, _PIECE):
            piece = bytearray(min(_PIECE, octets - at))
            if storage.read(name, at, piece) != len(piece):
                return []
            pieces.append(bytes(piece))
    except MemoryError:
        return []
    return pieces


def keep(device: Any, content: bytes) -> None:
    """Keep this, if it can be; what doesn't fit into a block is not kept.

    :param device: see `SpoolArea`; its last block but one is used
    """
    if _HEAD + len(content) > device.ioctl(_IOCTL_SIZE, 0):
        content = b""
    block = device.ioctl(_IOCTL_COUNT, 0) - 2
    head = struct.pack(">4sHI", b"copy", len(content), binascii.crc32(content))
    try:
        device.ioctl(_IOCTL_ERASE, block)
        device.writeblocks(block, bytearray(head + content), 0)
    except OSError:
        return  # the file itself is what counts then


def content(device: Any) -> bytes:
    """What is kept; b"" when there is nothing, or it is damaged. Raises OSError."""
    block = device.ioctl(_IOCTL_COUNT, 0) - 2
    head = bytearray(_HEAD)
    device.readblocks(block, head, 0)
    mark, octets, checksum = struct.unpack(">4sHI", head)
    if mark != b"copy" or _HEAD + octets > device.ioctl(_IOCTL_SIZE, 0):
        return b""
    kept = bytearray(octets)
    device.readblocks(block, kept, _HEAD)
    return bytes(kept) if binascii.crc32(kept) == checksum else b""
