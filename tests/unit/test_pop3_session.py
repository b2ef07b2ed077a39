"""Commands, states, refusals and failures of a session.

Manual 6.5.9.2, RFC 1939, POP3 rules 7, 8 and 12.
"""
from __future__ import annotations

import asyncio
import errno
from typing import TYPE_CHECKING

from firmware.pop3.conversation import CLOSED, TRANSACTION
from firmware.pop3.failures import Refused, WrongState
from firmware.pop3.reply import MIN_BUFFER
from firmware.pop3.session import Session
from firmware.recording import faults
from tests.unit.pop3_support import (
    DROP,
    SILENCE,
    FakeNetwork,
    ScriptedLink,
    fault_code,
    listing,
    whole,
)
from tests.unit.support import raises

if TYPE_CHECKING:
    from typing import Any

LOGIN = {b"USER": [b"+OK\r\n"], b"PASS": [b"+OK\r\n"]}


def session_with(replies: Any = None, greeting: Any = b"+OK ready\r\n", segment: int = 0,
                 trace: Any = None) -> tuple[Session, ScriptedLink]:
    answers = dict(LOGIN)
    answers.update(replies or {})
    link = ScriptedLink(greeting, answers, segment)
    return Session(FakeNetwork(link), bytearray(MIN_BUFFER), trace=trace), link


def logged_in(replies: Any = None, segment: int = 0) -> tuple[Session, ScriptedLink]:
    session, link = session_with(replies, segment=segment)

    async def enter() -> None:
        await session.connect("mail", 110)
        await session.login("user", "secret")

    asyncio.run(enter())
    return session, link


def error_of(coroutine: Any) -> Any:
    return raises(Exception, asyncio.run, coroutine)


# connecting

def test_connects_to_the_port_and_reads_the_greeting() -> None:
    session, link = session_with(greeting=b"+OK POP3 <1@h>\r\n")
    asyncio.run(session.connect("mail", 110))
    assert session._network.asked == [("mail", 110)]
    assert session.greeting == b"POP3 <1@h>" and link.sent == []


def test_each_way_of_not_reaching_the_server_has_its_code() -> None:
    def code(network: FakeNetwork, host: str = "mail") -> int:
        session = Session(network, bytearray(MIN_BUFFER))
        return asyncio.run(fault_code(session.connect(host, 110)))

    assert code(FakeNetwork(up=False)) == faults.NETWORK_DOWN
    assert code(FakeNetwork(), "nowhere") == faults.NO_NAME
    assert code(FakeNetwork(OSError(errno.ECONNREFUSED))) == faults.NO_SERVER
    assert code(FakeNetwork(OSError(errno.ETIMEDOUT))) == faults.NO_SERVER
    assert code(FakeNetwork(ScriptedLink(DROP))) == faults.SERVER_BROKE_OFF
    assert code(FakeNetwork(ScriptedLink(SILENCE))) == faults.SERVER_SILENT
    assert code(FakeNetwork(ScriptedLink(b"-ERR busy\r\n"))) == faults.SERVER_REFUSED
    assert code(FakeNetwork(ScriptedLink(b"220 ready\r\n"))) == faults.PROTOCOL


def test_refusal_that_shows_at_the_first_read_is_no_server() -> None:
    class Refusing(ScriptedLink):
        async def readinto(self, view: memoryview) -> int:
            raise OSError(errno.ECONNREFUSED)

    session = Session(FakeNetwork(Refusing()), bytearray(MIN_BUFFER))
    assert asyncio.run(fault_code(session.connect("mail", 110))) == faults.NO_SERVER


def test_all_addresses_are_tried_in_their_order() -> None:
    link = ScriptedLink()
    network = FakeNetwork(OSError(errno.ECONNREFUSED), link)
    network.resolve = lambda host, port: [1, 2]
    session = Session(network, bytearray(MIN_BUFFER))
    asyncio.run(session.connect("mail", 110))
    assert network.links == [] and session.greeting == b"ready"


# commands and their replies

