"""A sheet to draw documents on, in millimetres, and the scan of it as a fax sender would make it.

Everything but pictures is drawn in grey at some 300 dpi and reduced to the scan's dots with a
threshold; pictures are screened at the scan's own dots. Only Pillow's own font is used, so the
result is the same on every machine with the same Pillow.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

from PIL import Image, ImageChops, ImageDraw, ImageFont

PX_PER_MM = 12
WHITE, BLACK = 255, 0
COVERED = frozenset(map(chr, [*range(0x20, 0x7F), 0xB0, 0xB1, 0xB7]))
Point = tuple[float, float]


class Scan(NamedTuple):
    """How a sheet is scanned: dots and lines of the image, pixels to the inch across and down."""

    dots: int
    lines: int
    x_dpi: int
    y_dpi: int


STANDARD = Scan(1728, 1143, 204, 98)
FINE = Scan(1728, 2287, 204, 196)
DPI_200 = Scan(1728, 2339, 200, 200)
DPI_300 = Scan(2592, 3508, 300, 300)
SUPER = Scan(3456, 4572, 408, 391)
LANDSCAPE = Scan(2432, 1654, 200, 200)


@cache
def font(size_mm: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font with capitals of about 0.7 `size_mm`."""
    return ImageFont.load_default(size_mm * PX_PER_MM)


class Sheet:
    """White paper of `width` x `height` mm."""

    def __init__(self, width: float = 215, height: float = 297) -> None:
        self.width, self.height = width, height
        self._image = Image.new("L", (px(width), px(height)), WHITE)
        self._draw = ImageDraw.Draw(self._image)
        self._pictures: list[tuple[float, float, float, float, Image.Image, bool]] = []

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float = 3.6,
        bold: bool = False,
        anchor: str = "ls",
        ink: int = BLACK,
    ) -> None:
        """One line of text with its base line at `y`; `anchor` as Pillow has it."""
        if any(character not in COVERED for character in text):
            raise ValueError("Pillow's own font lacks a character of " + ascii(text))
        if not bold:
            self._draw.text((x * PX_PER_MM, y * PX_PER_MM), text, ink, font(size), anchor)
            return
        stroke = size * PX_PER_MM / 40
        widths = [font(size).getlength(character) + 1.6 * stroke for character in text]
        at = x * PX_PER_MM - sum(widths) * {"l": 0, "m": 0.5, "r": 1}[anchor[0]] + 0.8 * stroke
        for character, width in zip(text, widths, strict=True):
            self._draw.text(
                (at, y * PX_PER_MM),
                character,
                ink,
                font(size),
                "l" + anchor[1],
                stroke_width=stroke,
                stroke_fill=ink,
            )
            at += width

    def handwriting(self, x: float, y: float, text: str, size: float = 5.5) -> None:
        """Text as somebody would fill it in: slanted, on an unsteady base line."""
        wobble = random.Random(text)
        for word in text.split(" "):
            width = font(size).getlength(word)
            tile = Image.new("L", (int(width) + px(size), px(2 * size)), WHITE)
            ImageDraw.Draw(tile).text(
                (px(size) / 3, px(1.5 * size)), word, BLACK, font(size), "ls"
            )
            slant = (1, 0.3, -0.45 * px(size), wobble.uniform(-0.05, 0.02), 1, 0)
            tile = tile.transform(
                tile.size,
                Image.Transform.AFFINE,
                slant,
                Image.Resampling.BILINEAR,
                fillcolor=WHITE,
            )
            self._multiply(tile, px(x), px(y - 1.5 * size + wobble.uniform(-0.3, 0.3)))
            x += width / PX_PER_MM + size * 0.45

    def paragraph(
        self, x: float, y: float, width: float, text: str, size: float = 3.6, leading: float = 1.42
    ) -> float:
        """Wrapped text from base line `y`; paragraphs are split at newlines. Returns the next base
        line.

        """
        for paragraph in text.split("\n"):
            line = ""
            for word in paragraph.split():
                longer = line + " " + word if line else word
                if line and font(size).getlength(longer) > width * PX_PER_MM:
                    self.text(x, y, line, size)
                    y += size * leading
                    longer = word
                line = longer
            self.text(x, y, line, size)
            y += size * leading * (1.5 if line else 0.5)
        return y

    def line(self, *points: float, width: float = 0.25) -> None:
        """A line through x0, y0, x1, y1, ..."""
        scaled = [value * PX_PER_MM for value in points]
        self._draw.line(scaled, BLACK, max(1, px(width)), "curve")

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        line: float = 0.25,
        fill: int | None = None,
    ) -> None:
        """A rectangle."""
        corners = (px(x), px(y), px(x + width), px(y + height))
        self._draw.rectangle(corners, fill, BLACK if line else None, max(1, px(line)))

    def circle(
        self, x: float, y: float, radius: float, line: float = 0.25, fill: int | None = None
    ) -> None:
        """A circle around (x, y)."""
        corners = tuple(px(value) for value in (x - radius, y - radius, x + radius, y + radius))
        self._draw.ellipse(corners, fill, BLACK, max(1, px(line)))

    def arc(
        self, x: float, y: float, radius: float, start: float, end: float, line: float
    ) -> None:
        """Part of a circle, degrees clockwise from the right."""
        corners = tuple(px(value) for value in (x - radius, y - radius, x + radius, y + radius))
        self._draw.arc(corners, start, end, BLACK, max(1, px(line)))

    def polygon(self, points: Sequence[Point], fill: int = BLACK) -> None:
        """A filled polygon."""
        self._draw.polygon([(x * PX_PER_MM, y * PX_PER_MM) for x, y in points], fill)

    def curve(self, points: Sequence[Point], width: float = 0.4) -> None:
        """A smooth pen stroke through the points (Catmull-Rom)."""
        path: list[float] = []
        ends = [points[0], *points, points[-1]]
        for a, b, c, d in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
            for step in range(12):
                path += _between(a, b, c, d, step / 12)
        self.line(*path, *points[-1], width=width)

    def table(
        self,
        x: float,
        y: float,
        widths: Sequence[float],
        rows: Iterable[Sequence[str]],
        size: float = 3.2,
        pitch: float = 6.5,
        right: str = "",
    ) -> float:
        """A ruled table, first row bold; columns whose number is in `right` end flush right.
        Returns its end.

        """
        for number, row in enumerate(rows):
            left = x
            if number == 0:
                self.line(x, y, x + sum(widths), y, width=0.8)
                self.line(x, y + pitch, x + sum(widths), y + pitch, width=0.8)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True)):
                self.box(left, y, width, pitch, 0.2)
                flush = str(column) in right
                self.text(
                    left + (width - 1.5 if flush else 1.5),
                    y + pitch * 0.68,
                    cell,
                    size,
                    number == 0,
                    "rs" if flush else "ls",
                )
                left += width
            y += pitch
        return y

    def picture(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        image: Image.Image,
        screened: bool = False,
    ) -> None:
        """A grey picture: `screened` with a dot screen like print, else by error diffusion like a
        photo mode.

        """
        self._pictures.append((x, y, width, height, image, screened))

    def scan(self, scan: Scan, threshold: int = 165) -> Image.Image:
        """The sheet as a 1-bit image: 0 is black."""
        grey = self._image.resize((scan.dots, scan.lines), Image.Resampling.BOX)
        page = grey.point(lambda value: WHITE if value > threshold else BLACK).convert("1")
        across, down = scan.dots / self.width, scan.lines / self.height
        for x, y, width, height, image, screened in self._pictures:
            size = (round(width * across), round(height * down))
            part = image.convert("L").resize(size, Image.Resampling.BICUBIC)
            part = _screened(part) if screened else part.convert("1")
            page.paste(part, (round(x * across), round(y * down)))
        return page

    def _multiply(self, tile: Image.Image, x: int, y: int) -> None:
        box = (x, y, x + tile.width, y + tile.height)
        self._image.paste(ImageChops.darker(self._image.crop(box), tile), (x, y))


