"""Make the recorder's bitmap fonts `firmware/text/{text,header}.fnt` from an outline font.

Source: DejaVu Sans Mono 2.37, Debian package `fonts-dejavu-core`
(https://dejavu-fonts.github.io/). Licence: that of the Bitstream Vera fonts, free to use, change
and pass on under another name; its text is in `firmware/text/FONT-LICENSE.txt` and goes into the
head of each font file. The result is called "Recorder Mono".

The head has 8 dots/mm across and 15.4 lines/mm down, so a glyph is rasterised with two different
numbers of pixels to the em. That takes FreeType itself (`pip install freetype-py`), whose hinter
then gives stems of equal width in dots. Only this tool needs it; the fonts that it makes are part
of the repository.

    python tools/make_font.py [--outline FILE.ttf] [--proof FOLDER]

Font file, numbers little-endian:

    0  4 octets  "RMF1"
    4  4 octets  width in dots (at most 18), height in lines, line of the base, 0
    8  16 bits   number of ranges
   10  16 bits   octets of the licence text
   12            licence text, UTF-8
                 ranges, ascending: first code, last code, number of the first code's glyph
                 (16 bits each)
                 index: for each glyph, and once more past the last, the number of its first run
                 (16 bits)
                 runs, 3 octets each: bits 23-6 one row of dots, bit 23 leftmost; bits 5-0 how many
                 lines have it, less 1

A glyph's runs start at the top of its cell and end with its last line that isn't empty. Codes
U+E000 and U+E001 are the halves of the box for a missing wide character, U+FFFF is the box for a
missing one.
"""

from __future__ import annotations

import argparse
import struct
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).resolve().parent.parent / "firmware" / "text"
OUTLINE = Path("/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf")
MAGIC = b"RMF1"
RUN_DOTS = 18
WIDE_LEFT, WIDE_RIGHT, MISSING = 0xE000, 0xE001, 0xFFFF

# codes, hexadecimal
LATIN = "20-7E A0-17F 192 218-21B 2C6-2C7 2D8-2DD 1E9E"
COMBINING = "300-304 306-308 30A-30C 326-328"
PUNCTUATION = (
    "2000-200A 2010-2016 2018-201F 2020-2022 2026 202F 2030 2032-2033 2039-203A 2044 205F "
    "20AC 2122 FFFD"
)
GREEK = "384-3CE"
CYRILLIC = "400-45F 490-491"
SIGNS = (
    "2070 2074-207B 2080-208B 20BD 2116 2153-215E 2190-2195 21D2 2211-2212 221A 221E 2248 "
    "2260 2264-2265 2500-2593 25A0-25A1 25AA-25AB 25B2 25B6 25BA 25BC 25C6 25CA-25CB 25CF "
    "25E6 2605-2606 260E 2610-2612 2709 2713-2714 2717-2718 FB01-FB02"
)


class Cut(NamedTuple):
    """One size of the font: pixels to the em across and down, and the cell, in dots and lines."""

    name: str
    em_dots: int
    em_lines: int
    width: int
    height: int
    base: int
    ranges: str


CUTS = (
    Cut(
        "text.fnt",
        30,
        55,
        18,
        64,
        51,
        " ".join((LATIN, COMBINING, PUNCTUATION, GREEK, CYRILLIC, SIGNS)),
    ),
    Cut("header.fnt", 24, 46, 14, 54, 43, " ".join((LATIN, PUNCTUATION))),
)


def rasterise(face: Any, cut: Cut, code: int) -> list[int] | None:
    """Rows of the cell, leftmost dot in bit RUN_DOTS - 1; None where the outline font lacks the
    character.
    """
    import freetype

    if not face.get_char_index(code):
        return None
    face.load_char(chr(code), freetype.FT_LOAD_RENDER | freetype.FT_LOAD_TARGET_MONO)
    glyph, bitmap = face.glyph, face.glyph.bitmap
    rows = [0] * cut.height
    for y in range(bitmap.rows):
        line = cut.base - glyph.bitmap_top + y
        octets = bytes(bitmap.buffer[y * bitmap.pitch : (y + 1) * bitmap.pitch])
        dots = int.from_bytes(octets, "big") if octets else 0
        shift = RUN_DOTS - glyph.bitmap_left - 8 * bitmap.pitch
        dots = dots << shift if shift >= 0 else dots >> -shift
        if 0 <= line < cut.height:
            rows[line] |= dots & cell_mask(cut)
    return rows


def cell_mask(cut: Cut) -> int:
    """The dots of the cell's own width."""
    return (1 << cut.width) - 1 << RUN_DOTS - cut.width


