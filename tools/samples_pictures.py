"""Grey pictures, signatures and a bar code for the sample documents, made by arithmetic."""

from __future__ import annotations

import math
import random

from PIL import Image, ImageDraw, ImageFilter

from tools.samples_sheet import Sheet

_CODE39 = {
    "0": "nnnwwnwnn",
    "1": "wnnwnnnnw",
    "2": "nnwwnnnnw",
    "3": "wnwwnnnnn",
    "4": "nnnwwnnnw",
    "5": "wnnwwnnnn",
    "6": "nnwwwnnnn",
    "7": "nnnwnnwnw",
    "8": "wnnwnnwnn",
    "9": "nnwwnnwnn",
    "D": "nnnnwwnnw",
    "N": "nnnnwnnww",
    "-": "nwnnnnwnw",
    "*": "nwnnwnwnn",
}

SIGNATURES = {
    "Lane": [
        (0, 6),
        (3, -4),
        (6, -9),
        (5, 2),
        (3, 9),
        (8, 1),
        (11, -2),
        (12, 3),
        (15, -1),
        (17, 3),
        (20, -2),
        (22, 2),
        (26, -8),
        (27, 4),
        (31, 0),
        (34, 2),
        (38, -1),
        (46, -3),
    ],
    "Bell": [
        (0, 2),
        (4, -7),
        (9, -9),
        (8, -3),
        (3, -2),
        (9, 0),
        (7, 4),
        (1, 3),
        (12, -1),
        (15, 2),
        (19, -9),
        (18, 3),
        (23, -9),
        (22, 3),
        (27, -1),
        (36, 2),
        (44, -4),
        (30, 5),
        (8, 6),
    ],
    "Gruber": [
        (8, -6),
        (2, -7),
        (0, 0),
        (6, 3),
        (9, -2),
        (5, -2),
        (12, 0),
        (14, -3),
        (15, 1),
        (20, -3),
        (20, 2),
        (24, -10),
        (23, 2),
        (27, 0),
        (30, -3),
        (29, 1),
        (35, -2),
        (48, -5),
    ],
    "Berg": [
        (2, -9),
        (3, 6),
        (-3, 4),
        (8, -9),
        (12, -6),
        (5, -1),
        (12, 3),
        (4, 5),
        (16, 0),
        (19, 3),
        (22, -1),
        (25, 3),
        (28, 0),
        (27, 9),
        (22, 7),
        (34, -2),
        (40, 1),
    ],
}


def sign(
    sheet: Sheet, name: str, x: float, y: float, size: float = 1.0, width: float = 0.45
) -> None:
    """A signature."""
    sheet.curve([(x + dx * size, y + dy * size) for dx, dy in SIGNATURES[name]], width)


def code39(sheet: Sheet, x: float, y: float, text: str, height: float = 12) -> None:
    """A Code 39 bar code with its text below; narrow elements are 0.3 mm."""
    at = x
    for character in "*" + text + "*":
        for number, element in enumerate(_CODE39[character]):
            width = 0.75 if element == "w" else 0.3
            if number % 2 == 0:
                sheet.box(at, y, width, height, 0, 0)
            at += width
        at += 0.3
    sheet.text((x + at) / 2, y + height + 4, text, 3, anchor="ms")


def ridge(seed: int, width: int, base: float, rise: float) -> list[tuple[float, float]]:
    """A mountain ridge: a sum of waves."""
    chance = random.Random(seed)
    waves = [(chance.uniform(0.6, 1.4) * 2**n, chance.uniform(0, 6.3), 0.58**n) for n in range(8)]
    points: list[tuple[float, float]] = []
    for x in range(0, width + 4, 4):
        height = sum(
            size * math.sin(rate * x / width * 6.3 + phase) for rate, phase, size in waves
        )
        points.append((x, base - rise * (0.5 + height / 2.6)))
    return points


