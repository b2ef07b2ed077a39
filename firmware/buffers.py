"""All large buffers of the receiver, allocated once, before anything else is loaded: on a heap
that is still in one piece. Nothing above 4 KB is allocated later.
"""

from __future__ import annotations

import gc

from micropython import const

from firmware.fax.buffers import FaxBuffers

# what the mail reader holds back, 1536, and the piece that it works on; base64 does not come here,
# but for the first lines and the last
MAIL_OCTETS = const(2304)
_SMALL_MAIL = const(2048)
TIGHT = const(196608)  # a heap that has no more than this is spared wherever it can be

_RECEIVE, _SMALL_RECEIVE = const(4096), const(1536)
_SPOOL_BLOCK = const(4096)
_WINDOW, _SMALL_WINDOW = const(3071), const(1023)  # rows for 236 mails of a visit, or 78
_TEXT, _SMALL_TEXT = const(512), const(256)


def is_tight() -> bool:
    """True when the heap, free as it is now, has no octet to spare."""
    return hasattr(gc, "mem_free") and gc.mem_free() <= TIGHT


class Buffers:
    """Each is lent to one owner for good; the band of the fax buffers also to the text canvas.
    `small`: smaller ones, which do the same in more steps.
    """

    def __init__(self, small: bool = False) -> None:
        self.fax = FaxBuffers(small)
        self.receive = bytearray(_SMALL_RECEIVE if small else _RECEIVE)
        self.mail = bytearray(_SMALL_MAIL if small else MAIL_OCTETS)
        self.spool_block = bytearray(_SPOOL_BLOCK)
        self.window = bytearray(_SMALL_WINDOW if small else _WINDOW)
        self.text = bytearray(_SMALL_TEXT if small else _TEXT)
        self.front: bytearray | None = None  # free again when all is loaded