def box(cut: Cut, left_open: bool = False, right_open: bool = False) -> list[int]:
    """The box that stands for a missing character, or half of a wide one."""
    top, thick = cut.base - cut.em_lines * 73 // 100, 3
    first, last = (0 if left_open else 2), (cut.width if right_open else cut.width - 2)
    full = (1 << last - first) - 1 << RUN_DOTS - last
    sides = 0 if left_open else 3 << RUN_DOTS - first - 2
    sides |= 0 if right_open else 3 << RUN_DOTS - last
    rows = [0] * cut.height
    for line in range(top, cut.base):
        rows[line] = sides if top + thick <= line < cut.base - thick else full
    return rows


def extended(rows: list[int], cut: Cut) -> list[int]:
    """A box-drawing glyph whose lines reach the cell's upper and lower edge, so that lines of text
    join.
    """
    inked = [line for line, row in enumerate(rows) if row]
    if inked and inked[0] <= 4:
        rows[: inked[0]] = [rows[inked[0]]] * inked[0]
    if inked and inked[-1] >= cut.height - 5:
        rows[inked[-1] :] = [rows[inked[-1]]] * (cut.height - inked[-1])
    return rows


def glyphs(cut: Cut, outline: Path) -> dict[int, list[int]]:
    """Rows of every glyph of the cut, by code."""
    import freetype

    face = freetype.Face(str(outline))
    face.set_pixel_sizes(cut.em_dots, cut.em_lines)
    found = {WIDE_LEFT: box(cut, right_open=True), WIDE_RIGHT: box(cut, left_open=True)}
    found[MISSING] = box(cut)
    for span in cut.ranges.split():
        first, _, last = span.partition("-")
        for code in range(int(first, 16), int(last or first, 16) + 1):
            rows = rasterise(face, cut, code)
            if rows is not None:
                found[code] = extended(rows, cut) if 0x2500 <= code < 0x2580 else rows
    return dict(sorted(found.items()))


def runs_of(rows: list[int]) -> list[bytes]:
    """Rows as runs; nothing for the empty lines at the end."""
    runs: list[list[int]] = []
    for row in rows:
        if runs and runs[-1][0] == row:
            runs[-1][1] += 1
        else:
            runs.append([row, 1])
    if runs and not runs[-1][0]:
        runs.pop()
    return [(row << 6 | count - 1).to_bytes(3, "little") for row, count in runs]


def font_file(cut: Cut, shapes: dict[int, list[int]], licence: bytes) -> bytes:
    """The octets of the font file (format: see the module's docstring)."""
    ranges: list[list[int]] = []
    index, data = [0], []
    for number, (code, rows) in enumerate(shapes.items()):
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code, number])
        data += runs_of(rows)
        index.append(len(data))
    numbers = (cut.width, cut.height, cut.base, 0, len(ranges), len(licence))
    head = struct.pack("<4s4B2H", MAGIC, *numbers)
    table = b"".join(struct.pack("<3H", *entry) for entry in ranges)
    return head + licence + table + struct.pack("<%dH" % len(index), *index) + b"".join(data)


def proof(cut: Cut, shapes: dict[int, list[int]], path: Path) -> None:
    """All glyphs on one sheet at their natural aspect, to look at."""
    from PIL import Image

    across = 40
    sheet = Image.new("1", (across * cut.width, -(-len(shapes) // across) * cut.height), 1)
    for number, rows in enumerate(shapes.values()):
        packed = b"".join((row << 32 - RUN_DOTS).to_bytes(4, "big") for row in rows)
        glyph = Image.frombytes("1", (32, cut.height), packed, "raw", "1;I")
        corner = (number % across * cut.width, number // across * cut.height)
        sheet.paste(glyph.crop((0, 0, cut.width, cut.height)), corner)
    sheet.convert("L").resize((sheet.width * 2, round(sheet.height * 2 * 8 / 15.4))).save(path)


def main() -> None:
    """Write the fonts; report their sizes."""
    parser = argparse.ArgumentParser(description="Make the recorder's bitmap fonts.")
    parser.add_argument("--outline", type=Path, default=OUTLINE, help="default: %(default)s")
    parser.add_argument("--proof", type=Path, help="folder for proof sheets (PNG) to look at")
    options = parser.parse_args()
    licence = (FOLDER / "FONT-LICENSE.txt").read_bytes()
    for cut in CUTS:
        shapes = glyphs(cut, options.outline)
        octets = font_file(cut, shapes, licence)
        (FOLDER / cut.name).write_bytes(octets)
        print("%s: %d glyphs, %d octets" % (cut.name, len(shapes), len(octets)))
        if options.proof:
            proof(cut, shapes, options.proof / (cut.name + ".png"))


if __name__ == "__main__":
    main()
