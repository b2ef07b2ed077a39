"""The mail reader: structure, boundaries good and odd, limits, mails that break off."""
from __future__ import annotations

import asyncio
import gc

from firmware.mail.message import HEADROOM, MAX_NESTING, MAX_PARTS, MessageReader
from tests.unit.mail_support import KeepingSink, crlf, read_mail, told
from tests.unit.support import raises

MIXED = crlf("""Return-Path: <bounce@example.com>
Received: from a by b
From: =?utf-8?Q?J=C3=B6rg?= Meier
 <jm@example.com>
Subject: =?utf-8?B?R3LDvMOf?=
\t=?utf-8?B?ZQ==?=
Date: Fri, 21 Nov 1997 09:55:06 -0600
Message-ID: <1@example.com>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="=_b 1"

This is for old readers.
--=_b 1
Content-Type: multipart/alternative;
\tboundary=inner

--inner
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

caf=C3=A9
-- =
signature

--inner
Content-Type: text/html

<b>caf</b>
--inner--
between
--=_b 1
Content-Type: image/tiff; name="one.tif"
Content-Transfer-Encoding: base64
Content-Disposition: attachment; filename*=utf-8''%C3%B6.tif

SUkqAAgAAAA=

--=_b 1
Content-Type: message/rfc822

From: other@example.com
Subject: inside
Content-Type: text/plain

forwarded
--=_b 1--
--=_b 1
epilogue
""")

MIXED_TOLD = [
    ("text/plain", "café\r\n-- signature\r\n".encode(), ""),
    ("text/html", b"<b>caf</b>", ""),
    ("image/tiff", b"II*\0\x08\0\0\0", ""),
    ("text/plain", b"forwarded", ""),
]


def multipart(body: str, boundary: str = "b") -> bytes:
    return crlf("Content-Type: multipart/mixed; boundary=%s\n\n%s" % (boundary, body))


def test_a_mixed_mail_gives_its_parts_in_any_pieces() -> None:
    for step in (0, 1, 2, 3, 5, 17, 100):
        kept, envelope = read_mail(MIXED, step)
        assert told(kept) == MIXED_TOLD
        assert envelope.sender == "jm@example.com"
        assert envelope.sender_name == "Jörg Meier"
        assert envelope.subject == "Grüße"
        assert envelope.date == "Fri, 21 Nov 1997 09:55:06 -0600"
        assert envelope.message_id == "<1@example.com>"
        assert [one.part.number for one in kept] == [1, 2, 3, 4]
        assert [one.part.alternative for one in kept] == [1, 1, 0, 0]
        assert (kept[2].part.name, kept[2].part.disposition) == ("ö.tif", "attachment")
        assert kept[0].part.charset == "utf-8"


def test_bare_line_feeds_do_as_well() -> None:
    for step in (0, 1, 7):
        kept, _envelope = read_mail(MIXED.replace(b"\r\n", b"\n"), step)
        expected = [(a, b.replace(b"\r\n", b"\n"), c) for a, b, c in MIXED_TOLD]
        assert told(kept) == expected


def test_a_mail_without_mime_is_one_text() -> None:
    kept, envelope = read_mail(b"From: a@b\r\n\r\nline\r\n--x\r\n")
    assert told(kept) == [("text/plain", b"line\r\n--x\r\n", "")]
    assert envelope.sender == "a@b"


def test_an_empty_mail_and_one_of_headers_only_are_empty_texts() -> None:
    field = b"Subject: s"
    for mail in (b"", b"\r\n", b"\r", b"\n", field, field + b"\r\n", field + b"\r\n\r\n"):
        for step in (0, 1):
            kept, envelope = read_mail(mail, step)
            assert told(kept) == [("text/plain", b"", "")], mail
            assert envelope.subject == ("s" if mail[:1] == b"S" else "")


