"""The header band above each page, and the mark of a possible duplicate."""
from __future__ import annotations

import asyncio

from firmware.recording.page import BAND_LINES, HeaderBand, page_text, time_text
from tests.unit.text_support import KeptLines, picture

WIDTH = 1728


def recorded(left: str = "", right: str = "", duplicate: bool = False) -> KeptLines:
    sink = KeptLines()
    asyncio.run(HeaderBand(bytearray(216 * 32)).record(left, right, sink, duplicate))
    return sink


def marked() -> KeptLines:
    sink = KeptLines()
    asyncio.run(HeaderBand(bytearray(216 * 32)).record_mark(sink))
    return sink


def columns(sink: KeptLines, last: int = 59) -> list[bool]:
    """Which dots across have ink above the rule."""
    lines = range(last)
    return [any(sink.black(x, line) for line in lines) for x in range(WIDTH)]


def test_the_band_is_four_millimetres() -> None:
    assert BAND_LINES == 62
    for sink in (recorded("a", "1/2"), recorded("a", "1/2", True), marked()):
        assert sink.lines() == 62
        assert sink.writes == [31, 31]


def test_the_band_ends_in_a_thin_rule() -> None:
    sink = recorded("left", "1/2")
    rule = "." * 104 + "#" * (WIDTH - 208) + "." * 104
    assert picture(sink.octets, 0, WIDTH, range(59, 62)) == ["." * WIDTH, rule, rule]


def test_sender_left_and_page_right() -> None:
    ink = columns(recorded("2026-10-17 14:03  sales@example.com", "2/5"))
    left, right = ink.index(True), WIDTH - 1 - list(reversed(ink)).index(True)
    assert 104 <= left < 118
    assert WIDTH - 104 - 14 <= right < WIDTH - 104
    assert not any(ink[700 : WIDTH - 104 - 3 * 14])


def test_accents_and_descenders_stay_clear_of_the_edge_and_the_rule() -> None:
    sink = recorded("ÅŹÖgjpqy|", "1/1")
    assert sink.inked(3, 20) and not sink.inked(57, 60)


def test_a_long_sender_is_cut_before_the_page_number() -> None:
    for duplicate in (False, True):
        ink = columns(recorded("m" * 300, "10/12", duplicate))
        gap = ink[WIDTH - 104 - 5 * 14 - 20 : WIDTH - 104 - 5 * 14]
        assert not any(gap)
        assert any(ink[1000:1100])


def test_the_mark_is_white_on_black_and_large() -> None:
    plain, sink = recorded("me@example.com", "3"), recorded("me@example.com", "3", True)
    fresh = bytes(a ^ b for a, b in zip(plain.octets, sink.octets))  # noqa: B905
    black = sum(bin(octet).count("1") for octet in fresh)
    area = 57 * 18 * 14
    assert 0.6 * area < black < 1.3 * area  # a block with letters cut out of it
    row = picture(sink.octets, 0, WIDTH, (1,))[0]
    assert row.count("#") > 18 * 14 and "#" * (18 * 14) in row
    assert row.index("#") > WIDTH // 2


def test_the_mark_stands_alone_where_headers_are_off() -> None:
    sink = marked()
    assert sink.inked(0, 57) and not sink.inked(58, 62)
    assert "#" * (18 * 14) in picture(sink.octets, 0, WIDTH, (1,))[0]


def test_without_a_duplicate_there_is_no_mark() -> None:
    assert not recorded("", "").inked(0, 60)


def test_page_of_total() -> None:
    assert page_text(2, 5) == "2/5"
    assert page_text(2, 0) == "2"


def test_time_of_reception() -> None:
    assert time_text(0) == ""
    assert time_text(1) == "1970-01-01 00:00"
    assert time_text(951782399) == "2000-02-28 23:59"
    assert time_text(951782400) == "2000-02-29 00:00"
    assert time_text(951868800) == "2000-03-01 00:00"
    assert time_text(1735689599) == "2024-12-31 23:59"
    assert time_text(1735689599, 60) == "2025-01-01 00:59"
    assert time_text(1735689600, -720) == "2024-12-31 12:00"
    assert time_text(4107542400) == "2100-03-01 00:00"
