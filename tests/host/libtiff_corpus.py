"""Fax files as libtiff writes them, in every layout, and the pixels that libtiff reads back."""
from __future__ import annotations

import hashlib
import io
import itertools
import random
import re
import struct
from collections.abc import Iterator
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageChops, ImageDraw

WIDTHS = (1, 2, 7, 8, 9, 31, 63, 64, 65, 816, 1216, 1700, 1728, 1729, 2048, 2432, 2433, 2592, 3456,
          4095, 4864, 4960, 5183, 5184)
CONTENTS = ("text", "noise", "checks", "halftone", "white", "black", "lines")
# name: compression as Pillow names it, number of the field, T4Options
CODINGS: dict[str, tuple[str, int, int]] = {
    "none": ("raw", 1, 0),
    "MH without EOL": ("tiff_ccitt", 2, 0),
    "MH": ("group3", 3, 0),
    "MH aligned": ("group3", 3, 4),
    "MR": ("group3", 3, 1),
    "MR aligned": ("group3", 3, 5),
    "MMR": ("group4", 4, 0),
    "PackBits": ("packbits", 32773, 0),
}
ROWS = 41
# dots to the inch, and what becomes of 1 dot and 1 row: fractions of a head dot and a line
RESOLUTIONS = {
    (204, 98): ((1, 1), (4, 1)),
    (200, 200): ((1, 1), (2, 1)),
    (204, 391): ((1, 1), (1, 1)),
    (300, 300): ((2, 3), (4, 3)),
    (408, 391): ((1, 2), (1, 1)),
    (400, 400): ((1, 2), (1, 1)),
    (600, 600): ((127, 375), (9779, 15000)),
    (300, 600): ((2, 3), (9779, 15000)),
}
HEAD_DOTS = 1728
_REVERSED = bytes(int(format(octet, "08b")[::-1], 2) for octet in range(256))


class Layout(NamedTuple):
    """How a file is put together."""

    order: str  # "<" II, ">" MM
    fill_order: int
    photometric: int
    strip_rows: int
    directory_first: bool
    resolution: tuple[int, int] = (204, 98)


def layouts() -> Iterator[Layout]:
    """All of them."""
    orders, rows = ("<", ">"), (1, 7, ROWS, 0)
    for values in itertools.product(orders, (1, 2), (0, 1), rows, (False, True), RESOLUTIONS):
        yield Layout(*values)


