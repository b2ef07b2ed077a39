"""TIFF files with their directories in all the places where senders put them."""

from __future__ import annotations

BEFORE = "each directory before its data"
AFTER = "each directory behind its data"
FRONT = "all directories at the front"
END = "all directories at the end"
LAYOUTS = (BEFORE, AFTER, FRONT, END)
# data not in the order of the pages
FRONT_BACKWARDS = "all directories at the front, the last page's data first"
END_BACKWARDS = "the last page's data first, all directories at the end"
BEFORE_BACKWARDS = "the last page first, each directory before its data"
AFTER_BACKWARDS = "the last page first, each directory behind its data"
SWAPPED = "each directory before its data, every second page before the one that it follows"
BACKWARDS = (FRONT_BACKWARDS, END_BACKWARDS, BEFORE_BACKWARDS, AFTER_BACKWARDS, SWAPPED)
WIDTH = 1728
_ROW = WIDTH // 8
_ENTRIES = 12


def page_rows(page: int, rows: int) -> list[bytes]:
    """Rows that say which page and row they are."""
    return [
        bytes([page + 1, row >> 8, row & 255]) + bytes([row * 7 + page & 255]) * (_ROW - 3)
        for row in range(rows)
    ]


class Page:
    """One page: its strips of coded data, and the fields of its directory."""

    def __init__(
        self, strips: list[bytes], rows: int, rows_per_strip: int, compression: int, dpi: int
    ) -> None:
        self.strips = strips
        self.rows, self.rows_per_strip = rows, rows_per_strip
        self.compression, self.dpi = compression, dpi
        table = 8 * len(strips) if len(strips) > 1 else 0
        self.octets = 2 + 12 * _ENTRIES + 4 + 16 + table  # of directory and its values
        self.place = self.start = 0
        self.backwards = False  # the last strip's data come first

    def directory(self, number: int, pages: int, following: int) -> bytes:
        """The directory and its values, as they are at `place`."""
        values = self.place + 2 + 12 * _ENTRIES + 4
        count = len(self.strips)
        offsets, counts = [], []
        at = self.start
        for strip in reversed(self.strips) if self.backwards else self.strips:
            offsets.append(at)
            counts.append(len(strip))
            at += len(strip)
        if self.backwards:
            offsets.reverse()
            counts.reverse()
        tags = [
            (254, 4, 1, 2),
            (256, 4, 1, WIDTH),
            (257, 4, 1, self.rows),
            (258, 3, 1, 1),
            (259, 3, 1, self.compression),
            (262, 3, 1, 0),
            (273, 4, count, values + 16 if count > 1 else offsets[0]),
            (278, 4, 1, self.rows_per_strip),
            (279, 4, count, values + 16 + 4 * count if count > 1 else counts[0]),
            (282, 5, 1, values),
            (283, 5, 1, values + 8),
            (297, 3, 2, number | pages << 16),
        ]
        out = len(tags).to_bytes(2, "little")
        for tag, kind, many, value in tags:
            out += tag.to_bytes(2, "little") + kind.to_bytes(2, "little")
            out += many.to_bytes(4, "little") + value.to_bytes(4, "little")
        out += following.to_bytes(4, "little")
        for dpi in (204, self.dpi):
            out += dpi.to_bytes(4, "little") + (1).to_bytes(4, "little")
        if count > 1:
            out += b"".join([place.to_bytes(4, "little") for place in offsets + counts])
        return out


def _order(layout: str, pages: int) -> list[tuple[int, bool]]:
    """(page, its directory rather than its data) from the file's start to its end."""
    numbers = list(range(pages))
    data = list(numbers)
    if layout in BACKWARDS:
        data.reverse()
    if layout == SWAPPED:
        data = [min(number ^ 1, pages - 1) if pages % 2 == 0 else number for number in numbers]
    order: list[tuple[int, bool]] = []
    if layout in (FRONT, FRONT_BACKWARDS, END, END_BACKWARDS):
        front = layout in (FRONT, FRONT_BACKWARDS)
        for directories in (front, not front):
            order += [(number, directories) for number in (numbers if directories else data)]
        return order
    first = layout in (BEFORE, BEFORE_BACKWARDS, SWAPPED)
    for number in data:
        order += [(number, first), (number, not first)]
    return order


def file_of(layout: str, pages: list[Page]) -> bytes:
    """A file of these pages."""
    order = _order(layout, len(pages))
    at = 8
    for number, is_directory in order:
        page = pages[number]
        if is_directory:
            page.place = at
            at += page.octets
        else:
            page.start = at
            at += sum([len(strip) for strip in page.strips])
    out = [b"II*\0" + pages[0].place.to_bytes(4, "little")]
    for number, is_directory in order:
        page = pages[number]
        if is_directory:
            following = pages[number + 1].place if number + 1 < len(pages) else 0
            out.append(page.directory(number, len(pages), following))
        else:
            out += reversed(page.strips) if page.backwards else page.strips
    return b"".join(out)


def tiff(layout: str, pages: int, rows: int, rows_per_strip: int = 0, alike: bool = True) -> bytes:
    """An uncompressed fax of `pages` pages, 204 x 98 dpi; its rows are those of `page_rows`. Pages
    that aren't alike have a resolution each.
    """
    step = rows_per_strip or rows
    made = []
    for number in range(pages):
        data = page_rows(number, rows)
        strips = [b"".join(data[at : at + step]) for at in range(0, rows, step)]
        made.append(Page(strips, rows, step, 1, 98 if alike else 98 + number))
    return file_of(layout, made)