def test_commands_are_keyword_single_space_arguments_crlf() -> None:
    session, link = logged_in({b"STAT": [b"+OK 2 320\r\n"], b"DELE": [b"+OK\r\n"],
                               b"NOOP": [b"+OK\r\n"], b"RSET": [b"+OK\r\n"],
                               b"QUIT": [b"+OK bye\r\n"], b"TOP": [listing(b"a: b", b"")],
                               b"RETR": [listing(b"text")], b"CAPA": [listing(b"TOP")],
                               b"LIST": [listing(b"1 120")], b"UIDL": [listing(b"1 abc")]})

    async def converse() -> None:
        await session.capa()
        assert await session.stat() == (2, 320)
        await session.list(lambda number, size: None)
        await session.uidl(lambda number, uid: None)
        assert await whole(await session.top(1, 0)) == b"a: b\r\n\r\n"
        assert await whole(await session.retr(2)) == b"text\r\n"
        await session.dele(2)
        await session.noop()
        await session.rset()
        assert await session.quit()

    asyncio.run(converse())
    assert link.sent == [b"USER user", b"PASS secret", b"CAPA", b"STAT", b"LIST", b"UIDL",
                         b"TOP 1 0", b"RETR 2", b"DELE 2", b"NOOP", b"RSET", b"QUIT"]
    assert link.closed and session.state == CLOSED
    for line in link.sent:
        assert 3 <= len(line.split(b" ")[0]) <= 4


def test_refusal_of_any_command_is_told_and_the_session_goes_on() -> None:
    session, link = logged_in({b"NOOP": [b"+OK\r\n"]})

    async def converse() -> None:
        def ignore(number: int, what: Any) -> None:
            pass

        for refused, code in ((session.stat(), faults.SERVER_REFUSED),
                              (session.list(ignore), faults.SERVER_REFUSED),
                              (session.uidl(ignore), faults.SERVER_REFUSED),
                              (session.top(1, 0), faults.SERVER_REFUSED),
                              (session.retr(1), faults.MESSAGE_REFUSED),
                              (session.dele(1), faults.SERVER_REFUSED),
                              (session.rset(), faults.SERVER_REFUSED)):
            assert await fault_code(refused) == code
            await session.noop()
        assert not (await session.capa()).known
        await session.noop()
        assert not await session.quit()

    asyncio.run(converse())
    assert link.closed


def test_connection_lost_or_silent_at_any_command_closes_the_session() -> None:
    for verb, call in ((b"STAT", "stat"), (b"NOOP", "noop"), (b"RSET", "rset"), (b"QUIT", "quit"),
                       (b"CAPA", "capa")):
        for trouble, code in ((DROP, faults.SERVER_BROKE_OFF), (SILENCE, faults.SERVER_SILENT),
                              (b"what?\r\n", faults.PROTOCOL)):
            session, link = logged_in({verb: [trouble]})
            assert asyncio.run(fault_code(getattr(session, call)())) == code
            assert link.closed and session.state == CLOSED


def test_listing_that_breaks_off_closes_the_session() -> None:
    for lines in ([b"+OK\r\n1 2\r\n", DROP], [b"+OK\r\n1 2\r\n2 ", DROP]):
        session, link = logged_in({b"LIST": [lines]})
        code = asyncio.run(fault_code(session.list(lambda number, size: None)))
        assert code == faults.SERVER_BROKE_OFF and link.closed


def test_response_code_is_read_from_the_brackets() -> None:
    session, _ = logged_in({b"NOOP": [b"-ERR [sys/temp] later\r\n", b"-ERR [] x\r\n"]})
    refused = error_of(session.noop())
    assert isinstance(refused, Refused) and refused.response_code == "SYS/TEMP"
    assert error_of(session.noop()).response_code == ""


# states

def test_commands_of_the_wrong_state_are_not_sent() -> None:
    session, link = session_with()
    for call in (session.stat, session.noop, session.quit):
        assert isinstance(error_of(call()), WrongState)
    asyncio.run(session.connect("mail", 110))
    for call in (session.stat, session.noop, session.rset):
        assert isinstance(error_of(call()), WrongState)
    assert link.sent == []
    asyncio.run(session.login("user", "secret"))
    assert session.state == TRANSACTION
    sent = len(link.sent)
    assert isinstance(error_of(session.login("user", "secret")), WrongState)
    assert len(link.sent) == sent


def test_no_command_is_sent_into_an_unread_body() -> None:
    session, link = logged_in({b"RETR": [listing(b"text")], b"NOOP": [b"+OK\r\n"]})

    async def converse() -> None:
        body = await session.retr(1)
        assert not session.can_talk()
        assert isinstance(await error_in(session.noop()), WrongState)
        await body.drain()
        assert session.can_talk()
        await session.noop()

    asyncio.run(converse())
    assert link.verbs() == ["USER", "PASS", "RETR", "NOOP"]


