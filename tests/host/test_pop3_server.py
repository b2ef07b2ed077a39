"""The embedded maildrop, judged by poplib: honest, and hostile where it is told to be."""
from __future__ import annotations

import asyncio
import poplib
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sim.pop3_server import (
    Drop,
    Exchange,
    Maildrop,
    Script,
    Server,
    drop_after,
    first_of,
    line_ends,
    refuse,
    replace,
    segments,
    serving,
    stall,
)

MAILS = (b"Subject: a\r\n\r\nhello\r\n", b"Subject: b\n\n.dot\n..\n.\nend",
         b"Subject: c\r\n\r\n" + b"x" * 76 + b"\r\n")


@contextmanager
def client(maildrop: Maildrop, script: Script | None = None,
           login: bool = True) -> Iterator[poplib.POP3]:
    with serving(maildrop, script) as server:
        pop = poplib.POP3(server.host, server.port, timeout=60)
        if login:
            pop.user("user")
            pop.pass_("secret")
        try:
            yield pop
        finally:
            pop.close()


def retrieved(pop: poplib.POP3, number: int) -> bytes:
    return b"".join(line + b"\r\n" for line in pop.retr(number)[1])


def settled(maildrop: Maildrop) -> None:
    """Wait until the server has seen that the connection is gone."""
    deadline = time.monotonic() + 60
    while maildrop.locked and time.monotonic() < deadline:
        time.sleep(0.005)
    assert not maildrop.locked


def test_listings_agree_with_the_mails() -> None:
    maildrop = Maildrop(MAILS)
    with client(maildrop) as pop:
        sizes = [len(mail.content) for mail in maildrop.mails]
        assert pop.stat() == (3, sum(sizes))
        assert pop.list()[1] == [b"%d %d" % (n + 1, size) for n, size in enumerate(sizes)]
        assert pop.list(2).split()[1:] == [b"2", b"%d" % sizes[1]]
        uids = [mail.uid.encode() for mail in maildrop.mails]
        assert pop.uidl()[1] == [b"%d %s" % (n + 1, uid) for n, uid in enumerate(uids)]
        assert pop.uidl(3).split()[1:] == [b"3", uids[2]]


def test_mails_come_with_crlf_and_stuffed_dots() -> None:
    maildrop = Maildrop(MAILS)
    with client(maildrop) as pop:
        assert retrieved(pop, 1) == MAILS[0]
        assert retrieved(pop, 2) == b"Subject: b\r\n\r\n.dot\r\n..\r\n.\r\nend\r\n"
        assert [mail.content for mail in maildrop.retrieved] == [
            MAILS[0], b"Subject: b\r\n\r\n.dot\r\n..\r\n.\r\nend\r\n"]


def test_exact_mail_keeps_its_bare_line_feeds() -> None:
    maildrop = Maildrop()
    maildrop.add(b"a\n.\nb\r\n", exact=True)
    with serving(maildrop) as server, socket.create_connection((server.host, server.port)) as peer:
        peer.sendall(b"USER user\r\nPASS secret\r\nRETR 1\r\nQUIT\r\n")
        said = b"".join(iter(lambda: peer.recv(4096), b""))
    assert b"octets\r\na\n.\nb\r\n.\r\n+OK bye\r\n" in said


def test_top_gives_the_header_and_so_many_lines() -> None:
    with client(Maildrop(MAILS)) as pop:
        assert pop.top(2, 0)[1] == [b"Subject: b", b""]
        assert pop.top(2, 2)[1] == [b"Subject: b", b"", b".dot", b".."]
        assert len(pop.top(2, 99)[1]) == 6


def test_mails_are_deleted_after_quit_and_not_before() -> None:
    maildrop = Maildrop(MAILS)
    with client(maildrop) as pop:
        pop.dele(1)
        pop.dele(3)
        assert pop.stat()[0] == 1
        with pytest.raises(poplib.error_proto):
            pop.retr(1)
        assert len(maildrop.mails) == 3 and maildrop.deleted == []
        pop.quit()
    assert [mail.content[:10] for mail in maildrop.deleted] == [b"Subject: a", b"Subject: c"]
    assert len(maildrop.mails) == 1


def test_dropped_connection_and_rset_delete_nothing() -> None:
    maildrop = Maildrop(MAILS)
    with client(maildrop) as pop:
        pop.dele(1)
        pop.close()
        settled(maildrop)
    with client(maildrop) as pop:
        pop.dele(1)
        pop.rset()
        assert pop.stat()[0] == 3
        pop.quit()
    assert len(maildrop.mails) == 3 and maildrop.deleted == []


def test_apop_and_wrong_passwords() -> None:
    maildrop = Maildrop(MAILS)
    with client(maildrop, login=False) as pop:
        with pytest.raises(poplib.error_proto):
            pop.apop("user", "wrong")
        pop.user("user")
        with pytest.raises(poplib.error_proto):
            pop.pass_("wrong")
        pop.apop("user", "secret")
        assert pop.stat()[0] == 3
    assert "secret" not in " ".join(maildrop.commands)