def lake(width: int = 1400, height: int = 800) -> Image.Image:
    """Mountains in the haze of the evening, and the lake before them."""
    image = (
        Image.linear_gradient("L").resize((width, height)).point(lambda v: 150 + v * 100 // 255)
    )
    draw = ImageDraw.Draw(image)
    sun = Image.new("L", (width, height), 0)
    ImageDraw.Draw(sun).ellipse((width * 0.62, height * 0.2, width * 0.7, height * 0.34), 255)
    glow = sun.filter(ImageFilter.GaussianBlur(60)).point(lambda v: v // 2)
    image.paste(255, (0, 0), glow)
    image.paste(255, (0, 0), sun)
    shore = height * 0.68
    for layer, (base, rise, grey) in enumerate(
        [(0.56, 0.22, 190), (0.62, 0.24, 150), (0.66, 0.17, 105), (0.69, 0.1, 58)]
    ):
        points = ridge(5 + 3 * layer, width, height * base, height * rise)
        draw.polygon([(0, shore), *points, (width, shore)], grey)
    mirror = image.crop((0, round(2 * shore - height), width, round(shore)))
    water = mirror.transpose(Image.Transpose.FLIP_TOP_BOTTOM).point(lambda v: v * 3 // 4 + 25)
    for y in range(water.height):  # ripples
        shift = round(3 * math.sin(y * y / 900) * (0.5 + y / water.height * 3))
        row = water.crop((0, y, width, y + 1))
        image.paste(row, (shift, round(shore) + y))
        if shift:
            edge = water.crop((0, y, abs(shift), y + 1))
            image.paste(edge, (0 if shift > 0 else width + shift, round(shore) + y))
    _boat(draw, width * 0.27, height * 0.8, width / 14)
    return image


def _boat(draw: ImageDraw.ImageDraw, x: float, y: float, size: float) -> None:
    hull = [(x - size / 2, y), (x + size / 2, y), (x + size * 0.36, y + size / 7)]
    draw.polygon([*hull, (x - size * 0.38, y + size / 7)], 25)
    draw.polygon([(x, y - 4), (x, y - size * 0.95), (x + size * 0.42, y - 6)], 245)
    draw.polygon([(x - 5, y - 4), (x - 5, y - size * 0.8), (x - size * 0.34, y - 6)], 215)
    draw.line((x - 2, y, x - 2, y - size), 30, 3)


def compass(size: int = 700) -> Image.Image:
    """A brass compass seen from above."""
    image = Image.new("L", (size, size), 255)
    middle = size / 2
    for radius, light, dark in ((0.48, 235, 60), (0.43, 90, 225), (0.39, 245, 205)):
        shade = _shaded_disc(size, radius * size, light, dark)
        image.paste(shade, (0, 0), _disc(size, radius * size))
    draw = ImageDraw.Draw(image)
    for mark in range(72):
        angle = mark * math.pi / 36
        inner = (0.33 if mark % 9 == 0 else 0.345 if mark % 3 == 0 else 0.36) * size
        draw.line(
            (*_polar(middle, angle, inner), *_polar(middle, angle, 0.375 * size)),
            20,
            5 if mark % 9 == 0 else 2,
        )
    for quarter in range(8):
        angle = quarter * math.pi / 4
        length = (0.3 if quarter % 2 == 0 else 0.19) * size
        for side, grey in ((-1, 40), (1, 190)):
            flank = _polar(middle, angle + side * math.pi / 8, 0.07 * size)
            draw.polygon([(middle, middle), flank, _polar(middle, angle, length)], grey, 30)
    draw.ellipse((middle - 16, middle - 16, middle + 16, middle + 16), 230, 20, 4)
    return image


def _polar(middle: float, angle: float, radius: float) -> tuple[float, float]:
    return middle + radius * math.sin(angle), middle - radius * math.cos(angle)


def _disc(size: int, radius: float) -> Image.Image:
    mask = Image.new("L", (size, size), 0)
    middle = size / 2
    ImageDraw.Draw(mask).ellipse(
        (middle - radius, middle - radius, middle + radius, middle + radius), 255
    )
    return mask


def _shaded_disc(size: int, radius: float, light: int, dark: int) -> Image.Image:
    """Light from the upper left."""
    slope = Image.linear_gradient("L").resize((size, size)).rotate(35, fillcolor=128)
    first = (size / 2 - radius) / size * 255
    span = 2 * radius / size * 255
    return slope.point(
        lambda v: max(0, min(255, round(light + (dark - light) * (v - first) / span)))
    )


def house(width: int = 900, height: int = 560) -> Image.Image:
    """A house with a damaged gutter, as an insurance photo would show it."""
    image = Image.linear_gradient("L").resize((width, height)).point(lambda v: 185 + v * 50 // 255)
    draw = ImageDraw.Draw(image)
    draw.polygon([(0, 430), *ridge(31, width, 430, 60), (width, 430)], 150)
    draw.rectangle((0, 425, width, height), 120)
    for stripe in range(425, height, 9):
        draw.line((0, stripe, width, stripe + 5), 105 + stripe % 4 * 9, 3)
    draw.polygon([(180, 470), (180, 240), (720, 240), (720, 470)], 222)
    draw.polygon([(150, 250), (300, 90), (620, 90), (750, 250)], 72)
    for row in range(6):
        y = 100 + row * 25
        draw.line((300 - row * 24, y, 622 + row * 21, y), 52, 3)
    draw.rectangle((540, 50, 590, 150), 95)
    for x in (225, 345, 575):
        draw.rectangle((x, 290, x + 80, 380), 60)
        draw.rectangle((x + 6, 296, x + 37, 374), 110)
        draw.rectangle((x + 43, 296, x + 74, 374), 85)
        draw.rectangle((x - 6, 380, x + 86, 390), 190)
    draw.rectangle((462, 300, 530, 470), 48)
    draw.ellipse((515, 384, 524, 393), 220)
    draw.line((150, 254, 470, 254), 30, 9)
    draw.line((470, 254, 610, 268, 700, 318), 30, 9, "curve")
    draw.line((168, 258, 168, 470), 40, 8)
    draw.ellipse((600, 215, 770, 350), None, 10, 6)
    return image.filter(ImageFilter.GaussianBlur(1.2))
