"""The sample mails: what they hold, RFC 3949 in their fax files, the same octets every time."""

from __future__ import annotations

import email
import io
import struct
from email.message import EmailMessage
from email.policy import SMTP
from functools import cache
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from tools.samples import FAXES, MAILS, make_samples, sample_mails
from tools.samples_sheet import Sheet
from tools.samples_tiff import MH, MMR, MR, Page, Style, encode, tiff

SHORT, LONG, RATIONAL = 3, 4, 5
# nominal resolutions of RFC 3949 section 4.2.1, by unit
RESOLUTIONS: dict[int, set[tuple[float, float]]] = {
    2: {(204, 98), (204, 196), (200, 200), (300, 300), (408, 391)},
    3: {(80, 38.5), (80, 77), (160, 154)},
}
WIDTHS = {1728, 2432, 2592, 3456}


@cache
def mails() -> dict[str, bytes]:
    return sample_mails()


@cache
def images(name: str) -> list[Image.Image]:
    return FAXES[name].images()


@cache
def file(name: str) -> bytes:
    return FAXES[name].file()


def parsed(name: str) -> EmailMessage:
    message = email.message_from_bytes(mails()[name], policy=SMTP)
    assert isinstance(message, EmailMessage)
    return message


def attached(name: str) -> list[bytes]:
    """Contents of the parts that are not text."""
    parts = [part for part in parsed(name).walk() if not part.is_multipart()]
    return [part.get_content() for part in parts if part.get_content_maintype() != "text"]


def directories(octets: bytes) -> list[tuple[int, dict[int, list[int | float]]]]:
    """Each IFD: its offset, and tag to values; tags must ascend."""
    order = {b"II*\0": "<", b"MM\0*": ">"}[octets[:4]]
    (offset,) = struct.unpack_from(order + "L", octets, 4)
    found = []
    while offset:
        (count,) = struct.unpack_from(order + "H", octets, offset)
        fields: dict[int, list[int | float]] = {}
        last = 0
        for entry in range(offset + 2, offset + 2 + 12 * count, 12):
            tag, kind, number = struct.unpack_from(order + "HHL", octets, entry)
            assert tag > last
            last = tag
            fields[tag] = values(octets, order, entry, kind, number)
        assert offset % 2 == 0
        found.append((offset, fields))
        (offset,) = struct.unpack_from(order + "L", octets, offset + 2 + 12 * count)
    return found


def values(octets: bytes, order: str, entry: int, kind: int, number: int) -> list[int | float]:
    size = {2: 1, SHORT: 2, LONG: 4, RATIONAL: 8}[kind] * number
    at = entry + 8 if size <= 4 else struct.unpack_from(order + "L", octets, entry + 8)[0]
    if kind == RATIONAL:
        top, bottom = struct.unpack_from(order + "LL", octets, at)
        return [top / bottom]
    letter = {2: "B", SHORT: "H", LONG: "L"}[kind]
    return list(struct.unpack_from("%s%d%s" % (order, number, letter), octets, at))


def test_the_mails_of_the_issue_are_there() -> None:
    assert [name for name, _make in MAILS] == [
        "letter",
        "order",
        "delivery-note",
        "leaflet",
        "data-sheet",
        "drawing",
        "text",
        "mixed",
        "pdf",
    ]
    assert len(attached("letter")) == 1 and len(directories(attached("letter")[0])) == 2
    assert [part.get_content_type() for part in parsed("mixed").iter_parts()] == [
        "text/plain",
        "image/tiff",
        "image/tiff",
    ]
    assert [part.get_content_type() for part in parsed("pdf").iter_parts()] == [
        "text/plain",
        "application/pdf",
    ]
    assert attached("pdf")[0].startswith(b"%PDF-1.4\n")
    assert parsed("order").get_content_type() == "image/tiff"
    assert [part.get_content_type() for part in parsed("delivery-note").iter_parts()] == [
        "application/octet-stream"
    ]


@pytest.mark.parametrize("name", [name for name, _make in MAILS])
def test_a_mail_is_proper_mime(name: str) -> None:
    octets = mails()[name]
    message = parsed(name)
    assert not [part.defects for part in message.walk() if part.defects]
    for header in ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version"):
        assert len(message.get_all(header, [])) == 1
    assert octets.endswith(b"\r\n")
    assert octets.count(b"\n") == octets.count(b"\r\n") == octets.count(b"\r")
    assert max(map(len, octets.split(b"\r\n"))) <= 998
    octets.decode("ascii")


def test_senders_and_message_ids_differ() -> None:
    assert len({parsed(name)["Message-ID"] for name, _make in MAILS}) == len(MAILS)
    assert parsed("letter")["From"].addresses[0].addr_spec == "sales@example.com"
    assert parsed("text")["From"].addresses[0].display_name == "Élodie Lefèvre"
    assert b"=?utf-8?q?" in mails()["text"].split(b"\r\n\r\n")[0]
    assert "Łucja Żółć" in parsed("text").get_content()