def test_capabilities() -> None:
    with client(Maildrop(), login=False) as pop:
        found = pop.capa()
        assert {"TOP", "USER", "UIDL", "RESP-CODES", "PIPELINING"} <= set(found)


def test_unknown_commands_and_wrong_states_are_refused() -> None:
    with client(Maildrop(MAILS), login=False) as pop:
        for line in ("STAT", "RETR 1", "DELE 1", "NOOP", "RSET", "PASS secret", "XYZZY", "", "_x"):
            with pytest.raises(poplib.error_proto):
                pop._shortcmd(line)
        pop.user("user")
        pop.pass_("secret")
        for line in ("USER user", "RETR", "RETR 0", "RETR 4", "RETR x", "TOP 1", "DELE 9"):
            with pytest.raises(poplib.error_proto):
                pop._shortcmd(line)
        assert pop.noop().startswith(b"+OK")


def test_second_session_finds_the_maildrop_locked() -> None:
    with client(Maildrop(MAILS)) as pop:
        other = poplib.POP3(pop.host, pop.port, timeout=60)
        other.user("user")
        with pytest.raises(poplib.error_proto, match="IN-USE"):
            other.pass_("secret")
        other.close()


def test_mail_delivered_during_a_session_is_seen_by_the_next() -> None:
    maildrop = Maildrop(MAILS)
    with client(maildrop) as pop:
        maildrop.add(b"new\r\n")
        pop.dele(1)
        assert pop.stat()[0] == 2
        pop.quit()
    with client(maildrop) as pop:
        assert pop.stat()[0] == 3


def test_unique_ids_are_of_the_content_and_differ_between_copies(tmp_path: Path) -> None:
    file = tmp_path / "a.eml"
    file.write_bytes(MAILS[0])
    first, second = Maildrop([MAILS[0], MAILS[1], MAILS[0]]), Maildrop([MAILS[1], file])
    assert first.mails[0].uid == second.mails[1].uid
    assert first.mails[1].uid == second.mails[0].uid
    assert len({mail.uid for mail in first.mails}) == 3


def test_pipelined_commands_are_answered_in_order() -> None:
    maildrop = Maildrop(MAILS)
    with serving(maildrop) as server, socket.create_connection((server.host, server.port)) as peer:
        peer.sendall(b"user user\r\nPass secret\r\nSTAT\r\nnoop\r\nQUIT\r\n")
        said = b"".join(iter(lambda: peer.recv(4096), b""))
    assert [line[:3] for line in said.splitlines()] == [b"+OK"] * 6


# hostile on request

def test_script_refuses_a_command_the_first_times() -> None:
    with client(Maildrop(MAILS), refuse("RETR", "[SYS/TEMP] later", times=1)) as pop:
        with pytest.raises(poplib.error_proto, match="SYS/TEMP"):
            pop.retr(1)
        assert retrieved(pop, 1) == MAILS[0]
    with client(Maildrop(MAILS), refuse("UIDL")) as pop:
        for _ in range(3):
            with pytest.raises(poplib.error_proto):
                pop.uidl()


def test_script_drops_the_connection_inside_a_mail() -> None:
    maildrop = Maildrop(MAILS)
    with client(maildrop, drop_after("RETR", 20, at_count=2)) as pop:
        assert retrieved(pop, 1) == MAILS[0]
        with pytest.raises((poplib.error_proto, OSError)):
            pop.retr(2)
        settled(maildrop)
    assert len(maildrop.mails) == 3


def test_script_changes_line_ends_segments_and_replies() -> None:
    with client(Maildrop(MAILS), line_ends(b"\n")) as pop:
        assert retrieved(pop, 1) == MAILS[0]
    with client(Maildrop(MAILS), segments(1)) as pop:
        assert retrieved(pop, 2).endswith(b".\r\nend\r\n")
    with client(Maildrop(MAILS), replace("STAT", b"+OK 7 7\r\n")) as pop:
        assert pop.stat() == (7, 7)


def test_script_stalls_and_the_first_that_speaks_counts() -> None:
    def rude(exchange: Exchange) -> list[Drop] | None:
        return [Drop()] if exchange.verb == "NOOP" else None

    with client(Maildrop(MAILS), first_of(stall("STAT", 0.2), rude)) as pop:
        began = time.monotonic()
        assert pop.stat()[0] == 3 and time.monotonic() - began >= 0.2
        with pytest.raises((poplib.error_proto, OSError)):
            pop.noop()


def test_a_server_that_stops_in_the_middle_of_a_mail_says_nothing_on_the_terminal() -> None:
    told: list[dict[str, object]] = []

    async def stopped() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, what: told.append(what))
        maildrop = Maildrop(MAILS)
        server = Server(maildrop)
        await server.start()
        reader, writer = await asyncio.open_connection(server.host, server.port)
        await reader.readline()  # the greeting; then the session waits for a command
        await server.stop()
        await asyncio.sleep(0)  # callbacks of what has ended run
        assert not maildrop.locked
        writer.close()

    asyncio.run(stopped())
    assert not told
