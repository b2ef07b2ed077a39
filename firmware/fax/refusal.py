"""Why a TIFF page can't be recorded, in plain words. Loaded when one is refused, then dropped.

Of the profiles of RFC 3949, S and F are recorded. J (JBIG) would take an arithmetic decoder of its
own for files that hardly any sender makes. C, L and M are colour: on a machine that records black
only, what they hold beyond text would be lost, and their coders (JPEG, JBIG by bit planes) need
more memory than there is; of M the mask, which is the text, is recorded where it is coded like a
fax.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.fax.buffers import MAX_WIDTH
from firmware.fax.directory import value
from firmware.recording.faults import TIFF_DAMAGED, TIFF_UNSUPPORTED

if TYPE_CHECKING:
    from firmware.fax.directory import Entry, Octets

_CODINGS = {
    1: "",
    2: "",
    3: "",
    4: "",
    32773: "",
    5: "LZW",
    6: "JPEG",
    7: "JPEG (grey or colour, as TIFF-FX profile C)",
    8: "Deflate",
    9: "JBIG (TIFF-FX profile J)",
    10: "JBIG in planes (TIFF-FX profile L, colour)",
    32946: "Deflate",
    34661: "JBIG",
    34712: "JPEG 2000",
}
_PHOTOMETRICS = {2: "RGB", 3: "palette", 5: "CMYK", 6: "YCbCr", 8: "CIELAB", 10: "ITULAB"}


def refusal(entries: dict[int, Entry]) -> tuple[int, str]:
    """The code of the fault table and the reason."""
    if 322 in entries or 324 in entries:
        return TIFF_UNSUPPORTED, "it is stored in tiles"
    if not value(entries, 256, 0):
        return TIFF_DAMAGED, "the width of its lines is missing"
    offsets = entries.get(273)
    if offsets is None or not offsets.count:
        return TIFF_DAMAGED, "the place of its data is missing"
    return TIFF_UNSUPPORTED, _kind(entries)


def mixed() -> tuple[int, str]:
    """The same for a page of which the mask is recorded."""
    reason = "of its mixed raster (TIFF-FX profile M) only the mask, the text, is recorded"
    return TIFF_UNSUPPORTED, reason


async def darker(octets: Octets, entries: dict[int, Entry]) -> int:
    """Of a palette of two colours the darker is black: the Photometric that says so, 1 where that
    is the first. Raises TiffError when the palette is not there.
    """
    await octets.read(entries[320].place, 12)
    light = [0, 0]
    for index in range(6):  # two values of red, of green, of blue
        light[index & 1] += octets.number(2 * index, 2)
    return int(light[0] < light[1])


def _kind(entries: dict[int, Entry]) -> str:
    number = value(entries, 259, 1)
    coding = _CODINGS.get(number, "number %d" % number)
    if value(entries, 254, 0) & 16:
        return "it is mixed raster content (TIFF-FX profile M, colour)"
    if coding:
        return "its coding is " + coding
    samples, bits = value(entries, 277, 1), entries.get(258)
    if samples != 1 or (bits and bits.count > 1):
        return "it is a colour picture of several samples a dot, not black-and-white"
    photometric = value(entries, 262, 0)
    if photometric > 1:
        name = _PHOTOMETRICS.get(photometric, "number %d" % photometric)
        return "its photometric is %s, not black-and-white" % name
    width = value(entries, 256, 0)
    if width > MAX_WIDTH:
        return "its lines have %d dots, more than %d (A4 at 600 dpi)" % (width, MAX_WIDTH)
    return "it is a grey-scale picture of %d bits a dot, not black-and-white" % value(
        entries, 258, 1
    )