def test_odd_delimiter_lines() -> None:
    for line in ("--b", "--b  \t", "--b" + " " * 63, "--b" + " " * 64, "--b" + " " * 5000):
        closing = line.replace("--b", "--b--")
        body = "pre\n%s\n\none\n%s\n\ntwo\n%s\nepilogue\n" % (line, line, closing)
        for step in (0, 1, 64):
            kept, _envelope = read_mail(multipart(body), step)
            assert told(kept) == [("text/plain", b"one", ""), ("text/plain", b"two", "")], line


def test_lines_that_only_look_like_delimiters_are_content() -> None:
    lines = "--bc\n--b-\n--b--c\n --b\n-- b\n--B\n--b c\n-\n--\n\n--"
    for step in (0, 1, 3):
        kept, _envelope = read_mail(multipart("--b\n\n" + lines + "\n--b--"), step)
        assert told(kept) == [("text/plain", crlf(lines), "")]


def test_boundaries_that_begin_alike() -> None:
    for outer, inner in (("ab", "abc"), ("abc", "ab"), ("ab", "ab "), ("a", "a-")):
        inner_line = '"%s"' % inner
        body = "--%s\nContent-Type: multipart/mixed; boundary=%s\n\n" % (outer, inner_line)
        line = "--" + inner.strip()
        body += "%s\n\none\n%s\n\ntwo\n%s--\n" % (line, line, line)
        body += "--%s\n\nthree\n--%s--\n" % (outer, outer)
        for step in (0, 1):
            kept, _envelope = read_mail(multipart(body, outer), step)
            texts = [bytes(one.octets) for one in kept]
            assert texts == [b"one", b"two", b"three"], (outer, inner)


def test_a_boundary_split_by_rfc_2231_and_one_of_the_longest() -> None:
    head = b"Content-Type: multipart/mixed; boundary*1=\"c d\"; boundary*0*=us-ascii''a%62\r\n\r\n"
    kept, _envelope = read_mail(head + b"--abc d\r\n\r\nx\r\n--abc d--\r\n", 1)
    assert told(kept) == [("text/plain", b"x", "")]
    long = "x" * 200
    kept, _envelope = read_mail(multipart("--%s\n\nx\n--%s--\n" % (long, long), long), 9)
    assert told(kept) == [("text/plain", b"x", "")]


def test_an_outer_delimiter_ends_inner_multiparts() -> None:
    body = "--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\none\n--b\n\ntwo\n--b--\n"
    kept, _envelope = read_mail(multipart(body))
    assert told(kept) == [("text/plain", b"one", ""), ("text/plain", b"two", "")]


def test_a_closing_line_directly_behind_another() -> None:
    body = "--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\none\n--c--\n--b--\n"
    for step in (0, 1):
        kept, _envelope = read_mail(multipart(body), step)
        assert told(kept) == [("text/plain", b"one", "")]


def test_a_boundary_that_never_comes_is_told() -> None:
    for step in (0, 1):
        kept, _envelope = read_mail(multipart("text\n--other\n\ntext\n"), step)
        assert told(kept) == [("multipart/mixed", b"", "the boundary never came")]
        kept, _envelope = read_mail(multipart("--b\n\ntext\n"), step)
        assert told(kept) == [("text/plain", b"text\r\n", "the boundary never came")]
    inner = "--b\nContent-Type: multipart/related; boundary=c\n\nx\n--b\n\ny\n--b--\n"
    kept, _envelope = read_mail(multipart(inner))
    assert told(kept) == [
        ("multipart/related", b"", "the boundary never came"), ("text/plain", b"y", "")]


def test_a_last_delimiter_without_its_closing_dashes_begins_no_part() -> None:
    for step in (0, 1):
        kept, _envelope = read_mail(multipart("--b\n\nx\n--b\n"), step)
        assert told(kept) == [("text/plain", b"x", "")]