def px(mm: float) -> int:
    """Millimetres to pixels of the drawing."""
    return round(mm * PX_PER_MM)


def _between(a: Point, b: Point, c: Point, d: Point, t: float) -> list[float]:
    return [
        0.5
        * (
            2 * q
            + (r - p) * t
            + (2 * p - 5 * q + 4 * r - s) * t * t
            + (3 * q - p - 3 * r + s) * t * t * t
        )
        for p, q, r, s in zip(a, b, c, d, strict=True)
    ]


def _screened(grey: Image.Image) -> Image.Image:
    """A clustered-dot screen at 45 degrees, some 8 dots from dot to dot."""
    cell = 6  # its 12 dots stay whole numbers when 300 dpi are reduced to 200
    grain = random.Random(cell)  # keeps even shades from showing steps
    tile = Image.new("L", (cell * 8, cell * 8))
    for y in range(tile.height):
        for x in range(tile.width):
            u, v = (x + y) * math.pi / cell, (x - y) * math.pi / cell
            tile.putpixel(
                (x, y), round(127.5 + 58 * (math.cos(u) + math.cos(v)) + grain.uniform(-10, 10))
            )
    screen = Image.new("L", grey.size)
    for y in range(0, grey.height, tile.height):
        for x in range(0, grey.width, tile.width):
            screen.paste(tile, (x, y))
    return (
        ImageChops.subtract(grey, screen)
        .point(lambda value: WHITE if value else BLACK)
        .convert("1")
    )
