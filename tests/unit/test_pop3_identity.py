"""Keys of mails: by unique-id, or by what stays the same in a header (POP3 rule 4)."""
from __future__ import annotations

import hashlib

from firmware.pop3.header_key import HeaderKey
from firmware.pop3.identity import box_of, is_usable, uid_key
from firmware.pop3.maildrop import (
    FINISHED,
    KEYED,
    LISTED,
    ROW_OCTETS,
    SHARED,
    MailWindow,
)

BOX = b"user@mail"
HEADER = (b"Received: by a\r\nFrom: Joe\r\n <joe@example.com>\r\nSubject: x\r\n"
          b"Message-ID: <1@example.com>\r\nDate: Mon, 1 Jan 2024 00:00:00 +0000\r\n\r\n")


def header_key(octets: bytes, size: int = 100, piece: int = 0) -> bytes:
    key = HeaderKey(BOX, size)
    step = piece or len(octets) or 1
    for at in range(0, len(octets), step):
        key.feed(memoryview(octets)[at:at + step])
    return key.key()


def test_key_of_a_unique_id_is_the_front_of_its_sha256_with_the_mailbox() -> None:
    digest = hashlib.sha256(b"user@mail\0abc").digest()
    assert uid_key(BOX, b"abc") == bytes((digest[0] & 0x3F,)) + digest[1:8]
    assert [box_of(uid_key(BOX, b"abc", box)) for box in range(4)] == [0, 1, 2, 3]
    assert uid_key(b"other@mail", b"abc") != uid_key(BOX, b"abc")


def test_usable_unique_ids_are_1_to_70_printable_characters() -> None:
    assert is_usable(b"!") and is_usable(b"~" * 70)
    for bad in (b"", b"x" * 71, b"a b", b"a\x7f", b"\xe9", b"a\0"):
        assert not is_usable(bad)


def test_header_key_does_not_depend_on_segments_or_on_what_follows_the_header() -> None:
    whole = header_key(HEADER)
    for piece in (1, 2, 3, 7, 50):
        assert header_key(HEADER, 100, piece) == whole
    assert header_key(HEADER + b"From: body\r\n") == whole


def test_header_key_is_of_message_id_date_from_and_size() -> None:
    whole = header_key(HEADER)
    for old, new in ((b"<1@", b"<2@"), (b"2024", b"2025"), (b"joe@", b"jim@")):
        assert header_key(HEADER.replace(old, new)) != whole
    assert header_key(HEADER, 101) != whole
    for old, new in ((b"Subject: x", b"Subject: y"), (b"by a", b"by b"), (b"From:", b"FROM:"),
                     (b"\r\n", b"\n"), (b"Received", b"Status: RO\r\nReceived")):
        assert header_key(HEADER.replace(old, new)) == whole


def test_mail_without_message_id_is_told_apart_by_how_it_came() -> None:
    poor = HEADER.replace(b"Message-ID", b"X-Other")
    assert header_key(poor) == header_key(poor)
    assert header_key(poor.replace(b"by a", b"by b")) != header_key(poor)
    assert header_key(poor.replace(b"Subject: x", b"Subject: y")) != header_key(poor)


def test_text_counts_where_the_header_says_too_little() -> None:
    def key(mail: bytes, step: int = 1000) -> bytes:
        header = HeaderKey(BOX, 100)
        header.whole = True
        for at in range(0, len(mail), step):
            header.feed(memoryview(mail)[at:at + step])
        return header.key()

    for front in (b"", b"\r\n", HEADER.replace(b"Message-ID", b"X-Other")):
        one, other = front + b"one" * 400, front + b"two" * 400
        assert key(one) == key(one, 1) == key(one, 7) != key(other)
    assert key(HEADER + b"one") == key(HEADER + b"two")  # this one says enough


def test_header_of_any_size_and_none_at_all_has_a_key() -> None:
    long = HEADER.replace(b"Subject: x", b"Subject: " + b"y" * 5000 + b"\r\n z" * 500)
    assert header_key(long, 100, 600) == header_key(HEADER)
    for odd in (b"", b"\r\n", b"no colon\r\n\r\n", b"\n", b" folded first\r\n\r\n", b"From"):
        assert len(header_key(odd)) == 8


# the window of the maildrop

def window(rows: int = 4, first: int = 1) -> MailWindow:
    found = MailWindow(bytearray(b"\xff" * (rows * ROW_OCTETS)))
    found.open(first)
    return found


def test_window_holds_what_list_said() -> None:
    mails = window()
    mails.list(3, 300)
    mails.list(1, 0x3FFFFFFF)
    assert list(mails.numbers(0)) == [1, 3]
    assert mails.size(3) == 300 and mails.size(1) == 0x3FFFFFFF
    assert not mails.has(2, LISTED) and not mails.has(3, KEYED) and not mails.has(9, LISTED)


def test_mails_beyond_the_window_are_left_for_the_next() -> None:
    mails = window(2)
    for number in (9, 5, 1, 2, 7):
        mails.list(number, 1)
    assert list(mails.numbers(0)) == [1, 2] and mails.next_first == 5
    mails.open(5)
    for number in (9, 5, 1, 2, 7):
        mails.list(number, 1)
    assert list(mails.numbers(0)) == [5] and mails.next_first == 7


def test_unique_ids_of_unlisted_mails_and_unusable_ones_give_no_key() -> None:
    mails = window()
    mails.list(1, 1)
    mails.identify(BOX, 2, b"two")
    mails.identify(BOX, 1, b"not usable")
    assert mails.count(KEYED) == 0
    mails.identify(BOX, 1, b"one")
    assert mails.has(1, KEYED) and mails.key(1) == uid_key(BOX, b"one")


def test_a_unique_id_given_twice_identifies_neither_mail() -> None:
    mails = window()
    for number in (1, 2, 3, 4):
        mails.list(number, 1)
        mails.identify(BOX, number, b"same" if number != 2 else b"other")
    assert list(mails.numbers(KEYED)) == [2] and list(mails.numbers(SHARED)) == [1, 3, 4]


def test_a_unique_id_shared_with_a_mail_beyond_the_window_does_not_count() -> None:
    mails = window(1)
    mails.list(1, 1)
    mails.list(2, 1)
    mails.identify(BOX, 1, b"same")
    mails.identify(BOX, 2, b"same")
    assert mails.count(KEYED) == 0 and mails.count(SHARED) == 1


def test_the_same_line_twice_makes_no_mail_share_with_itself_for_good() -> None:
    mails = window()
    mails.list(1, 1)
    mails.identify(BOX, 1, b"one")
    mails.set(1, FINISHED)
    assert mails.count(FINISHED | KEYED) == 1 and mails.count(FINISHED, KEYED) == 0
