"""The font files and the glyph painter."""
from __future__ import annotations

from array import array

import micropython

from firmware.text.cells import Label, code_at, columns_of
from firmware.text.font import Font, font_path
from tests.unit.support import raises
from tests.unit.text_support import LINE, glyph_rows, picture

GUARD = 0xA5


def read(name: str) -> bytes:
    with open(font_path(name), "rb") as file:
        return file.read()


def painted(font: Font, code: int, x: int = 0, bold: bool = False) -> bytearray:
    band = bytearray(LINE * font.height)
    font.paint(band, 0, font.height, array("H", (code,)), 1, x, 0, bold)
    return band


def test_the_text_font_gives_eighty_columns_and_six_lines_an_inch() -> None:
    font = Font()
    assert font.width == 18 and font.height == 64
    assert (1728 - 80 * font.width) // 2 >= 80  # 10 mm
    assert 58 <= font.height * 60 // 61 <= 70  # 15.4 * 25.4 / 6 = 65


def test_both_fonts_with_their_licence_take_at_most_60_kb() -> None:
    assert len(read("text.fnt")) + len(read("header.fnt")) <= 60000
    for name in ("text.fnt", "header.fnt"):
        head = read(name)[12:1500]
        assert b"DejaVu Sans Mono" in head and b"Permission is hereby granted" in head


def test_glyphs_look_as_they_should() -> None:
    plus = picture(painted(Font(), ord("+")), 0, 18, range(64))
    upright, bar, empty = "........##........", "..##############..", "." * 18
    assert plus == [empty] * 20 + [upright] * 12 + [bar] * 4 + [upright] * 12 + [empty] * 16
    e_acute = picture(painted(Font(), 0xE9), 0, 18, range(64))
    assert e_acute[7:17] == [
        "...........###....",
        "...........###....",
        "..........###.....",
        "..........###.....",
        ".........###......",
        ".........###......",
        ".........##.......",
        "........###.......",
        "........##........",
        ".......###........",
    ]
    assert e_acute[33:37] == ["..###############."] * 4


def test_letters_are_told_apart_by_their_outline() -> None:
    octets = read("text.fnt")
    shapes = {tuple(glyph_rows(octets, code) or []) for code in range(0x21, 0x7F)}
    assert len(shapes) == 94


def test_the_fonts_have_what_european_mail_needs() -> None:
    for name in ("text.fnt", "header.fnt"):
        octets = read(name)
        windows_1252 = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ".encode()
        codes = list(range(0x20, 0x7F)) + list(range(0xA0, 0x180)) + [0xFFFD, 0xFFFF]
        at = 0
        while at < len(windows_1252):
            codes.append(code_at(windows_1252, at))
            at += 2 if windows_1252[at] < 0xE0 else 3
        for code in codes:
            assert glyph_rows(octets, code) is not None, (name, hex(code))
    for code in list(range(0x391, 0x3A2)) + list(range(0x410, 0x450)):
        assert glyph_rows(read("text.fnt"), code)


def test_every_glyph_is_painted_as_the_file_has_it() -> None:
    for name in ("text.fnt", "header.fnt"):
        octets = read(name)
        font = Font(font_path(name))
        for code in (0x21, 0x41, 0x67, 0x7C, 0xC5, 0xFC, 0x17E, 0x20AC, 0xFFFD, 0xE000, 0xFFFF):
            rows = glyph_rows(octets, code)
            assert rows
            band = painted(font, code)
            for line in range(font.height):
                expected = rows[line] << 14 if line < len(rows) else 0
                assert int.from_bytes(band[line * LINE : line * LINE + 4], "big") == expected
                assert not any(band[line * LINE + 4 : (line + 1) * LINE])


def test_a_glyph_is_the_same_at_every_dot() -> None:
    font = Font()
    rows = range(font.height)
    reference = picture(painted(font, ord("g")), 0, 18, rows)
    for x in (1, 2, 3, 4, 5, 6, 7, 8, 107, 1685, 1703):
        band = painted(font, ord("g"), x)
        assert picture(band, x, 18, rows) == reference
        ink = sum(row.count("#") for row in picture(band, 0, 1728, rows))
        assert ink == sum(row.count("#") for row in reference)


def test_bold_is_one_dot_wider() -> None:
    font = Font()
    plain = picture(painted(font, ord("l")), 0, 20, range(10, 50))
    bold = picture(painted(font, ord("l"), 0, True), 0, 20, range(10, 50))
    for thin, thick in zip(plain, bold):  # noqa: B905 - MicroPython's zip has no strict
        shifted = "." + thin[:-1]
        both = ["#" if thin[at] == "#" or shifted[at] == "#" else "." for at in range(20)]
        assert thick == "".join(both)


