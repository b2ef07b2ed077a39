"""Dates of mails, as senders write them and as people read them."""
from __future__ import annotations

from firmware.mail.date import format_date, parse_date


def test_dates() -> None:
    for text, seconds in (
        ("Thu, 01 Jan 1970 00:00:00 +0000", 0),
        ("Fri, 21 Nov 1997 09:55:06 -0600", 880127706),
        ("21 Nov 97 09:55:06 GMT", 880106106),
        ("21 Nov 97 09:55 CST", 880127700),
        ("Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", None),
        ("Thu,\r\n 13 Feb 1969 23:32 -0330 (Newfoundland (Time))", -27723480),
        ("29 February 2000 12:00:00 +0100", 951822000),
        ("1-Jan-2024 00:00:00 +0000", 1704067200),
        ("Mon Jan  1 00:00:00 2024", 1704067200),
        ("1 Jan 124 00:00:00 Z", 1704067200),
        ("1 Jan 2024 24:00:00 +0000", None),
        ("32 Jan 2024 00:00:00", None),
        ("1 Jan 2024 00:00:00:00", None),
        ("2024-01-01T00:00:00Z", None),
        ("\u00b2 Jan 2024 1:1", None),
        ("- + : , ()", None),
        ("yesterday", None),
        ("", None),
    ):
        assert parse_date(text) == seconds, text


def test_dates_are_written_for_the_header_band() -> None:
    assert format_date(0, 0) == "1970-01-01 00:00"
    assert format_date(951822000, 60) == "2000-02-29 12:00"
    assert format_date(1704067199, 0) == "2023-12-31 23:59"
    assert format_date(1704067199, 1) == "2024-01-01 00:00"
    assert format_date(0, -720) == "1969-12-31 12:00"
    assert format_date(4102444800 - 60, 0) == "2099-12-31 23:59"
