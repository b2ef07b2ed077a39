"""What holds whatever a server does: checked for every run of every script."""
from __future__ import annotations

from sim.pop3_server import Maildrop
from tests.faults.run import Visited, letter_of, sums_of

Pages = dict[str, dict[int, list[tuple[int, bool]]]]  # by mail and page: sum and mark of each copy


def pages_of(found: list[Visited]) -> Pages:
    """All sheets of all visits."""
    pages: Pages = {}
    for visited in found:
        for mail, page, sum_, mark in visited.pages:
            pages.setdefault(mail, {}).setdefault(page, []).append((sum_, mark))
    return pages


def on_paper(pages: Pages, letter: str) -> bool:
    """True when each page of the mail is on paper as it should be, or carries the mark."""
    sums, have = sums_of(letter), pages.get(letter, {})
    return len(have) == len(sums) and all(
        sum_ == sums[page - 1] or mark for page, copies in have.items() for sum_, mark in copies)


def kept(found: list[Visited], drop: Maildrop, exact: bool = True) -> None:
    """Nothing deleted that is not on paper; nothing twice without the mark; no secret told; no
    mistake of our own.
    """
    pages = pages_of(found)
    for mail in drop.deleted:
        letter = letter_of(mail.content)
        assert on_paper(pages, letter) or not exact, "%s is deleted, not on paper" % letter
    for letter, its_pages in pages.items():
        for page, copies in its_pages.items():
            plain = sum(not mark for _sum, mark in copies)
            assert plain <= 1, "page %d of %s is there %d times" % (page, letter, plain)
    for visited in found:
        assert "secret" not in visited.text
        assert "program fault" not in visited.text, visited.text
