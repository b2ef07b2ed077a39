"""One TIFF directory: its fields, its strips (TIFF 6.0 section 2; RFC 3949 §§2-4)."""
from __future__ import annotations

from typing import TYPE_CHECKING

from micropython import const

from firmware import on_demand
from firmware.fax import ccitt
from firmware.fax.buffers import MAX_WIDTH, STRIPS
from firmware.fax.coded import UNLIMITED
from firmware.recording.faults import TIFF_DAMAGED

if TYPE_CHECKING:
    from array import array
    from typing import Any

    from firmware.fax.coded import Source

MAX_ROWS = const(32000)  # a page that claims more is not believed, and ends with its data
_BELIEVED = const(2400)  # rows, more than most pages have: octets are measured by no more

_NEW_SUBFILE = const(254)
_WIDTH = const(256)
_LENGTH = const(257)
_BITS_PER_SAMPLE = const(258)
_COMPRESSION = const(259)
_PHOTOMETRIC = const(262)
_FILL_ORDER = const(266)
_STRIP_OFFSETS = const(273)
_ORIENTATION = const(274)
_SAMPLES_PER_PIXEL = const(277)
_ROWS_PER_STRIP = const(278)
_STRIP_BYTE_COUNTS = const(279)
_X_RESOLUTION = const(282)
_Y_RESOLUTION = const(283)
_T4_OPTIONS = const(292)
_T6_OPTIONS = const(293)
_RESOLUTION_UNIT = const(296)
_PAGE_NUMBER = const(297)
_COLOR_MAP = const(320)
_TILE_WIDTH = const(322)
_TILE_OFFSETS = const(324)
_BAD_LINES = const(326)  # BadFaxLines; CleanFaxData and ConsecutiveBadFaxLines follow
_LAST_TAG = const(328)
_SIZES = (0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8)  # octets of one value, by type

_NONE = const(1)
_MH_PLAIN = const(2)
_T4 = const(3)
_T6 = const(4)
_PACKBITS = const(32773)
_CODINGS = (_NONE, _MH_PLAIN, _T4, _T6, _PACKBITS)
_PALETTE = const(3)  # Photometric
_MIXED = const(16)  # NewSubfileType of mixed raster content (RFC 3949 section 8)


class TiffError(Exception):
    """A file or page that can't be read: `code` of the fault table, `reason` in plain words."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class Octets:
    """Reads whole pieces at offsets, into a small buffer, and numbers in the file's byte order."""

    def __init__(self, source: Source, buffer: bytearray) -> None:
        self.source = source
        self._view = memoryview(buffer)
        self.buffer = buffer
        self.order = "little"

    async def read(self, offset: int, octets: int) -> None:
        """Put `octets` octets at `offset` into `buffer`. Raises TiffError when they are not there.
        """
        done = 0
        while done < octets:
            got = await self.source.read_at(offset + done, self._view[done:octets])
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


class Entry:
    """One directory entry: type, count of values, where they are in the file, and the first one if
    it is within the entry.
    """

    def __init__(self, octets: Octets, at: int, offset: int) -> None:
        self.kind = octets.number(at + 2, 2)
        self.count = octets.number(at + 4, 4)
        self.size = _SIZES[self.kind] if self.kind < len(_SIZES) else 0
        inside = self.size * self.count <= 4
        self.place = offset + 8 if inside else octets.number(at + 8, 4)
        self.first = octets.number(at + 8, self.size) if inside and self.size else 0


