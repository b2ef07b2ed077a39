"""The chain of directories of a TIFF file (TIFF 6.0 section 2), read from a source that may still
be arriving.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from micropython import const

from firmware import on_demand
from firmware.fax.directory import Directory, Entry, Octets, TiffError, value
from firmware.recording.faults import TIFF_DAMAGED, TIFF_UNSUPPORTED

if TYPE_CHECKING:
    from typing import Any

    from firmware.fax.buffers import FaxBuffers
    from firmware.fax.coded import Source
    from firmware.recording.document import Kept

_MAX_ENTRIES = const(1024)
_MAX_PAGES = const(999)
_FIRST_LINKS = const(32)
_CHUNK = const(21)  # entries read at a time, 12 octets each

_NEW_SUBFILE = const(254)
_SUBFILE = const(255)
# no more than the fields from here to there are kept
_FIRST_TAG = const(254)
_LAST_TAG = const(328)


def _is_small(entries: dict[int, Entry]) -> bool:
    """True for a reduced picture of another page, to look at on a screen: that is no page."""
    return bool(value(entries, _NEW_SUBFILE, 0) & 1) or value(entries, _SUBFILE, 0) == 2


class TiffReader:
    """Walks the chain of directories; one page is read at a time, the directory before its data is
    decoded.

    `total`: pages of the file, 0 while not known. `link`: where the directory is that was asked
    for last. `octets`: directories are read through its source. `kept`: directories that are
    looked up there first, those of `part`.
    """

    def __init__(self, source: Source, buffers: FaxBuffers, part: int = 0) -> None:
        self.octets = Octets(source, buffers.entries)
        self._buffers = buffers
        self.part = part
        self.kept: Kept | None = None
        self.link = 0
        self._next = 0
        self._seen = [0] * _FIRST_LINKS  # see _visit
        self._links = self._furthest = 0
        self._pages = 0
        # those numbers, and how many are in _seen, before the page that was asked for last
        self._before = (0, 0, 0, _FIRST_LINKS)
        self.total = 0

    async def open(self) -> None:
        """Read the header. Raises TiffError where this is no TIFF file."""
        octets = self.octets
        if not await octets.source.read_at(0, memoryview(octets.buffer)[:8]):
            raise TiffError(TIFF_DAMAGED, "the file is empty")
        await octets.read(0, 8)
        head = bytes(octets.buffer[:4])
        if 42 not in head[2:] and 43 not in head[2:]:
            raise TiffError(TIFF_DAMAGED, "it does not begin like a TIFF file")
        octets.order = "big" if head[3] in (42, 43) else "little"
        if octets.number(2, 2) == 43:
            raise TiffError(TIFF_UNSUPPORTED, "it is a BigTIFF file")
        if octets.number(2, 2) != 42:
            raise TiffError(TIFF_DAMAGED, "it does not begin like a TIFF file")
        self._next = octets.number(4, 4)
        if not self._next:
            raise TiffError(TIFF_DAMAGED, "it has no pages")

    @property
    def more(self) -> bool:
        """True while the chain of directories goes on."""
        return self._next != 0

    @property
    def following(self) -> int:
        """Where the next directory is, 0 behind the last."""
        return self._next

    def walker(self, source: Source | None, link: int) -> TiffReader:
        """Another reader of the same file, from the directory at `link` on; through `source`, or
        as this one.
        """
        other = TiffReader(source or self.octets.source, self._buffers, self.part)
        other.octets.order = self.octets.order
        other._next = link
        return other

    @property
    def place(self) -> tuple[Any, ...]:
        """The place of the page that was asked for last, for `go_on`. It takes part in what this
        reader knows: only one of the two goes on.
        """
        return (self.link, self.total, self.octets.order, self._seen) + self._before  # noqa: RUF005

    def go_on(self, place: tuple[Any, ...]) -> None:
        """Instead of `open`: go on with the page at such a place of the file."""
        self.link, self.total, self.octets.order, seen = place[:4]
        self._next = self.link
        self._seen = seen
        self._links, self._furthest, self._pages, count = place[4:]
        del seen[count:]
        for index in range(self._links, _FIRST_LINKS):
            seen[index] = 0

    async def next_page(self) -> Directory | None:
        """The next page's directory, None behind the last one.

        Raises TiffError; where only this page is affected, the next call goes on behind it.
        """
        while self._next:
            self.link = self._next
            self._before = (self._links, self._furthest, self._pages, len(self._seen))
            if self.kept is not None and self.kept.low <= self.link <= self.kept.high:
                found = on_demand.call(
                    "firmware.fax.kept", "page", self.kept, self.part, self.link,
                    self._buffers.strips,
                )
                if found is not None:
                    return self._kept_page(*found)
            entries = await self._link()
            if entries and not _is_small(entries):
                return await self._page(entries)
        return None

    def _kept_page(
        self, page: Directory | TiffError | None, following: int
    ) -> Directory | None:
        self._next = 0
        self._visit(self.link)
        self._next = following
        self._pages += page is not None
        if isinstance(page, TiffError):
            raise page
        if page is not None:
            self._count(page)
        return page

    def _visit(self, link: int) -> None:
        """Refuse a loop, or too long a chain. A loop leads back at some time, so it is enough to
        keep the first links and those that lead back, whatever the number of pages.
        """
        if link in self._seen:
            raise TiffError(TIFF_DAMAGED, "its directories form a loop")
        self._links += 1
        if self._links > _MAX_PAGES:
            raise TiffError(TIFF_UNSUPPORTED, "it has more than %d pages" % _MAX_PAGES)
        if self._links <= _FIRST_LINKS:
            self._seen[self._links - 1] = link
        elif link <= self._furthest:
            self._seen.append(link)
        self._furthest = max(self._furthest, link)

    async def _link(self) -> dict[int, Entry]:
        """The next directory's entries; none where the last link leads nowhere, but no page is
        missing.
        """
        offset, self._next = self._next, 0
        try:
            self._visit(offset)
            return await self._entries(offset)
        except TiffError:
            if 0 < self.total <= self._pages:
                return {}
            raise

    async def _page(self, entries: dict[int, Entry]) -> Directory:
        self._pages += 1
        directory = Directory(self.octets, self._buffers.strips, entries)
        directory.next = self._next
        await directory.complete(entries)
        self._count(directory)
        return directory

    def _count(self, directory: Directory) -> None:
        if directory.total >= self._pages:
            self.total = directory.total
        else:
            self.total = 0 if self._next else self._pages

    async def _entries(self, offset: int) -> dict[int, Entry]:
        """The entries by tag; sets where the next directory is, 0 where the file ends
        before saying so.
        """
        octets = self.octets
        await octets.read(offset, 2)
        count = octets.number(0, 2)
        if not 0 < count <= _MAX_ENTRIES:
            raise TiffError(TIFF_DAMAGED, "a directory with %d entries" % count)
        offset += 2
        entries: dict[int, Entry] = {}
        for first in range(0, count, _CHUNK):
            chunk = min(_CHUNK, count - first)
            await octets.read(offset, 12 * chunk)
            for index in range(chunk):
                tag = octets.number(12 * index, 2)
                if _FIRST_TAG <= tag <= _LAST_TAG and tag not in entries:
                    entries[tag] = Entry(octets, 12 * index, offset + 12 * index)
            offset += 12 * chunk
        try:
            await octets.read(offset, 4)
            self._next = octets.number(0, 4)
        except TiffError:
            self._next = 0
        return entries
