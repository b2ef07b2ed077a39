"""Status lines, listings, bodies, in every segmentation (manual 6.5.9.2; POP3 rules 1, 2, 9)."""
from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from firmware.pop3.body import Body
from firmware.pop3.reply import LINE_CAP, MIN_BUFFER, ReplyReader
from firmware.recording.faults import PROTOCOL, SERVER_BROKE_OFF, SERVER_SILENT
from tests.unit.pop3_support import DROP, SILENCE, ScriptedLink, fault_code, stuffed, whole
from tests.unit.support import raises

if TYPE_CHECKING:
    from typing import Any

SEGMENTS = (0, 1, 2, 3, 5)
LETTERS = (b".", b"..", b"\r\n", b"\r\n.", b"\n.", b"text", b"\r", b".\r\n")


def reader_of(*coming: Any, segment: int = 0, size: int = MIN_BUFFER) -> ReplyReader:
    return ReplyReader(ScriptedLink(list(coming), segment=segment), bytearray(size))


def body_of(*coming: Any, listed: int = 0, segment: int = 0, status: bytes = b"+OK\r\n",
            size: int = MIN_BUFFER) -> Body:
    async def begun() -> Body:
        reader = reader_of(status, *coming, segment=segment, size=size)
        assert await reader.status()
        return Body(reader, listed, 60000, 5000)

    return asyncio.run(begun())


def octets_of(body: Body) -> bytes:
    return asyncio.run(whole(body))


def read_and_next(wire: bytes, segment: int, status: bytes = b"+OK\r\n") -> tuple[bytes, bytes]:
    """The body's octets and the status line behind it, which must be untouched."""
    async def read() -> tuple[bytes, bytes]:
        reader = reader_of(status + wire + b"+OK behind\r\n", segment=segment)
        assert await reader.status()
        body = Body(reader, 0, 60000, 5000)
        found = await whole(body)
        assert body.complete and body.ended and not body.mixed and body.octets == len(found)
        assert await reader.status()
        return found, reader.text

    return asyncio.run(read())


# status lines

def test_status_line_is_read_in_any_segmentation() -> None:
    for segment in SEGMENTS:
        reader = reader_of(b"+OK 2 messages\r\n-ERR [IN-USE] no\r\n", segment=segment)
        assert asyncio.run(reader.status()) is True
        assert reader.text == b"2 messages" and not reader.lf_only
        assert asyncio.run(reader.status()) is False
        assert reader.text == b"[IN-USE] no"


def test_status_indicator_alone_is_a_status() -> None:
    reader = reader_of(b"+OK\r\n-ERR\r\n")
    assert asyncio.run(reader.status()) is True and reader.text == b""
    assert asyncio.run(reader.status()) is False and reader.text == b""


def test_status_indicator_in_lower_case_is_understood() -> None:
    reader = reader_of(b"+ok a\r\n-err b\r\n")
    assert asyncio.run(reader.status()) is True
    assert asyncio.run(reader.status()) is False


def test_status_line_ended_in_bare_lf_is_seen_as_such() -> None:
    reader = reader_of(b"+OK hello\n+OK again\r\n")
    assert asyncio.run(reader.status()) and reader.lf_only and reader.text == b"hello"
    assert asyncio.run(reader.status()) and not reader.lf_only


def test_response_of_512_characters_is_read_and_one_past_the_cap_is_a_fault() -> None:
    longest = b"+OK " + b"x" * 506 + b"\r\n"
    reader = reader_of(longest)
    assert asyncio.run(reader.status()) and len(reader.text) == 506
    for segment in SEGMENTS:
        reader = reader_of(b"+OK " + b"x" * 5000, segment=segment)
        assert asyncio.run(fault_code(reader.status())) == PROTOCOL


def test_another_indicator_is_not_pop3() -> None:
    for said in (b"220 mail.example.com ESMTP\r\n", b"* OK IMAP\r\n", b"\r\n", b"OK\r\n"):
        assert asyncio.run(fault_code(reader_of(said).status())) == PROTOCOL


def test_end_of_stream_and_silence_are_told_apart() -> None:
    assert asyncio.run(fault_code(reader_of(b"+O", DROP).status())) == SERVER_BROKE_OFF
    assert asyncio.run(fault_code(reader_of(b"+O", SILENCE).status())) == SERVER_SILENT


def test_buffer_too_small_for_a_line_is_refused() -> None:
    raises(ValueError, ReplyReader, ScriptedLink(), bytearray(MIN_BUFFER - 1))


# listings

