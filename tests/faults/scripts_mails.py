"""Misbehaviours of RETR, TOP, DELE and QUIT, and of whole sessions."""
from __future__ import annotations

from typing import Any

from firmware.recording.faults import PROTOCOL, SERVER_BROKE_OFF, SERVER_SILENT
from sim.pop3_server import Exchange, Maildrop, Pause, first_of, line_ends, refuse, segments
from tests.faults.case import (
    DROP,
    FOREVER,
    Case,
    MakeScript,
    after_all,
    dripping,
    edit,
    endless,
    honest,
    insert,
    of_mail,
    say,
    script_of,
)
from tests.faults.mails import MAILS


def _body_of(said: bytes) -> bytes:
    return said[said.index(b"\n") + 1:]


def _lf_body(said: bytes) -> bytes:
    body = _body_of(said)
    return said[:-len(body)] + body.replace(b"\r\n", b"\n")


def _lf_sizes(exchange: Exchange) -> list[bytes] | None:
    """LIST counts a line end as one octet."""
    if exchange.verb != "LIST":
        return None
    sizes = [b"%d %d" % (number, len(MAILS[letter].replace(b"\r", b"")))
             for number, letter in enumerate("AF", 1)]
    return [b"+OK\r\n" + b"\r\n".join(sizes) + b"\r\n.\r\n"]


def _second(name: str, script: MakeScript, code: int, **more: Any) -> Case:
    """The second of three mails fails the session: the first is on paper, nothing is deleted."""
    return Case(name, script, **{"mails": "AFC", "code": code, "recorded": "A", "deleted": "",
                                 **more})


def _unstuffed(said: bytes) -> bytes:
    return said.replace(b"\r\n..", b"\r\n.")


def _undead(drop: Maildrop) -> None:
    """The server lists again what it said it had deleted."""
    drop.add(MAILS["A"], exact=True)


RETR = [
    Case("one mail refused", lambda: refuse("RETR", times=1), mails="AFC", recorded="FC"),
    Case("one mail refused with SYS/TEMP", lambda: refuse("RETR", "[SYS/TEMP] no", 1),
         mails="AFC", recorded="FC"),
    Case("one mail refused for ever", of_mail("F", lambda said: [b"-ERR broken\r\n"]),
         mails="AFC", recorded="", visits=2),
    Case("all mails refused", lambda: refuse("RETR"), recorded=""),
    Case("RETR says lower case ok", edit("RETR", lambda said: b"+ok" + said[3:])),
    Case("RETR says OK without more", edit("RETR", lambda said: b"+OK\r\n" + _body_of(said))),
    Case("RETR says 900 octets of text", edit(
        "RETR", lambda said: b"+OK " + b"x" * 900 + b"\r\n" + _body_of(said))),
    _second("RETR breaks off in its answer", insert("RETR", 2, DROP, at=2), SERVER_BROKE_OFF),
    _second("RETR breaks off behind its answer", insert("RETR", 17, DROP, at=2),
            SERVER_BROKE_OFF),
    _second("mail breaks off in its header", insert("RETR", 80, DROP, at=2), SERVER_BROKE_OFF),
    _second("mail breaks off in its body", insert("RETR", 600, DROP, at=2), SERVER_BROKE_OFF),
    _second("mail breaks off before the dot", insert("RETR", -3, DROP, at=2), SERVER_BROKE_OFF),
    _second("mail breaks off behind the dot", insert("RETR", -2, DROP, at=2), SERVER_BROKE_OFF),
    _second("mail breaks off in the last line end", insert("RETR", -1, DROP, at=2),
            SERVER_BROKE_OFF),
    _second("text breaks off before the dot", insert("RETR", -3, DROP, at=2), SERVER_BROKE_OFF,
            mails="FAC", recorded="F"),
    _second("RETR not answered", say("RETR", FOREVER, at=2), SERVER_SILENT),
    _second("RETR answered with gibberish", say("RETR", b"here it is\r\n", at=2), PROTOCOL),
    _second("mail falls silent", insert("RETR", 80, FOREVER, at=2), SERVER_SILENT),
    _second("mail falls silent before the dot", insert("RETR", -3, FOREVER, at=2), SERVER_SILENT),
    _second("mail falls silent behind the dot", insert("RETR", -2, FOREVER, at=2), SERVER_SILENT),
    _second("status line without end", endless("RETR", b"+OK", lambda n: b"x" * 64, at=2),
            PROTOCOL),
    _second("mail drips for ever", dripping("RETR", 39, at=2), SERVER_SILENT, says="too slow"),
    Case("mail with pauses of 35 seconds", insert("RETR", 80, Pause(35))),
    Case("terminating line in two, seconds apart", insert("RETR", -1, Pause(20)), mails="ABCD"),
    Case("dot and line end seconds apart", insert("RETR", -2, Pause(20)), mails="ABCD"),
    Case("last line end and dot seconds apart", insert("RETR", -3, Pause(20)), mails="ABCD"),
    Case("a server of bare LF", lambda: line_ends(b"\n"), mails="ABC"),
    _second("a server of bare CR", lambda: line_ends(b"\r"), SERVER_SILENT, recorded=""),
    Case("CRLF answers, LF mails, sizes of LF", lambda: first_of(
        _lf_sizes, script_of("RETR", lambda said: [_lf_body(said)])()), notes="mixed line ending"),
    Case("CRLF mails end in dot LF", edit("RETR", lambda said: said[:-2] + b"\n"), mails="AFC",
         notes="mixed line ending"),
    Case("LF answers, CRLF mails", edit(
        "RETR", lambda said: said.replace(b"\r\n", b"\n", 1)), notes="mixed line ending"),
    Case("mail with LF dot LF inside", honest, mails="DA"),
    Case("dots are not stuffed", edit("RETR", _unstuffed), mails="GA"),
    Case("a lone dot is not stuffed", edit("RETR", _unstuffed), mails="LA", code=PROTOCOL,
         recorded="", again="L"),
    Case("a lone dot is not stuffed, for ever", of_mail("L", lambda said: [_unstuffed(said)]),
         mails="LAF", recorded="AF", again="L", visits=3),
    Case("empty body", honest, mails="EA"),
    Case("mail with a header of 300 kB", honest, mails="HA"),
    Case("mail of 8-bit octets and NUL", honest, mails="IA"),
    Case("mail without a header", honest, mails="JA"),
    Case("what can't be recorded", honest, mails="PA", notices="P"),
    Case("lines of 40,000 octets", honest, mails="KA", notices="K"),
    Case("only a dot behind OK", edit("RETR", lambda said: b"+OK\r\n.\r\n", at=1),
         recorded="JF", deleted="AF", exact=False),
    _second("two ends", edit("RETR", lambda said: said + b".\r\n", at=2), PROTOCOL),
]

