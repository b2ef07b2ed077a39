"""What becomes of a mail's parts: fax, text, notice; and what a restart continues with."""

from __future__ import annotations

import asyncio
import binascii
import sys
from typing import TYPE_CHECKING

from firmware.recording import faults
from firmware.recording import job as outcomes
from tests.unit.fax_support import MMR, TiffWriter, coded, fields, picture
from tests.unit.recording_support import KEY, Desk, kinds, tiff

if TYPE_CHECKING:
    from collections.abc import Callable

    from firmware.recording.job import Slot

HEAD = (
    b"From: Anna <anna@example.com>\r\nSubject: Hello\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n"
)
ROWS = [bytes([0xFF] * 27 + [0] * 189), bytes([0] * 189 + [0xFF] * 27)] * 20
BAND = 62


def part(content_type: bytes, body: bytes, name: bytes = b"") -> bytes:
    head = b"Content-Type: " + content_type
    if name:
        head += b'; name="' + name + b'"'
    coded = b""
    for at in range(0, len(body), 57):
        coded += binascii.b2a_base64(body[at : at + 57]).replace(b"\n", b"\r\n")
    return head + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + coded


def multipart(*parts: bytes, kind: bytes = b"mixed") -> bytes:
    out = HEAD + b"Content-Type: multipart/" + kind + b'; boundary="b"\r\n\r\n'
    for one in parts:
        out += b"--b\r\n" + one + b"\r\n"
    return out + b"--b--\r\n"


def text_mail(text: bytes) -> bytes:
    return HEAD + b"\r\n" + text


def test_a_fax_comes_out_line_by_line_below_its_header_band() -> None:
    desk = Desk()
    job = desk.record(HEAD + part(b"image/tiff", tiff(ROWS, 2)))
    assert job.outcome == outcomes.ON_PAPER, job.reason
    assert len(desk.machine.sheets) == 2
    for sheet in desk.machine.sheets:
        assert any(any(line) for line in sheet[:BAND]), "the band is empty"
        expected = [row for row in ROWS for _repeat in range(4)]  # 98 dpi on 15.4 lines/mm
        assert sheet[BAND:] == expected
    assert desk.reporter.pages == [(1, 2, "fax", False), (2, 2, "fax", False)]
    assert desk.ledger.is_finished(b"mail-key")


def test_header_off_leaves_the_fax_alone() -> None:
    desk = Desk()
    desk.sheet.header = False
    desk.record(HEAD + part(b"image/tiff", tiff(ROWS)))
    assert len(desk.machine.sheets[0]) == 4 * len(ROWS)


def test_a_tiff_is_known_by_its_octets_whatever_its_type_says() -> None:
    for content_type in (b"application/octet-stream", b"application/pdf", b"text/plain"):
        desk = Desk()
        job = desk.record(multipart(part(content_type, tiff(ROWS))))
        assert kinds(desk) == ["fax"] and job.outcome == outcomes.ON_PAPER, content_type


def test_a_text_mail_has_its_heading_and_a_mail_of_tiffs_has_none() -> None:
    desk = Desk()
    desk.record(text_mail(b"Hello paper\r\n"))
    assert kinds(desk) == ["text"]
    desk = Desk()
    desk.record(multipart(part(b"text/plain", b" \r\n\r\n"), part(b"image/tiff", tiff(ROWS))))
    assert kinds(desk) == ["fax"], "white space is no text"


def test_a_mixed_mail_comes_out_in_its_order() -> None:
    desk = Desk()
    job = desk.record(
        multipart(
            part(b"text/plain", b"See the two faxes.\r\n"),
            part(b"image/tiff", tiff(ROWS), b"a.tif"),
            part(b"image/tiff", tiff(ROWS, 2), b"b.tif"),
        )
    )
    assert kinds(desk) == ["text", "fax", "fax", "fax"]
    assert job.outcome == outcomes.ON_PAPER and job.pages == 4