class Directory:
    """One page: its fields, checked, and access to its strips.

    `length` is 0 where the file does not say it or says nonsense. Resolutions are dots per inch
    times 100, 0 where absent. `hold`: nothing from this offset on may be released yet; `keep`: nor
    from there while this page is decoded, for another pass over its data. `ordered`: no strip that
    was asked for so far lies before its neighbour. `counted`: the fields
    BadFaxLines, CleanFaxData and ConsecutiveBadFaxLines, -1 where absent. `mixed`: not 0 where
    this is one layer, the mask, of mixed raster content. `orientation`: 1..8, where row 0 and
    column 0 belong; other values mean nothing. `options`: T4Options, of MMR T6Options. `table`: up
    to STRIPS entries of the strip table, from strip `cached` on. `taped`: where the table is of a
    page that was kept (`fax/kept.py`).
    """

    def __init__(self, octets: Octets, strips: array[int], entries: dict[int, Entry]) -> None:
        """Take the fields over. Raises TiffError where the page can't be recorded."""
        if not _is_fax(entries):
            raise TiffError(*on_demand.call("firmware.fax.refusal", "refusal", entries))
        self._octets = octets
        self.table = strips
        self.cached = -1
        self.taped: list[Any] | None = None
        self._offsets = entries[_STRIP_OFFSETS]
        self._counts = entries.get(_STRIP_BYTE_COUNTS)
        self.next = 0
        self.ordered = True
        self.hold = self.keep = UNLIMITED
        self.mixed = value(entries, _NEW_SUBFILE, 0) & _MIXED
        self.counted = [value(entries, tag, -1) for tag in range(_BAD_LINES, _LAST_TAG + 1)]
        self.width = value(entries, _WIDTH, 0)
        length = value(entries, _LENGTH, 0)
        self.length = length if length <= MAX_ROWS else 0
        self.compression = value(entries, _COMPRESSION, _NONE)
        self.photometric = value(entries, _PHOTOMETRIC, 0)
        self.fill_order = value(entries, _FILL_ORDER, 1)
        self.orientation = value(entries, _ORIENTATION, 1)
        options = _T6_OPTIONS if self.compression == _T6 else _T4_OPTIONS
        self.options = value(entries, options, 0)
        rows = self.length or MAX_ROWS
        self.rows_per_strip = min(value(entries, _ROWS_PER_STRIP, 0) or rows, rows)
        if self._offsets.count == 1:
            self.rows_per_strip = rows
        needed = -(-rows // self.rows_per_strip)
        self.strips = min(self._offsets.count, needed)
        if self.length and self._offsets.count > needed:
            # RowsPerStrip or ImageLength can't be right: a strip's data say how many rows it has
            self.strips, self.rows_per_strip = self._offsets.count, rows
        self.x_dpi_x100 = self.y_dpi_x100 = 0
        self.page = self.total = 0

    async def complete(self, entries: dict[int, Entry]) -> None:
        """Read the fields whose values lie outside the directory."""
        if self.photometric == _PALETTE:
            self.photometric = await on_demand.call(
                "firmware.fax.refusal", "darker", self._octets, entries
            )
        unit = value(entries, _RESOLUTION_UNIT, 2)
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
        """The coding, as `packed` or `ccitt` numbers it."""
        if self.is_packed():
            return 0 if self.compression == _NONE else 1
        if self.compression == _T4:
            return ccitt.MR if self.options & 1 else ccitt.MH
        return ccitt.MMR if self.compression == _T6 else ccitt.MH_PLAIN

    async def strip(self, index: int) -> tuple[int, int]:
        """Offset and octets of a strip, index < `strips`. Where the file does not say the octets,
        or can't be right, they reach to the next strip or have no limit.
        """
        first = index - index % STRIPS
        if first != self.cached:
            await self._load(first)
        at = 2 * (index - first)
        return self.table[at], self.table[at + 1] or UNLIMITED

    def table_start(self) -> int:
        """Where the strip table begins, as far as another pass must read it again."""
        if self.strips <= STRIPS or self.taped:
            return UNLIMITED
        counts = self._counts.place if self._counts else UNLIMITED
        return min(self._offsets.place, counts)

    async def _load(self, first: int) -> None:
        """Read up to STRIPS entries of the strip table, and see what is still to be read later."""
        if self.taped:
            self.hold = self.keep
            on_demand.call("firmware.fax.kept", "load", self.taped, self.table, first, self.strips)
            self.cached = first
            return
        self.hold = min(self.next or UNLIMITED, self.keep)
        await self._column(0, self._offsets, first)
        await self._column(1, self._counts, first)
        self.cached = first
        behind = await self._behind(first + STRIPS)
        for index in range(min(STRIPS, self.strips - first)):
            self._check(2 * index, min(self.rows_per_strip, self.length, _BELIEVED), behind)

    async def _behind(self, index: int) -> int:
        """The place of the strip behind those in `table`, 0 where there is none."""
        size = self._offsets.size
        if index >= self.strips or size not in (1, 2, 4):
            return 0
        await self._octets.read(self._offsets.place + index * size, size)
        return self._octets.number(0, size)

    def _check(self, at: int, rows: int, behind: int) -> None:
        """Compare a strip's place and octets with its neighbours and its rows; `behind`: the place
        of the one behind the table.
        """
        table = self.table
        offset, octets = table[at], table[at + 1]
        if at and offset < table[at - 2]:  # it lies before its neighbour
            self.ordered = False
            self.hold = min(self.hold, offset)
        room = (table[at + 2] if at + 2 < len(table) else behind) - offset
        if octets * 8 < rows or self.compression == _NONE:  # no row has less than a bit
            octets = 0
        if 0 < room < octets or not octets:
            table[at + 1] = max(room, 0)

    async def _column(self, column: int, entry: Entry | None, first: int) -> None:
        """Offsets or byte counts; 0 where the file has none."""
        table = self.table
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

    async def _resolution(self, entry: Entry | None, unit: int) -> int:
        if entry is None or not entry.count:
            return 0
        num, den = entry.first, 1
        if entry.size == 8:
            try:
                await self._octets.read(entry.place, 8)
            except TiffError:
                return 0  # as good as absent
            num, den = self._octets.number(0, 4), self._octets.number(4, 4)
        if not den:
            return 0
        return min(num * (254 if unit == 3 else 100) // den, 1 << 29)


def value(entries: dict[int, Entry], tag: int, default: int) -> int:
    """The first value of a field, `default` where it is absent."""
    entry = entries.get(tag)
    return default if entry is None or not entry.count or not entry.size else entry.first


def _is_fax(entries: dict[int, Entry]) -> bool:
    """True where nothing says that the page can't be recorded; else module `refusal` knows why."""
    offsets = entries.get(_STRIP_OFFSETS)
    return (
        value(entries, _SAMPLES_PER_PIXEL, 1) == 1
        and value(entries, _BITS_PER_SAMPLE, 1) == 1
        and value(entries, _COMPRESSION, _NONE) in _CODINGS
        and (value(entries, _PHOTOMETRIC, 0) <= 1 or _is_palette(entries))
        and 0 < value(entries, _WIDTH, 0) <= MAX_WIDTH
        and offsets is not None
        and offsets.count > 0
        and _TILE_WIDTH not in entries
        and _TILE_OFFSETS not in entries
    )


def _is_palette(entries: dict[int, Entry]) -> bool:
    """True where two colours have names of their own, three values each (TIFF 6.0, ColorMap)."""
    colours = entries.get(_COLOR_MAP)
    return value(entries, _PHOTOMETRIC, 0) == _PALETTE and colours is not None and (
        colours.count == 6 and colours.size == 2
    )
