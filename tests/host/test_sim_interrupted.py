"""The whole desk when a fax of several pages is interrupted, and on Letter paper."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from sim.head import LINE_OCTETS, WIDTH_DOTS
from tests.host.test_sim_end_to_end import BAND_ROWS, desk, rows, summary

PAGES = 3
LENGTH = 150  # rows of a page; each gives four lines


def page(number: int) -> Image.Image:
    """A bar at another place on each page."""
    image = Image.new("1", (WIDTH_DOTS, LENGTH), 1)
    image.paste(0, (100 * number, 8, 100 * number + 80, LENGTH - 8))
    return image


@pytest.fixture(scope="module")
def fax(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fax") / "pages.tif"
    first, *others = [page(number + 1) for number in range(PAGES)]
    first.save(path, compression="group4", dpi=(204, 98), save_all=True, append_images=others)
    return path


def number_on(path: Path) -> int:
    """Which page is on a sheet, all of it; 0 where it is not whole."""
    on_paper = rows(path)[BAND_ROWS : BAND_ROWS + 4 * LENGTH]
    for number in range(1, PAGES + 1):
        data = page(number).tobytes()
        lines = [data[at : at + LINE_OCTETS] for at in range(0, len(data), LINE_OCTETS)]
        if on_paper == [line for line in lines for _ in range(4)]:
            return number
    return 0


@pytest.mark.parametrize("hindrance", ["cover open", "jam", "film end"])
def test_an_interrupted_fax_goes_on_with_the_page_that_was_cut_short(
    hindrance: str, fax: Path, tmp_path: Path
) -> None:
    common = ("--once", "--json", "--state", tmp_path / "state", "--mail", fax)
    fault = "%s at page 2 line 300" % hindrance
    first = desk(*common, "--fault", fault, "--paper", tmp_path / "one")
    assert (first.returncode, summary(first)["unfinished"]) == (1, 1), first.stdout
    assert number_on(tmp_path / "one" / "0001.png") == 1
    second = desk(*common, "--paper", tmp_path / "two")
    assert (second.returncode, summary(second)["recorded"]) == (0, 1), second.stdout
    sheets = sorted((tmp_path / "two").glob("*.png"))
    assert [number_on(sheet) for sheet in sheets] == [2, 3]
    assert second.stdout.count("(possible duplicate)") == 1
    assert "page 2 from desk@localhost → %s (possible duplicate)" % sheets[0] in second.stdout


def test_an_a4_page_is_whole_on_letter_paper(tmp_path: Path) -> None:
    """It is 287 mm long: reduced on Letter, as it is on A4."""
    image = Image.new("1", (WIDTH_DOTS, 1110), 1)
    image.paste(0, (0, 0, WIDTH_DOTS, 4))
    image.paste(0, (0, 1106, WIDTH_DOTS, 1110))
    path = tmp_path / "a4.tif"
    image.save(path, compression="group4", dpi=(204, 98))
    found = {}
    for paper in ("A4", "letter"):
        folder = tmp_path / paper
        done = desk("--record", path, "--paper", folder, "--set", "record.paper=" + paper)
        assert done.returncode == 0, done.stdout + done.stderr
        with Image.open(folder / "0001.png") as sheet:
            black = sheet.convert("L").point(lambda value: 255 - value).crop(
                (0, BAND_ROWS, WIDTH_DOTS, sheet.height)
            ).getbbox()
            found[paper] = (sheet.height, *(black or ()))
    heights = {"A4": 4559, "letter": 4288}
    for paper, (height, left, top, right, bottom) in found.items():
        assert height == heights[paper]
        assert top == 0 and bottom > height - BAND_ROWS - 60, "from the header band to the end"
        assert (left > 0) == (right < WIDTH_DOTS) == (paper == "letter")
