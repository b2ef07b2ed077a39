"""Misbehaviours of LIST and UIDL."""
from __future__ import annotations

from firmware.recording.faults import (
    PROTOCOL,
    SERVER_BROKE_OFF,
    SERVER_REFUSED,
    SERVER_SILENT,
)
from sim.pop3_server import Pause, first_of, refuse
from tests.faults.case import (
    DROP,
    FOREVER,
    Case,
    MakeScript,
    dripping,
    each_line,
    edit,
    endless,
    failing,
    insert,
    lines_of,
    renumbered,
    say,
    stretched,
)


def _sizes(size: bytes) -> MakeScript:
    return each_line("LIST", lambda line: renumbered(line, lambda _old: size))


def _ids(uid: bytes) -> MakeScript:
    return each_line("UIDL", lambda line: renumbered(line, lambda _old: uid))


def _with(verb: str, *lines: bytes) -> MakeScript:
    """Further lines behind those that belong there."""
    more = b"".join(line + b"\r\n" for line in lines)
    return edit(verb, lambda said: said[:-3] + more + b".\r\n")


def _without(verb: str, number: bytes) -> MakeScript:
    return each_line(verb, lambda line: b"" if line.split()[0] == number else line)


def _reversed(said: bytes) -> bytes:
    return b"\r\n".join([b"+OK", *reversed(lines_of(said)), b".", b""])


LIST = [
    Case("sizes are all zero", _sizes(b"0")),
    Case("sizes of 20 digits", _sizes(b"9" * 20)),
    Case("sizes of one octet", _sizes(b"1")),
    Case("sizes twice as large", each_line(
        "LIST", lambda line: renumbered(line, lambda old: b"%d" % (2 * int(old))))),
    Case("sizes are missing", each_line("LIST", lambda line: line.split()[0])),
    Case("sizes are negative", _sizes(b"-7")),
    Case("sizes are words", _sizes(b"large")),
    Case("LIST with several blanks", each_line("LIST", stretched)),
    Case("LIST with more behind the size", each_line("LIST", lambda line: line + b" octets, new")),
    Case("LIST with leading zeros", each_line("LIST", lambda line: b"000" + line)),
    Case("LIST in descending order", edit("LIST", _reversed)),
    Case("LIST has each mail twice", edit("LIST", lambda said: said[:-3] + said[5:])),
    Case("LIST with numbers that can't be", _with(
        "LIST", b"0 5", b"-1 5", b"x 5", b"99999999999999999999 5", b"", b" ")),
    Case("LIST has a mail that isn't there", _with("LIST", b"3 100")),
    Case("LIST has a mail far away", _with("LIST", b"900000 100")),
    Case("LIST lacks a mail", _without("LIST", b"2"), mails="AFC", recorded="AC"),
    Case("LIST ends its lines in bare LF", edit(
        "LIST", lambda said: said[:5] + said[5:].replace(b"\r\n", b"\n"))),
    Case("LIST says OK and nothing", say("LIST", b"+OK\r\n.\r\n"), recorded="", deleted=""),
    Case("LIST with stuffed lines", _with("LIST", b"..", b"..x")),
    failing("LIST refused", lambda: refuse("LIST"), SERVER_REFUSED),
    failing("LIST without end", endless("LIST", b"+OK\r\n", lambda n: b"%d 5\r\n" % n), PROTOCOL),
    failing("LIST of one mail without end", endless("LIST", b"+OK\r\n", lambda n: b"1 5\r\n"),
            PROTOCOL),
    failing("LIST line without end", endless("LIST", b"+OK\r\n", lambda n: b"1" * 64), PROTOCOL),
    failing("LIST breaks off", insert("LIST", 12, DROP), SERVER_BROKE_OFF),
    failing("LIST breaks off before the dot", insert("LIST", -3, DROP), SERVER_BROKE_OFF),
    failing("LIST breaks off behind the dot", insert("LIST", -2, DROP), SERVER_BROKE_OFF),
    failing("LIST falls silent", insert("LIST", 12, FOREVER), SERVER_SILENT),
    failing("LIST never ends its last line", insert("LIST", -2, FOREVER), SERVER_SILENT),
    Case("LIST drips", insert("LIST", 9, Pause(35))),
    failing("LIST drips for ever", dripping("LIST", 39), SERVER_SILENT, says="too slow"),
]

UIDL = [
    Case("no UIDL", lambda: refuse("UIDL"), notes="no unique-ids"),
    Case("neither UIDL nor TOP", lambda: first_of(refuse("UIDL"), refuse("TOP"))),
    Case("no UIDL, TOP refused once", lambda: first_of(refuse("UIDL"), refuse("TOP", times=1))),
    Case("all share one unique-id", _ids(b"same"), notes="share their unique-ids"),
    Case("two of three share a unique-id", each_line(
        "UIDL", lambda line: renumbered(line, lambda old: b"x" if line[:1] != b"2" else old)),
         mails="AFC"),
    Case("unique-ids are empty", each_line("UIDL", lambda line: line.split()[0] + b" ")),
    Case("unique-ids are missing", each_line("UIDL", lambda line: line.split()[0])),
    Case("unique-ids of 71 characters", each_line("UIDL", lambda line: line.ljust(80, b"x"))),
    Case("unique-ids of 900 characters", each_line("UIDL", lambda line: line.ljust(900, b"x"))),
    Case("unique-ids with 8-bit octets", each_line("UIDL", lambda line: line + b"\xe4")),
    Case("unique-ids with NUL", each_line("UIDL", lambda line: line + b"\0")),
    Case("unique-ids with blanks inside", each_line("UIDL", lambda line: line + b" and more")),
    Case("UIDL with several blanks", each_line("UIDL", stretched)),
    Case("UIDL with blanks behind", each_line("UIDL", lambda line: line + b"  ")),
    Case("UIDL in descending order", edit("UIDL", _reversed)),
    Case("UIDL lacks a mail", _without("UIDL", b"1"), mails="AFC"),
    Case("UIDL has a mail that isn't there", _with("UIDL", b"9 abc")),
    Case("UIDL has each mail twice", edit("UIDL", lambda said: said[:-3] + said[5:])),
    Case("UIDL gives a mail two ids", _with("UIDL", b"1 other")),
    Case("UIDL says OK and nothing", say("UIDL", b"+OK\r\n.\r\n")),
    Case("UIDL with numbers that can't be", _with("UIDL", b"0 a", b"-1 b", b"x c", b"9" * 30)),
    failing("UIDL without end", endless("UIDL", b"+OK\r\n", lambda n: b"%d u\r\n" % n), PROTOCOL),
    failing("UIDL line without end", endless("UIDL", b"+OK\r\n1 ", lambda n: b"u" * 64),
            PROTOCOL),
    failing("UIDL breaks off", insert("UIDL", 12, DROP), SERVER_BROKE_OFF),
    failing("UIDL falls silent", insert("UIDL", 12, FOREVER), SERVER_SILENT),
    failing("UIDL answered with gibberish", say("UIDL", b"1 abc\r\n"), PROTOCOL),
]

CASES = LIST + UIDL
