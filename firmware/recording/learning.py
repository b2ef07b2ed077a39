"""TIFF directories and data where they don't come when they are wanted. Loaded on demand.

Directories at the front of a file that is larger than the spool's window, or a long strip table
before its page, are read ahead. Pages that lie behind one another in the file otherwise than in
the document are held in the window as far as it goes. For what has gone by, or lies too far ahead,
the rest of the chain of directories is learnt and the server sends the mail once more, for one
page at least: recording goes on where it was left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from micropython import const

from firmware.fax.coded import UNLIMITED
from firmware.fax.directory import Directory, TiffError
from firmware.fax.kept import Full, KeptPage
from firmware.fax.tiff import TiffReader
from firmware.recording.document import ReadAgain
from firmware.store.spool import OutsideWindow

if TYPE_CHECKING:
    from firmware.fax.kept import KeptDirectories
    from firmware.recording.document import Recording
    from firmware.store.spool import PartSource

_MAX_LINKS = const(1000)
_MAX_READINGS = const(64)  # of one mail
_AHEAD = const(8)  # pages that are looked at for data before those of the page in hand


class _Passing:
    """A file that goes by: what is read too far ahead lets go of what lies before it, but for as
    much as the window takes: strip table, resolution and data may lie before a directory.
    """

    def __init__(self, source: PartSource) -> None:
        self._source = source

    async def read_at(self, offset: int, view: memoryview) -> int:
        """As of the file; OutsideWindow only for what has gone by."""
        try:
            return await self._source.read_at(offset, view)
        except OutsideWindow:
            self._source.release(max(offset - self._source.window * 7 // 8, 0))
        return await self._source.read_at(offset, view)

    def release(self, _offset: int) -> None:
        """Directories are only read."""


class Mark:
    """Where the next reading of a mail goes on, which is made for the page `number` of `part`."""

    def __init__(
        self,
        mail: Recording,
        reader: TiffReader,
        index: int,
        number: int,
        before: int,
        more: int,
    ) -> None:
        self.part = reader.part
        self.index = index  # of the part among the mail's
        self.place = reader.place
        self.number = number
        self.before = before
        self.more = more
        self.page = mail.sheet.page
        self.said = (mail.rows, mail.headed, mail.alternative)


def index_of(mail: Recording, kept: KeptDirectories) -> int:
    """The part with which this reading goes on; 0 where pages before it are due again."""
    mark = kept.mark
    if mark is None or mail.sheet.done < mark.page:
        kept.mark = None
        return 0
    mail.sheet.page = mark.page
    mail.rows, mail.headed, mail.alternative = mark.said
    index: int = mark.index
    return index


async def reader_of(mail: Recording, mark: Mark, source: PartSource) -> TiffReader:
    """A reader of the mark's part, with the mark's page before it."""
    kept = mail.keep()
    reader = TiffReader(source, mail.fax_buffers, mark.part)
    reader.go_on(mark.place)
    reader.kept = kept
    if kept.gone or not kept.has(reader.part, reader.link):
        kept.empty()
        passing = _Passing(source)
        await _learn(kept, reader.walker(passing, reader.link), source)
        reader.through(passing)
    return reader


async def prepare(
    mail: Recording, reader: TiffReader, page: Directory, source: PartSource
) -> Directory:
    """See to it that nothing of the page, nor before its data, will be wanted when it has gone;
    returns the page to go on with. Raises OutsideWindow, TiffError.
    """
    start, _octets = await page.strip(0)
    reader.through(source)
    large = not 0 < mail.job.octets <= source.window
    if large and start > page.hold and not isinstance(page, KeptPage):
        kept = reader.kept = mail.keep()
        page = await _read_ahead(kept, reader, page, start)
    low, high, ordered = await _span(page)
    limit = high - source.window
    if not ordered:
        if low < limit:
            raise OutsideWindow
        await source.read_at(low, memoryview(bytearray(1)))  # before the first line: is it gone?
        page.keep = low
    if reader.kept is not None:
        if not reader.kept.has(reader.part, page.next) and page.next >= max(limit, 1):
            page.keep = min(page.keep, page.next)
        after = await _lowest(reader.kept, reader.part, page.next, limit)
        if after < high:
            page.keep = min(page.keep, after)
    page.hold = min(page.hold, page.keep)
    return page


async def _span(page: Directory) -> tuple[int, int, bool]:
    """From where to where the page's data lie, and whether in the order of its rows."""
    low, high, last, ordered = UNLIMITED, 0, 0, True
    for index in range(page.strips):
        offset, octets = await page.strip(index)
        low, ordered = min(low, offset), ordered and offset >= last
        high = max(high, offset + (octets if octets < UNLIMITED else 0))
        last = offset
    await page.strip(0)
    return low, high, ordered


async def _lowest(kept: KeptDirectories, part: int, link: int, limit: int) -> int:
    """Where the data of the pages that follow begin, of those before the first that lies below
    `limit`.
    """
    low = UNLIMITED
    for _ in range(_AHEAD):
        if not link or not kept.has(part, link):
            break
        page, link = kept.page(part, link)
        if isinstance(page, Directory):
            start, _end, _ordered = await _span(page)
            if start < limit:
                break
            low = min(low, start)
    return low


async def _read_ahead(
    kept: KeptDirectories, reader: TiffReader, page: Directory, start: int
) -> Directory:
    """Keep what is before the data, from `start` on, of the page that was read last and will be
    wanted when they have gone: its strip table, the directories of the pages that follow. What
    there is no room for is left where it is.
    """
    try:
        await kept.add(reader.part, reader.link, page)
    except Full:
        return page
    known = kept.known(reader.part, reader.link)
    walker = reader.walker(None, page.next)
    walker.kept = kept
    while walker.more and walker.following < start:
        try:
            await _keep(kept, walker)
        except Full:
            break
    return known


async def beyond(
    mail: Recording, reader: TiffReader, number: int, before: int, more: int
) -> None:
    """Something of the file's page `number` is not in the window: raises ReadAgain, unless this
    reading was made for that page.
    """
    kept = mail.keep()
    mark = kept.mark
    if mark is not None and (mark.part, mark.number) == (reader.part, number):
        return
    if kept.readings == _MAX_READINGS:
        return
    index = [slot.part.number for slot in mail.job.slots].index(reader.part)
    if not kept.has(reader.part, reader.link):
        kept.empty()
        passing = _Passing(mail.job.slots[index].source)
        await _learn(kept, reader.walker(passing, reader.link))
    kept.readings += 1
    kept.mark = Mark(mail, reader, index, number, before, more)
    raise ReadAgain


async def _learn(
    kept: KeptDirectories, walker: TiffReader, source: PartSource | None = None
) -> None:
    """Keep the directories from the walker's next on, as many as there is room for, as far as none
    has gone by already; through `source` from the second one on.
    """
    walker.kept = kept
    kept.gone = False
    try:
        for _ in range(_MAX_LINKS):
            if not walker.more:
                break
            await _keep(kept, walker)
            if source is not None:
                walker.through(source)
    except OutsideWindow:
        kept.gone = True
    except (Full, MemoryError):
        return


async def _keep(kept: KeptDirectories, walker: TiffReader) -> None:
    """Read the next directory and keep it, unless it is here already."""
    part, link = walker.part, walker.following
    known = kept.has(part, link)
    try:
        page = await walker.next_page()
    except TiffError as error:
        if not known:
            kept.refuse(part, link, error.code, error.reason, walker.following)
        return
    if known:
        return
    if page is None:
        kept.refuse(part, link, 0, "", 0)
    else:
        await kept.add(part, link, page)
