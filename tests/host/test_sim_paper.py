"""Recorded sheets as files: every dot where it was recorded, readable by others, whole or not
there.
"""

from __future__ import annotations

import random
import re
import tracemalloc
import zlib
from pathlib import Path

import pytest
from PIL import Image, PdfParser
from PIL.PdfParser import PdfName

from sim.head import LINE_OCTETS, WIDTH_DOTS
from sim.paper import NotOurs, Paper


def rows(count: int, seed: int = 1) -> list[bytes]:
    noise = random.Random(seed)
    return [noise.randbytes(LINE_OCTETS) for _ in range(count)]


def put(paper: Paper, sheet: list[bytes | None]) -> None:
    paper.begin()
    for row in sheet:
        paper.row(row)
    paper.end()


def picture_rows(path: Path) -> list[bytes]:
    """Packed rows, 1 = black."""
    with Image.open(path) as image:
        data = image.tobytes()
        assert image.mode == "1"
        assert image.width == WIDTH_DOTS
    return [
        bytes(255 - v for v in data[at : at + LINE_OCTETS])
        for at in range(0, len(data), LINE_OCTETS)
    ]


def test_a_sheet_is_a_picture_of_all_its_rows(tmp_path: Path) -> None:
    paper = Paper(tmp_path / "out")
    dots = rows(300)
    put(paper, [None, None, *dots[:200], None, *dots[200:], None, None])
    white = bytes(LINE_OCTETS)
    assert picture_rows(tmp_path / "out" / "0001.png") == [
        white,
        white,
        *dots[:200],
        white,
        *dots[200:],
        white,
        white,
    ]


def test_the_picture_says_how_large_a_dot_is(tmp_path: Path) -> None:
    paper = Paper(tmp_path)
    put(paper, [*rows(10)])
    with Image.open(paper.path(1)) as image:
        assert image.info["dpi"] == pytest.approx((203.2, 391.16), abs=0.01)


def test_a_sheet_without_a_dot_is_white_all_over(tmp_path: Path) -> None:
    paper = Paper(tmp_path)
    put(paper, [None] * 100)
    assert picture_rows(paper.path(1)) == [bytes(LINE_OCTETS)] * 100


def test_a_sheet_that_is_not_out_has_no_file(tmp_path: Path) -> None:
    paper = Paper(tmp_path)
    paper.begin()
    for row in rows(200):
        paper.row(row)
    assert not list(tmp_path.glob("*.png"))


def test_the_pdf_holds_every_sheet_in_its_size(tmp_path: Path) -> None:
    paper = Paper(tmp_path)
    sheets = [rows(50, 1), rows(4543, 2)]
    for sheet in sheets:
        put(paper, [*sheet])
    with PdfParser.PdfParser(str(paper.write_pdf())) as pdf:
        assert len(pdf.pages) == 2
        for page_ref, sheet in zip(pdf.pages, sheets, strict=True):
            page = pdf.read_indirect(page_ref)
            width, height = page.MediaBox[2:]
            assert (width / 72 * 25.4, height / 72 * 25.4) == pytest.approx((216, 297), abs=0.01)
            image = pdf.read_indirect(page.Resources[PdfName("XObject")][PdfName("I")])
            data = zlib.decompress(image.buf)
            assert image.dictionary[PdfName("Height")] == len(sheet)
            assert data == b"".join(b"\0" + bytes(255 - v for v in row) for row in sheet)


def test_the_pdf_places_the_rows_at_their_pitch(tmp_path: Path) -> None:
    paper = Paper(tmp_path)
    put(paper, [*rows(4543)])
    content = re.search(
        rb"stream\n(\S+) 0 0 (\S+) 0 (\S+) cm /I Do", paper.write_pdf().read_bytes()
    )
    assert content is not None
    width, height, bottom = (float(value) / 72 * 25.4 for value in content.groups())
    assert (width, height, bottom) == pytest.approx((216, 295, 1), abs=0.01)


def test_a_long_sheet_needs_little_memory(tmp_path: Path) -> None:
    paper = Paper(tmp_path)
    row = rows(1)[0]
    tracemalloc.start()
    put(paper, [row] * 4543)
    paper.write_pdf()
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 500_000  # the sheet has 981,288 octets


def test_a_new_run_takes_the_old_sheets_away(tmp_path: Path) -> None:
    old = Paper(tmp_path)
    put(old, [*rows(5)])
    put(old, [*rows(5)])
    old.write_pdf()
    (tmp_path / "notes.txt").write_text("mine")
    Paper(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_other_peoples_files_are_not_touched(tmp_path: Path) -> None:
    Image.new("1", (8, 8)).save(tmp_path / "0007.png")
    with pytest.raises(NotOurs, match=r"0007\.png"):
        Paper(tmp_path)
    assert (tmp_path / "0007.png").exists()