async def error_in(coroutine: Any) -> Any:
    try:
        await coroutine
    except WrongState as error:
        return error
    return None


def test_quit_before_login_deletes_nothing_and_says_so() -> None:
    session, _ = session_with({b"QUIT": [b"+OK\r\n"]})
    asyncio.run(session.connect("mail", 110))
    assert asyncio.run(session.quit()) is False


# listings and their numbers

def listed(reply: Any, verb: str = "list", segment: int = 0) -> list[tuple[int, Any]]:
    session, _ = logged_in({b"LIST": [reply], b"UIDL": [reply], b"STAT": [b"+OK 3 1\r\n"]},
                           segment)
    found: list[tuple[int, Any]] = []

    async def read() -> None:
        await session.stat()
        if verb == "list":
            await session.list(lambda number, size: found.append((number, size)))
        else:
            await session.uidl(lambda number, uid: found.append((number, bytes(uid))))

    asyncio.run(read())
    return found


def test_sizes_are_hints_however_odd() -> None:
    reply = listing(b"1 0", b"2 99999999999999999999", b"3", b"4 x", b" 5  77  extra")
    for segment in (0, 1):
        assert listed(reply, segment=segment) == [(1, 0), (2, 0x3FFFFFFF), (3, 0), (4, 0), (5, 77)]


def test_lines_without_a_usable_number_are_passed_over() -> None:
    assert listed(listing(b"", b"x 1", b"0 5", b"-1 5", b"9" * 30 + b" 5", b"2 6")) == [(2, 6)]


def test_unique_ids_are_given_as_the_server_put_them() -> None:
    reply = listing(b"1 abc", b"2   ab c  ", b"3", b"4 " + b"x" * 100, b"5 \xe9")
    for segment in (0, 1):
        assert listed(reply, "uidl", segment) == [(1, b"abc"), (2, b"ab c"), (3, b""),
                                                  (4, b"x" * 100), (5, b"\xe9")]


def test_listing_longer_than_stat_allows_is_a_fault() -> None:
    for verb in (b"LIST", b"UIDL", b"CAPA"):
        session, link = logged_in({verb: [b"+OK\r\n" + b"1 1\r\n" * 1000],
                                   b"STAT": [b"+OK 3 1\r\n"]})
        asyncio.run(session.stat())
        call = {b"LIST": session.list, b"UIDL": session.uidl}.get(verb)
        read = call(lambda number, what: None) if call else session.capa()
        assert asyncio.run(fault_code(read)) == faults.PROTOCOL and link.closed


def test_stat_with_odd_numbers() -> None:
    for said, found in ((b"+OK 3", (3, 0)), (b"+OK 0 0 extra", (0, 0)),
                        (b"+OK 2  99999999999999999999", (2, 0x3FFFFFFF))):
        session, _ = logged_in({b"STAT": [said + b"\r\n"]})
        assert asyncio.run(session.stat()) == found
    session, _ = logged_in({b"STAT": [b"+OK none\r\n"]})
    assert asyncio.run(fault_code(session.stat())) == faults.PROTOCOL


def test_capabilities_are_read_with_their_arguments() -> None:
    session, _ = logged_in({b"CAPA": [listing(b"TOP", b"sasl PLAIN CRAM-MD5", b"LOGIN-DELAY 900",
                                              b"EXPIRE NEVER", b"", b"\xff", b"X" * 300)]})
    found = asyncio.run(session.capa())
    assert found.known and found.has("TOP") and found.has("SASL") and not found.has("UIDL")
    assert found.argument("SASL") == "PLAIN CRAM-MD5" and found.argument("TOP") == ""
    assert found.number("LOGIN-DELAY") == 900 and found.number("EXPIRE") == -1
    assert sorted(found.names()) == ["EXPIRE", "LOGIN-DELAY", "SASL", "TOP"]


# login

def login_code(greeting: bytes, replies: Any, mechanism: str = "auto", user: str = "user",
               password: str = "secret") -> tuple[int, ScriptedLink, str]:
    from firmware.recording.faults import Fault

    session, link = session_with(replies, greeting)
    asyncio.run(session.connect("mail", 110))
    try:
        asyncio.run(session.login(user, password, mechanism))
    except Fault as fault:
        return fault.code, link, str(fault)
    return 0, link, ""


APOP_GREETING = b"+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us> hi\r\n"


