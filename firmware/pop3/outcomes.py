"""What became of a mail that was handed over."""
from __future__ import annotations

from micropython import const

RECORDED = const(1)
NOTICE = const(2)  # ended on paper as a notice sheet
UNFINISHED = const(3)  # stays on the server; the next mail may come
LEAVE = const(4)  # stays on the server, and so do all behind it: paper keeps the session waiting
AGAIN = const(5)  # wanted once more at once, now that it is known where everything in it is
