"""What is remembered of a server from visit to visit: its capabilities, and whether PIPELINING
works.

Loaded at the beginning and the end of a visit. A file a mailbox, replaced as a whole: CRC-32 of
what follows in 8 hex digits, CRC-32 of who was asked, CRC-32 of the fixed front of its greeting,
flags, all on the first line; then a line per capability, those after the login behind an empty
line.
"""
from __future__ import annotations

from binascii import crc32
from typing import TYPE_CHECKING

from micropython import const

from firmware.pop3.capability import Server

if TYPE_CHECKING:
    from firmware.devices import Storage
    from firmware.pop3.capability import Capabilities

_LARGEST = const(4096)


def identity(peer: str, greeting: bytes) -> bytes:
    """Says that it is the same server: who was asked, and how the greeting begins. What differs
    from session to session in a greeting stands behind a digit or a bracket.
    """
    end = 0
    while end < len(greeting) and greeting[end] not in b"0123456789<[(":
        end += 1
    return b"%08x %08x" % (crc32(peer.encode()), crc32(greeting[:end]))


def recall(storage: Storage | None, name: str, its_identity: bytes) -> Server:
    """What is remembered of the server of that identity; a new Server when nothing is."""
    server = Server()
    server.identity = its_identity
    if storage is None:
        return server
    try:
        data = bytearray(max(0, min(storage.size(name), _LARGEST)))
        octets = bytes(data[:storage.read(name, 0, data)]) if data else b""
    except OSError:
        return server
    head, _end, lines = octets.partition(b"\n")
    if head[9:26] != its_identity or head[:8] != _checksum(octets[9:]) or len(head) != 28:
        return server
    server.flags = head[27] - 0x30
    server.recalled = True
    before, _empty, after = lines.partition(b"\n\n")
    _fill(server.before, before)
    _fill(server.after, after)
    return server


def keep(storage: Storage, name: str, server: Server) -> None:
    """Remember the server. Raises OSError. Nothing is written when nothing has changed."""
    body = b"%s %d\n%s\n\n%s" % (server.identity, server.flags, _lines(server.before),
                                 _lines(server.after))
    whole = _checksum(body) + b" " + body
    data = bytearray(len(whole))
    if storage.size(name) != len(whole) or storage.read(name, 0, data) < 8 or data != whole:
        storage.replace(name, [whole])


def flag(storage: Storage, name: str, server: Server) -> None:
    """Remember other flags of a server that is remembered. Raises OSError."""
    remembered = recall(storage, name, server.identity)
    if remembered.recalled:
        remembered.flags = server.flags
        keep(storage, name, remembered)


def forget(storage: Storage | None, name: str) -> None:
    """Remember nothing of the server."""
    if storage is not None:
        storage.remove(name)


def _checksum(body: bytes) -> bytes:
    return b"%08x" % crc32(body)


def _fill(capabilities: Capabilities, lines: bytes) -> None:
    for line in lines.split(b"\n"):
        capabilities.add(line)
        capabilities.known = True


def _lines(capabilities: Capabilities) -> bytes:
    names = sorted(capabilities.names())
    return b"\n".join([("%s %s" % (name, capabilities.argument(name))).encode() for name in names])