def test_a_multipart_without_a_usable_boundary_is_told() -> None:
    for parameter in ("", "; boundary=", '; boundary=""', "; boundary=" + "x" * 201):
        kept, _envelope = read_mail(crlf("Content-Type: multipart/mixed%s\n\n--x\n" % parameter))
        damage = "its header names no usable boundary"
        assert told(kept) == [("multipart/mixed", b"--x\r\n", damage)]


def test_a_mail_that_breaks_off_says_so() -> None:
    whole = MIXED
    for cut in range(len(whole)):
        kept, _envelope = read_mail(whole[:cut], 0, False)
        assert all(one.damage != "(never ended)" for one in kept)
        for index, one in enumerate(told(kept)):
            assert one == MIXED_TOLD[index] or one[2] == "the mail broke off", cut
    kept, _envelope = read_mail(multipart("--b\n\nhalf"), 0, False)
    assert told(kept) == [("text/plain", b"half", "the mail broke off")]


def test_a_part_without_headers_or_without_the_empty_line() -> None:
    for step in (0, 1):
        mail = multipart("--b\ntext at once\n--b\nA: b\nText: no\nmore\n--b--")
        kept, _envelope = read_mail(mail, step)
        assert told(kept) == [("text/plain", b"text at once", ""), ("text/plain", b"more", "")]
        kept, _envelope = read_mail(multipart("--b\nContent-Type: image/tiff\n--b\n\n--b--"), step)
        assert told(kept) == [("image/tiff", b"", ""), ("text/plain", b"", "")]


def test_obsolete_and_mbox_header_lines() -> None:
    mail = b"From me@x Fri Nov 21 09:55:06 1997\r\nSubject \t: s\r\nX\xff: y\r\n\r\nbody"
    for step in (0, 1):
        kept, envelope = read_mail(mail, step)
        assert envelope.subject == "s"
        assert told(kept) == [("text/plain", b"X\xff: y\r\n\r\nbody", "")]


def test_a_header_line_of_ten_million_octets_costs_nothing() -> None:
    sink = KeepingSink()
    reader = MessageReader(sink, bytearray(HEADROOM + 4096))
    piece = b"y" * 4096

    async def run() -> None:
        await reader.feed(b"X-Junk: ")
        for _ in range(1250):
            await reader.feed(piece)
        await reader.feed(b"\r\nSubject: ")
        for _ in range(1250):
            await reader.feed(piece)
        await reader.feed(b"\r\nFrom: a@b\r\n\r\nbody\r\n")
        await reader.close(True)

    asyncio.run(run())
    assert reader.envelope.subject == "y" * 128
    assert reader.envelope.sender == "a@b"
    assert told(sink.parts) == [("text/plain", b"body\r\n", "")]


def test_too_many_parts_are_left_out_and_told() -> None:
    body = "--b\n\nx\n" * (MAX_PARTS + 6) + "--b--\n"
    kept, _envelope = read_mail(multipart(body))
    assert len(kept) == MAX_PARTS + 1
    assert told(kept)[-1] == (
        "multipart/mixed", b"", "6 more parts were left out: a mail may have 64")


def test_nesting_too_deep_is_told() -> None:
    mail = ""
    for depth in range(MAX_NESTING + 1):
        mail += "Content-Type: multipart/mixed; boundary=d%d\n\n--d%d\n" % (depth, depth)
    kept, _envelope = read_mail(crlf(mail + "\ntext\n"))
    assert [one.part.content_type for one in kept] == ["multipart/mixed"]
    assert kept[0].damage == "its parts are nested too deep"
    kept, _envelope = read_mail(crlf("Content-Type: message/rfc822\n\n" * 9 + "\nx"))
    assert told(kept) == [("message/rfc822", b"\r\nx", "its parts are nested too deep")]


def test_a_digest_holds_mails() -> None:
    mail = crlf("Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: s\n\nx\n--b--\n")
    assert told(read_mail(mail)[0]) == [("text/plain", b"x", "")]


