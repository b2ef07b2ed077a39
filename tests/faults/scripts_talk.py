"""Misbehaviours before the first mail: greeting, CAPA, login, STAT."""
from __future__ import annotations

from typing import Any

from firmware.recording.faults import (
    LOGIN_REFUSED,
    LOGIN_TOO_SOON,
    MAILBOX_CLOSED,
    MAILBOX_IN_USE,
    NO_LOGIN_METHOD,
    NO_SERVER,
    PROTOCOL,
    SERVER_BROKE_OFF,
    SERVER_REFUSED,
    SERVER_SILENT,
    SERVER_TROUBLE,
)
from sim.pop3_server import Action, Exchange, Pause, refuse, segments
from tests.faults.case import (
    DROP,
    FOREVER,
    Case,
    MakeScript,
    after_all,
    dripping,
    edit,
    endless,
    failing,
    greets,
    honest,
    insert,
    say,
)


def _login(name: str, script: MakeScript, code: int = 0, **more: Any) -> Case:
    """A case of USER and PASS."""
    more["settings"] = {"pop.login": "user"}
    return failing(name, script, code, **more) if code else Case(name, script, **more)


def _refuses(text: str) -> MakeScript:
    return lambda: refuse("PASS", text)


def _dripping(exchange: Exchange) -> Any:
    return segments(1, 3)(exchange) if not exchange.verb else None


def _late(exchange: Exchange) -> list[Action]:
    return [Pause(25), exchange.reply]


GREETING = [
    Case("honest", honest, mails="ABCDE"),
    failing("nobody listens", honest, NO_SERVER, down=True),
    failing("greeting refuses", greets(b"-ERR go away"), SERVER_REFUSED, says="go away"),
    failing("greeting refuses with SYS/TEMP", greets(b"-ERR [SYS/TEMP] later"), SERVER_TROUBLE),
    failing("greeting refuses with an empty text", greets(b"-ERR"), SERVER_REFUSED),
    failing("greeting never comes", say("", FOREVER), SERVER_SILENT),
    failing("greeting never ends", say("", b"+OK rea", FOREVER), SERVER_SILENT),
    failing("greeting is the end", say("", DROP), SERVER_BROKE_OFF),
    failing("greeting breaks off", say("", b"+OK re", DROP), SERVER_BROKE_OFF),
    failing("greeting and end", say("", b"+OK ready\r\n", DROP), SERVER_BROKE_OFF),
    failing("web server", greets(b"HTTP/1.1 400 Bad Request"), PROTOCOL),
    failing("SMTP server", greets(b"220 mail ESMTP"), PROTOCOL),
    failing("IMAP server", greets(b"* OK IMAP4rev1"), PROTOCOL),
    failing("SSH server", greets(b"SSH-2.0-OpenSSH_9.2"), PROTOCOL),
    failing("Telnet negotiation first", greets(b"\xff\xfd\x18\xff\xfd\x20+OK"), PROTOCOL),
    failing("TLS server on this port", say("", b"\x15\x03\x01\0\x02\x02\x28", DROP),
            SERVER_BROKE_OFF),
    failing("greeting of one endless line", endless("", b"+OK ", lambda n: b"x" * 64), PROTOCOL),
    failing("greeting of 1100 octets", greets(b"+OK " + b"x" * 1100), PROTOCOL),
    failing("greeting of NULs without end", endless("", b"", lambda n: b"\0" * 64), PROTOCOL),
    failing("empty greeting line", greets(b""), PROTOCOL),
    failing("blank line before the greeting", edit("", lambda said: b"\r\n" + said), PROTOCOL),
    failing("greeting with blanks before it", edit("", lambda said: b"  " + said), PROTOCOL),
    failing("greeting ends in a bare CR", say("", b"+OK ready\r", FOREVER), SERVER_SILENT),
    Case("greeting of 512 octets", greets(b"+OK " + b"x" * 506)),
    Case("greeting in lower case", greets(b"+ok welcome")),
    Case("greeting without a text", greets(b"+OK")),
    Case("greeting with NUL and 8-bit octets", greets(b"+OK \0\xe4\xf6\xfc \x1b[2J")),
    Case("greeting ends in a bare LF", say("", b"+OK ready\n")),
    Case("greeting ends in CR CR LF", greets(b"+OK ready\r")),
    Case("greeting after 29 seconds", insert("", 0, Pause(29))),
    Case("greeting drips", lambda: _dripping),
    failing("greeting drips for ten minutes", dripping("", 20), SERVER_SILENT, says="too slow"),
    Case("APOP timestamp in front", greets(b"+OK <1.1@desk> ready")),
    Case("APOP timestamp that is no msg-id", greets(b"+OK <no at sign> ready")),
    Case("two APOP timestamps", greets(b"+OK <1@a> <2@b>")),
    Case("APOP timestamp without an end", greets(b"+OK <1.1@desk ready")),
    Case("APOP timestamp of 600 octets", greets(b"+OK <" + b"1" * 600 + b"@desk>")),
    Case("APOP timestamp with 8-bit octets", greets(b"+OK <\xff\xfe@desk>")),
]

