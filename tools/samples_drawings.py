"""Sample documents of engineers: a data sheet, a workshop drawing, a sketch of the way."""

from __future__ import annotations

import math

from PIL import Image

from tools.samples_sheet import FINE, LANDSCAPE, SUPER, Sheet

SIZES = (16, 20, 25, 32, 40, 50, 63)
VOLUMES = (4.1, 6.2, 9.8, 16.3, 25.4, 39.6, 62.0)
FLOWS = (("KP-63", 62, 9), ("KP-50", 39.6, 7), ("KP-40", 25.4, 5), ("KP-25", 9.8, 2))


def data_sheet() -> Image.Image:
    """A data sheet with curves and small print, 408 x 391 dpi."""
    sheet = Sheet()
    sheet.box(22, 18, 171, 13, 0, 30)
    sheet.text(26, 27.2, "KP-40  Gear pump", 6.5, bold=True, ink=255)
    sheet.text(189, 27.2, "Data sheet 40-112, rev. C", 3.6, anchor="rs", ink=255)
    sheet.text(22, 42, "Flow against speed", 4, bold=True)
    _chart(sheet, 32, 48, 92, 70)
    sheet.text(132, 42, "Dimensions (mm)", 4, bold=True)
    _pump(sheet, 160, 82)
    rows = [
        ("Type", "ccm/rev", "p max bar", "n max 1/min", "l/min at 1450", "kW", "A", "B", "C", "kg")
    ]
    for n, (size, volume) in enumerate(zip(SIZES, VOLUMES, strict=True)):
        power = volume * 1450 / 1000 * 210 / 600
        rows.append(
            (
                "KP-%d" % size,
                "%.1f" % volume,
                str(250 - 10 * n),
                str(4000 - 350 * n),
                "%.1f" % (volume * 1.45 * 0.94),
                "%.1f" % power,
                str(58 + 9 * n),
                str(72 + 11 * n),
                str(40 + 6 * n),
                "%.1f" % (1.2 + n * n * 0.42),
            )
        )
    end = sheet.table(
        22, 136, (19, 17, 18, 21, 23, 14, 14, 14, 14, 17), rows, 2.6, 5.6, "123456789"
    )
    small = (
        "Fluid: mineral oil to DIN 51524, 12 to 800 cSt; cleanliness ISO 4406 19/17/14 or "
        "better. Suction pressure 0.7 to 3 bar absolute. Ambient temperature -20 to +60 °C; "
        "fluid up to 80 °C, with FKM seals up to 110 °C.\nThe direction of rotation is given "
        "looking at the shaft. Drive only through a flexible coupling; radial and axial loads on "
        "the shaft have to be kept away. Fill the housing with oil before it runs for the first "
        "time.\nValues of flow and power are for oil of 36 cSt at 50 °C and an outlet pressure "
        "of 210 bar. Tolerance of the flow ±3 %. Noise, 1 m: 62 dB(A) for KP-16 to 71 dB(A) for "
        "KP-63."
    )
    end = sheet.paragraph(22, end + 9, 171, small, 2.5)
    sheet.text(22, end + 5, "Symbols", 4, bold=True)
    _circuit(sheet, 38, end + 14)
    sheet.line(22, 279, 193, 279, width=0.2)
    imprint = (
        "Subject to change without notice. Kestrel Pumps, Works Road, Addleton · info@example.com"
    )
    sheet.text(22, 283.5, imprint, 2.3)
    sheet.text(193, 283.5, "1/1", 2.3, anchor="rs")
    return sheet.scan(SUPER)


def _chart(sheet: Sheet, x: float, y: float, width: float, height: float) -> None:
    for step in range(11):
        thick = 0.25 if step % 5 == 0 else 0.1
        sheet.line(x + width * step / 10, y, x + width * step / 10, y + height, width=thick)
        sheet.line(x, y + height * step / 10, x + width, y + height * step / 10, width=thick)
    for step in range(0, 11, 2):
        sheet.text(x + width * step / 10, y + height + 4, str(step * 300), 2.4, anchor="ms")
        sheet.text(x - 1.5, y + height * (1 - step / 10) + 0.9, str(step * 20), 2.4, anchor="rs")
    sheet.text(x + width, y + height + 8, "n in 1/min", 2.6, anchor="rs")
    sheet.text(x - 8, y - 1.5, "Q in l/min, 36 cSt", 2.6)
    for number, (name, flow, loss) in enumerate(FLOWS):
        points = []
        for step in range(13):
            speed = 300 + step * 225
            q = max(0.0, flow * speed / 1000 - loss - (speed / 1000) ** 2 * 1.2)
            points.append((x + width * speed / 3000, y + height * (1 - q / 200)))
        sheet.curve(points, 0.45)
        sheet.text(
            points[-1][0] - 9,
            points[-1][1] - 1.2 + number * 0.1,
            name,
            2.5,
            bold=True,
            anchor="rs",
        )