def test_in_the_buffers_of_a_small_heap_every_sheet_is_the_same() -> None:
    text = "Grüße, Привет, x̄ und so weiter: %d\r\n" * 90 % tuple(range(90))
    mail = multipart(
        part(b'text/plain; charset="utf-8"', text.encode()),
        part(b"image/tiff", tiff(ROWS * 3, pages=2)),
        part(b"application/pdf", b"%PDF-1.7"),
    )
    sheets = []
    for small in (False, True):
        desk = Desk(small=small)
        job = desk.record(mail)
        assert job.outcome == outcomes.AS_NOTICE and len(desk.machine.sheets) == 5
        sheets.append(desk.machine.sheets)
    assert sheets[0] == sheets[1]


def test_what_cannot_be_recorded_ends_on_one_notice_sheet() -> None:
    desk = Desk()
    job = desk.record(
        multipart(
            part(b"application/pdf", b"%PDF-1.4 ...", b"offer.pdf"),
            part(b"image/tiff", tiff(ROWS), b"a.tif"),
            part(b"image/png", b"\x89PNG....", b"logo.png"),
            part(b"image/tiff", b"II*\0garbage that is no directory", b"bad.tif"),
        )
    )
    assert kinds(desk) == ["fax", "notice"]
    assert job.outcome == outcomes.AS_NOTICE
    told = desk.reporter.unrecorded_parts
    assert [name for name, _reason in told] == ["offer.pdf", "logo.png", "bad.tif"]
    assert [reason[-5:] for _name, reason in told] == [" 414)", " 414)", " 411)"]


def test_the_pages_behind_a_refused_one_are_recorded() -> None:
    rows = picture(64, 8, 3)
    data = coded(rows, MMR)
    file = TiffWriter()
    for coding in (4, 7, 4):
        file.directory(fields(64, 8, coding, file.place(data), len(data)))
    desk = Desk()
    job = desk.record(HEAD + part(b"image/tiff", bytes(file.data)))
    assert job.outcome == outcomes.AS_NOTICE
    assert kinds(desk) == ["fax", "fax", "notice"]
    ((_name, reason),) = desk.reporter.unrecorded_parts
    assert reason.startswith("page 2: ") and "JPEG" in reason


def test_of_alternatives_one_is_recorded_and_the_others_are_not_complained_of() -> None:
    plain = part(b"text/plain", b"Hello\r\n")
    html = part(b"text/html", b"<p>Hello</p>\r\n")
    for parts in ((plain, html), (html, plain)):
        desk = Desk()
        job = desk.record(multipart(*parts, kind=b"alternative"))
        assert kinds(desk) == ["text"] and job.outcome == outcomes.ON_PAPER
    desk = Desk()
    job = desk.record(multipart(html, kind=b"alternative"))
    assert kinds(desk) == ["notice"] and job.outcome == outcomes.AS_NOTICE


def test_of_alternatives_no_fax_is_left_out() -> None:
    words, fax = part(b"text/plain", b"See the fax.\r\n"), part(b"image/tiff", tiff(ROWS))
    octets = part(b"application/octet-stream", tiff(ROWS))
    bad, half = part(b"image/tiff", b"II*\0bad"), part(b"image/tiff", tiff(ROWS, 2)[:-50])
    hurt = words.replace(b"\r\n\r\n", b"\r\n\r\n~~~~")
    for parts, pages in (
        ((words, fax), "text fax"), ((words, octets, words), "text fax"),
        ((fax, words, fax), "fax"),  # the same in two codings, and all of it
        ((words, bad), "text notice"), ((bad, words), "text notice"), ((hurt,), "text notice"),
        ((bad, fax, words), "fax notice"), ((half, fax), "fax fax fax notice"),
    ):
        desk = Desk()
        desk.record(multipart(*parts, kind=b"alternative"))
        assert kinds(desk) == pages.split(), parts


def test_an_empty_mail_does_not_vanish() -> None:
    desk = Desk()
    job = desk.record(HEAD + b"\r\n")
    assert kinds(desk) == ["text"] and job.outcome == outcomes.ON_PAPER


