"""What a connection must be before a password goes over it: the rules of `pop.security`."""
from __future__ import annotations

import asyncio
import errno
from typing import TYPE_CHECKING

from firmware.pop3 import security
from firmware.pop3.reply import MIN_BUFFER
from firmware.pop3.session import Session
from firmware.recording import faults
from firmware.store.certificates import fingerprint
from tests.unit.certificate_support import FIRST, SECOND
from tests.unit.pop3_support import DROP, SILENCE, FakeNetwork, ScriptedLink
from tests.unit.store_support import FakeStorage
from tests.unit.support import raises

if TYPE_CHECKING:
    from typing import Any

IN_2026 = 1795413600
STLS = {b"STLS": [b"+OK begin\r\n"], b"CAPA": [b"+OK\r\nUSER\r\n.\r\n"]}


class Clock:
    def __init__(self, seconds: int) -> None:
        self.seconds = seconds

    def now(self) -> int:
        return self.seconds

    def set(self, seconds: int) -> None:
        self.seconds = seconds

    def ticks_ms(self) -> int:
        return 0

    def ticks_diff(self, later: int, earlier: int) -> int:
        return later - earlier


class Desk:
    """A session, its board, and the settings of a mailbox that wants TLS and trusts FIRST."""

    def __init__(self, replies: Any = None, greeting: Any = b"+OK ready\r\n", now: int = IN_2026,
                 **settings: Any) -> None:
        self.link = ScriptedLink(greeting, replies)
        self.network: Any = FakeNetwork(self.link)
        self.network.certificate = FIRST
        self.clock = Clock(now)
        self.storage = FakeStorage()
        self.storage.replace("roots", [FIRST, SECOND])
        self.trace: list[str] = []
        self.session: Any = Session(self.network, bytearray(MIN_BUFFER),
                                    trace=lambda side, line: self.trace.append(side + " " + line))
        board: Any = self
        self.session.board = board
        self.settings: Any = {
            "pop.host": "mail.example", "pop.port": 0, "pop.user": "user", "pop.pin": "",
            "pop.password": "secret", "pop.security": "tls", "pop.allow_plain": False,
            "pop.connect_s": 1, "pop.reply_s": 2, "pop.silence_s": 3, "clock.sntp": ""}
        for name, value in settings.items():
            self.settings[name.replace("_", ".", 1)] = value

    def connect(self) -> None:
        asyncio.run(security.connect(self.session, self.settings))

    def fault(self) -> Any:
        """The fault that connecting raises; nothing may be left open."""
        fault = raises(faults.Fault, self.connect)
        assert self.session.state == 0 and not self.session.secured
        assert b"USER" not in b"".join(self.link.sent)
        return fault


def test_implicit_tls_is_made_before_anything_is_said() -> None:
    desk = Desk()
    desk.connect()
    assert desk.network.secured == [("mail.example", [FIRST, SECOND], [])]
    assert desk.session.secured and desk.link.sent == []
    desk.session.close()
    assert not desk.session.secured


def test_port_is_that_of_the_security() -> None:
    for settings, port in (({"pop_security": "tls"}, 995), ({"pop_security": "stls"}, 110),
                           ({"pop_security": "plain", "pop_allow_plain": True}, 110),
                           ({"pop_security": "tls", "pop_port": 4995}, 4995)):
        desk = Desk(STLS, **settings)
        desk.connect()
        assert desk.network.asked == [("mail.example", port)]


def test_stls_comes_before_all_but_the_greeting_and_what_was_known_is_forgotten() -> None:
    desk = Desk(STLS, pop_security="stls")
    asyncio.run(desk.session.connect("mail.example", 110))
    desk.session.capabilities.add(b"SASL PLAIN")
    desk.network.links.append(desk.link)
    desk.link = ScriptedLink(b"+OK ready\r\n", STLS)
    desk.network.links = [desk.link]
    desk.connect()
    assert desk.network.secured == [("mail.example", [FIRST, SECOND], [b"STLS"])]
    assert desk.session.secured and not desk.session.capabilities.has("SASL")


def test_without_stls_there_is_no_session() -> None:
    for answer in (b"-ERR what?\r\n", b"-ERR [SYS/TEMP] later\r\n"):
        desk = Desk({b"STLS": [answer]}, pop_security="stls")
        assert desk.fault().code == faults.STLS_NOT_OFFERED
        assert desk.network.secured == [] and desk.link.closed
    endings: Any = ((DROP, faults.SERVER_BROKE_OFF), (SILENCE, faults.SERVER_SILENT),
                    (b"* OK\r\n", faults.PROTOCOL))
    for reply, code in endings:
        assert Desk({b"STLS": [reply]}, pop_security="stls").fault().code == code


def test_octets_behind_the_answer_to_stls_end_the_session() -> None:
    for behind in (b"+OK\r\n", b" ", b"\n", b"+OK\r\nSASL PLAIN\r\n.\r\n"):
        desk = Desk({b"STLS": [b"+OK begin\r\n" + behind]}, pop_security="stls")
        fault = desk.fault()
        assert fault.code == faults.TAMPERED and fault.detail == "%d octets" % len(behind)
        assert desk.network.secured == []


