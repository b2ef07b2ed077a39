"""TIFF directories (TIFF 6.0 section 2; RFC 3949 §§2-4), read from a source that may still be
arriving.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from micropython import const

from firmware.fax import ccitt, packed
from firmware.fax.buffers import MAX_WIDTH, STRIPS
from firmware.recording.faults import TIFF_DAMAGED, TIFF_UNSUPPORTED

if TYPE_CHECKING:
    from array import array

    from firmware.fax.buffers import FaxBuffers
    from firmware.fax.coded import Source

MAX_ROWS = const(32000)  # a page that claims more is not believed, and ends with its data
_MAX_ENTRIES = const(1024)
_MAX_PAGES = const(999)
_CHUNK = const(48)  # entries read at a time
_UNLIMITED = const(0xFFFFFFFF)

_WIDTH = const(256)
_LENGTH = const(257)
_BITS_PER_SAMPLE = const(258)
_COMPRESSION = const(259)
_PHOTOMETRIC = const(262)
_FILL_ORDER = const(266)
_STRIP_OFFSETS = const(273)
_SAMPLES_PER_PIXEL = const(277)
_ROWS_PER_STRIP = const(278)
_STRIP_BYTE_COUNTS = const(279)
_X_RESOLUTION = const(282)
_Y_RESOLUTION = const(283)
_T4_OPTIONS = const(292)
_RESOLUTION_UNIT = const(296)
_PAGE_NUMBER = const(297)
_TILE_OFFSETS = const(324)
# no more than the fields from here to there are kept
_FIRST_TAG = const(256)
_LAST_TAG = const(324)
_SIZES = (0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8)  # octets of one value, by type
_RATIONAL = const(5)

_NONE = const(1)
_MH_PLAIN = const(2)
_T4 = const(3)
_T6 = const(4)
_PACKBITS = const(32773)
_CODINGS = {
    5: "LZW",
    6: "JPEG",
    7: "JPEG (profile C)",
    8: "Deflate",
    9: "JBIG (profile J)",
    10: "JBIG (profile L or M)",
    32946: "Deflate",
    34661: "JBIG",
}


class TiffError(Exception):
    """A file or page that can't be read: `code` of the fault table, `reason` in plain words."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class _Octets:
    """Reads whole pieces at offsets, into a small buffer, and numbers in the file's byte order."""

    def __init__(self, source: Source, buffer: bytearray) -> None:
        self._source = source
        self._view = memoryview(buffer)
        self.buffer = buffer
        self.order = "little"

    async def read(self, offset: int, octets: int) -> None:
        """Put `octets` octets at `offset` into `buffer`. Raises TiffError when they are not there.
        """
        done = 0
        while done < octets:
            got = await self._source.read_at(offset + done, self._view[done:octets])
            if not got:
                raise TiffError(TIFF_DAMAGED, "the file ends within a directory")
            done += got

    def number(self, at: int, octets: int) -> int:
        """The unsigned number at index `at` of the buffer."""
        result = 0
        for index in range(octets):
            place = at + index if self.order == "big" else at + octets - 1 - index
            result = result << 8 | self.buffer[place]
        return result


class _Entry:
    """One directory entry: type, count of values, where they are in the file, and the first one if
    it is within the entry.
    """

    def __init__(self, octets: _Octets, at: int, offset: int) -> None:
        self.kind = octets.number(at + 2, 2)
        self.count = octets.number(at + 4, 4)
        self.size = _SIZES[self.kind] if self.kind < len(_SIZES) else 0
        inside = self.size * self.count <= 4
        self.place = offset + 8 if inside else octets.number(at + 8, 4)
        self.first = octets.number(at + 8, self.size) if inside and self.size else 0


