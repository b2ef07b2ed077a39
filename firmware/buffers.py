"""All large buffers of the receiver, allocated once, before anything else is loaded: on a heap
that is still in one piece. Nothing above 4 KB is allocated later.
"""

from __future__ import annotations

from micropython import const

from firmware.fax.buffers import FaxBuffers

# what the mail reader holds back, 1536, and the piece that it works on; base64 does not come here,
# but for the first lines and the last
MAIL_OCTETS = const(2304)

_RECEIVE = const(4096)
_SPOOL_BLOCK = const(4096)
_WINDOW = const(3071)  # rows for 236 mails of a visit
_TEXT = const(512)


class Buffers:
    """Each is lent to one owner for good; the band of the fax buffers also to the text canvas."""

    def __init__(self) -> None:
        self.fax = FaxBuffers()
        self.receive = bytearray(_RECEIVE)
        self.mail = bytearray(MAIL_OCTETS)
        self.spool_block = bytearray(_SPOOL_BLOCK)
        self.window = bytearray(_WINDOW)
        self.text = bytearray(_TEXT)
        self.front: bytearray | None = None  # free again when all is loaded