def _pump(sheet: Sheet, x: float, y: float) -> None:
    sheet.box(x - 19, y - 24, 38, 48, 0.5)
    for side in (-1, 1):
        teeth = []
        for step in range(48):
            angle = step * math.pi / 24
            radius = 9.2 if (step + side + 1) % 4 in (0, 1) else 7.2
            lean = angle + side * 0.06
            middle = y + side * 8.6
            teeth.append((x + radius * math.cos(angle), middle + radius * math.sin(lean)))
        sheet.polygon(teeth, 205)
        sheet.line(*[value for point in [*teeth, teeth[0]] for value in point], width=0.3)
        sheet.circle(x, y + side * 8.6, 3.2, 0.4, 255)
        sheet.line(x - 12, y + side * 8.6, x + 12, y + side * 8.6, width=0.12)
    sheet.line(x, y - 28, x, y + 28, width=0.12)
    for dx, dy in ((-15, -20), (15, -20), (-15, 20), (15, 20)):
        sheet.circle(x + dx, y + dy, 2, 0.35, 255)
        sheet.line(x + dx - 3, y + dy, x + dx + 3, y + dy, width=0.12)
        sheet.line(x + dx, y + dy - 3, x + dx, y + dy + 3, width=0.12)
    dimension(sheet, x - 19, y + 31, x + 19, y + 31, "A", 7)
    dimension(sheet, x + 26, y + 24, x + 26, y - 24, "B", 7)


def dimension(
    sheet: Sheet, x0: float, y0: float, x1: float, y1: float, text: str, reach: float
) -> None:
    """A dimension line, level or upright, with arrows, text and lines to the part."""
    level = y0 == y1
    sheet.line(x0, y0, x1, y1, width=0.18)
    for x, y, way in ((x0, y0, 1), (x1, y1, -1)):
        if level:
            sheet.line(x, y - reach, x, y + 1.5, width=0.12)
            sheet.polygon([(x, y), (x + way * 2.6, y - 0.5), (x + way * 2.6, y + 0.5)])
        else:
            sheet.line(x - reach, y, x + 1.5, y, width=0.12)
            sheet.polygon([(x, y), (x - 0.5, y - way * 2.6), (x + 0.5, y - way * 2.6)])
    if level:
        sheet.text((x0 + x1) / 2, y0 - 1, text, 3.2, anchor="ms")
    else:
        sheet.text(x0 + 1.5, (y0 + y1) / 2 + 1.2, text, 3.2)


def _circuit(sheet: Sheet, x: float, y: float) -> None:
    names = ("Pump, one direction", "Pump, both directions", "Relief valve", "Filter", "Tank")
    for number, name in enumerate(names):
        left = x + number * 33
        if number < 2:
            sheet.circle(left, y + 6, 5.5, 0.35)
            sheet.polygon([(left, y + 0.5), (left - 1.8, y + 3.4), (left + 1.8, y + 3.4)])
            if number:
                sheet.polygon([(left, y + 11.5), (left - 1.8, y + 8.6), (left + 1.8, y + 8.6)])
        elif number == 2:
            sheet.box(left - 4, y + 2, 8, 8, 0.35)
            sheet.line(left, y + 2, left, y + 10, width=0.3)
            sheet.polygon([(left, y + 10), (left - 0.9, y + 7), (left + 0.9, y + 7)])
            _path(sheet, left, y, 0.25, 4, 4, 5, 5, 6, 3, 7, 5, 8, 3)
        elif number == 3:
            _path(sheet, left, y, 0.35, 0, 0, 6, 6, 0, 12, -6, 6, 0, 0)
            _path(sheet, left, y, 0.2, 0, 1, 0, 11)
        else:
            _path(sheet, left, y, 0.35, -5, 5, -5, 10, 5, 10, 5, 5)
            _path(sheet, left, y, 0.35, 0, -2, 0, 8)
        sheet.line(left, y + 11.5, left, y + 14, width=0.3)
        sheet.line(left, y - 2, left, y + 0.5, width=0.3)
        sheet.text(left, y + 18, name, 2.3, anchor="ms")


