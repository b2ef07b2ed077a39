"""Fax pages as TIFF files with the tags of RFC 3949 (profiles S and F).

libtiff, through Pillow, does the coding (T.4, T.6); the container is written here, because tags,
byte order and layout are the sender's choice and a receiver has to take them all.
"""

from __future__ import annotations

import io
import struct
from typing import NamedTuple

from PIL import Image, ImageChops, TiffImagePlugin

MH, MR, MMR = "MH", "MR", "MMR"
_REVERSED = bytes(int(format(octet, "08b")[::-1], 2) for octet in range(256))
_SHORT, _LONG, _RATIONAL, _ASCII = 3, 4, 5, 2
_SIZES = {_SHORT: 2, _LONG: 4, _RATIONAL: 8, _ASCII: 1}
# pixels to the inch: to the centimetre, in tenths (RFC 3949 section 4.2.1)
_PER_CM = {98: 385, 196: 770, 204: 800, 391: 1540, 408: 1600}
Field = tuple[int, int, list[int] | bytes]


class Style(NamedTuple):
    """How a sender writes its files."""

    coding: str = MMR
    byte_order: str = "<"  # "<" II, ">" MM
    fill_order: int = 1  # 2: LSB first
    aligned: bool = False  # EOLs end on an octet (T4Options bit 2)
    strip_rows: int = 0  # 0: one strip a page
    directory_first: bool = True  # each IFD before its image data
    centimetres: bool = False
    software: str = ""
    orientation: int = 1  # TIFF 6.0 section 8: where row 0 and column 0 belong


class Page(NamedTuple):
    """One page: a 1-bit image (0 is black) and its pixels to the inch."""

    image: Image.Image
    x_dpi: int
    y_dpi: int


def encode(image: Image.Image, style: Style) -> bytes:
    """One strip's coded octets, FillOrder as the style says."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[278] = image.height  # one strip
    # the coder takes 1 for black; Pillow would turn the image over pixel by pixel
    # (PhotometricInterpretation 0)
    turned = ImageChops.invert(image)
    if style.coding != MMR:
        tags[292] = t4_options(style)
    out = io.BytesIO()
    compression = "group4" if style.coding == MMR else "group3"
    turned.save(out, "TIFF", compression=compression, tiffinfo=tags)
    with TiffImagePlugin.TiffImageFile(io.BytesIO(out.getvalue())) as made:
        (offset,), (count,) = made.tag_v2[273], made.tag_v2[279]
    octets = out.getvalue()[offset : offset + count]
    return octets.translate(_REVERSED) if style.fill_order == 2 else octets


def t4_options(style: Style) -> int:
    """The T4Options field (RFC 3949 section 4.2.2)."""
    return (1 if style.coding == MR else 0) | (4 if style.aligned else 0)


def tiff(pages: list[Page], style: Style) -> bytes:
    """The file; raises ValueError for an image that isn't 1-bit."""
    out = bytearray(b"II*\0" if style.byte_order == "<" else b"MM\0*")
    out += bytes(4)
    link = 4  # where the offset of the next IFD goes
    for number, page in enumerate(pages):
        if page.image.mode != "1":
            raise ValueError("a fax page is a 1-bit image")
        rows = style.strip_rows or page.image.height
        strips = [
            encode(
                page.image.crop((0, top, page.image.width, min(top + rows, page.image.height))),
                style,
            )
            for top in range(0, page.image.height, rows)
        ]
        link = _add_page(
            out, link, fields_of(page, style, number, len(pages), rows), strips, style
        )
    return bytes(out)


def fields_of(page: Page, style: Style, number: int, total: int, rows: int) -> list[Field]:
    """The IFD's fields but for the strips' own, ascending."""
    unit, x, y = 2, [page.x_dpi, 1], [page.y_dpi, 1]
    if style.centimetres:
        unit, x, y = 3, [_PER_CM[page.x_dpi], 10], [_PER_CM[page.y_dpi], 10]
    fields: list[Field] = [
        (254, _LONG, [2]),  # NewSubfileType: one page of several
        (256, _LONG, [page.image.width]),
        (257, _LONG, [page.image.height]),
        (258, _SHORT, [1]),
        (259, _SHORT, [4 if style.coding == MMR else 3]),
        (262, _SHORT, [0]),
        (266, _SHORT, [style.fill_order]),
        (277, _SHORT, [1]),
        (278, _LONG, [rows]),
        (282, _RATIONAL, x),
        (283, _RATIONAL, y),
        (293, _LONG, [0]) if style.coding == MMR else (292, _LONG, [t4_options(style)]),
        (296, _SHORT, [unit]),
        (297, _SHORT, [number, total]),
    ]
    if style.orientation != 1:
        fields.append((274, _SHORT, [style.orientation]))
    if style.software:
        fields.append((305, _ASCII, style.software.encode("ascii") + b"\0"))
    return fields


def _add_page(
    out: bytearray, link: int, fields: list[Field], strips: list[bytes], style: Style
) -> int:
    """Append one page; returns where the next IFD's offset goes."""
    order = style.byte_order
    if not style.directory_first:
        offsets = _add_strips(out, strips)
    _even(out)
    directory = len(out)
    struct.pack_into(order + "L", out, link, directory)
    entries = len(fields) + 2
    values_at = directory + 2 + 12 * entries + 4
    longs = 4 * len(strips)
    placed = 2 * longs if len(strips) > 1 else 0
    placed += sum(n for n in (len(_packed(order, f)) for f in fields) if n > 4)
    if style.directory_first:
        at = values_at + placed + placed % 2
        offsets = [at + sum(len(strip) for strip in strips[:n]) for n in range(len(strips))]
    every = [*fields, (273, _LONG, offsets), (279, _LONG, [len(strip) for strip in strips])]
    out += struct.pack(order + "H", entries)
    values = bytearray()
    for tag, kind, value in sorted(every, key=lambda field: field[0]):
        octets = _packed(order, (tag, kind, value))
        out += struct.pack(order + "HHL", tag, kind, len(octets) // _SIZES[kind])
        if len(octets) > 4:
            out += struct.pack(order + "L", values_at + len(values))
            values += octets
        else:
            out += octets.ljust(4, b"\0")
    out += bytes(4) + values
    _even(out)
    if style.directory_first:
        _add_strips(out, strips)
    return values_at - 4


def _packed(order: str, field: Field) -> bytes:
    _tag, kind, value = field
    if isinstance(value, bytes):
        return value
    return struct.pack("%s%d%s" % (order, len(value), "H" if kind == _SHORT else "L"), *value)


def _add_strips(out: bytearray, strips: list[bytes]) -> list[int]:
    offsets = []
    for strip in strips:
        offsets.append(len(out))
        out += strip
    return offsets


def _even(out: bytearray) -> None:
    if len(out) % 2:
        out.append(0)