def test_listing_is_unstuffed_and_ends_at_the_dot() -> None:
    for segment in SEGMENTS:
        reader = reader_of(b"+OK\r\n1 120\r\n..dot\r\n\r\n.\r\n+OK next\r\n", segment=segment)

        async def read(reader: ReplyReader = reader) -> list[bytes]:
            assert await reader.status()
            lines = []
            while (line := await reader.listed_line()) is not None:
                lines.append(bytes(line))
            assert await reader.status() and reader.text == b"next"
            return lines

        assert asyncio.run(read()) == [b"1 120", b".dot", b""]


def test_listed_line_past_the_cap_is_a_fault() -> None:
    reader = reader_of(b"x" * (LINE_CAP - 1) + b"\n" + b"y" * LINE_CAP + b"\n")
    assert len(asyncio.run(reader.line())) == LINE_CAP - 1
    assert asyncio.run(fault_code(reader.line())) == PROTOCOL


# bodies: what an honest server sends comes out as it went in

def test_every_short_mail_comes_out_as_it_went_in() -> None:
    letters = (b".", b"\r", b"\n", b"a")
    mails = [b""]
    for length in range(4):
        mails += [mail + letter for mail in mails[-4**length:] for letter in letters]
    for mail in mails:
        wire = stuffed(mail)
        whole_lines = mail if mail[-2:] == b"\r\n" or not mail else mail + b"\r\n"
        for segment in SEGMENTS:
            assert read_and_next(wire, segment) == (whole_lines, b"behind")


def test_long_mail_with_dots_everywhere_comes_out_as_it_went_in() -> None:
    seed = 1
    mail = bytearray()
    while len(mail) < 12000:
        seed = (seed * 1103515245 + 12345) & 0x3FFFFFFF
        mail.extend(LETTERS[seed >> 16 & 7])
    mail.extend(b"\r\n")
    for segment in (0, 1, 7, 64, 1000):
        assert read_and_next(stuffed(bytes(mail)), segment) == (bytes(mail), b"behind")


def test_mail_without_dots_comes_in_whole_buffers() -> None:
    mail = (b"x" * 76 + b"\r\n") * 200
    body = body_of(stuffed(mail), size=4098)

    async def read() -> list[int]:
        sizes = []
        while (piece := await body.next()) is not None:
            sizes.append(len(piece))
        return sizes

    sizes = asyncio.run(read())
    assert sum(sizes) == len(mail) and len(sizes) <= len(mail) // 4096 + 2


def test_empty_mail_is_complete() -> None:
    for segment in SEGMENTS:
        assert read_and_next(b".\r\n", segment) == (b"", b"behind")


def test_stuffed_dot_is_taken_off_and_a_sloppy_servers_dot_is_kept() -> None:
    for segment in SEGMENTS:
        assert read_and_next(b"..a\r\n...\r\n.x\r\n.\rz\r\n.\r\n", segment) == (
            b".a\r\n..\r\n.x\r\n.\rz\r\n", b"behind")


# bodies: where they end (rule 1)

