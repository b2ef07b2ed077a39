"""Word wrap, pages, and lines of text on head lines."""
from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from firmware.text.canvas import Canvas
from firmware.text.font import Font
from firmware.text.layout import FORM_FEED, Pager, Wrapper, rows_on_page
from tests.unit.support import raises
from tests.unit.text_support import KeptLines

if TYPE_CHECKING:
    from collections.abc import Iterable


def wrap(text: str, columns: int = 20, pieces: int = 0, tab: int = 8, hang: int = 0) -> list[str]:
    """Lines of `text`, fed whole or in pieces of so many characters."""
    wrapper = Wrapper(columns, tab, hang)
    lines = []
    size = pieces or max(len(text), 1)
    for at in range(0, len(text), size):
        lines += list(wrapper.feed(text[at : at + size]))
    return lines + list(wrapper.finish())


def place(lines: Iterable[str], rows: int) -> list[str]:
    pager = Pager(rows)
    return [out for line in lines for out in pager.place(line)]


def test_lines_end_at_every_kind_of_line_end() -> None:
    assert wrap("a\nb\r\nc\rd\x0be\x85f\u2028g\u2029h") == ["a", "b", "c", "d", "e", "f", "g", "h"]
    assert wrap("a\r\r\n\n\nb\n") == ["a", "", "", "", "b"]
    assert wrap("") == []
    assert wrap("\n") == [""]


def test_a_line_end_may_be_split_between_pieces() -> None:
    for pieces in (1, 2, 3):
        assert wrap("ab\r\ncd\r\n\r\nef", pieces=pieces) == ["ab", "cd", "", "ef"]


def test_lines_break_between_words() -> None:
    assert wrap("the quick brown fox jumps over") == ["the quick brown fox", "jumps over"]
    assert wrap("12345678901234567890 x") == ["12345678901234567890", "x"]
    assert wrap("1234567890 123456789 x") == ["1234567890 123456789", "x"]
    assert wrap("1234567890  1234567890") == ["1234567890", "1234567890"]
    assert wrap("a" + " " * 50 + "b") == ["a", "b"]


def test_wrapping_does_not_depend_on_the_pieces() -> None:
    text = "Grüße  aus\tder  schönen Stadt\r\n   Zürich:漢字漢字漢字漢字 "
    text += "donaudampfschifffahrtsgesellschaft €1"
    whole = wrap(text)
    for pieces in (1, 2, 3, 5, 7):
        assert wrap(text, pieces=pieces) == whole


def test_a_word_longer_than_a_line_is_split() -> None:
    assert wrap("x " + "y" * 45) == ["x", "y" * 20, "y" * 20, "y" * 5]
    assert wrap("   " + "y" * 30) == ["   " + "y" * 17, "y" * 13]


def test_indentation_stays_and_spaces_at_the_end_go() -> None:
    assert wrap("    four   \n  two") == ["    four", "  two"]
    assert wrap("    a word that wraps") == ["    a word that", "wraps"]
    assert wrap(" " * 30 + "\nx") == ["", "x"]


def test_tabs_go_to_the_next_stop() -> None:
    assert wrap("a\tb\t\tc", 40) == ["a" + " " * 7 + "b" + " " * 15 + "c"]
    assert wrap("12345678\tb", 40) == ["12345678" + " " * 8 + "b"]
    assert wrap("ä\tb", 40, tab=4) == ["ä   b"]
    assert wrap("123456789012345678\tb") == ["123456789012345678", "b"]


def test_a_form_feed_stands_by_itself() -> None:
    assert wrap("a\fb\n\fc") == ["a", FORM_FEED, "b", "", FORM_FEED, "c"]


def test_control_characters_are_dropped() -> None:
    assert wrap("a\x00b\x1b[1mc\x7fd\x80e\x9ff\x08") == ["ab[1mcdef"]


def test_wide_characters_take_two_columns() -> None:
    assert wrap("漢" * 12) == ["漢" * 10, "漢" * 2]
    assert wrap("x" + "漢" * 10) == ["x" + "漢" * 9, "漢"]
    assert wrap("a 😀😀 b", 7) == ["a 😀😀", "b"]


def test_combining_marks_take_no_column_and_stay_with_their_letter() -> None:
    assert wrap("e\u0301" * 25) == ["e\u0301" * 20, "e\u0301" * 5]


def test_a_line_of_combining_marks_is_bounded() -> None:
    lines = wrap("a" + "\u0301" * 10000 + "b" * 19 + "c" * 20)
    assert lines[0].startswith("a\u0301") and lines[0].endswith("b" * 19)
    assert len(lines[0]) < 100
    assert lines[1] == "c" * 20


def test_lines_that_go_on_hang() -> None:
    lines = wrap("Subject: one two three four five six", hang=9)
    assert lines == ["Subject: one two", " " * 9 + "three four", " " * 9 + "five six"]
    assert wrap("ab " + "y" * 19, hang=10) == ["ab", "   " + "y" * 17, " " * 10 + "yy"]
    long = wrap("Subject: " + "x" * 30, hang=9)
    assert long == ["Subject:", " " * 9 + "x" * 11, " " * 9 + "x" * 11, " " * 9 + "x" * 8]
    assert len(wrap("x" * 100, hang=99)) < 12


