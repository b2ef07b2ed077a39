"""TIFF directories where they don't come when they are wanted. Loaded on demand.

All at the front of a file that is larger than the spool's window, or a long strip table before
its page: they are read ahead. Behind more data than the window holds: the chain is learnt while
the file goes by, and the server sends it once more for printing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from micropython import const

from firmware.fax.kept import Full
from firmware.fax.tiff import TiffError
from firmware.store.spool import OutsideWindow

if TYPE_CHECKING:
    from firmware.fax.kept import KeptDirectories
    from firmware.fax.tiff import Directory, TiffReader
    from firmware.store.spool import PartSource

_MAX_LINKS = const(1000)


class _Passing:
    """A file that goes by: what is read too far ahead lets go of what lies before it."""

    def __init__(self, source: PartSource) -> None:
        self._source = source

    async def read_at(self, offset: int, view: memoryview) -> int:
        """As of the file; OutsideWindow only for what has gone by."""
        try:
            return await self._source.read_at(offset, view)
        except OutsideWindow:
            # its strip table and resolution may lie before a directory
            self._source.release(max(offset - self._source.window // 4, 0))
        return await self._source.read_at(offset, view)

    def release(self, _offset: int) -> None:
        """Directories are only read."""


async def read_ahead(kept: KeptDirectories, reader: TiffReader, page: Directory) -> Directory:
    """Keep what is before the data of the page that was read last and will be wanted when they
    have gone: its strip table, the directories of the pages that follow. Returns the page to go
    on with. What there is no room for is left where it is.
    """
    start, _octets = await page.strip(0)
    try:
        await kept.add(reader.part, reader.link, page)
    except Full:
        return page
    known = kept.known(reader.part, reader.link)
    walker = reader.walker(None, page.next)
    walker.kept = kept
    while walker.more and walker.following < start:
        link = walker.following
        try:
            await _keep(kept, walker)
        except Full:
            known.bound = link
            break
    return known


async def learn(kept: KeptDirectories, reader: TiffReader, source: PartSource) -> bool:
    """Keep the rest of the chain, from the directory that `reader` asked for last, letting go of
    all that lies before it. False when there is no room, or something has gone by already.
    """
    walker = reader.walker(_Passing(source), reader.link)
    walker.kept = kept
    try:
        for _ in range(_MAX_LINKS):
            if not walker.more:
                break
            await _keep(kept, walker)
    except (Full, MemoryError, OutsideWindow):
        return False
    kept.learnt.append(reader.part)
    return True


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
