"""What RAM knows of each mail, packed: 18 octets a mail in chunks of 64, the last of which grows
by 16 when needed.

An entry: key (8 octets) · pages complete (2) · page with an intent (2) · flags (1) · spare (1) ·
digest (4, zeros for none): of its header when the mail is finished, else its pages' layout. An
all-zero key marks a free entry. Entries are named by their slot number, which stays the same as
long as the entry lives.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from micropython import const

if TYPE_CHECKING:
    from collections.abc import Iterator

FINISHED = const(1)
NOTICE = const(2)
DELETED = const(4)
DOUBT = const(8)  # begun when records were lost: its pages may be on paper already
GONE = const(16)  # RAM only: the server does not list it any more
SEEN = const(32)  # RAM only: the server lists it

_ENTRY = const(18)
_CHUNK = const(64)  # entries
_STEP = const(16)
_PAGES = const(8)
_INTENT = const(10)
_FLAGS = const(12)
_DIGEST = const(14)
_FREE = b"\0\0\0\0\0\0\0\0"
NO_DIGEST = b"\0\0\0\0"


class MailIndex:
    """The entries, `count` of them; who adds sees to it that they stay bounded."""

    def __init__(self) -> None:
        self.count = 0
        self._chunks: list[bytearray] = []

    def find(self, key: bytes) -> int:
        """Slot of the mail, or -1."""
        for number, chunk in enumerate(self._chunks):
            at = chunk.find(key)
            while at >= 0:
                if at % _ENTRY == 0:
                    return number * _CHUNK + at // _ENTRY
                at = chunk.find(key, at + 1)
        return -1

    def add(self, key: bytes) -> int:
        """Slot of a new, empty entry."""
        slot = self.find(_FREE)
        if slot < 0:
            slot = self._grow()
        self.put(slot, key, 0, 0, 0)
        self.count += 1
        return slot

    def _grow(self) -> int:
        """Make room for entries; returns the first of them."""
        chunks, slot = self._chunks, self._size()
        if slot % _CHUNK:
            chunks[-1] += bytes(_STEP * _ENTRY)
        else:
            chunks.append(bytearray(_STEP * _ENTRY))
        return slot

    def _size(self) -> int:
        """Entries that there is room for."""
        chunks = self._chunks
        return (len(chunks) - 1) * _CHUNK + len(chunks[-1]) // _ENTRY if chunks else 0

    def put(self, slot: int, key: bytes, pages: int, intent: int, flags: int) -> None:
        """Write the whole entry, without digest."""
        struct.pack_into(
            ">8sHHBxI",
            self._chunks[slot // _CHUNK],
            slot % _CHUNK * _ENTRY,
            key,
            pages,
            intent,
            flags,
            0,
        )

    def remove(self, slot: int) -> None:
        """Free the entry."""
        self.put(slot, _FREE, 0, 0, 0)
        self.count -= 1

    def slots(self) -> Iterator[int]:
        """Slots in use, in order; entries may be removed on the way."""
        for slot in range(self._size()):
            if self.key(slot) != _FREE:
                yield slot

    def key(self, slot: int) -> bytes:
        """The mail's key."""
        at = slot % _CHUNK * _ENTRY
        return bytes(self._chunks[slot // _CHUNK][at : at + 8])

    def pages(self, slot: int) -> int:
        """Pages complete."""
        return self._number(slot, _PAGES)

    def intent(self, slot: int) -> int:
        """The page last intended."""
        return self._number(slot, _INTENT)

    def flags(self, slot: int) -> int:
        """The flags, or'ed."""
        return self._chunks[slot // _CHUNK][slot % _CHUNK * _ENTRY + _FLAGS]

    def digest(self, slot: int) -> bytes:
        """The digest of a finished mail's header; the layout of one that is not."""
        at = slot % _CHUNK * _ENTRY + _DIGEST
        return bytes(self._chunks[slot // _CHUNK][at : at + 4])

    def set_digest(self, slot: int, digest: bytes) -> None:
        """Enter the digest or layout, 4 octets."""
        at = slot % _CHUNK * _ENTRY + _DIGEST
        self._chunks[slot // _CHUNK][at : at + 4] = digest

    def set_pages(self, slot: int, pages: int) -> None:
        """Raise the count of complete pages; it never falls."""
        self._raise(slot, _PAGES, pages)

    def set_intent(self, slot: int, page: int) -> None:
        """Raise the page with an intent; it never falls."""
        self._raise(slot, _INTENT, page)

    def set_flags(self, slot: int, add: int, drop: int = 0) -> None:
        """Set some flags and clear others."""
        at = slot % _CHUNK * _ENTRY + _FLAGS
        chunk = self._chunks[slot // _CHUNK]
        chunk[at] = (chunk[at] | add) & ~drop & 0xFF

    def _number(self, slot: int, field: int) -> int:
        at = slot % _CHUNK * _ENTRY + field
        chunk = self._chunks[slot // _CHUNK]
        return chunk[at] << 8 | chunk[at + 1]

    def _raise(self, slot: int, field: int, value: int) -> None:
        if value > self._number(slot, field):
            struct.pack_into(
                ">H",
                self._chunks[slot // _CHUNK],
                slot % _CHUNK * _ENTRY + field,
                min(value, 0xFFFF),
            )