def _path(sheet: Sheet, x: float, y: float, width: float, *steps: float) -> None:
    """A line through points given relative to (x, y)."""
    shifted = [value + (y if number % 2 else x) for number, value in enumerate(steps)]
    sheet.line(*shifted, width=width)


def workshop_drawing() -> Image.Image:
    """A bracket in two views with a title block, landscape."""
    sheet = Sheet(308.9, 210)
    sheet.box(10, 8, 288, 194, 0.7)
    for number in range(1, 8):
        x = 10 + 36 * number
        sheet.line(x, 5, x, 8, width=0.3)
        sheet.text(x - 18, 7, str(number), 2.6, anchor="ms")
    _plate(sheet, 40, 40)
    _side(sheet, 206, 40)
    notes = (
        "All edges broken 0.5 x 45°.",
        "Bores deburred on both sides.",
        "Surface: hot-dip galvanised.",
        "Unmarked radii R 3.",
        "General tolerances ISO 2768-m.",
    )
    sheet.text(20, 166, "Notes", 4, bold=True)
    for row, text in enumerate(notes):
        sheet.text(20, 173 + 5.6 * row, "%d  %s" % (row + 1, text), 3.4)
    _title_block(sheet, 168, 158)
    return sheet.scan(LANDSCAPE)


def _plate(sheet: Sheet, x: float, y: float) -> None:
    sheet.line(x, y, x + 130, y, x + 130, y + 60, x + 90, y + 90, x, y + 90, x, y, width=0.7)
    for dx, dy, radius in ((18, 18, 6), (112, 18, 6), (18, 72, 6), (60, 45, 20)):
        sheet.circle(x + dx, y + dy, radius, 0.6)
        reach = radius + 4
        sheet.line(x + dx - reach, y + dy, x + dx + reach, y + dy, width=0.15)
        sheet.line(x + dx, y + dy - reach, x + dx, y + dy + reach, width=0.15)
    sheet.circle(x + 60, y + 45, 14, 0.35)
    for step in range(6):
        angle = step * math.pi / 3
        sheet.circle(x + 60 + 17 * math.cos(angle), y + 45 + 17 * math.sin(angle), 1.5, 0.35)
    dimension(sheet, x, y + 106, x + 130, y + 106, "260", 14)
    dimension(sheet, x + 18, y - 10, x + 112, y - 10, "188 ±0.1", -26)
    dimension(sheet, x + 144, y + 90, x + 144, y, "180", 12)
    sheet.line(x + 74, y + 31, x + 96, y + 38, x + 106, y + 38, width=0.18)
    sheet.text(x + 96, y + 37, "dia. 80 H7", 3.2)
    sheet.line(x + 22.2, y + 76.2, x + 30, y + 82, x + 48, y + 82, width=0.18)
    sheet.text(x + 31, y + 81, "3 x dia. 24", 3.2)
    sheet.text(x + 112, y + 80, "37°", 3.2)
    sheet.line(x - 6, y + 45, x + 136, y + 45, width=0.12)
    for at, letter in ((x - 10, "A"), (x + 138, "A")):
        sheet.text(at, y + 44, letter, 5, bold=True)


