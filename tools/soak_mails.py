"""The mails of a simulated year: one pool of every kind, told apart by their dots, sent again and
again as new mails.
"""

from __future__ import annotations

import io
import random
import re
from collections.abc import Callable
from typing import NamedTuple

from PIL import Image

from sim.verdict import Body, Mask, masked, pages_of
from sim.world import Setup
from tools.faults_mails import WIDTH, fax, mail, words
from tools.samples_tiff import MH, MR, Page, Style, tiff

ROWS = 1000  # of a sheet: for faxes and texts alike
SETUP = Setup(rows=ROWS)
_MESSAGE_ID = re.compile(rb"Message-ID: <[^>]*>")
_DATES = ((2026, 1, 1), (2034, 12, 28))
_LINE_ROWS = 12  # around rows that differ: a line of text reaches so far at most


class Sample(NamedTuple):
    """A mail of the pool: what it is, its octets, its pages; those of a notice sheet say when the
    mail was received, in rows that `masks` leave out.
    """

    kind: str
    content: bytes
    pages: tuple[Body, ...]
    masks: frozenset[Mask]

    def sent(self, number: int) -> bytes:
        """The same as a mail of its own."""
        name = b"Message-ID: <%d@soak.example.com>" % number
        return _MESSAGE_ID.sub(name, self.content, count=1)


def _packed(chance: random.Random, compression: str) -> bytes:
    """Two pages whose rows are packed, or not even that."""
    images = [Image.new("1", (WIDTH, 14), 255) for _ in range(2)]
    for image in images:
        for row in range(1, 13):
            left = chance.randrange(100, 1400)
            image.paste(0, (left, row, left + chance.randrange(30, 200), row + 1))
    out = io.BytesIO()
    images[0].save(out, "TIFF", compression=compression, dpi=(204, 196), save_all=True,
                   append_images=images[1:])
    return out.getvalue()


def _noise(chance: random.Random, rows: int) -> bytes:
    """A page that does not compress, its directory behind its data. Its first row is white: black
    dots there are taken for the mark.
    """
    picture = Image.new("1", (WIDTH, rows + 1), 255)
    picture.paste(Image.frombytes("1", (WIDTH, rows), chance.randbytes(WIDTH // 8 * rows)), (0, 1))
    return tiff([Page(picture, 204, 196)], Style(directory_first=False))


Make = Callable[[random.Random], bytes]

KINDS: dict[str, Make] = {
    "one page": lambda c: mail(c, tiffs=(fax(c, 1),)),
    "two pages": lambda c: mail(c, tiffs=(fax(c, 2),)),
    "MH": lambda c: mail(c, tiffs=(fax(c, 1, Style(MH, ">")),)),
    "MR": lambda c: mail(c, tiffs=(fax(c, 2, Style(MR, fill_order=2, strip_rows=5)),)),
    "five pages": lambda c: mail(c, tiffs=(fax(c, 5),)),
    "two files": lambda c: mail(c, tiffs=(fax(c, 1), fax(c, 2))),
    "packed": lambda c: mail(c, tiffs=(_packed(c, "packbits"),)),
    "not packed": lambda c: mail(c, tiffs=(_packed(c, "raw"),)),
    "text": lambda c: mail(c, words(c, 3)),
    "long text": lambda c: mail(c, words(c, 24)),
    "text and fax": lambda c: mail(c, words(c, 2), (fax(c, 1),)),
    "text, fax and PDF": lambda c: mail(c, words(c, 2), (fax(c, 1),), pdf=True),
    "PDF": lambda c: mail(c, pdf=True),
    "damaged": lambda c: mail(c, tiffs=(fax(c, 1)[:60],)),
    "fax and damaged": lambda c: mail(c, tiffs=(fax(c, 2), fax(c, 1)[:70])),
    "noise": lambda c: mail(c, tiffs=(_noise(c, 40),)),
}
FAXES = ("one page", "two pages", "MH", "MR", "five pages", "two files", "packed", "not packed",
         "noise")
TIMELESS = (*FAXES, "text", "long text", "text and fax")  # no notice sheet


def pool(each: int) -> list[Sample]:
    """`each` mails of every kind, the same in every process."""
    chance = random.Random("the mails of a year")
    return [_sample(kind, make(chance)) for _ in range(each) for kind, make in KINDS.items()]


def _sample(kind: str, content: bytes) -> Sample:
    pages = pages_of(content, SETUP)
    dates = _DATES if kind not in TIMELESS else ()
    others = [pages_of(content, SETUP, date) for date in dates]
    result, masks = [], set()
    for number, page in enumerate(pages):
        copies = [page, *(other[number] for other in others)]
        differ = [row for row, dots in enumerate(zip(*copies, strict=False)) if len(set(dots)) > 1]
        if differ:
            mask = max(differ[0] - _LINE_ROWS, 0), differ[-1] + _LINE_ROWS
            masks.add(mask)
            page = masked(page, mask)
        result.append(page)
    return Sample(kind, content, tuple(result), frozenset(masks))