def test_apop_answers_the_timestamp_wherever_it_stands() -> None:
    # the example of RFC 1939 section 7
    code, link, _ = login_code(APOP_GREETING, {b"APOP": [b"+OK\r\n"]}, "apop", "mrose",
                               "tanstaaf")
    assert code == 0
    assert link.sent == [b"APOP mrose c4c9334bac560ecc979e58001b3e22fb"]


def test_apop_is_not_tried_without_a_well_formed_timestamp() -> None:
    for greeting in (b"+OK hi\r\n", b"+OK <no at>\r\n", b"+OK <a@b\r\n", b"+OK <a@b@c>\r\n",
                     b"+OK <a\xe9@b>\r\n", b"+OK <a b@c>\r\n", b"+OK <@b>\r\n", b"+OK <a@>\r\n",
                     b"+OK <<a@b>\r\n", b"+OK >a@b<\r\n"):
        code, link, _ = login_code(greeting, {}, "apop")
        assert code == faults.NO_LOGIN_METHOD and link.sent == []
        code, link, _ = login_code(greeting, {})
        assert code == 0 and link.verbs() == ["USER", "PASS"]


def test_wrong_password_and_busy_maildrop_are_told_apart() -> None:
    for said, blamed in ((b"-ERR invalid password", True),
                         (b"-ERR [AUTH] maildrop locked", True),
                         (b"-ERR [IN-USE] x", False),
                         (b"-ERR [LOGIN-DELAY] x", False),
                         (b"-ERR [SYS/TEMP] x", False),
                         (b"-ERR [SYS/PERM] x", False),
                         (b"-ERR maildrop already locked", False)):
        code = login_code(b"+OK\r\n", {b"PASS": [said + b"\r\n"]}, "user")[0]
        assert code and (code == faults.LOGIN_REFUSED) == blamed
    assert login_code(b"+OK\r\n", {b"USER": [b"-ERR who?\r\n"]})[0] == faults.LOGIN_REFUSED


def test_line_breaks_and_nul_in_user_or_password_are_refused_before_anything_is_sent() -> None:
    for bad in ("a\rb", "a\nb", "a\0b", "a\r\nDELE 1"):
        for user, password in ((bad, "x"), ("x", bad)):
            code, link, text = login_code(b"+OK\r\n", {}, "user", user, password)
            assert code == faults.NOT_CONFIGURED and link.sent == [] and bad not in text
    session, link = logged_in()
    sent = len(link.sent)
    raises(ValueError, asyncio.run, session.command(b"NOOP", b"a\r\nb"))
    assert len(link.sent) == sent


def test_password_may_hold_spaces_other_letters_and_be_long() -> None:
    password = "\u00e4 b  c " + "x" * 100
    code, link, _ = login_code(b"+OK\r\n", {}, "user", "user", password)
    assert code == 0 and link.sent[1] == b"PASS " + password.encode()


def test_unknown_mechanism_is_a_mistake() -> None:
    session, _ = session_with()
    asyncio.run(session.connect("mail", 110))
    raises(ValueError, asyncio.run, session.login("user", "secret", "magic"))


def test_password_is_in_no_fault_and_no_trace_even_when_the_server_says_it_back() -> None:
    lines: list[str] = []
    echo = b"-ERR 'hunter2' is not the password, hunter2!\r\n"
    session, _ = session_with({b"PASS": [echo], b"APOP": [b"-ERR wrong\r\n"]}, APOP_GREETING,
                              trace=lambda side, line: lines.append(side + " " + line))
    asyncio.run(session.connect("mail", 110))
    fault = error_of(session.login("user", "hunter2"))
    lines.extend((str(fault), repr(fault), session.words()))
    for text in lines:
        assert "hunter2" not in text
    assert "C PASS ****" in lines
    assert lines[0].startswith("S +OK POP3")
    assert "****" in str(fault)


def test_apop_digest_is_hidden_as_well() -> None:
    digest = "c4c9334bac560ecc979e58001b3e22fb"
    said = b"-ERR not " + digest.encode() + b"\r\n"
    code, link, text = login_code(APOP_GREETING, {b"APOP": [said]}, "apop", "mrose", "tanstaaf")
    assert code == faults.LOGIN_REFUSED and digest.encode() in link.sent[0]
    assert digest not in text and "not ****" in text


def test_what_the_server_says_is_made_printable_and_cut() -> None:
    session, _ = logged_in({b"NOOP": [b"-ERR \x1b[2J\xff" + b"y " * 200 + b"\r\n"]})
    words = error_of(session.noop()).detail
    assert words.startswith("?[2J?y") and len(words) <= 100
