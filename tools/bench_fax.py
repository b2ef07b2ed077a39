"""S4: one CCITT page from memory to packed rows in memory, ours on MicroPython, libtiff's in C.

Ours is `FaxPage.render` with everything that belongs to it (directory, input buffer, bands). The
peer is libtiff through Pillow: opening the file and loading its pixels, in this process. Both are
measured in processor time, by turns, each run several decodings: what else the machine does costs
neither, or both.
"""

from __future__ import annotations

import hashlib
import io
import json
import random
import subprocess
import tempfile
import time
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from tests.host.libtiff_corpus import Layout, put_together, row_octets, strips
from tools import micropython_binary
from tools.bench import Row, row

ROOT = Path(__file__).resolve().parents[1]
WIDTH = 1728
HEIGHTS = (2200, 4400)
CODINGS = ("MH", "MR", "MMR")
LAYOUT = Layout("<", 1, 0, 0, True)
RUNS = 7
ENOUGH = 0.1  # seconds of one run


def _dense(height: int) -> Image.Image:
    """A page full of small print, on lines as close as a fine-mode letter's."""
    chance = random.Random(1)
    page = Image.new("1", (WIDTH, height), 255)
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(size=22 * height // 2200)
    words = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=5)) for _ in range(60)]
    for y in range(40, height - 60, 34 * height // 2200):
        draw.text((120, y), " ".join(chance.choices(words, k=22)), font=font, fill=0)
    return page


def _sparse(height: int) -> Image.Image:
    """A short letter: a few lines and a rule."""
    page = Image.new("1", (WIDTH, height), 255)
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(size=30)
    for line in range(6):
        draw.text((150, 300 + 60 * line), "Thank you for your order of %d May." % line, font=font)
    draw.rectangle((150, height - 300, WIDTH - 150, height - 297), fill=0)
    return page


def _halftone(height: int) -> Image.Image:
    """Clustered grey, as a fax machine's picture mode makes it: cells of 6 x 6 dots."""
    grey = Image.radial_gradient("L").resize((WIDTH // 6, height // 6)).resize((WIDTH, height))
    cell = [28, 18, 20, 30, 10, 24, 12, 2, 4, 14, 32, 22, 26, 8, 0, 6, 16, 34]
    cell += [cell[(place // 6 * 6 + (place + 3) % 6)] for place in range(18)]
    screen = Image.new("L", (6, 6))
    screen.putdata([7 * value + 4 for value in cell])
    tiles = Image.new("L", (WIDTH, height))
    for y in range(0, height, 6):
        for x in range(0, WIDTH, 6):
            tiles.paste(screen, (x, y))
    levels = zip(grey.tobytes(), tiles.tobytes(), strict=True)
    octets = bytes(255 if dot > limit else 0 for dot, limit in levels)
    return Image.frombytes("L", (WIDTH, height), octets).convert("1", dither=Image.Dither.NONE)


CONTENTS = {"dense text": _dense, "sparse": _sparse, "halftone": _halftone}


def _peer(data: bytes) -> float:
    began = time.process_time()
    spent, count = 0.0, 0
    while spent < ENOUGH:
        with Image.open(io.BytesIO(data)) as page:
            page.load()
        count += 1
        spent = time.process_time() - began
    return spent * 1000 / count


class Ours:
    """Our decoder in a process of its own."""

    def __init__(self) -> None:
        start = (
            "import sys, asyncio; sys.path[:0] = ['sim/modules/micropython', '.']; "
            "import tools.bench_fax_device as device; asyncio.run(device.main())"
        )
        self._process = subprocess.Popen(
            [str(micropython_binary.find()), "-X", "heapsize=8m", "-c", start],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            cwd=ROOT,
        )

    def run(self, path: Path, octets: int) -> tuple[float, str]:
        """Milliseconds for the page in the file, and the SHA-256 of its rows."""
        asked, answers = self._process.stdin, self._process.stdout
        assert asked is not None
        assert answers is not None
        asked.write("%s %d\n" % (path, octets))
        micros, digest = json.loads(answers.readline())
        return micros / 1000, digest

    def close(self) -> None:
        """Let it end."""
        self._process.communicate()


def rows() -> list[Row]:
    """One row for each content, height and coding; raises where a decoder's pixels differ."""
    found: list[Row] = []
    ours = Ours()
    with tempfile.TemporaryDirectory() as folder:
        for height in HEIGHTS:
            for content, make in CONTENTS.items():
                found += _measure(ours, Path(folder), content, make(height))
    ours.close()
    return found


def _measure(ours: Ours, folder: Path, content: str, page: Image.Image) -> list[Row]:
    expected = hashlib.sha256(row_octets(page)).hexdigest()
    found = []
    for coding in CODINGS:
        data = put_together(page, coding, LAYOUT, strips(page, coding, LAYOUT))
        path = folder / ("%s.tif" % coding)
        path.write_bytes(data)
        mine, theirs = [], []
        for _ in range(RUNS):
            time_ms, digest = ours.run(path, len(row_octets(page)))
            if digest != expected:
                raise ValueError("%s %s: pixels differ from libtiff's" % (content, coding))
            mine.append(time_ms)
            theirs.append(_peer(data))
        what = "%s, %s, %d x %d" % (coding, content, WIDTH, page.height)
        found.append(row("S4", what, "libtiff", mine, theirs, "ms", "%d KB" % (len(data) >> 10)))
    return found