def test_nothing_is_painted_outside_the_lines_of_the_band() -> None:
    font = Font()
    guarded = bytearray(bytes([GUARD]) * (LINE * 34))
    band = memoryview(guarded)[LINE : 33 * LINE]
    cells = array("H", [0x2588] * 96)  # full blocks: every dot of the cell
    for first in (0, 5, 31, 40, 63, 64, 200):
        font.paint(band, first, 32, cells, 96, 0, 3)
        font.paint(band, first, 32, cells, 96, 1000, 0, True)
    assert all(octet == GUARD for octet in guarded[:LINE])
    assert all(octet == GUARD for octet in guarded[33 * LINE :])


def test_a_band_shows_its_own_lines_of_a_glyph() -> None:
    font = Font()
    whole = painted(font, ord("Q"))
    parts = bytearray()
    for first in range(0, font.height, 16):
        band = bytearray(LINE * 16)
        font.paint(band, first, 16, array("H", (ord("Q"),)), 1, 0, 0)
        parts += band
    assert parts == whole


def test_a_band_too_small_is_refused() -> None:
    font = Font()
    cells = array("H", (65,))
    raises(ValueError, font.paint, bytearray(LINE * 2 - 1), 0, 2, cells, 1, 0, 0)
    raises(ValueError, font.paint, bytearray(LINE * 2), 0, 2, cells, 2, 0, 0)
    raises(ValueError, font.paint, bytearray(LINE * 2), 0, 2, cells, 1, -1, 0)


def test_a_character_without_a_glyph_is_a_box_and_a_mark_without_one_is_nothing() -> None:
    font = Font()
    assert painted(font, 0x0E01) == painted(font, 0xFFFF)
    assert any(painted(font, 0xFFFF))
    assert not any(painted(font, 0x0346))


def test_a_combining_mark_stands_over_its_letter() -> None:
    font = Font()
    band = bytearray(LINE * font.height)
    end = font.paint(band, 0, font.height, array("H", (0x65, 0x301)), 2, 40, 0)
    assert end == 58
    letter = painted(font, 0x65, 40)
    rows = range(font.height)
    over = picture(band, 40, 18, rows)
    assert over != picture(letter, 40, 18, rows)
    assert picture(band, 58, 18, rows) == ["." * 18] * font.height


def test_more_characters_than_the_cache_holds_are_all_painted() -> None:
    small, large = Font("", 512), Font()
    cells = array("H", list(range(0x41, 0x41 + 26)) + list(range(0x410, 0x410 + 40)))
    bands = []
    for font in (small, large):
        band = bytearray(LINE * 64)
        for _ in range(2):
            font.paint(band, 0, 64, cells, len(cells), 8, 0)
        bands.append(band)
    assert bands[0] == bands[1]


def test_painting_cached_glyphs_allocates_nothing() -> None:
    font = Font()
    band = bytearray(LINE * 32)
    cells = array("H", (65, 66, 67))
    font.paint(band, 0, 32, cells, 3, 0, 0)
    painted = bytes(band)
    again = bytearray(len(band))
    micropython.heap_lock()
    try:
        font.paint(again, 0, 32, cells, 3, 0, 0)
    finally:
        micropython.heap_unlock()
    assert any(painted) and again == painted


def test_a_file_that_is_no_font_is_refused() -> None:
    assert "not a font" in str(raises(ValueError, Font, __file__))
    raises(OSError, Font, font_path("nothing.fnt"))


def test_columns_of_characters() -> None:
    for code in (0x41, 0xE4, 0x416, 0x20AC, 0x2500, 0xFFFD, 0x1D400):
        assert columns_of(code) == 1, hex(code)
    for code in (0x4E00, 0x3042, 0xAC00, 0xFF21, 0x1F600, 0x20000):
        assert columns_of(code) == 2, hex(code)
    for code in (0, 0x1B, 0x7F, 0x85, 0xAD, 0x301, 0x200B, 0xFEFF, 0xFE0F):
        assert columns_of(code) == 0, hex(code)


def test_a_label_is_cut_with_an_ellipsis() -> None:
    label = Label(Font())
    assert label.set("abcdefghij", 10) and label.columns == 10
    assert not label.set("abcdefghijk", 10) and label.columns == 10
    shown, wanted = bytearray(LINE * 64), bytearray(LINE * 64)
    label.paint(shown, 0, 64, 0, 0)
    label.set("abcdefghi…")
    label.paint(wanted, 0, 64, 0, 0)
    assert shown == wanted
    assert label.set("漢字\x07x", 10) and label.columns == 5
    assert not label.set("a" * 5000)
    assert label.set("e" + "\u0301" * 5000, 10) and label.columns == 1


def test_a_font_paints_the_same_with_memory_that_is_lent_to_it() -> None:
    lent = bytearray(b"\xa5" * 3104)
    for code in (ord("+"), 0xE9, 0x2014):
        assert painted(Font(arena=lent), code) == painted(Font(), code)
