"""A slice of `make kill`, and proof that it counts what it looks for."""

from __future__ import annotations

import random
import socket

import pytest

from tools import kill
from tools.faults_mails import fax, mail
from tools.kill_device import pages_of
from tools.kill_peers import SmtpSink


@pytest.mark.parametrize("keep", [True, False], ids=["keep", "delete"])
def test_our_device_loses_nothing_and_prints_nothing_twice_without_a_mark(keep: bool) -> None:
    chance = random.Random(3)
    mails = [mail(chance, tiffs=(fax(chance, 1),)) for _ in range(3)]
    row = kill.Row("uf-e1", "", "", "")
    pages = pages_of(mails, kill._ROWS)
    kill.our_round(keep, row, mails, pages, chance, (0.0, 0.6), 3)
    assert row.mails == 3
    assert not row.lost and not row.unmarked_duplicates and not row.wrong_deletes, row


def test_what_was_lost_or_came_twice_is_counted() -> None:
    row = kill.Row("", "", "", "")
    row.count(5, [0, 1, 1, 2], [2, 3, 3])
    assert (row.lost, row.unmarked_duplicates, row.marked_duplicates) == (1, 1, 2)


def test_a_file_that_was_torn_is_no_mail() -> None:
    for number, text in enumerate(kill.texts(12)):
        assert kill.number_of(text) == number
        assert kill.number_of(text[:-3]) is None
    assert len({len(text) for text in kill.texts(9)}) == 1


def test_a_mail_that_was_cut_off_has_not_been_taken_by_smtp() -> None:
    sink = SmtpSink()
    for tail in (b"", b"\r\n.\r\n"):
        with socket.create_connection(("127.0.0.1", sink.port)) as link:
            link.sendall(b"DATA\r\nhalf" + tail)
            link.shutdown(socket.SHUT_WR)
            while link.recv(100):
                pass
    sink.close()
    assert sink.mails == [b"half\r\n"]