def _side(sheet: Sheet, x: float, y: float) -> None:
    sheet.text(x + 44, y - 8, "A - A", 5, bold=True, anchor="ms")
    outline = [(0, 0), (12, 0), (12, 74), (64, 74), (64, 90), (0, 90), (0, 0)]
    sheet.line(*[value for dx, dy in outline for value in (x + dx, y + dy)], width=0.7)
    for top, bottom, right in ((0, 25, 12), (65, 74, 12), (74, 90, 64)):
        for at in range(top - bottom, right, 3):  # hatching
            first, last = max(at, 0), min(at + bottom - top, right)
            _path(sheet, x, y + bottom + at, 0.18, first, -first, last, -last)
    for dy in (25, 65):
        sheet.line(x, y + dy, x + 12, y + dy, width=0.5)
    sheet.line(x - 4, y + 45, x + 16, y + 45, width=0.12)
    sheet.line(x + 12, y + 74, x + 24, y + 74, width=0.3)
    dimension(sheet, x, y + 106, x + 64, y + 106, "128", 14)
    dimension(sheet, x + 74, y + 90, x + 74, y + 74, "32", 8)
    dimension(sheet, x, y - 12, x + 12, y - 12, "24", -10)


def _title_block(sheet: Sheet, x: float, y: float) -> None:
    sheet.box(x, y, 130, 44, 0.7)
    for dy in (11, 22, 33):
        sheet.line(x, y + dy, x + 130, y + dy, width=0.35)
    for dx in (32, 62):
        sheet.line(x + dx, y, x + dx, y + 44, width=0.35)
    cells = [
        ("Drawn", "K. Novak"),
        ("Checked", "A. Ruiz"),
        ("Date", "2026-10-15"),
        ("Scale", "1 : 2"),
    ]
    for row, (name, value) in enumerate(cells):
        sheet.text(x + 2, y + 7.5 + 11 * row, name, 3)
        sheet.text(x + 34, y + 7.5 + 11 * row, value, 3.3)
    sheet.box(x + 62, y + 11, 68, 22, 0.35, 255)
    sheet.text(x + 65, y + 7.5, "Kestrel Pumps · Drawing office", 3.2)
    sheet.text(x + 65, y + 20, "Bracket, left", 6, bold=True)
    sheet.text(x + 65, y + 29, "S235JR, 12 mm and 16 mm sheet", 3.4)
    sheet.text(x + 65, y + 41, "40-2432-01", 5.5, bold=True)
    sheet.text(x + 128, y + 41, "Sheet 1/1", 3.2, anchor="rs")


def way_sketch() -> Image.Image:
    """A hand-drawn sketch of the way, half a page."""
    sheet = Sheet(215, 190)
    sheet.handwriting(24, 24, "How to find the loading bay", 9)
    for points in (
        [(20, 70), (60, 66), (120, 74), (195, 68)],
        [(20, 82), (60, 78), (118, 86), (195, 80)],
        [(64, 66), (60, 40), (66, 32)],
        [(76, 68), (72, 44), (78, 32)],
        [(118, 86), (124, 120), (118, 176)],
        [(132, 86), (138, 122), (132, 176)],
        [(132, 128), (160, 122), (196, 130)],
        [(134, 140), (160, 134), (196, 142)],
    ):
        sheet.curve(points, 0.6)
    houses = (
        (84, 40, 40, 22, "Church"),
        (26, 92, 52, 34, "Bakery"),
        (150, 88, 36, 26, "School"),
        (146, 148, 46, 26, "Our shed"),
    )
    for x, y, width, height, name in houses:
        right, low = x + width, y + height
        sheet.curve([(x, y), (right, y - 1), (right + 1, low), (x, low + 1), (x, y)], 0.5)
        sheet.handwriting(x + 4, y + height / 2 + 3, name, 6)
    sheet.line(104, 40, 104, 30, width=0.5)
    sheet.line(101, 33, 107, 33, width=0.5)
    sheet.curve(
        [
            (30, 76),
            (70, 72),
            (122, 80),
            (128, 100),
            (130, 128),
            (150, 130),
            (158, 134),
            (162, 146),
        ],
        0.9,
    )
    sheet.polygon([(162, 150), (159, 143.5), (165.5, 144.5)])
    sheet.handwriting(84, 112, "left here!", 6)
    sheet.curve([(108, 108), (114, 104), (121, 104)], 0.5)
    sheet.handwriting(24, 152, "Gate code 2-9-1,", 6.5)
    sheet.handwriting(24, 163, "ring twice.  Ana", 6.5)
    sheet.text(196, 36, "N", 6, bold=True, anchor="ms")
    sheet.line(196, 60, 196, 40, width=0.6)
    sheet.polygon([(196, 38), (193, 45), (199, 45)])
    return sheet.scan(FINE._replace(lines=round(FINE.lines * 190 / 297)))
