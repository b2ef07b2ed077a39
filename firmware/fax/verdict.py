"""What is said of a page that did not come out perfect: loaded behind such a page, and dropped.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from micropython import const

from firmware.fax.page import Quality

if TYPE_CHECKING:
    from firmware.fax.directory import Directory
    from firmware.fax.lines import LineQueue
    from firmware.fax.page import FaxPage

_SHARE = const(50)  # a page that lacks up to 1/50, 6 mm of an A4 sheet, is as good as whole
_EXTENSION = "it uses the extension uncompressed mode, which can't be decoded"


def nothing(page: FaxPage, decoder: LineQueue) -> str:
    """Why not one row could be decoded."""
    if page.outside():
        return "its data lie outside the file"
    return _why(page.lost[0], decoder) or "it has no rows"


def quality(page: FaxPage, decoder: LineQueue, directory: Directory) -> Quality:
    """Rows that are missing are a note where they are more than a small share of the page, else,
    like all that is odd but harmless, a remark.
    """
    result = Quality(page.rows, decoder.bad_rows, decoder.bad_run)
    if page.lost[0] and directory.length:  # rows that did not come are counted as bad
        result.rows = directory.length
        result.bad_run = max(decoder.bad_run, page.lost[2])
    remarks = [page.remark] if page.remark else []
    if decoder.extension and not page.lost[0]:
        remarks.append("lines in uncompressed mode are lost")
    missing = 0 if page.full else directory.length - page.rows
    if page.full and not directory.length:
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
    result.remark = ", ".join(remarks)
    return result


def _missing(page: FaxPage, decoder: LineQueue, directory: Directory) -> str:
    reason, first, count = page.lost
    if not reason:
        return "%d rows of %d came" % (page.rows, directory.length)
    return "%s; rows %d to %d are white" % (_why(reason, decoder), first, first + count - 1)


def _why(reason: str, decoder: LineQueue) -> str:
    return _EXTENSION if decoder.extension and reason else reason


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