def test_a_mail_in_base64_is_a_part_as_it_is() -> None:
    mail = crlf("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nQTogYg==\n")
    assert told(read_mail(mail)[0]) == [("message/rfc822", b"A: b", "")]


def test_files_inside_an_alternative_are_no_choices() -> None:
    mail = crlf("""Content-Type: multipart/alternative; boundary=a

--a

plain
--a
Content-Type: multipart/mixed; boundary=m

--m
Content-Type: text/html

x
--m
Content-Type: image/tiff

x
--m
Content-Type: application/pdf
Content-Disposition: attachment

x
--m
Content-Type: multipart/alternative; boundary=z

--z
Content-Type: image/tiff

x
--z--
--m--
--a
Content-Type: image/tiff

x
--a--
""")
    kept, _envelope = read_mail(mail)
    assert [one.part.alternative for one in kept] == [1, 1, 0, 0, 2, 1]


def test_damage_in_one_part_does_not_reach_the_next() -> None:
    head = "--b\nContent-Transfer-Encoding: base64\n\n"
    kept, _envelope = read_mail(multipart(head + "QU*JD\n" + head + "QUJD\n--b--\n"))
    assert told(kept) == [
        ("text/plain", b"ABC", "its base64 coding is damaged"), ("text/plain", b"ABC", "")]


def test_what_is_not_certain_is_held_back_no_longer_than_a_delimiter() -> None:
    sink = KeepingSink()
    reader = MessageReader(sink, bytearray(HEADROOM + 1024))

    async def run() -> None:
        await reader.feed(multipart("--b\n\n"))
        for _ in range(200):
            await reader.feed(b"0123456789")
            await reader.feed(b"\r\n--b?")
        await reader.feed(b"0123456789")

    asyncio.run(run())
    assert len(sink.parts[0].octets) >= 200 * 16 + 10 - 5


def test_a_buffer_too_small_is_refused() -> None:
    raises(ValueError, MessageReader, KeepingSink(), bytearray(HEADROOM))


def live_octets() -> int:
    """Heap in use after a collection; 0 where that can't be told."""
    gc.collect()
    return gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0


def test_memory_does_not_grow_with_the_mail() -> None:
    sink = KeepingSink()
    reader = MessageReader(sink, bytearray(HEADROOM + 4096))
    lines = b"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5\r\n" * 57
    used = []

    async def discard(view: memoryview) -> None:
        sink.calls += len(view)

    sink.data = discard  # type: ignore[method-assign]

    async def run() -> None:
        await reader.feed(multipart("--b\nContent-Transfer-Encoding: base64\n\n"))
        for round in range(500):
            await reader.feed(lines)
            if round in (2, 499):
                used.append(live_octets())

    asyncio.run(run())
    assert sink.calls > 500 * 57 * 50
    assert used[1] - used[0] <= 256, used


def test_a_mail_of_nothing_but_fields_and_delimiters_lets_others_run() -> None:
    turns = []

    async def run() -> None:
        async def other() -> None:
            while True:
                turns.append(1)
                await asyncio.sleep(0)

        task = asyncio.create_task(other())
        reader = MessageReader(KeepingSink(), bytearray(HEADROOM + 4096))
        await reader.feed(b"Content-Type: multipart/mixed; boundary=b\n")
        for mail in (b"date:\n" * 680, b"\n--b\n\n", b"\n--b?" * 800):
            before = len(turns)
            await reader.feed(mail)
            assert len(mail) < 10 or len(turns) - before > 40, mail[:10]
        task.cancel()

    asyncio.run(run())


def test_a_part_knows_that_no_other_will_come() -> None:
    plain = b"Content-Type: image/tiff\r\n\r\nII"
    kept, _envelope = read_mail(plain)
    assert [one.part.alone for one in kept] == [True]
    mixed = b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n'
    kept, _envelope = read_mail(mixed)
    assert [one.part.alone for one in kept] == [False]
