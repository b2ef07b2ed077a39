"""Pictures of docs/what-prints-how.md: `python -m tools.what_prints [NAME...]` makes each file,
has the simulated device record it, and writes what came out into docs/images/.
"""
from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from sim.paper_path import A4, LEAD_LINES, LETTER
from tools.samples_forms import order_form
from tools.samples_letters import letter_first
from tools.samples_pictures import lake
from tools.samples_tiff import MH, MMR, Page, Style, tiff

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
_GAP = 10
_GREYS = 8
_LETTER = "record.paper=letter"


class Case(NamedTuple):
    """A file and how the device is set."""

    make: Callable[[], bytes]
    settings: tuple[str, ...] = ()


def _letter(width: int, height: int) -> Image.Image:
    grey = letter_first().convert("L").resize((width, height), Image.Resampling.LANCZOS)
    return grey.point(lambda value: 255 if value > 150 else 0).convert("1")


def _file(image: Image.Image, x_dpi: int, y_dpi: int, coding: str = MMR) -> bytes:
    return tiff([Page(image, x_dpi, y_dpi)], Style(coding=coding))


def _longer(length: int) -> Image.Image:
    """The letter, and below it as much of it again as the length wants."""
    page = Image.new("1", (1728, length), 255)
    for top in range(0, length, 2287):
        page.paste(letter_first(), (0, top))
    return page


def _landscape() -> bytes:
    wide = Image.new("1", (2376, 1680), 255)
    wide.paste(_letter(1188, 1572), (0, 54))
    wide.paste(_letter(1188, 1572), (1188, 54))
    return _file(wide, 200, 200)


def _damaged(coding: str) -> bytes:
    data = bytearray(_file(letter_first(), 204, 196, coding))
    places = (0.55,) if coding == MMR else tuple(0.2 + 0.001 * step for step in range(0, 600, 3))
    for place in places:
        at = int(len(data) * place)
        data[at : at + 3] = b"\xff\x02\x81"
    return bytes(data)


def _upside_down() -> bytes:
    turned = letter_first().transpose(Image.Transpose.ROTATE_180)
    return tiff([Page(turned, 204, 196)], Style(orientation=3))


def _dither() -> bytes:
    page = Image.new("1", (4960, 2600), 255)
    page.paste(lake().convert("L").resize((3960, 2260)).convert("1"), (500, 170))
    return _file(page, 600, 600)


def _jpeg() -> bytes:
    out = io.BytesIO()
    letter_first().convert("L").resize((864, 1143)).save(out, "TIFF", compression="jpeg")
    return out.getvalue()


CASES = {
    "fine": Case(lambda: _file(letter_first(), 204, 196)),
    "standard": Case(lambda: _file(order_form(), 204, 98, MH)),
    "dpi300": Case(lambda: _file(_letter(2592, 3508), 300, 300)),
    "dpi600": Case(lambda: _file(_letter(4960, 6735), 600, 600)),
    "dither": Case(_dither),
    "a5": Case(lambda: _file(_letter(1216, 1615), 204, 196)),
    "b4": Case(lambda: _file(_letter(2048, 2860), 200, 200)),
    "legal": Case(lambda: _file(_longer(2744), 204, 196)),
    "long": Case(lambda: _file(_longer(4000), 204, 196)),
    "cut": Case(lambda: _file(_longer(4000), 204, 196), ("record.fit=cut",)),
    "landscape": Case(_landscape),
    "upside-down": Case(_upside_down),
    "letter-paper": Case(lambda: _file(letter_first(), 204, 196), (_LETTER,)),
    "damaged-mmr": Case(lambda: _damaged(MMR)),
    "damaged-mh": Case(lambda: _damaged(MH)),
    "jpeg": Case(_jpeg),
}


def _recorded(case: Case, folder: Path) -> Iterator[Image.Image]:
    """The sheets that come out of the simulated device."""
    file = folder / "page.tif"
    file.write_bytes(case.make())
    command = [sys.executable, "-m", "sim", "--record", str(file), "--paper", str(folder / "out")]
    for setting in case.settings:
        command += ["--set", setting]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, timeout=300)
    for path in sorted((folder / "out").glob("*.png")):
        with Image.open(path) as sheet:
            yield sheet.convert("L")


def picture(case: Case) -> Image.Image:
    """The sheets side by side, each with a frame, one pixel to the millimetre."""
    with tempfile.TemporaryDirectory(prefix="prints-") as folder:
        sheets = list(_recorded(case, Path(folder)))
    paper = LETTER if _LETTER in case.settings else A4
    size = (round(paper.width_mm), round(paper.height_mm))
    whole = Image.new("L", ((size[0] + _GAP) * len(sheets) + _GAP, size[1] + 2 * _GAP), 200)
    for number, sheet in enumerate(sheets):
        full = Image.new("L", (sheet.width, paper.rows + LEAD_LINES), 255)
        full.paste(sheet, (0, LEAD_LINES))
        # the head is wider than the paper
        edge = round((sheet.width / 8 - paper.width_mm) * 4)
        full = full.crop((edge, 0, sheet.width - edge, full.height))
        small = full.resize(size, Image.Resampling.BOX)
        whole.paste(small, (_GAP + number * (size[0] + _GAP), _GAP))
    return whole.quantize(_GREYS)


def main(names: Sequence[str]) -> int:
    """Make the pictures of those cases, or of all."""
    for name in names or list(CASES):
        path = IMAGES / ("prints-%s.png" % name)
        picture(CASES[name]).save(path, optimize=True)
        print("%s: %d octets" % (path.relative_to(ROOT), path.stat().st_size))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
