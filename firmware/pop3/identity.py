"""Which mail is this? Keys by which the ledger knows a mail again in every later visit: by its
unique-id where the server gives a usable one, else by its header (`header_key`).
"""
from __future__ import annotations

import hashlib

from micropython import const

from firmware.pop3.parsing import is_printable

KEY_OCTETS = const(8)
_UID_CAP = const(70)  # RFC 1939 section 7


def is_usable(uid: memoryview | bytes) -> bool:
    """True for a unique-id as RFC 1939 section 7 wants it: 1 to 70 characters 0x21 to 0x7E."""
    return 0 < len(uid) <= _UID_CAP and is_printable(uid, 0x21)


def uid_key(mailbox: bytes, uid: memoryview | bytes, box: int = 0) -> bytes:
    """The key, 8 octets, of the mail with unique-id `uid` in `mailbox` (user@host), which is the
    machine's mailbox `box`, 0 to 3.
    """
    digest = hashlib.sha256(mailbox)
    digest.update(b"\0")
    digest.update(uid)
    return of_box(digest.digest(), box)


def box_of(key: bytes) -> int:
    """The mailbox, 0 to 3, of a key: two of its bits say it, so that no mailbox's mails are taken
    for gone because they are not in another.
    """
    return key[0] >> 6


def of_box(digest: bytes, box: int) -> bytes:
    """The key that is the front of a digest, of that mailbox."""
    return bytes((digest[0] & 0x3F | box << 6,)) + digest[1:KEY_OCTETS]