DELE = [
    Case("DELE refused", lambda: refuse("DELE"), deleted=""),
    Case("one DELE refused", lambda: refuse("DELE", times=1), deleted="F"),
    Case("DELE breaks off", say("DELE", DROP), code=SERVER_BROKE_OFF, recorded="A", deleted=""),
    Case("second DELE breaks off", say("DELE", DROP, at=2), code=SERVER_BROKE_OFF, deleted=""),
    Case("DELE not answered", say("DELE", FOREVER), code=SERVER_SILENT, recorded="A", deleted=""),
    Case("DELE answered with gibberish", say("DELE", b"gone\r\n"), code=PROTOCOL, recorded="A",
         deleted=""),
    Case("DELE refused and hung up", say("DELE", b"-ERR idle for too long\r\n", DROP),
         code=SERVER_BROKE_OFF, recorded="A", deleted=""),
    Case("DELE answered twice", edit("DELE", lambda said: said + said, at=1), code=PROTOCOL,
         recorded="A", deleted=""),
    Case("DELE answered again a second later", script_of(
        "DELE", lambda said: [said, Pause(1), said], at=1), code=PROTOCOL, recorded="A",
         deleted=""),
    Case("deleted mail is listed again", honest, between=_undead),
]

QUIT = [
    Case("QUIT refused", lambda: refuse("QUIT"), deleted="", notes="QUIT"),
    Case("QUIT breaks off", say("QUIT", DROP), code=SERVER_BROKE_OFF, deleted="AF"),
    Case("QUIT not answered", say("QUIT", FOREVER), code=SERVER_SILENT, deleted="AF"),
    Case("QUIT answered with gibberish", say("QUIT", b"bye\r\n"), code=PROTOCOL, deleted="AF"),
    Case("QUIT answered after 25 seconds", insert("QUIT", 0, Pause(25))),
]

SESSION = [
    Case("a mail ends the session, for ever", of_mail(
        "A", lambda said: [said[:80], DROP]), mails="AFC", recorded="FC", visits=3),
    Case("a mail silences the session, for ever", of_mail(
        "A", lambda said: [said[:80], FOREVER]), mails="AFC", recorded="FC", visits=3),
    Case("octet by octet", lambda: segments(1)),
    Case("two octets at a time", lambda: segments(2), mails="AFC"),
    Case("seven octets at a time", lambda: segments(7), mails="AFC"),
    Case("answers with blanks at their ends", after_all(
        lambda said: said.replace(b"\r\n", b"  \r\n", 1))),
    Case("nothing may be deleted", honest, deleted="", settings={"pop.delete": "never"},
         left="AFN"),
]

CASES = RETR + DELE + QUIT + SESSION