class Directory:
    """One page: its fields, checked, and access to its strips.

    `length` is 0 where the file does not say it or says nonsense. Resolutions are dots per inch
    times 100, 0 where absent. `hold`: nothing from this offset on may be released yet.
    """

    def __init__(self, octets: _Octets, strips: array[int], entries: dict[int, _Entry]) -> None:
        """Take the fields over. Raises TiffError where the page can't be recorded."""
        _refuse(entries)
        self._octets = octets
        self._table = strips
        self._cached = -1
        self._offsets = entries[_STRIP_OFFSETS]
        self._counts = entries.get(_STRIP_BYTE_COUNTS)
        self.next = 0
        self.hold = _UNLIMITED
        self.width = _value(entries, _WIDTH, 0)
        length = _value(entries, _LENGTH, 0)
        self.length = length if length <= MAX_ROWS else 0
        self.compression = _value(entries, _COMPRESSION, _NONE)
        self.photometric = _value(entries, _PHOTOMETRIC, 0)
        self.fill_order = _value(entries, _FILL_ORDER, 1)
        self.t4_options = _value(entries, _T4_OPTIONS, 0)
        rows = self.length or MAX_ROWS
        self.rows_per_strip = min(_value(entries, _ROWS_PER_STRIP, 0) or rows, rows)
        self.strips = min(self._offsets.count, -(-rows // self.rows_per_strip))
        self.x_dpi_x100 = self.y_dpi_x100 = 0
        self.page = self.total = 0

    async def complete(self, entries: dict[int, _Entry]) -> None:
        """Read the fields whose values lie outside the directory."""
        unit = _value(entries, _RESOLUTION_UNIT, 2)
        self.x_dpi_x100 = await self._resolution(entries.get(_X_RESOLUTION), unit)
        self.y_dpi_x100 = await self._resolution(entries.get(_Y_RESOLUTION), unit)
        pages = entries.get(_PAGE_NUMBER)
        if pages and pages.count == 2 and pages.size == 2:
            await self._octets.read(pages.place, 4)
            self.page, self.total = self._octets.number(0, 2), self._octets.number(2, 2)

    def is_packed(self) -> bool:
        """True for compression 1 and 32773, False for CCITT."""
        return self.compression in (_NONE, _PACKBITS)

    def scheme(self) -> int:
        """The coding, as `packed` or `ccitt` names it."""
        if self.is_packed():
            return packed.NONE if self.compression == _NONE else packed.PACKBITS
        if self.compression == _T4:
            return ccitt.MR if self.t4_options & 1 else ccitt.MH
        return ccitt.MMR if self.compression == _T6 else ccitt.MH_PLAIN

    async def strip(self, index: int) -> tuple[int, int]:
        """Offset and octets of a strip, index < `strips`. Where the file does not say the octets
        they have no limit.
        """
        first = index - index % STRIPS
        if first != self._cached:
            await self._load(first)
        at = 2 * (index - first)
        return self._table[at], self._table[at + 1] or _UNLIMITED

    async def _load(self, first: int) -> None:
        """Read up to STRIPS entries of the strip table, and see what is still to be read later."""
        self.hold = self.next or _UNLIMITED
        await self._column(0, self._offsets, first)
        await self._column(1, self._counts, first)
        self._cached = first
        for index in range(1, min(STRIPS, self.strips - first)):
            if self._table[2 * index] < self._table[2 * index - 2]:  # it lies before its neighbour
                self.hold = min(self.hold, self._table[2 * index])

    async def _column(self, column: int, entry: _Entry | None, first: int) -> None:
        """Offsets or byte counts; 0 where the file has none."""
        table = self._table
        for index in range(column, 2 * STRIPS, 2):
            table[index] = 0
        if entry is None or entry.size not in (1, 2, 4):
            return
        count = min(STRIPS, self.strips - first, entry.count - first)
        if entry.count == 1:
            table[column] = 0 if first else entry.first
        elif count > 0:
            place = entry.place + first * entry.size
            await self._octets.read(place, count * entry.size)
            for index in range(count):
                table[2 * index + column] = self._octets.number(index * entry.size, entry.size)
            if first + count < self.strips:
                self.hold = min(self.hold, place + count * entry.size)

    async def _resolution(self, entry: _Entry | None, unit: int) -> int:
        if entry is None or not entry.count:
            return 0
        num, den = entry.first, 1
        if entry.kind == _RATIONAL:
            try:
                await self._octets.read(entry.place, 8)
            except TiffError:
                return 0  # as good as absent
            num, den = self._octets.number(0, 4), self._octets.number(4, 4)
        if not den:
            return 0
        return min(num * (254 if unit == 3 else 100) // den, 1 << 29)


def _value(entries: dict[int, _Entry], tag: int, default: int) -> int:
    entry = entries.get(tag)
    return default if entry is None or not entry.count or not entry.size else entry.first


def _refuse(entries: dict[int, _Entry]) -> None:
    """Raises TiffError where a field says that the page can't be recorded."""
    width = _value(entries, _WIDTH, 0)
    coding = _value(entries, _COMPRESSION, _NONE)
    photometric = _value(entries, _PHOTOMETRIC, 0)
    samples = _value(entries, _SAMPLES_PER_PIXEL, 1)
    if samples != 1 or _value(entries, _BITS_PER_SAMPLE, 1) != 1:
        raise TiffError(TIFF_UNSUPPORTED, "it is not a black-and-white image")
    if coding not in (_NONE, _MH_PLAIN, _T4, _T6, _PACKBITS):
        name = _CODINGS.get(coding, "number %d" % coding)
        raise TiffError(TIFF_UNSUPPORTED, "its coding is %s" % name)
    if photometric > 1:
        raise TiffError(TIFF_UNSUPPORTED, "its photometric is number %d" % photometric)
    if _TILE_OFFSETS in entries:
        raise TiffError(TIFF_UNSUPPORTED, "it is stored in tiles")
    if not width or _STRIP_OFFSETS not in entries or not entries[_STRIP_OFFSETS].count:
        raise TiffError(TIFF_DAMAGED, "its width or the place of its data is missing")
    if width > MAX_WIDTH:
        reason = "its lines have %d dots, more than %d" % (width, MAX_WIDTH)
        raise TiffError(TIFF_UNSUPPORTED, reason)


class TiffReader:
    """Walks the chain of directories; one page is read at a time, the directory before its data is
    decoded.

    `total`: pages of the file, 0 while not known.
    """

    def __init__(self, source: Source, buffers: FaxBuffers) -> None:
        self._octets = _Octets(source, buffers.row)
        self._strips = buffers.strips
        self._next = 0
        self._seen: list[int] = []
        self.total = 0

    async def open(self) -> None:
        """Read the header. Raises TiffError where this is no TIFF file."""
        octets = self._octets
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

    async def next_page(self) -> Directory | None:
        """The next page's directory, None behind the last one.

        Raises TiffError; where only this page is affected, the next call goes on behind it.
        """
        offset = self._next
        if not offset:
            return None
        self._next = 0
        if offset in self._seen:
            raise TiffError(TIFF_DAMAGED, "its directories form a loop")
        if len(self._seen) >= _MAX_PAGES:
            raise TiffError(TIFF_UNSUPPORTED, "it has more than %d pages" % _MAX_PAGES)
        self._seen.append(offset)
        entries = await self._entries(offset)
        directory = Directory(self._octets, self._strips, entries)
        directory.next = self._next
        await directory.complete(entries)
        self.total = directory.total or (0 if self._next else len(self._seen))
        return directory

    async def _entries(self, offset: int) -> dict[int, _Entry]:
        """The entries by tag; sets where the next directory is, 0 where the file ends
        before saying so.
        """
        octets = self._octets
        await octets.read(offset, 2)
        count = octets.number(0, 2)
        if not 0 < count <= _MAX_ENTRIES:
            raise TiffError(TIFF_DAMAGED, "a directory with %d entries" % count)
        offset += 2
        entries: dict[int, _Entry] = {}
        for first in range(0, count, _CHUNK):
            chunk = min(_CHUNK, count - first)
            await octets.read(offset, 12 * chunk)
            for index in range(chunk):
                tag = octets.number(12 * index, 2)
                if _FIRST_TAG <= tag <= _LAST_TAG and tag not in entries:
                    entries[tag] = _Entry(octets, 12 * index, offset + 12 * index)
            offset += 12 * chunk
        try:
            await octets.read(offset, 4)
            self._next = octets.number(0, 4)
        except TiffError:
            self._next = 0
        return entries
