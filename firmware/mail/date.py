"""Dates of mails: read (RFC 5322), and written for people. Loaded on demand."""
from __future__ import annotations

from micropython import const

_LIMIT = const(512)  # characters looked at

_MONTHS = "janfebmaraprmayjunjulaugsepoctnovdec"
# Hours of the obsolete zones (RFC 5322 section 4.3); all others count as UTC.
_ZONES = {"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7}


def _days(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 to a date of the Gregorian calendar."""
    if month < 3:
        year -= 1
        month += 12
    leaps = year // 4 - year // 100 + year // 400
    return 365 * year + leaps + (153 * month - 457) // 5 + day - 719469


def _zone_minutes(token: str) -> int:
    """Minutes east of UTC of '+hhmm', '-hhmm' or a name."""
    if token[0] in "+-" and len(token) > 1 and _is_number(token[1:]):
        minutes = int(token[1:]) // 100 * 60 + int(token[1:]) % 100
        return -minutes if token[0] == "-" else minutes
    return _ZONES.get(token, 0) * 60


def _without_comments(text: str) -> str:
    depth = 0
    out = []
    for c in text:
        depth += c == "("
        if depth == 0:
            out.append(c)
        depth = max(0, depth - (c == ")"))
    return "".join(out)


def parse_date(text: str) -> int | None:
    """Seconds since 1970-01-01 UTC of a Date field, or None when it is no date.

    RFC 5322 section 3.3, the obsolete forms of section 4.3, and the order of asctime.
    """
    day = month = year = -1
    clock = [0, 0, 0]
    zone = 0
    for token in _date_tokens(text):
        if ":" in token:
            clock = _clock(token)
        elif _is_number(token):
            if day < 0:
                day = int(token)
            elif year < 0:
                year = _whole_year(token)
        elif month < 0 and len(token) >= 3 and _MONTHS.find(token[:3]) % 3 == 0:
            month = _MONTHS.find(token[:3]) // 3 + 1
        elif token in _ZONES or token[0] in "+-":
            zone = _zone_minutes(token)
    if not (1 <= day <= 31 and month > 0 and 1900 <= year <= 9999):
        return None
    if not (clock[0] < 24 and clock[1] < 60 and clock[2] < 61):
        return None
    return _days(year, month, day) * 86400 + clock[0] * 3600 + clock[1] * 60 + clock[2] - zone * 60


def _date_tokens(text: str) -> list[str]:
    """Words of a date in lower case; day-month-year joined by dashes comes apart."""
    tokens = []
    for token in _without_comments(text[: _LIMIT]).lower().replace(",", " ").split():
        tokens += token.split("-") if "-" in token and _is_number(token[0]) else [token]
    return [token for token in tokens if token]


def _is_number(text: str) -> bool:
    return all("0" <= c <= "9" for c in text)


def _clock(token: str) -> list[int]:
    """Hours, minutes and seconds; an hour that never is when they are none."""
    fields = token.split(":")
    if len(fields) > 3 or not all(field and _is_number(field) for field in fields):
        return [24, 0, 0]
    return ([int(field) for field in fields] + [0])[:3]


def _whole_year(digits: str) -> int:
    """A year of two or three digits as RFC 5322 section 4.3 reads it."""
    year = int(digits)
    if len(digits) == 2 and year < 50:
        return year + 2000
    return year + 1900 if len(digits) < 4 else year


def format_date(seconds: int, zone_minutes: int) -> str:
    """'YYYY-MM-DD HH:MM' of seconds since 1970-01-01 UTC, so many minutes east of UTC."""
    minutes = seconds // 60 + zone_minutes
    days = minutes // 1440
    minutes -= days * 1440
    year = 1970 + days // 366
    while _days(year + 1, 1, 1) <= days:
        year += 1
    month = 12
    while _days(year, month, 1) > days:
        month -= 1
    day = days - _days(year, month, 1) + 1
    return "%04d-%02d-%02d %02d:%02d" % (year, month, day, minutes // 60, minutes % 60)