def test_bare_lf_dot_lf_inside_a_mail_does_not_end_it() -> None:
    for middle in (b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\n..\n", b"x.\r\n"):
        for segment in SEGMENTS:
            wire = b"before" + middle + b"after\r\n.\r\n"
            assert read_and_next(wire, segment) == (b"before" + middle + b"after\r\n", b"behind")


def test_bare_lf_dot_lf_that_ends_a_segment_does_not_end_the_mail() -> None:
    for middle in (b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"x.\r\n", b"\r\n.\r", b"\r\n."):
        body = body_of(b"before" + middle, b"after\r\n.\r\n", listed=4)
        assert octets_of(body) == b"before" + middle + b"after\r\n"
        assert body.complete and not body.mixed


def test_lf_only_server_ends_at_lf_dot_lf() -> None:
    for segment in SEGMENTS:
        found = read_and_next(b"a\n..b\n.c\n\r\n..d\n.\n", segment, status=b"+OK\n")
        assert found == (b"a\n.b\n.c\n\r\n.d\n", b"behind")
        assert read_and_next(b".\n", segment, status=b"+OK\n") == (b"", b"behind")


def test_mixed_ending_counts_after_silence_once_the_listed_octets_have_come() -> None:
    for ending in (b"\n.\n", b"\n.\r\n", b"\r\n.\n"):
        for segment in SEGMENTS:
            mail = b"text" + ending[:ending.find(b".")]
            body = body_of(b"text" + ending, listed=len(mail), segment=segment)
            assert octets_of(body) == mail
            assert body.complete and body.mixed
            assert body._reader.link.waits == [5000]


def test_mixed_ending_of_an_lf_only_server_counts_after_silence() -> None:
    body = body_of(b"text\n.\r\n", listed=5, status=b"+OK\n")
    assert octets_of(body) == b"text\n" and body.mixed


def test_mixed_ending_before_the_listed_octets_is_no_end() -> None:
    for listed in (6, 0):  # 0: the server did not say
        body = body_of(b"text\n.\n", listed=listed)
        assert asyncio.run(fault_code(whole(body))) == SERVER_SILENT
        assert body.ended and not body.complete
        assert body._reader.link.waits == [60000]


def test_terminator_behind_an_unterminated_last_line_counts_only_at_the_exact_size() -> None:
    body = body_of(b"text.\r\n", listed=4)
    assert octets_of(body) == b"text" and body.mixed
    for listed in (3, 5, 0):
        body = body_of(b"text.\r\n", listed=listed)
        assert asyncio.run(fault_code(whole(body))) == SERVER_SILENT


def test_end_of_stream_before_the_terminator_leaves_the_mail_incomplete() -> None:
    wire = b"line\r\n..x\r\n.\r\n"
    for cut in range(len(wire)):
        body = body_of(wire[:cut], DROP, listed=4)
        assert asyncio.run(fault_code(whole(body))) == SERVER_BROKE_OFF
        assert body.ended and not body.complete
        assert asyncio.run(fault_code(body.next())) == SERVER_BROKE_OFF
        assert body._reader.link.closed


def test_body_is_not_complete_while_its_last_piece_is_lent_out() -> None:
    body = body_of(b"text\r\n.\r\n")

    async def read() -> None:
        piece = await body.next()
        assert piece is not None and bytes(piece) == b"text\r\n" and not body.complete
        assert await body.next() is None and body.complete
        assert await body.next() is None

    asyncio.run(read())


def test_silence_is_counted_anew_with_every_octet() -> None:
    body = body_of(b"a", b"b", SILENCE)
    assert asyncio.run(fault_code(whole(body))) == SERVER_SILENT
    assert body.octets == 2 and body._reader.link.waits == [60000]


def test_body_lets_other_tasks_run() -> None:
    turns = []

    async def other() -> None:
        while True:
            turns.append(1)
            await asyncio.sleep(0)

    async def read() -> None:
        task = asyncio.create_task(other())
        reader = reader_of(b"+OK\r\n" + b"x" * 20000 + b"\r\n.\r\n")
        await reader.status()
        await whole(Body(reader, 0, 1, 1))
        task.cancel()

    asyncio.run(read())
    assert len(turns) >= 4


class Watch:
    """A clock that goes on by itself: a second each time that it is read."""

    def __init__(self) -> None:
        self.ms = 0

    def ticks_ms(self) -> int:
        self.ms += 1000
        return self.ms

    def ticks_diff(self, later: int, earlier: int) -> int:
        return later - earlier


def slow(reader: ReplyReader) -> ReplyReader:
    """Each octet takes a second."""
    reader.clock = Watch()  # type: ignore[assignment]
    reader.link.timeout_ms = 5000
    reader.link.read_now = lambda view: None  # type: ignore[method-assign]
    return reader


def test_a_status_line_may_take_four_time_outs_and_no_more() -> None:
    assert asyncio.run(slow(reader_of(b"+OK " + b"x" * 14 + b"\r\n", segment=1)).status())
    for text in (b"x" * 15, b"x" * 500):
        late = slow(reader_of(b"+OK " + text + b"\r\n", segment=1))
        assert asyncio.run(fault_code(late.status())) == SERVER_SILENT


def test_a_listing_may_take_a_quarter_of_an_hour() -> None:
    async def lines(count: int) -> int:
        reader = slow(reader_of(b"+OK\r\n" + b"1 100\r\n" * count + b".\r\n", segment=1))
        await reader.status()
        seen = 0
        while await reader.listed_line() is not None:
            seen += 1
        return seen

    assert asyncio.run(lines(128)) == 128
    assert asyncio.run(fault_code(lines(129))) == SERVER_SILENT


def test_a_mail_may_take_a_quarter_of_an_hour_and_then_comes_at_some_speed() -> None:
    async def octets(count: int, segment: int) -> int:
        reader = slow(reader_of(b"+OK\r\n" + b"x" * count + b"\r\n.\r\n", segment=segment))
        await reader.status()
        return len(await whole(Body(reader, 0, 60000, 5000)))

    assert asyncio.run(octets(880, 1)) == 882
    assert asyncio.run(fault_code(octets(920, 1))) == SERVER_SILENT
    assert asyncio.run(octets(1200 * 300, 300)) == 1200 * 300 + 2
    assert asyncio.run(fault_code(octets(1600 * 100, 100))) == SERVER_SILENT
