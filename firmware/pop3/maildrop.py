"""What lies in the maildrop, as the listings said: a window of consecutive mail numbers."""
from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from micropython import const

from firmware.pop3.identity import KEY_OCTETS, is_usable, uid_key

if TYPE_CHECKING:
    from collections.abc import Iterator

ROW_OCTETS = const(13)  # key 8, octets of the mail 4, flags 1
_SIZE_AT = const(8)
_FLAGS_AT = const(12)

LISTED = const(1)  # LIST knows it
KEYED = const(2)  # its key is known
SHARED = const(4)  # its unique-id is that of another mail as well
FINISHED = const(8)  # the ledger says that it is on paper
MARKED = const(16)  # DELE was accepted
DUE = const(32)  # it has been kept as long as it should be


class MailWindow:
    """Rows for the mails numbered `first` to `last`; those beyond wait for the next visit.

    :param block: lent for good, ROW_OCTETS a mail
    """

    def __init__(self, block: bytearray) -> None:
        self.first = 1
        self.next_first = 0  # lowest number listed beyond the window, 0 for none
        self._block = block
        self._rows = len(block) // ROW_OCTETS
        self.used = 0  # rows

    def open(self, first: int) -> None:
        """Forget all and begin with mail number `first`."""
        self.first = first
        self.next_first = 0
        self.used = 0

    def list(self, number: int, size: int) -> None:
        """LIST said that there is a mail of this number and size."""
        row = number - self.first
        if row >= self._rows:
            self.next_first = min(number, self.next_first or number)
        elif row >= 0:
            while self.used <= row:
                self._clear(self.used)
                self.used += 1
            struct.pack_into("<I", self._block, row * ROW_OCTETS + _SIZE_AT, size)
            self.set(number, LISTED)

    def identify(self, mailbox: bytes, number: int, uid: memoryview | bytes,
                 box: int = 0) -> None:
        """UIDL said that this is the mail's unique-id: its key, when it is usable and no other's.

        Mails beyond the window count as others: theirs must not be taken for one already on paper.
        """
        row = number - self.first
        if row < 0 or not is_usable(uid) or (row < self._rows and not self.has(number, LISTED)):
            return
        key = uid_key(mailbox, uid, box)
        at = self._block.find(key, 0, self.used * ROW_OCTETS)
        taken = at >= 0 and at % ROW_OCTETS == 0
        if taken and at // ROW_OCTETS != row:
            other = self.first + at // ROW_OCTETS
            self.set(other, SHARED)
            self.unset(other, KEYED)
        if row < self._rows:
            self.set_key(number, key)
            if taken:
                self.set(number, SHARED)
                self.unset(number, KEYED)

    def find(self, key: bytes) -> int:
        """Number of a mail that has this key, 0 for none."""
        at = self._block.find(key, 0, self.used * ROW_OCTETS)
        while at >= 0 and at % ROW_OCTETS:
            at = self._block.find(key, at + 1, self.used * ROW_OCTETS)
        number = self.first + at // ROW_OCTETS
        return number if at >= 0 and self.has(number, KEYED) else 0

    def set_key(self, number: int, key: bytes) -> None:
        """The mail's key is known."""
        at = (number - self.first) * ROW_OCTETS
        self._block[at:at + KEY_OCTETS] = key
        self.set(number, KEYED)

    def key(self, number: int) -> bytes:
        """The mail's key; means something when it is KEYED."""
        at = (number - self.first) * ROW_OCTETS
        return bytes(self._block[at:at + KEY_OCTETS])

    def size(self, number: int) -> int:
        """Octets of the mail by LIST: a hint."""
        at = (number - self.first) * ROW_OCTETS + _SIZE_AT
        return int(struct.unpack_from("<I", self._block, at)[0])

    def has(self, number: int, flag: int) -> bool:
        """True when the mail's row has `flag`."""
        row = number - self.first
        return 0 <= row < self.used and bool(self._block[row * ROW_OCTETS + _FLAGS_AT] & flag)

    def set(self, number: int, flag: int) -> None:
        """Give the mail's row `flag`."""
        self._block[(number - self.first) * ROW_OCTETS + _FLAGS_AT] |= flag

    def unset(self, number: int, flag: int) -> None:
        """Take `flag` from the mail's row."""
        self._block[(number - self.first) * ROW_OCTETS + _FLAGS_AT] &= ~flag & 0xFF

    def numbers(self, wanted: int, unwanted: int = 0) -> Iterator[int]:
        """Numbers of listed mails that have all flags of `wanted` and none of `unwanted`."""
        wanted |= LISTED
        first, block = self.first, self._block

        def fits(number: int) -> bool:
            flags = block[(number - first) * ROW_OCTETS + _FLAGS_AT]
            return flags & wanted == wanted and not flags & unwanted

        # no generator: as long as it waits, one holds the code that has asked it last
        return filter(fits, range(first, first + self.used))

    def count(self, wanted: int, unwanted: int = 0) -> int:
        """How many `numbers` there are."""
        return sum(1 for _ in self.numbers(wanted, unwanted))

    def _clear(self, row: int) -> None:
        for at in range(row * ROW_OCTETS, (row + 1) * ROW_OCTETS):
            self._block[at] = 0