def image(width: int, rows: int, content: str, seed: int) -> Image.Image:
    """A bilevel picture."""
    chance = random.Random("%d %s %d" % (width, content, seed))
    if content == "noise":
        return Image.frombytes("1", (width, rows), chance.randbytes((width + 7) // 8 * rows))
    if content == "checks":
        pair = [b"\x55", b"\xaa"]
        data = b"".join(pair[row & 1] * ((width + 7) // 8) for row in range(rows))
        return Image.frombytes("1", (width, rows), data)
    if content == "halftone":
        ramp = Image.linear_gradient("L").resize((width, rows))
        return ramp.convert("1")
    made = Image.new("1", (width, rows), 0 if content == "black" else 255)
    draw = ImageDraw.Draw(made)
    if content == "text":
        for _ in range(1 + width // 60):
            place = (chance.randrange(-20, width), chance.randrange(-5, rows))
            draw.text(place, "Fax %d" % chance.randrange(10**6), fill=0)
    if content == "lines":
        for _ in range(8):
            ends = [chance.randrange(place) for place in (width, rows, width, rows)]
            draw.line(ends, fill=chance.choice((0, 255)))
    return made


def strips(picture: Image.Image, coding: str, layout: Layout) -> list[bytes]:
    """The coded strips, by libtiff."""
    compression, _number, options = CODINGS[coding]
    if not layout.photometric:  # Pillow would invert dot by dot, and take only 255 for white
        picture = ImageChops.invert(picture)
    tags: dict[int, int] = {262: 1, 266: layout.fill_order}
    tags[278] = layout.strip_rows or picture.height
    if options:
        tags[292] = options
    out = io.BytesIO()
    picture.save(out, "TIFF", compression=compression, tiffinfo=tags)
    octets = out.getvalue()
    with Image.open(io.BytesIO(octets)) as made:
        places = zip(made.tag_v2[273], made.tag_v2[279], strict=True)
        pieces = [octets[offset : offset + count] for offset, count in places]
    if compression == "raw":  # libtiff has no part in it
        data = picture.tobytes()
        size = (picture.width + 7) // 8 * tags[278]
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        if layout.fill_order == 2:
            pieces = [piece.translate(_REVERSED) for piece in pieces]
    return pieces


def put_together(picture: Image.Image, coding: str, layout: Layout, pieces: list[bytes]) -> bytes:
    """A file around coded strips, in the byte order and the layout wanted."""
    _compression, number, options = CODINGS[coding]
    order = layout.order
    fields = [(256, picture.width), (257, picture.height), (258, 1), (259, number)]
    fields += [(262, layout.photometric), (266, layout.fill_order), (277, 1)]
    fields += [(278, layout.strip_rows or 0xFFFFFFFF), (292, options)]
    fields += [(282, layout.resolution[0]), (283, layout.resolution[1])]  # LONG: readers take it
    size = 2 + 12 * (len(fields) + 2) + 4
    table = 4 * len(pieces) if len(pieces) > 1 else 0
    total = sum(map(len, pieces))
    directory = 8 if layout.directory_first else 8 + total + (total & 1)
    first = 8 + size + 2 * table if layout.directory_first else 8
    offsets = [first + sum(map(len, pieces[:at])) for at in range(len(pieces))]
    counts = [len(piece) for piece in pieces]
    entries = [(tag, struct.pack(order + "HHII", tag, 4, 1, value)) for tag, value in fields]
    at = directory + size
    for tag, values, place in ((273, offsets, at), (279, counts, at + table)):
        head = struct.pack(order + "HHI", tag, 4, len(values))
        entries.append((tag, head + struct.pack(order + "I", place if table else values[0])))
    body = struct.pack(order + "H", len(entries)) + b"".join(e[1] for e in sorted(entries))
    body += bytes(4)
    if table:
        body += struct.pack(order + "%dI" % (2 * len(pieces)), *offsets, *counts)
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, directory)
    data = b"".join(pieces)
    if layout.directory_first:
        return head + body + data
    return head + data + bytes(total & 1) + body


def row_octets(picture: Image.Image) -> bytes:
    """Its rows, packed, 1 = black, what is right of them 0."""
    data = bytearray(octet ^ 255 for octet in picture.convert("1").tobytes())
    octets = (picture.width + 7) // 8
    if picture.width % 8:
        for at in range(octets - 1, len(data), octets):
            data[at] &= 0xFF00 >> picture.width % 8 & 0xFF
    return bytes(data)


def head_lines(rows: bytes, width: int, resolution: tuple[int, int]) -> bytes:
    """What the head records of libtiff's rows, reckoned run by run: dots moved, lines repeated or
    merged, a page too wide reduced in both directions, a narrow one in the middle.
    """
    (x_num, x_den), (y_num, y_den) = RESOLUTIONS[resolution]
    if width * x_num > HEAD_DOTS * x_den:
        x, y = Fraction(HEAD_DOTS, width), Fraction(y_num, y_den)
        y = _short(y * HEAD_DOTS * x_den / (width * x_num))
        x = _short(x)
    else:
        x, y = Fraction(x_num, x_den), Fraction(y_num, y_den)
    scale = -(-(x.numerator << 15) // x.denominator)
    left = (HEAD_DOTS - width * x.numerator // x.denominator) // 2
    octets = (width + 7) // 8
    lines: list[int] = []
    for number, at in enumerate(range(0, len(rows), octets)):
        first, last = int(number * y), max(int((number + 1) * y), int(number * y) + 1)
        lines += [0] * (last - len(lines))
        line = _line(rows[at : at + octets], scale, left, lines[first])
        for place in range(first, last):
            lines[place] = line
    if y < 1:
        lines += [0] * (ceil(len(rows) // octets * y) - len(lines))  # a part of a line is one
    return b"".join(line.to_bytes(HEAD_DOTS // 8, "big") for line in lines)


def _short(value: Fraction) -> Fraction:
    """Rounded down to terms below 2**15, as the device does."""
    num, den = value.numerator, value.denominator
    while num >= 32768 or den >= 32768:
        num, den = num >> 1, den + 1 >> 1
    return Fraction(num, den)


def _line(row: bytes, scale: int, left: int, line: int) -> int:
    """The line with the row drawn into it. A run smaller than a dot is left out where it touches
    the one before, or would be one of three black dots.
    """
    bits = bin(int.from_bytes(b"\1" + row, "big"))[3:]
    edge = -1
    for run in re.finditer("1+", bits):
        start = run.start() * scale + (left << 15) >> 15
        end = max(run.end() * scale + (left << 15) >> 15, start + 1)
        if (run.end() - run.start()) * scale < 1 << 15:
            near = [line >> HEAD_DOTS - 1 - start + step & 1 for step in (2, 1)]
            # no dots lie right of the head's last one
            near += [(line << 2) >> HEAD_DOTS + 1 - start - step & 1 for step in (1, 2)]
            crowded = near[0] & near[1] or near[1] & near[2] or near[2] & near[3]
            if start <= edge or crowded:
                continue
        edge = end
        line |= (1 << end - start) - 1 << HEAD_DOTS - end
    return line


class Case(NamedTuple):
    """One file, what libtiff reads from it, and, of every fifth, what the head should record."""

    path: Path
    what: str
    digest: str
    head: str


def write_case(
    folder: Path, number: int, width: int, content: str, coding: str, layout: Layout
) -> Case:
    """Make one file; libtiff reads it back for the pixels."""
    picture = image(width, ROWS, content, number)
    data = put_together(picture, coding, layout, strips(picture, coding, layout))
    path = folder / ("%05d.tif" % number)
    path.write_bytes(data)
    with Image.open(io.BytesIO(data)) as back:
        back.load()
        seen = row_octets(back)
    what = "%d dots, %s, %s, %s" % (width, content, coding, layout)
    if seen != row_octets(picture):
        raise AssertionError("libtiff does not read back what it wrote: " + what)
    head = ""
    if number % 5 == 0:  # it takes long
        lines = head_lines(seen, picture.width, layout.resolution)
        head = hashlib.sha256(lines).hexdigest()
    return Case(path, what, hashlib.sha256(seen).hexdigest(), head)
