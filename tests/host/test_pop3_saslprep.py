"""SASLprep against Python's tables of RFC 3454 and its NFKC of Unicode 3.2."""
from __future__ import annotations

import random
import stringprep
import unicodedata

from firmware.pop3.auth.saslprep import prepared
from firmware.recording.faults import Fault

_UNICODE = unicodedata.ucd_3_2_0
_PROHIBITED = (stringprep.in_table_c12, stringprep.in_table_c21_c22, stringprep.in_table_c3,
               stringprep.in_table_c4, stringprep.in_table_c5, stringprep.in_table_c6,
               stringprep.in_table_c7, stringprep.in_table_c8, stringprep.in_table_c9)
# the planes' beginnings and what is special in them; all of the first
CODES = [code for first, last in ((0x20, 0x10000), (0x10300, 0x10400), (0x1D000, 0x1D800),
                                  (0x1F600, 0x1F650), (0x1FFF0, 0x20010), (0x2F800, 0x2FA20),
                                  (0xE0000, 0xE0080), (0x10FFF0, 0x110000))
         for code in range(first, last) if not 0xD800 <= code < 0xE000]


def by_tables(text: str) -> str | None:
    """The text prepared (RFC 4013), None when that is prohibited."""
    mapped = "".join(" " if stringprep.in_table_c12(one) else one for one in text
                     if stringprep.in_table_c12(one) or not stringprep.in_table_b1(one))
    normal = _UNICODE.normalize("NFKC", mapped)
    return None if any(test(one) for one in normal for test in _PROHIBITED) else normal


def ours(text: str) -> str | None:
    """None when it is refused."""
    try:
        return prepared(text.encode()).decode()
    except Fault:
        return None


def test_every_character_is_prepared_as_it_should_be_or_refused() -> None:
    taken = 0
    for code in CODES:
        found = ours(chr(code))
        assert found is None or found == by_tables(chr(code)), hex(code)
        taken += found is not None
    assert taken > 50000  # of some 63,000


def test_what_is_prohibited_is_refused() -> None:
    assert not [hex(code) for code in CODES if by_tables(chr(code)) is None and ours(chr(code))]


def test_what_stands_side_by_side_is_prepared_as_it_should_be_or_refused() -> None:
    chance = random.Random(1)
    taken = [chr(code) for code in CODES if ours(chr(code)) is not None]
    for _time in range(3000):
        text = "".join(chance.choices(taken, k=4))
        assert ours(text) == by_tables(text), ascii(text)


def test_letters_that_people_have_in_passwords_are_taken() -> None:
    for text in ("Stra\xdfe", "\xe9\xe8\xea\xeb", "\u20ac100", "\u0141\xf3d\u017a", "\u4e2d\u6587",
                 "\u043f\u0430\u0440\u043e\u043b\u044c", "\u03b1\u03b2\u03ac", "\ud55c\uae00",
                 "\u201cx\u201d", "\u3072\u3089"):
        assert ours(text) == by_tables(text) == text, ascii(text)
