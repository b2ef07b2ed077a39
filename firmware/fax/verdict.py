"""What is said of a page that did not come out perfect: loaded behind such a page, and dropped.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from micropython import const

from firmware.fax.ccitt import DAMAGED
from firmware.fax.page import Quality

if TYPE_CHECKING:
    from firmware.fax.directory import Directory
    from firmware.fax.lines import LineQueue
    from firmware.fax.page import FaxPage

_SHARE = const(50)  # a page that lacks up to 1/50, 6 mm of an A4 sheet, is as good as whole
_EXTENSION = "it uses the extension uncompressed mode, which can't be decoded"
_PERHAPS = "the coding is damaged, or uses uncompressed mode, which can't be decoded"
_SURE = const(4)  # bad lines that begin uncompressed mode, where nothing says that it is allowed
_ALLOWED = const(2)  # bit 1 of T4Options and T6Options


def nothing(page: FaxPage, decoder: LineQueue, directory: Directory) -> str:
    """Why not one row could be decoded."""
    if page.outside():
        return "its data lie outside the file"
    return _why(page.lost[0], decoder, directory) or "it has no rows"


def quality(page: FaxPage, decoder: LineQueue, directory: Directory) -> Quality:
    """Rows that are missing are a note where they are more than a small share of the page, else,
    like all that is odd but harmless, a remark.
    """
    result = Quality(page.rows, decoder.bad_rows, decoder.bad_run)
    if page.lost[0] and directory.length:  # rows that did not come are counted as bad
        result.rows = directory.length
        result.bad_run = max(decoder.bad_run, page.lost[2])
    # lines left out before the first good one are missing at the end: they are counted once
    result.bad_rows = min(result.bad_rows, result.rows)
    remarks = [page.remark] if page.remark else []
    extended = _extended(decoder, directory) and not page.lost[0]
    missing = 0 if page.full else directory.length - page.rows
    if page.full and page.rows > directory.length:  # or no length is said
        result.note = "it is longer than the sheet; what came behind is not on it"
    elif missing > 0:
        text = _missing(page, decoder, directory)
        # where EOLs are missing, rows are swallowed one by one
        damaged = page.lost[0] or decoder.bad_rows * 2 > missing
        if damaged and missing * _SHARE > directory.length:
            result.note = text
        else:
            remarks.append(text)
    elif missing < 0 and directory.length:
        remarks.append("%d rows more than its length says" % -missing)
    if extended and decoder.bad_rows * _SHARE > page.rows:
        told = "%s; %d lines of %d are lost" % (_EXTENSION, decoder.bad_rows, result.rows)
        result.note = told + "; " + result.note if result.note else told
    elif extended:
        remarks.append("lines in uncompressed mode are lost")
    result.remark = ", ".join(remarks)
    return result


def _missing(page: FaxPage, decoder: LineQueue, directory: Directory) -> str:
    reason, first, count = page.lost
    if not reason:
        return "%d rows of %d came" % (page.rows, directory.length)
    why = _why(reason, decoder, directory)
    return "%s; rows %d to %d are white" % (why, first, first + count - 1)


def _why(reason: str, decoder: LineQueue, directory: Directory) -> str:
    if _extended(decoder, directory):
        return _EXTENSION
    # what damage makes of a code is this one now and then: only where lines have no EOL one bad
    # code is all that there is to go by
    alone = reason == DAMAGED and not decoder.hunting
    return _PERHAPS if alone and 0 < decoder.judged == decoder.extensions else reason


def _extended(decoder: LineQueue, directory: Directory) -> bool:
    """True where most of the bad lines are so because they begin uncompressed mode, and so many
    that damage can't be the cause, or the file says that it may be used.
    """
    enough = 1 if directory.options & _ALLOWED else _SURE
    return enough <= decoder.extensions and decoder.extensions * 2 > decoder.judged


def text(result: Quality, counted: list[int]) -> str:
    """The line of the journal: named as the fields of RFC 3949 name it, beside what the sender's
    own fields say; '' where there is nothing to tell. `counted`: see `Directory`.
    """
    words = []
    if result.bad_rows:
        words.append("BadFaxLines %d of %d" % (result.bad_rows, result.rows))
        words.append("ConsecutiveBadFaxLines %d" % result.bad_run)
    sent = []
    for index, name in enumerate(("BadFaxLines", "CleanFaxData", "ConsecutiveBadFaxLines")):
        if counted[index] > 0:
            sent.append("%s %d" % (name, counted[index]))
    if sent:
        words.append("as sent: " + " ".join(sent))
    if result.remark:
        words.append(result.remark)
    return ", ".join(words)
