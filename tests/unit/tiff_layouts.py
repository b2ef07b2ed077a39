"""TIFF files with their directories in all the places where senders put them."""

from __future__ import annotations

BEFORE = "each directory before its data"
AFTER = "each directory behind its data"
FRONT = "all directories at the front"
END = "all directories at the end"
LAYOUTS = (BEFORE, AFTER, FRONT, END)
WIDTH = 1728
_ROW = WIDTH // 8


def page_rows(page: int, rows: int) -> list[bytes]:
    """Rows that say which page and row they are."""
    return [
        bytes([page + 1, row >> 8, row & 255]) + bytes([row * 7 + page & 255]) * (_ROW - 3)
        for row in range(rows)
    ]


class _Page:
    def __init__(self, number: int, pages: int, rows: int, rows_per_strip: int) -> None:
        self.data = b"".join(page_rows(number, rows))
        self.number, self.pages, self.rows = number, pages, rows
        self.rows_per_strip = rows_per_strip
        self.strips = -(-rows // rows_per_strip)
        self.entries = 12
        self.table = 8 * self.strips if self.strips > 1 else 0
        self.octets = 2 + 12 * self.entries + 4 + 16 + self.table  # of directory and its values
        self.place = self.start = 0
        self.dpi = 98

    def directory(self, following: int) -> bytes:
        values = self.place + 2 + 12 * self.entries + 4
        step = self.rows_per_strip * _ROW
        offsets = [self.start + strip * step for strip in range(self.strips)]
        counts = [min(step, len(self.data) - strip * step) for strip in range(self.strips)]
        one = self.strips == 1
        tags = [
            (254, 4, 1, 2),
            (256, 4, 1, WIDTH),
            (257, 4, 1, self.rows),
            (258, 3, 1, 1),
            (259, 3, 1, 1),
            (262, 3, 1, 0),
            (273, 4, self.strips, offsets[0] if one else values + 16),
            (278, 4, 1, self.rows_per_strip),
            (279, 4, self.strips, counts[0] if one else values + 16 + 4 * self.strips),
            (282, 5, 1, values),
            (283, 5, 1, values + 8),
            (297, 3, 2, self.number | self.pages << 16),
        ]
        out = len(tags).to_bytes(2, "little")
        for tag, kind, count, value in tags:
            out += tag.to_bytes(2, "little") + kind.to_bytes(2, "little")
            out += count.to_bytes(4, "little") + value.to_bytes(4, "little")
        out += following.to_bytes(4, "little")
        for dpi in (204, self.dpi):
            out += dpi.to_bytes(4, "little") + (1).to_bytes(4, "little")
        if not one:
            out += b"".join(number.to_bytes(4, "little") for number in offsets + counts)
        return out


def tiff(layout: str, pages: int, rows: int, rows_per_strip: int = 0, alike: bool = True) -> bytes:
    """An uncompressed fax of `pages` pages, 204 x 98 dpi; its rows are those of `page_rows`. Pages
    that aren't alike have a resolution each.
    """
    made = [_Page(page, pages, rows, rows_per_strip or rows) for page in range(pages)]
    for page in made:
        page.dpi = 98 if alike else 98 + page.number
    pieces: list[tuple[_Page, bool]] = []  # (page, its directory rather than its data)
    if layout in (BEFORE, AFTER):
        for page in made:
            pieces += [(page, layout == BEFORE), (page, layout == AFTER)]
    else:
        for directories in (layout == FRONT, layout == END):
            pieces += [(page, directories) for page in made]
    at = 8
    for page, directory in pieces:
        if directory:
            page.place = at
            at += page.octets
        else:
            page.start = at
            at += len(page.data)
    out = [b"II*\0" + made[0].place.to_bytes(4, "little")]
    for page, directory in pieces:
        following = made[page.number + 1].place if page.number + 1 < pages else 0
        out.append(page.directory(following) if directory else page.data)
    return b"".join(out)
