"""Word wrap under any text: nothing is lost, no line is too long, pieces make no difference."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.text.cells import columns_of
from firmware.text.layout import FORM_FEED, Pager, Wrapper

WHITE = " \t\n\r\v\f\x85\u2028\u2029"
WORDS = ["word", "longer-word", "x" * 30, "https://example.com/a/b/c", "  ", "\r\n", "\t", "漢字"]
ODD = [*" \t\n\r\v\f\x00\x1b\x85aé漢😀\u0301\u200b"]
PIECES = st.one_of(
    st.sampled_from(ODD), st.characters(exclude_categories=("Cs",)), st.sampled_from(WORDS)
)
TEXTS = st.lists(PIECES, max_size=200).map("".join)


def lines_of(text: str, columns: int, cuts: list[int], hang: int = 0) -> list[str]:
    """Lines of the text, fed in pieces that end at `cuts`."""
    wrapper = Wrapper(columns, hang=hang)
    edges = [0, *sorted(cut % (len(text) + 1) for cut in cuts), len(text)]
    lines = []
    for at in range(len(edges) - 1):
        lines += list(wrapper.feed(text[edges[at] : edges[at + 1]]))
    return lines + list(wrapper.finish())


def substance(text: str) -> str:
    """The text without white space, control characters and what takes no column."""
    return "".join(c for c in text if c not in WHITE and columns_of(ord(c)))


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.integers(4, 90), st.integers(0, 100), st.lists(st.integers(0, 400), max_size=5))
def test_no_text_is_lost_and_no_line_too_long(
    text: str, columns: int, hang: int, cuts: list[int]
) -> None:
    lines = lines_of(text, columns, cuts, hang)
    assert substance("".join(lines)) == substance(text)
    for line in lines:
        assert sum(columns_of(ord(c)) for c in line) <= columns
        assert line == line.rstrip(" ")


@settings(max_examples=200, deadline=None)
@given(TEXTS, st.integers(4, 90), st.lists(st.integers(0, 400), max_size=8))
def test_pieces_make_no_difference(text: str, columns: int, cuts: list[int]) -> None:
    assert lines_of(text, columns, cuts) == lines_of(text, columns, [])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["", "a", "b c", FORM_FEED]), max_size=80), st.integers(1, 9))
def test_pages_hold_all_lines_and_never_too_many(lines: list[str], rows: int) -> None:
    pager = Pager(rows)
    placed = [out for line in lines for out in pager.place(line)]
    assert [p for p in placed if p not in ("", FORM_FEED)] == [
        line for line in lines if line not in ("", FORM_FEED)
    ]
    on_page = rows
    for out in placed:
        on_page = 0 if out == FORM_FEED else on_page + 1
        assert on_page <= rows
    assert not placed or (placed[0] == FORM_FEED and placed[-1] != FORM_FEED)
