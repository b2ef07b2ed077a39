"""Whole visits to a server that may say anything. On either runtime."""
from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.pop3.mailbox import Visit
from firmware.pop3.maildrop import ROW_OCTETS
from firmware.pop3.outcomes import RECORDED
from firmware.pop3.reply import MIN_BUFFER
from firmware.pop3.session import Session
from tests.fuzz.drive import Octets

if TYPE_CHECKING:
    from typing import Any

    from firmware.pop3.body import Body

_BUFFER, _WINDOW = bytearray(MIN_BUFFER), bytearray(8 * ROW_OCTETS)


class _Ledger:
    """Keys that are finished."""

    def __init__(self) -> None:
        self.done: list[bytes] = []

    def is_finished(self, key: bytes) -> bool:
        return key in self.done

    def ended_as_notice(self, key: bytes) -> bool:
        return False

    def pages_done(self, key: bytes) -> int:
        return 1

    def finish(self, key: bytes, pages: int, notice: bool) -> None:
        self.done.append(key)

    def deleted(self, key: bytes) -> None:
        assert key in self.done

    def forget_others(self, live_keys: Any, box: int) -> None:
        list(live_keys)


class _Network:
    def __init__(self, link: Octets) -> None:
        self._link = link

    def is_up(self) -> bool:
        return True

    def resolve(self, host: str, port: int) -> list[Any]:
        return [(host, port)]

    async def connect(self, address: Any, timeout_ms: int) -> Octets:
        if self._link.sent:
            raise OSError(111)  # one connection is all there is
        return self._link


_SETTINGS = {"pop.host": "mail", "pop.port": 110, "pop.user": "user", "pop.password": "pw",
             "pop.login": "user", "pop.security": "plain", "pop.allow_plain": True,
             "pop.delete": "after-record", "pop.connect_s": 1, "pop.reply_s": 1,
             "pop.silence_s": 1}


async def visit(data: bytes) -> None:
    """A whole visit to a server that says this, whatever it is asked: never an exception, and DELE
    only of mails that came whole, or are the same as one that did.
    """
    link = Octets(data[1:], data[0] & 15 if data else 0, bool(data and data[0] & 128))
    ledger, whole = _Ledger(), []

    async def deliver(key: bytes, number: int, count: int, size: int, mail: Body) -> int:
        await mail.drain()
        whole.append(number)
        return RECORDED

    session = Session(_Network(link), _BUFFER)
    said: list[str] = []
    one = Visit(session, ledger, deliver, _SETTINGS, lambda code, text: said.append(text),
                _WINDOW)
    result = await one.run()
    deleted = [int(word[5:]) for line in link.sent for word in line.split(b"\r\n")
               if word[:5] == b"DELE "]
    for number in deleted:
        assert number in whole or "mail %d: a copy of it is on paper" % number in said, said
    assert result.deleted <= len(deleted)


def conversations() -> list[bytes]:
    """Sound inputs: what an honest server says, one that announces nothing, and one that takes
    commands ahead; what is damaged goes wrong at some depth.
    """
    mails = b"+OK 2 300\r\n+OK\r\n1 100\r\n2 200\r\n.\r\n+OK\r\n1 a\r\n2 b\r\n.\r\n"
    mail, ok = b"+OK\r\nFrom: a\r\n\r\n..hi\r\n.\r\n", b"+OK\r\n"
    capa = b"+OK\r\nUSER\r\nUIDL\r\nTOP\r\nPIPELINING\r\nRESP-CODES\r\n.\r\n"
    plain = b"+OK\r\n-ERR\r\n+OK\r\n+OK\r\n-ERR\r\n" + mails + mail + ok + mail + ok + ok
    ahead = ok + capa + ok + ok + capa + mails + mail + b"+OK 2 200\r\n" + mail + ok + ok + ok
    no_ids = b"+OK\r\n-ERR\r\n+OK\r\n+OK\r\n-ERR\r\n+OK 1 9\r\n+OK\r\n1 9\r\n.\r\n-ERR\r\n"
    return [b"\0" + plain, b"\x81" + plain, b"\0" + ahead, b"\x87" + ahead,
            b"\3" + no_ids + mail + mail + ok + ok]