def test_too_few_columns_are_refused() -> None:
    raises(ValueError, Wrapper, 3)
    assert wrap("漢字", 4) == ["漢字"]


def test_a_page_begins_before_its_first_line_only() -> None:
    assert place(["a", "b", "c"], 2) == [FORM_FEED, "a", "b", FORM_FEED, "c"]
    assert place(["", "", FORM_FEED, ""], 2) == []
    twice = ["a", FORM_FEED, FORM_FEED, "b", FORM_FEED]
    assert place(twice, 9) == [FORM_FEED, "a", FORM_FEED, "b"]


def test_empty_lines_never_take_a_page_of_their_own() -> None:
    assert place(["a"] + [""] * 500 + ["b"] + [""] * 500, 4) == [FORM_FEED, "a", FORM_FEED, "b"]
    assert place(["", "a", "", "b", ""], 4) == [FORM_FEED, "", "a", "", "b"]
    assert place([""] * 500 + ["a"], 4) == [FORM_FEED, "", "", "", "a"]
    assert place(["a", "", "", "", "b", "c"], 4) == [FORM_FEED, "a", FORM_FEED, "b", "c"]


def test_no_page_has_more_rows_than_it_holds() -> None:
    rows = place([("", "x", "y")[at * 7 % 3] for at in range(300)], 11)
    count = 0
    for row in rows:
        count = 0 if row == FORM_FEED else count + 1
        assert count <= 11


def test_rows_between_margins_of_ten_millimetres() -> None:
    rows = rows_on_page(4543, 64)
    assert rows == 66
    assert rows * 64 + 2 * 154 <= 4543


async def _drawn(line: str, band_lines: int) -> KeptLines:
    sink = KeptLines()
    await Canvas(Font(), bytearray(216 * band_lines)).draw(line, sink)
    return sink


def test_a_line_of_text_is_the_same_whatever_the_band() -> None:
    drawn = [asyncio.run(_drawn("Ärger, Größe & Co. 漢 €", lines)) for lines in (1, 20, 32, 100)]
    for sink in drawn:
        assert sink.octets == drawn[0].octets
        assert max(sink.writes) <= 32
    assert drawn[2].writes == [32, 32]
    assert drawn[0].lines() == 64


def test_text_stands_between_its_margins() -> None:
    sink = asyncio.run(_drawn("M" * 200, 32))
    black = [any(sink.black(x, line) for line in range(64)) for x in range(1728)]
    assert not any(black[:144]) and not any(black[144 + 80 * 18 :])
    assert any(black[144 : 144 + 18]) and any(black[144 + 79 * 18 : 144 + 80 * 18])


def test_a_band_left_black_does_not_show_through() -> None:
    async def run() -> KeptLines:
        band = bytearray(b"\xff" * (216 * 32))
        sink = KeptLines()
        canvas = Canvas(Font(), band)
        await canvas.draw("", sink)
        band[:] = b"\xff" * (216 * 32)
        await canvas.draw("", sink)
        return sink

    sink = asyncio.run(run())
    assert sink.lines() == 128
    assert not any(sink.octets)


def test_inverting_stays_in_the_band() -> None:
    canvas = Canvas(Font(), bytearray(216 * 4))
    canvas.invert(10, 4, 0, 100, 2, 3)
    assert canvas.band == (b"\0\0\xff\xff\xff" + bytes(211)) * 4
    canvas.invert(10, 4, 12, 13, 0, 216)
    canvas.invert(10, 4, 20, 30, 0, 216)
    canvas.invert(10, 4, 0, 10, 0, 216)
    assert canvas.band[2 * 216 : 3 * 216] == b"\xff\xff\0\0\0" + b"\xff" * 211
    assert canvas.band[3 * 216 :] == b"\0\0\xff\xff\xff" + bytes(211)
    raises(ValueError, canvas.invert, 0, 4, 0, 4, 200, 17)
    raises(ValueError, canvas.invert, 0, 5, 0, 5, 0, 1)


def test_characters_never_seen_before_leave_nothing_in_memory() -> None:
    import gc

    if not hasattr(gc, "mem_alloc"):
        return  # CPython
    octets = bytearray()
    for code in range(0x5000, 0x5800):
        octets += bytes((0xE0 | code >> 12, 0x80 | code >> 6 & 63, 0x80 | code & 63))
    text = octets.decode()
    wrapper = Wrapper(80)
    canvas = Canvas(Font(), bytearray(216 * 32))
    asyncio.run(canvas.draw("x", KeptLines()))
    for line in wrapper.feed(text[:100]):
        canvas._label.set(line)
    gc.collect()
    before = gc.mem_alloc()
    for line in wrapper.feed(text):
        canvas._label.set(line)
    gc.collect()
    assert gc.mem_alloc() - before < 2000  # one-character strings would stay: 20 octets each
