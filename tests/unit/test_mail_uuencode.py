"""Uuencoded files: in a text, as mailers sent them before MIME, and as a transfer encoding."""
from __future__ import annotations

from firmware.mail.message import MAX_PARTS
from firmware.recording.job import ON_PAPER
from tests.unit.mail_support import crlf, read_mail, told
from tests.unit.recording_support import Desk, kinds, tiff

TIFF = b"II*\0\x08\0\0\0" + bytes(range(200))


def coded(octets: bytes, blank: str = "`") -> str:
    """As uuencode writes it."""
    lines = []
    for at in range(0, len(octets), 45):
        piece = octets[at : at + 45]
        padded = piece + b"\0" * (-len(piece) % 3)
        line = chr(32 + len(piece))
        for group in range(0, len(padded), 3):
            value = int.from_bytes(padded[group : group + 3], "big")
            line += "".join([chr(32 + (value >> shift & 63)) for shift in (18, 12, 6, 0)])
        lines.append(line.replace(" ", blank))
    return "\n".join(lines) + "\n%s\nend\n" % blank


def mail(body: str) -> bytes:
    return crlf("Subject: s\n\n" + body)


def read(body: bytes, step: int = 0) -> list[tuple[str, str, bytes, str]]:
    kept, _envelope = read_mail(body, step)
    return [(one.part.content_type, one.part.name, bytes(one.octets), one.damage) for one in kept]


def test_a_file_in_a_text_is_a_part_of_its_own() -> None:
    body = mail("before\nbegin 644 fax.tif\n" + coded(TIFF) + "after\n")
    wanted = [("text/plain", "", b"before\r\n", ""), ("image/tiff", "fax.tif", TIFF, ""),
              ("text/plain", "", b"after\r\n", "")]
    for step in (0, 1, 2, 3, 7, 50, 77):
        assert read(body, step) == wanted, step


def test_several_files_at_the_front_and_in_a_multipart() -> None:
    body = "begin 0600 a b.txt\n" + coded(b"text") + "begin 644 c\n" + coded(bytes(5000))
    wanted = [("text/plain", "", b"", ""), ("text/plain", "a b.txt", b"text", ""),
              ("text/plain", "", b"", ""), ("application/octet-stream", "c", bytes(5000), ""),
              ("text/plain", "", b"", "")]
    assert read(mail(body)) == read(mail(body), 9) == wanted
    within = crlf("Content-Type: multipart/mixed; boundary=b\n\n--b\n\n" + body + "\n--b--\n")
    assert read(within) == read(within, 1) == wanted


def test_a_line_that_only_looks_like_one_is_text() -> None:
    for line in ("begin 10 minutes earlier", "begin 644", "begin 648 x", " begin 644 x",
                 "begin", "begin 64400 x", "beginning", "begin 6a4 x", "we begin 644 x"):
        for ending in ("\n", "\nmore\n", ""):
            text = "a\n" + line + ending
            for step in (0, 1, 4):
                wanted = [("text/plain", b"a\r\n" + line.encode() + crlf(ending), "")]
                assert told(read_mail(mail(text), step)[0]) == wanted, line


def test_lost_blanks_check_sums_and_blanks_for_backquotes_do_no_harm() -> None:
    plain = coded(TIFF, " ")
    stripped = "\n".join([line.rstrip() for line in plain.split("\n")])
    lines = coded(TIFF).split("\n")
    summed = "\n".join([line + "X" if len(line) > 3 else line for line in lines])
    for text in (plain, stripped, summed, coded(TIFF).replace("\n`\n", "\n")):
        found = read(mail("begin 644 fax.tif\n" + text + "after"))
        assert found[1:] == [("image/tiff", "fax.tif", TIFF, ""),
                             ("text/plain", "", b"after", "")], text


def test_a_missing_end_is_told_and_what_follows_is_text() -> None:
    text = coded(TIFF).replace("end\n", "")
    damage = "its uuencode coding has no end"
    for step in (0, 1, 5):
        assert read(mail("begin 644 f.tif\n" + text), step)[1:] == [
            ("image/tiff", "f.tif", TIFF, damage)]
        assert read(mail("begin 644 f.tif\n" + text + "Best regards\n"), step)[1:] == [
            ("image/tiff", "f.tif", TIFF, damage), ("text/plain", "", b"Best regards\r\n", "")]


def test_a_part_whose_transfer_encoding_it_is() -> None:
    for encoding in ("x-uuencode", "uuencode", "X-UUE", "uue"):
        head = "Content-Type: image/tiff; name=x.tif\nContent-Transfer-Encoding: %s\n\n" % encoding
        body = crlf(head + "junk\nbegin 644 other.tif\n" + coded(TIFF) + "junk\n")
        for step in (0, 1, 60):
            assert read(body, step) == [("image/tiff", "x.tif", TIFF, "")], encoding
    head = "Content-Transfer-Encoding: x-uuencode\n\nno file\n"
    assert read(crlf(head)) == [("text/plain", "", b"", "its uuencode coding never begins")]


def test_a_first_line_without_end_is_text_in_whatever_pieces_it_comes() -> None:
    for length in (243, 244, 245, 300):
        body = mail("a\nbegin 644 " + "z" * length + "\nb")
        wanted = read(body)
        assert (len(wanted) == 1) == (length > 244)
        for step in (1, 50, 257):
            assert read(body, step) == wanted, (length, step)


def test_many_small_files_are_bounded() -> None:
    kept, _envelope = read_mail(mail("begin 644 x\nend\n" * 200))
    assert len(kept) == MAX_PARTS + 1 and kept[-1].damage.endswith("a mail may have 64")


def test_a_fax_in_a_text_is_recorded_as_a_fax() -> None:
    desk = Desk()
    fax = tiff([bytes([0x55] * 216)] * 40)
    job = desk.record(mail("see below\nbegin 644 fax.tif\n" + coded(fax) + "thanks\n"))
    assert (job.outcome, job.reason) == (ON_PAPER, "")
    assert kinds(desk) == ["text", "fax", "text"]
    assert desk.reporter.unrecorded_parts == []


def test_a_file_of_another_kind_gets_its_row_on_the_notice() -> None:
    desk = Desk()
    desk.record(mail("see below\nbegin 644 paper.pdf\n" + coded(b"%PDF-1.4") + "\n"))
    assert kinds(desk) == ["text", "notice"]
    assert desk.reporter.unrecorded_parts[0][0] == "paper.pdf"
