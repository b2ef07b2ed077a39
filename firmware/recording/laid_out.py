"""How pages are laid out: the parameters that decide which sheet holds what, as 4 octets.

The ledger counts sheets. A mail of which some sheets are on paper goes on with the layout that
they have, whatever the parameters say by then: else its pages would be numbered anew, and a page
be taken for one that is on paper. Loaded when parameters are read, and dropped.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from micropython import const

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from firmware.recording.document import Recording
    from firmware.recording.recorder import Recorder
    from firmware.store.ledger import Ledger

_VERSION = const(3)  # of the way in which pages are composed; 1..3
_LETTER_SHORTER = const(271)  # lines of 17.6 mm: 297 less 279.4
_LINES_PER_CM = const(154)
_FITS = ("reduce", "split", "cut")
_UNKNOWN = b"\0\0\0\0"


def packed(get: Callable[[str], Any]) -> bytes:
    """The layout that the parameters want."""
    number = _VERSION << 1 | bool(get("record.header"))
    number = number << 1 | (get("record.paper") == "letter")
    number = number << 2 | _FITS.index(get("record.fit"))
    number = number << 4 | get("record.cut_mm")
    number = number << 4 | get("record.overlap_mm")
    number = number << 8 | get("record.reduce_mm")
    return struct.pack(">I", number << 10 | get("record.sheets"))


def settings(layout: bytes) -> dict[str, Any]:
    """The parameters of a layout."""
    (number,) = struct.unpack(">I", layout)
    return {
        "record.header": bool(number >> 29 & 1),
        "record.paper": "letter" if number >> 28 & 1 else "A4",
        "record.fit": _FITS[number >> 26 & 3],
        "record.cut_mm": number >> 22 & 15,
        "record.overlap_mm": number >> 18 & 15,
        "record.reduce_mm": number >> 10 & 255,
        "record.sheets": number & 1023,
    }


def apply(recording: Recording, recorder: Recorder, layout: bytes) -> None:
    """Lay out what is recorded from now on like that."""
    of = settings(layout)
    recording.layout = layout
    recording.setting = of.__getitem__
    recording.cut_lines = of["record.cut_mm"] * _LINES_PER_CM // 10
    recording.sheet.header = of["record.header"]
    recorder.shorter_lines = _LETTER_SHORTER if of["record.paper"] == "letter" else 0


def choose(recording: Recording, recorder: Recorder, ledger: Ledger, key: bytes) -> bytes:
    """Apply and return the layout of a mail: that of its sheets on paper, if there are any, else
    the one that is wanted. Where the former does not fit the paper that is in the feeder now, all
    of the mail is recorded again, with the mark of a possible duplicate. Raises `Fault`.
    """
    layout, wanted = ledger.layout(key), recording.wanted
    if not ledger.pages_done(key) or layout == _UNKNOWN:
        layout = wanted
    elif not _is_possible(layout, wanted):
        ledger.over_again(key)
        layout = wanted
    apply(recording, recorder, layout)
    return layout


def _is_possible(layout: bytes, wanted: bytes) -> bool:
    """False for sheets longer than the paper, or composed by another version of the firmware."""
    if layout[0] >> 6 != _VERSION or layout[0] >> 2 & 3 == 3:
        return False
    return bool(layout[0] & 16) or not wanted[0] & 16