@pytest.mark.parametrize("name", FAXES)
def test_the_fields_are_those_of_rfc_3949(name: str) -> None:
    fax = FAXES[name]
    octets = file(name)
    pages = directories(octets)
    assert len(pages) == len(fax.pages)
    for number, (_offset, fields) in enumerate(pages):
        assert fields[254] == [2]  # NewSubfileType
        assert fields[256][0] in WIDTHS and fields[256] == [fax.scan.dots]
        assert fields[258] == [1] and fields[277] == [1]
        assert fields[259] == ([4] if fax.style.coding == MMR else [3])
        assert fields[262] == [0]
        assert fields[266] == [fax.style.fill_order]
        resolutions = RESOLUTIONS[int(fields[296][0])]
        assert (fields[282][0], fields[283][0]) in resolutions
        if fax.style.coding == MMR:
            assert fields[293] == [0] and 292 not in fields
        else:
            wanted = (1 if fax.style.coding == MR else 0) | (4 if fax.style.aligned else 0)
            assert fields[292] == [wanted] and 293 not in fields
        assert fields[297] == [number, len(pages)]
        strips = -(-int(fields[257][0]) // int(fields[278][0]))
        assert len(fields[273]) == len(fields[279]) == strips
        for offset, count in zip(fields[273], fields[279], strict=True):
            assert 8 <= offset < offset + count <= len(octets)


def test_the_standard_mode_page_is_profile_s() -> None:
    octets = attached("order")[0]
    ((offset, fields),) = directories(octets)
    assert octets[:8] == b"II*\0\x08\0\0\0" and offset == 8
    assert fields[259] == [3] and fields[292][0] in (0, 4) and fields[266] == [2]
    assert fields[256] == [1728] and (fields[282], fields[283]) == ([204], [98])
    assert len(fields[273]) == 1
    first = int(fields[273][0])
    assert octets[first] == 0 and octets[first + 1] & 15 == 8  # an EOL, LSB first


def test_the_samples_vary_what_senders_vary() -> None:
    styles = [fax.style for fax in FAXES.values()]
    assert {style.coding for style in styles} == {MH, MR, MMR}
    for kind in ("byte_order", "fill_order", "aligned", "directory_first", "centimetres"):
        assert len({getattr(style, kind) for style in styles}) == 2, kind
    assert any(style.strip_rows for style in styles)
    resolutions = {(fax.scan.x_dpi, fax.scan.y_dpi) for fax in FAXES.values()}
    assert {(204, 98), (204, 196), (300, 300), (408, 391)} <= resolutions
    drawing = FAXES["drawing"].scan
    assert drawing.dots > drawing.lines


@pytest.mark.parametrize("name", FAXES)
def test_libtiff_decodes_what_was_drawn(name: str) -> None:
    drawn = images(name)
    with Image.open(io.BytesIO(file(name))) as decoded:
        for number, image in enumerate(drawn):
            decoded.seek(number)
            assert decoded.size == image.size
            assert (
                ImageChops.difference(decoded.convert("L"), image.convert("L")).getbbox() is None
            )


@pytest.mark.parametrize("name", FAXES)
def test_a_page_looks_like_a_document(name: str) -> None:
    for image in images(name):
        black = image.convert("L").histogram()[0] / (image.width * image.height)
        assert 0.01 < black < 0.35
        for edge in ((0, 0, image.width, 30), (0, image.height - 20, image.width, image.height)):
            box = image.convert("L").crop(edge)
            assert box.getextrema()[1] == 255


def test_the_samples_are_the_same_every_time(tmp_path: Path) -> None:
    first, second = make_samples(tmp_path / "a"), make_samples(tmp_path / "b")
    assert [path.name for path in first] == sorted(path.name for path in second)
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]
    assert first[0].name == "01-letter.eml" and len(first) == len(MAILS)


def test_the_mails_fit_a_small_maildrop() -> None:
    assert sum(map(len, mails().values())) < 1_000_000


@pytest.mark.parametrize("coding", [MH, MR, MMR])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("fill_order", [1, 2])
@pytest.mark.parametrize("strip_rows", [0, 7])
def test_every_way_to_write_a_page_can_be_read(
    coding: str, order: str, fill_order: int, strip_rows: int
) -> None:
    image = Image.radial_gradient("L").resize((1728, 40)).convert("1")
    for aligned, first in ((False, True), (True, False)):
        style = Style(coding, order, fill_order, aligned, strip_rows, first)
        pages = [Page(image, 204, 98), Page(image.rotate(180), 204, 196)]
        octets = tiff(pages, style)
        directories(octets)
        with Image.open(io.BytesIO(octets)) as decoded:
            for number, page in enumerate(pages):
                decoded.seek(number)
                assert decoded.convert("L").tobytes() == page.image.convert("L").tobytes()


def test_strips_of_mh_and_mr_begin_with_an_eol_and_have_no_rtc() -> None:
    image = Image.new("1", (1728, 3), 1)
    for coding in (MH, MR):
        octets = encode(image, Style(coding))
        bits = "".join(format(octet, "08b") for octet in octets)
        assert bits.startswith("000000000001")
        assert bits.count("000000000001") == 3  # one before each row, none after the last


def test_only_bilevel_pages_are_taken() -> None:
    with pytest.raises(ValueError, match="1-bit"):
        tiff([Page(Image.new("L", (8, 8)), 204, 98)], Style())


def test_text_that_the_font_lacks_is_refused() -> None:
    with pytest.raises(ValueError, match="lacks"):
        Sheet(20, 20).text(1, 1, "é")