def test_a_long_text_breaks_into_pages() -> None:
    desk = Desk()
    desk.record(text_mail(b"".join(b"line %d\r\n" % n for n in range(150))))
    assert kinds(desk) == ["text"] * 3
    assert all(count <= 4543 for count in desk.machine.counts)


def test_a_mail_that_breaks_off_is_not_finished_and_goes_on_with_the_right_page() -> None:
    desk = Desk()
    mail = HEAD + part(b"image/tiff", tiff(ROWS, 3))
    # enough for page 1 and a piece of page 2
    job = desk.record(mail, upto=len(mail) * 45 // 100)
    assert job.outcome == outcomes.BROKEN_OFF
    assert not desk.ledger.is_finished(b"mail-key")
    done = desk.ledger.pages_done(b"mail-key")
    assert done == 1
    desk.restart()
    job = desk.record(mail)
    assert job.outcome == outcomes.ON_PAPER
    pages = [page for page, _total, _kind, _dup in desk.reporter.pages]
    assert pages == [2, 3], "pages on paper are not recorded again"


def test_a_mail_that_breaks_off_behind_a_part_is_not_finished() -> None:
    mail = multipart(part(b"image/tiff", tiff(ROWS)), part(b"image/tiff", tiff(ROWS)))
    begins = mail.rfind(b"Content-Type: image/tiff")
    for upto in (begins, begins + 10, len(mail) - 3):
        desk = Desk()
        job = desk.record(mail, upto=upto)
        assert job.outcome == outcomes.BROKEN_OFF, "who knows what was to come"
        assert not desk.ledger.is_finished(KEY)


def test_a_page_stays_complete_when_the_program_fails_in_the_next_one() -> None:
    desk = Desk()
    served = desk.recording._part

    async def fail_in_the_second(slot: Slot) -> None:
        if desk.recording.sheet.done:
            raise RuntimeError("a mistake")
        while not desk.recording.job.complete:  # then a page's end waits for the next record
            await asyncio.sleep(0)
        await served(slot)

    desk.recording._part = fail_in_the_second  # type: ignore[method-assign]
    mail = multipart(part(b"image/tiff", tiff(ROWS)), part(b"image/tiff", tiff(ROWS)))
    job = desk.record(mail, step=len(mail))
    assert job.outcome == outcomes.FAILED
    desk.restart()
    desk.record(mail)
    assert [(page, dup) for page, _total, _kind, dup in desk.reporter.pages] == [(2, False)]


def test_a_page_that_was_begun_is_marked_when_it_comes_again() -> None:
    desk = Desk()
    mail = HEAD + part(b"image/tiff", tiff(ROWS, 2))

    def open_cover() -> None:
        desk.machine.cover_open = True

    desk.machine.at_line, desk.machine.then = 100, open_cover
    job = desk.record(mail)
    assert job.outcome == outcomes.STALLED
    desk.machine.cover_open = False
    desk.restart()
    assert desk.record(mail).outcome == outcomes.ON_PAPER
    assert [(page, dup) for page, _t, _k, dup in desk.reporter.pages] == [(1, True), (2, False)]


def test_the_mark_comes_even_where_headers_are_off() -> None:
    desk = Desk()
    desk.sheet.header = False
    desk.ledger.begin(b"mail-key", "", "")
    desk.ledger.intend(b"mail-key", 1)
    desk.record(HEAD + part(b"image/tiff", tiff(ROWS)))
    sheet = desk.machine.sheets[0]
    assert len(sheet) == BAND + 4 * len(ROWS)
    assert any(any(line) for line in sheet[:BAND])


def test_without_paper_the_mail_stays_and_nothing_is_said_to_be_recorded() -> None:
    desk = Desk(tray=1)
    mail = HEAD + part(b"image/tiff", tiff(ROWS, 2))
    job = desk.record(mail)
    assert job.outcome == outcomes.STALLED
    assert desk.ledger.pages_done(b"mail-key") == 1
    assert [code for code, _detail in desk.faults.standing()] == [faults.NO_PAPER]
    desk.machine.tray = 5
    desk.restart()
    job = desk.record(mail)
    assert job.outcome == outcomes.ON_PAPER
    assert len(desk.machine.sheets) == 2
    assert not any(dup for _p, _t, _k, dup in desk.reporter.pages), "no line of page 2 was begun"


def test_a_page_whose_sheet_stays_in_the_machine_is_recorded_again_with_the_mark() -> None:
    for page in (1, 2):
        desk = Desk()
        mail = HEAD + part(b"image/tiff", tiff(ROWS, 2))
        desk.machine.at_line = 40
        desk.machine.then = _sticking(desk, page)
        job = desk.record(mail)
        assert job.outcome == outcomes.STALLED and faults.JAM in desk.faults
        assert desk.ledger.pages_done(b"mail-key") == page - 1
        told = [number for number, _t, _k, _dup in desk.reporter.pages]
        assert told == list(range(1, page)), "no word of a sheet that stays inside"
        assert not desk.ledger.is_finished(b"mail-key")
        desk.machine.at_head, desk.machine.stuck = False, 0  # a person takes it out
        desk.restart()
        assert desk.record(mail).outcome == outcomes.ON_PAPER
        assert [(number, dup) for number, _t, _k, dup in desk.reporter.pages] == [
            (number, number == page) for number in range(page, 3)
        ]


def _sticking(desk: Desk, page: int) -> "Callable[[], None]":
    def stick() -> None:
        if desk.recorder.sheets == page - 1:
            desk.machine.stuck = 9
        else:
            desk.machine.at_line = 40

    return stick


def test_a_tiff_without_an_octet_is_told_of() -> None:
    desk = Desk()
    mail = b"From: anna@example.com\r\nContent-Type: image/tiff\r\n\r\n"
    assert desk.record(mail).outcome == outcomes.AS_NOTICE
    assert len(desk.reporter.unrecorded_parts) == 1


def test_a_sheet_that_sticks_at_power_on_takes_the_page_entered_last_back() -> None:
    desk = Desk()
    desk.ledger.intend(b"mail-key", 1)
    desk.ledger.finish(b"mail-key", 1, False)
    desk.restart()
    desk.machine.at_head, desk.machine.stuck = True, 1
    assert asyncio.run(desk.task.hindrance())
    assert not desk.ledger.is_finished(b"mail-key")
    desk.restart()
    assert not asyncio.run(desk.task.hindrance())  # it comes out now: nothing is taken back
    assert desk.ledger.may_be_on_paper(b"mail-key", 1)


def test_a_mail_larger_than_the_spool_window_is_recorded_whole() -> None:
    desk = Desk(blocks=3)  # 16 KiB with the block in RAM; a page has 9 kB
    job = desk.record(HEAD + part(b"image/tiff", tiff(ROWS, 4)))
    assert job.outcome == outcomes.ON_PAPER, job.reason
    assert len(desk.machine.sheets) == 4


def test_a_flash_that_fails_leaves_the_mail_on_the_server() -> None:
    desk = Desk()
    desk.storage.fail = True
    job = desk.record(HEAD + part(b"image/tiff", tiff(ROWS)))
    assert job.outcome == outcomes.FAILED
    assert desk.machine.sheets in ([], [[]]), "no line before its intent is durable"
    assert faults.STORAGE in desk.faults


def test_faxes_and_texts_take_their_turn_in_memory() -> None:
    desk = Desk()
    text = part(b"text/plain", b"See the fax.\r\n")
    fax = part(b"image/tiff", tiff(ROWS), b"a.tif")
    job = desk.record(multipart(text, fax, text, fax))
    assert kinds(desk) == ["text", "fax", "text", "fax"] and job.outcome == outcomes.ON_PAPER
    assert "firmware.recording.fax_part" in sys.modules
    assert "firmware.recording.text_part" not in sys.modules
    desk.recording.unload()
    loaded = [name for name in sys.modules if name.startswith("firmware.fax.")]
    assert sorted(loaded) == ["firmware.fax.buffers", "firmware.fax.ccitt_tables"]