def test_plain_needs_a_word_when_there_is_a_password() -> None:
    desk = Desk(pop_security="plain")
    assert desk.fault().code == faults.PLAIN_REFUSED and desk.network.asked == []
    desk = Desk(pop_security="plain", pop_password="", pop_token="a token")
    assert desk.fault().code == faults.PLAIN_REFUSED and desk.network.asked == []
    for settings in ({"pop_allow_plain": True}, {"pop_password": ""}):
        desk = Desk(pop_security="plain", **settings)
        desk.connect()
        assert not desk.session.secured and desk.network.secured == []


def test_allow_plain_takes_nothing_from_tls() -> None:
    for mode in ("tls", "stls"):
        desk = Desk({b"STLS": [b"-ERR\r\n"]}, pop_security=mode, pop_allow_plain=True)
        desk.network.failure = ValueError("tls", "no cipher")
        assert desk.fault().code in (faults.TLS_FAILED, faults.STLS_NOT_OFFERED)


def test_each_reason_has_its_fault_and_advice() -> None:
    for error, code, words in (
            (ValueError("untrusted", "self-signed"), faults.CERTIFICATE_UNTRUSTED, "self-signed"),
            (ValueError("name", ""), faults.CERTIFICATE_NAME, "it is not for mail.example"),
            (ValueError("expired", ""), faults.CERTIFICATE_DATE, "it has expired"),
            (ValueError("early", ""), faults.CERTIFICATE_DATE, "it is not valid yet"),
            (ValueError("tls", "no cipher"), faults.TLS_FAILED, "no cipher"),
            (ValueError("anything"), faults.TLS_FAILED, "anything"),
            (OSError(errno.ETIMEDOUT), faults.SERVER_SILENT, ""),
            (OSError(errno.ECONNRESET), faults.SERVER_BROKE_OFF, "error 104")):
        desk = Desk()
        desk.network.failure = error
        fault = desk.fault()
        assert (fault.code, fault.detail) == (code, words)
        assert faults.panel_text(code).endswith(str(code))


def test_dates_are_judged_by_the_boards_clock() -> None:
    first, last = 1767323045, 2398475045  # of FIRST
    for now, words in ((first - 1, "it is not valid yet"), (last + 1, "it has expired")):
        fault = Desk(now=now).fault()
        assert (fault.code, fault.detail) == (faults.CERTIFICATE_DATE, words)
    for now in (first, last):
        Desk(now=now).connect()


def test_a_pin_decides_alone() -> None:
    pin = "".join(["%02x" % octet for octet in fingerprint(FIRST)])
    desk = Desk(now=0, pop_pin=pin)
    desk.storage.remove("roots")
    desk.connect()
    assert desk.network.secured == [("mail.example", None, [])] and desk.session.secured
    desk = Desk(pop_pin=pin)
    desk.network.certificate = SECOND
    assert desk.fault().code == faults.CERTIFICATE_PIN
    for mode in ("tls", "stls"):
        desk = Desk(STLS, pop_pin="00" * 32, pop_security=mode)
        assert desk.fault().code == faults.CERTIFICATE_PIN


def test_nobody_is_asked_before_there_is_something_to_check_by() -> None:
    desk = Desk()
    desk.storage.remove("roots")
    assert desk.fault().code == faults.NO_CERTIFICATES and desk.network.asked == []
    desk = Desk(now=0)
    assert desk.fault().code == faults.CLOCK_NOT_SET and desk.network.asked == []
    desk = Desk(now=0, clock_sntp="time.example")
    fault = desk.fault()
    assert fault.code == faults.CLOCK_NOT_SET and "does not answer" in fault.detail
    assert desk.network.asked == [("time.example", 123)]


def test_a_damaged_store_is_no_reason_to_trust() -> None:
    desk = Desk()
    desk.storage.files["roots"] = bytearray(FIRST[:200])
    fault = desk.fault()
    assert fault.code == faults.NO_CERTIFICATES and "damaged" in fault.detail
    desk = Desk()
    desk.storage.fail_read = 9
    assert desk.fault().code == faults.STORAGE


def test_a_greeting_that_says_the_password_is_shown_without_it() -> None:
    desk = Desk(greeting=b"-ERR 'secret' is not welcome\r\n", pop_security="plain",
                pop_allow_plain=True)
    assert "'****' is not welcome" in desk.fault().detail
    assert desk.trace == ["S -ERR '****' is not welcome"]


def test_no_network_is_told_as_such() -> None:
    for mode in ("tls", "stls"):
        desk = Desk(pop_security=mode, now=0)
        desk.network.up = False
        assert desk.fault().code == faults.NETWORK_DOWN


def test_without_a_mailbox_nothing_is_done() -> None:
    for name in ("pop_host", "pop_user"):
        desk = Desk(**{name: ""})
        assert desk.fault().code == faults.NOT_CONFIGURED and desk.network.asked == []
