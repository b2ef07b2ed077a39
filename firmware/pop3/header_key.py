"""The key of a mail without a usable unique-id: a digest of what stays the same in a mail,
Message-ID, Date, From and size (POP3 rule 4). Without a Message-ID all of its text counts: two
mails must never be taken for one. Loaded while such mails are listed.
"""
from __future__ import annotations

import hashlib

from micropython import const

from firmware.pop3.identity import of_box

_FIELD_CAP = const(256)
_SLICE_OCTETS = const(512)
_FIELDS = (b"message-id", b"date", b"from")
_DISTINGUISHING = (b"received", b"subject", b"to")


class HeaderKey:
    """Makes a mail's key of its header, which is fed to it in pieces, as they come.

    Only the front of each field counts. A mail without a Message-ID is told from others of its
    size, date and sender by its Received, Subject and To fields and its text: `whole` says that
    the text is fed, too.
    """

    def __init__(self, mailbox: bytes, size: int, box: int = 0) -> None:
        self._box = box
        self._digest = hashlib.sha256(mailbox + b"\0\0%d\n" % size)
        self._further = hashlib.sha256()
        self.has_id = False
        self.whole = False
        self._line = b""
        self._field = b""
        self._in_header = True

    def feed(self, piece: memoryview) -> None:
        """Take the next piece of the mail; what follows the header counts only when `whole`."""
        at = 0
        while (self._in_header or self.whole) and at < len(piece):
            self._take(bytes(piece[at:at + _SLICE_OCTETS]))
            at += _SLICE_OCTETS

    def key(self) -> bytes:
        """The key, 8 octets; nothing can be fed afterwards."""
        if self._in_header and not self._ends_header():
            self._end_line()
            self._end_field()
        if not self.has_id:
            self._digest.update(self._further.digest())
        return of_box(self._digest.digest(), self._box)

    def _take(self, octets: bytes) -> None:
        at = 0
        while self._in_header:
            end = octets.find(b"\n", at)
            room = _FIELD_CAP - len(self._line)
            taken = octets[at:end if end >= 0 else len(octets)][:room]
            self._line += taken
            if (end >= 0 or len(taken) == room) and self._ends_header():
                at += len(taken)
            elif end < 0:
                return
            else:
                self._end_line()
                at = end + 1
        if self.whole:
            self._further.update(octets[at:])

    def _ends_header(self) -> bool:
        """True when the line is text: it ends a header that has no empty line behind it."""
        line = self._line
        if not self.whole or line[:1] in b" \t" or not line.strip() or b":" in line:
            return False
        self._end_field()
        self._further.update(line)
        self._line = b""
        self._in_header = False
        return True

    def _end_line(self) -> None:
        line, self._line = self._line, b""
        words = line.strip()
        if words and line[0] in b" \t":
            self._field += b" " + words[:max(_FIELD_CAP - len(self._field), 0)]
            return
        self._end_field()
        self._field = words
        self._in_header = bool(words)

    def _end_field(self) -> None:
        field, self._field = self._field, b""
        at = field.find(b":")
        name = field[:max(at, 0)].strip().lower()
        value = name + b":" + field[at + 1:].strip() + b"\n"
        if name in _FIELDS:
            self._digest.update(value)
            self.has_id = self.has_id or name == b"message-id"
        elif name in _DISTINGUISHING:
            self._further.update(value)
