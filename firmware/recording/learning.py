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

from firmware import on_demand
from firmware.fax.coded import UNLIMITED
from firmware.fax.directory import Directory, TiffError
from firmware.fax.kept import Full, add, has, refuse, span
from firmware.fax.kept import page as kept_page
from firmware.fax.tiff import TiffReader
from firmware.recording.document import ReadAgain
from firmware.store.spool import OutsideWindow

if TYPE_CHECKING:
    from firmware.recording.document import Kept, Recording
    from firmware.store.part_source import PartSource

_MAX_LINKS = const(1000)
_MAX_READINGS = const(64)  # of one mail
_AHEAD = const(8)  # pages that are looked at for data before those of the page in hand
# what a mark says: index of the part; as `beyond` was told; the sheets before; rows of the
# notice and what else was said; the place in the file
_INDEX = const(0)
_BEFORE = const(1)
_MORE = const(2)
_PAGE = const(3)
_SAID = const(4)
_PLACE = const(7)  # of eight: link, total, order, links seen, and four numbers


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


def index_of(mail: Recording, kept: Kept) -> int:
    """The part with which this reading goes on; 0 where pages before it are due again."""
    page: int = kept.mark[_PAGE]
    if not kept.number or mail.sheet.done < page:
        kept.number = 0
        return 0
    mail.sheet.page = page
    mail.rows, mail.headed, mail.alternative = kept.mark[_SAID:_PLACE]
    index: int = kept.mark[_INDEX]
    return index


async def reader_of(
    mail: Recording, kept: Kept, source: PartSource
) -> tuple[TiffReader, int, int, int]:
    """A reader of the part with which this reading goes on, with its page before it; the pages
    behind it, and as `beyond` was told.
    """
    on_demand.forget("")
    reader = TiffReader(source, mail.fax_buffers, kept.part)
    reader.go_on(tuple(kept.mark[_PLACE:]))
    reader.kept = kept
    if kept.gone or not has(kept, kept.part, reader.link):
        kept.empty()
        passing = _Passing(source)
        await _learn(kept, reader.walker(passing, reader.link), source)
        reader.octets.source = passing
    return reader, kept.number - 1, kept.mark[_BEFORE], kept.mark[_MORE]


async def prepare(
    mail: Recording, reader: TiffReader, page: Directory, source: PartSource
) -> Directory:
    """See to it that nothing of the page, nor before its data, will be wanted when it has gone;
    returns the page to go on with. Raises OutsideWindow, TiffError.
    """
    start, _octets = await page.strip(0)
    reader.octets.source = source
    large = not 0 < mail.job.octets <= source.window
    if large and start > page.hold and not page.taped:
        reader.kept = mail.keep()
        page = await _read_ahead(reader.kept, reader, page, start)
    low, high, ordered = await _span(page, source)
    limit = high - source.window
    if not ordered:
        await source.read_at(low, memoryview(bytearray(1)))  # before the first line: is it gone?
        page.keep = low
    kept = reader.kept
    if kept is not None:
        if page.next >= max(limit, 1) and not has(kept, reader.part, page.next):
            page.keep = min(page.keep, page.next)
        after = _lowest(kept, reader.part, page.next, limit)
        if after < high:
            page.keep = min(page.keep, after)
    page.hold = min(page.hold, page.keep)
    return page


async def _span(page: Directory, source: PartSource) -> tuple[int, int, bool]:
    """From where to where the page's data lie, and whether in the order of its rows. Where they
    are not, and lie further apart than the window: from where the page's first ones lie, as many
    as the window holds. The others will be missing.
    """
    low, high, last, ordered = UNLIMITED, 0, 0, True
    first = -1
    for index in range(page.strips):
        offset, octets = await page.strip(index)
        ordered, last = ordered and offset >= last, offset
        end = max(high, offset + (octets if octets < UNLIMITED else 0))
        if first < 0 and end - min(low, offset) > source.window:
            first = low if index else offset
        low, high = min(low, offset), end
    await page.strip(0)
    if not ordered and first >= 0:
        low = first
        source.release(low)
    return low, high, ordered


def _lowest(kept: Kept, part: int, link: int, limit: int) -> int:
    """Where the data of the pages that follow begin, of those before the first that lies below
    `limit`.
    """
    low = UNLIMITED
    for _ in range(_AHEAD):
        found = span(kept, part, link) if link else None
        if found is None:
            break
        start, _end, _ordered, link = found
        if 0 <= start < limit:
            break
        if start >= 0:
            low = min(low, start)
    return low


async def _read_ahead(
    kept: Kept, reader: TiffReader, page: Directory, start: int
) -> Directory:
    """Keep what is before the data, from `start` on, of the page that was read last and will be
    wanted when they have gone: its strip table, the directories of the pages that follow. What
    there is no room for is left where it is.
    """
    part, link = reader.part, reader.link
    try:
        await add(kept, part, link, page)
    except Full:
        return page
    walker = reader.walker(None, page.next)
    walker.kept = kept
    if walker.more and walker.following < start:
        on_demand.forget("")
    while walker.more and walker.following < start:
        try:
            await _keep(kept, walker)
        except Full:
            break
    found = kept_page(kept, part, link, page.table)
    return found[0] if found and isinstance(found[0], Directory) else page


async def beyond(
    mail: Recording, reader: TiffReader, number: int, before: int, more: int
) -> None:
    """Something of the file's page `number` is not in the window: raises ReadAgain, unless this
    reading was made for that page.
    """
    kept, part = mail.keep(), reader.part
    if (kept.part, kept.number) == (part, number) or kept.readings == _MAX_READINGS:
        return
    index = [slot.part.number for slot in mail.job.slots].index(part)
    if not has(kept, part, reader.link):
        kept.empty()
        passing = _Passing(mail.job.slots[index].source)
        await _learn(kept, reader.walker(passing, reader.link))
    kept.readings += 1
    kept.part, kept.number = part, number
    kept.mark[:_SAID] = index, before, more, mail.sheet.page
    kept.mark[_SAID:_PLACE] = mail.rows, mail.headed, mail.alternative
    kept.mark[_PLACE:] = reader.place
    raise ReadAgain


async def _learn(
    kept: Kept, walker: TiffReader, source: PartSource | None = None
) -> None:
    """Keep the directories from the walker's next on, as many as there is room for, as far as none
    has gone by already; through `source` from the second one on.
    """
    on_demand.forget("")
    walker.kept = kept
    kept.gone = False
    try:
        for _ in range(_MAX_LINKS):
            if not walker.more:
                break
            await _keep(kept, walker)
            if source is not None:
                walker.octets.source = source
    except OutsideWindow:
        kept.gone = True
    except (Full, MemoryError):
        return


async def _keep(kept: Kept, walker: TiffReader) -> None:
    """Read the next directory and keep it, unless it is here already."""
    part, link = walker.part, walker.following
    known = has(kept, part, link)
    try:
        page = await walker.next_page()
    except TiffError as error:
        if not known:
            refuse(kept, part, link, error.code, error.reason, walker.following)
        return
    if known:
        return
    if page is None:
        refuse(kept, part, link, 0, "", 0)
    else:
        await add(kept, part, link, page)