CAPABILITIES = [
    Case("no CAPA", lambda: refuse("CAPA")),
    Case("CAPA without a line", say("CAPA", b"+OK\r\n.\r\n")),
    Case("CAPA of junk", say("CAPA", b"+OK\r\n\0\x01\xff\r\n   \r\n\r\n" + b"A" * 200
                             + b"\r\n..dot\r\n.\r\n")),
    Case("CAPA of 60 lines", say("CAPA", b"+OK\r\n" + b"".join(b"X%d\r\n" % n for n in range(60))
                                 + b".\r\n")),
    Case("CAPA line of 1000 octets", say("CAPA", b"+OK\r\nX " + b"x" * 990 + b"\r\n.\r\n")),
    Case("CAPA announces what nobody knows", say(
        "CAPA", b"+OK\r\nUSER\r\nSASL GSSAPI NTLM X\r\nLOGIN-DELAY x\r\nEXPIRE\r\n.\r\n")),
    failing("CAPA offers no login that we know", say(
        "CAPA", b"+OK\r\nSASL GSSAPI NTLM\r\n.\r\n"), NO_LOGIN_METHOD,
            settings={"pop.login": "auto"}),
    Case("CAPA differs behind the login", say("CAPA", b"+OK\r\n.\r\n", at=1)),
    failing("CAPA without end", endless("CAPA", b"+OK\r\n", lambda n: b"X%d\r\n" % n), PROTOCOL),
    failing("CAPA line without end", endless("CAPA", b"+OK\r\n", lambda n: b"X" * 64), PROTOCOL),
    failing("CAPA without a listing", say("CAPA", b"+OK\r\n"), SERVER_SILENT),
    failing("CAPA breaks off", say("CAPA", b"+OK\r\nTOP\r\nUS", DROP), SERVER_BROKE_OFF),
    failing("CAPA is not answered", say("CAPA", FOREVER), SERVER_SILENT),
    failing("CAPA is answered with gibberish", say("CAPA", b"what?\r\n"), PROTOCOL),
]

LOGIN = [
    _login("USER refused", lambda: refuse("USER"), LOGIN_REFUSED),
    _login("PASS refused", _refuses("no"), LOGIN_REFUSED),
    _login("PASS refused with AUTH", _refuses("[AUTH] no"), LOGIN_REFUSED),
    _login("PASS refused: in use", _refuses("[IN-USE] x"), MAILBOX_IN_USE),
    _login("PASS refused: too soon", _refuses("[LOGIN-DELAY] x"), LOGIN_TOO_SOON),
    _login("PASS refused: SYS/TEMP", _refuses("[SYS/TEMP] x"), SERVER_TROUBLE),
    _login("PASS refused: SYS/PERM", _refuses("[SYS/PERM] x"), MAILBOX_CLOSED),
    _login("PASS refused: locked, in words", _refuses("maildrop already locked"), MAILBOX_IN_USE),
    _login("PASS refused, the password said back", _refuses("bad: secret"), LOGIN_REFUSED,
           says="****"),
    _login("PASS not answered", say("PASS", FOREVER), SERVER_SILENT),
    _login("PASS breaks off", say("PASS", DROP), SERVER_BROKE_OFF),
    _login("PASS answered with gibberish", say("PASS", b"hello\r\n"), PROTOCOL),
    _login("PASS answered with a challenge", say("PASS", b"+ c2VjcmV0\r\n"), PROTOCOL),
    _login("all is refused", after_all(lambda said: b"-ERR no\r\n"), SERVER_REFUSED),
    _login("all is accepted, without listings", after_all(lambda said: b"+OK\r\n"),
           SERVER_SILENT),
    _login("refused and dropped", say("PASS", b"-ERR bye\r\n", DROP), LOGIN_REFUSED),
    _login("accepted without a blank", say("USER", b"+OKay\r\n")),
    _login("answer of 1000 octets", say("USER", b"+OK " + b"x" * 1000 + b"\r\n")),
    Case("APOP refused, password accepted", lambda: refuse("APOP")),
    Case("answers after 25 seconds each", lambda: _late),
]

STAT = [
    failing("STAT refused", lambda: refuse("STAT"), SERVER_REFUSED),
    failing("STAT without numbers", say("STAT", b"+OK no idea\r\n"), PROTOCOL),
    failing("STAT below zero", say("STAT", b"+OK -5 100\r\n"), PROTOCOL),
    failing("STAT breaks off", say("STAT", b"+OK 2", DROP), SERVER_BROKE_OFF),
    failing("STAT drips for ever", dripping("STAT", 25), SERVER_SILENT, says="too slow"),
    failing("STAT not answered", say("STAT", FOREVER), SERVER_SILENT),
    Case("STAT says there is nothing", say("STAT", b"+OK 0 0\r\n"), recorded="", deleted=""),
    Case("STAT says one too few", say("STAT", b"+OK 1 100\r\n")),
    Case("STAT says many too many", say("STAT", b"+OK 900 1\r\n")),
    Case("STAT of 20 digits", say("STAT", b"+OK " + b"9" * 20 + b" " + b"9" * 20 + b"\r\n")),
    Case("STAT without octets", say("STAT", b"+OK 2\r\n")),
    Case("STAT with more behind it", say("STAT", b"+OK 2 300 mails are here\r\n")),
    Case("STAT with several blanks", say("STAT", b"+OK   2   300\r\n")),
]

CASES = GREETING + CAPABILITIES + LOGIN + STAT
