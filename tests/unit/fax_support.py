"""What the fax tests share on both runtimes: a coder, a writer of TIFF files, sources, sinks."""
from __future__ import annotations

import asyncio
from array import array
from typing import TYPE_CHECKING

from firmware.fax import ccitt_tables
from firmware.fax.buffers import FaxBuffers
from firmware.fax.page import FaxPage
from firmware.fax.raster import plain_fit
from firmware.fax.tiff import TiffReader

if TYPE_CHECKING:
    from typing import Any

    from firmware.fax.directory import Directory
    from firmware.fax.page import Quality
    from firmware.fax.raster import Fit

MH_PLAIN, MH, MR, MMR = 0, 1, 2, 3
EOL = "000000000001"


def words(book: bytes) -> "list[str]":
    """The words of a code book as strings of 0 and 1."""
    return [bin(book[at] << 8 | book[at + 1])[3:] for at in range(0, len(book), 2)]


WHITE = words(ccitt_tables.WHITE)
BLACK = words(ccitt_tables.BLACK)
EXTENDED = words(ccitt_tables.EXTENDED)
MODES = words(ccitt_tables.MODES)


def run_code(run: int, black: int) -> str:
    """One run: make-up codes, then the terminating code."""
    book = BLACK if black else WHITE
    code = ""
    while run >= 2560:
        code += EXTENDED[-1]
        run -= 2560
    if run >= 1792:
        code += EXTENDED[(run - 1792) // 64]
    elif run >= 64:
        code += book[63 + run // 64]
    return code + book[run % 64]


def changes(row: str) -> "list[int]":
    """Changing elements of a row of '0' (white) and '1'."""
    result = []
    last = "0"
    for place, dot in enumerate(row):
        if dot != last:
            result.append(place)
            last = dot
    return result


def code_1d(row: str) -> str:
    """A row as runs."""
    code = ""
    black = last = 0
    places = changes(row)
    places.append(len(row))
    for place in places:
        code += run_code(place - last, black)
        last = place
        black ^= 1
    return code


def code_2d(row: str, reference: str) -> str:
    """A row as modes relative to the one before (T.4 §4.2.1.3)."""
    width = len(row)
    own = changes(row)
    ref = changes(reference)
    code = ""
    a0, color = -1, 0
    while a0 < width:
        a1, a2 = after(own, a0, color, width)
        b1, b2 = after(ref, a0, color, width)
        if b2 < a1:
            code += MODES[7]
            a0 = b2
        elif abs(a1 - b1) <= 3:
            code += MODES[a1 - b1 + 3]
            a0 = a1
            color ^= 1
        else:
            start = max(a0, 0)
            code += MODES[8] + run_code(a1 - start, color) + run_code(a2 - a1, color ^ 1)
            a0 = a2
    return code


def after(turns: "list[int]", a0: int, color: int, width: int) -> "tuple[int, int]":
    """The first change to the other colour than `color` behind a0, and the one behind that."""
    low, high = 0, len(turns)
    while low < high:
        middle = (low + high) // 2
        if turns[middle] > a0:
            high = middle
        else:
            low = middle + 1
    low += (low ^ color) & 1
    first = turns[low] if low < len(turns) else width
    return first, turns[low + 1] if low + 1 < len(turns) else width


def packed(bits: str) -> bytes:
    """A string of 0 and 1 as octets, filled up with 0."""
    digits = (bits + "0" * (-len(bits) % 8)).encode()  # MicroPython cuts bytes faster than str
    octets = bytearray(len(digits) // 8)
    for index in range(len(octets)):
        octets[index] = int(digits[8 * index : 8 * index + 8], 2)
    return bytes(octets)


def coded(rows: "list[str]", scheme: int, k: int = 4, aligned: bool = False) -> bytes:
    """A strip in one of the four codings."""
    data = bytearray()
    bits = ""
    length = 0
    reference = "0" * len(rows[0])
    again = ""  # the code of a row that is the one before: tests have thousands of white ones
    for number, row in enumerate(rows):
        one = scheme != MMR and (scheme != MR or number % k == 0)
        if one:
            code = code_1d(row)
        elif row is reference and again:
            code = again
        else:
            code = code_2d(row, reference)
            again = code if row is reference else ""
        if scheme == MH_PLAIN:
            code += "0" * (-len(code) % 8)
        elif scheme != MMR:
            mark = EOL + ("" if scheme == MH else "1" if one else "0")
            if aligned:
                mark = "0" * (-(length + 12) % 8) + mark
            code = mark + code
        bits += code
        length += len(code)
        whole = len(bits) & -8
        data += packed(bits[:whole])
        bits = bits[whole:]
        reference = row
    return bytes(data) + packed(bits + (EOL + EOL if scheme == MMR else ""))


def turned(data: bytes) -> bytes:
    """Each octet's bits the other way round."""
    return bytes([reverse(octet) for octet in data])


def reverse(octet: int) -> int:
    """One octet's bits the other way round."""
    result = 0
    for _ in range(8):
        result = result << 1 | octet & 1
        octet >>= 1
    return result


def picture(width: int, rows: int, seed: int = 1, density: int = 8) -> "list[str]":
    """Rows of runs that resemble the row before, as a text's do."""
    result = []
    state = seed * 2654435761 % 4294967296
    row = [0] * width
    for _ in range(rows):
        for _ in range(max(1, width // (density * 8))):
            state = (state * 1103515245 + 12345) % 2147483648
            place = (state >> 8) % width
            for dot in range(place, min(width, place + (state >> 4) % density + 1)):
                row[dot] = state >> 20 & 1
        result.append("".join([str(dot) for dot in row]))
    return result


def number(value: int, octets: int, order: str) -> bytes:
    """An unsigned number in the byte order II or MM."""
    data = bytes([value >> 8 * index & 255 for index in range(octets)])
    return data if order == "II" else bytes(reversed(data))


class TiffWriter:
    """Puts a TIFF file together, piece by piece; fields may be as wrong as the test wants."""

    def __init__(self, order: str = "II") -> None:
        self.order = order
        self.data = bytearray(order.encode() + number(42, 2, order) + bytes(4))
        self._link = 4

    def place(self, piece: bytes) -> int:
        """Append octets, on an even offset; returns where they are."""
        self.data += bytes(len(self.data) & 1)
        at = len(self.data)
        self.data += piece
        return at

    def link(self, offset: int) -> None:
        """Set the link that is open: the header's, or the last directory's."""
        self.data[self._link : self._link + 4] = number(offset, 4, self.order)

    def directory(self, fields: "list[tuple[int, int, list[int]]]") -> int:
        """Append a directory of (tag, type, values), link it, and open its own link."""
        sizes = {1: 1, 3: 2, 4: 4, 5: 4}
        body = b""
        for tag, kind, values in fields:
            size = sizes[kind]
            octets = b"".join([number(value, size, self.order) for value in values])
            count = len(values) // 2 if kind == 5 else len(values)
            if len(octets) > 4:
                octets = number(self.place(octets), 4, self.order)
            body += number(tag, 2, self.order) + number(kind, 2, self.order)
            body += number(count, 4, self.order) + octets + bytes(4 - len(octets))
        at = self.place(number(len(fields), 2, self.order) + body + bytes(4))
        self.link(at)
        self._link = len(self.data) - 4
        return at


def fields(
    width: int, rows: int, compression: int, offset: int, octets: int
) -> "list[tuple[int, int, list[int]]]":
    """The fields of a one-strip page."""
    return [
        (256, 3, [width]),
        (257, 3, [rows]),
        (259, 3, [compression]),
        (262, 3, [0]),
        (273, 4, [offset]),
        (278, 4, [rows]),
        (279, 4, [octets]),
    ]


def one_page(rows: "list[str]", compression: int, data: bytes, *more: "Any") -> bytes:
    """A one-strip file; `more` fields (tag, type, values) replace those of the same tag."""
    file = TiffWriter()
    place = file.place(data)
    own = [field[0] for field in more]
    kept = [
        field
        for field in fields(len(rows[0]), len(rows), compression, place, len(data))
        if field[0] not in own
    ]
    file.directory(kept + list(more))
    return bytes(file.data)


class MemorySource:
    """Octets in memory, in pieces of at most `piece`; refuses what was released."""

    def __init__(self, data: "bytes | bytearray", piece: int = 1 << 30) -> None:
        self._data = data
        self._piece = piece
        self.released = 0
        self.reach = 0  # the greatest distance between a read and what is kept

    async def read_at(self, offset: int, view: memoryview) -> int:
        return self.read_now(offset, view)

    def read_now(self, offset: int, view: memoryview) -> int:
        if offset < self.released:
            raise ValueError("released before")
        piece = self._data[offset : offset + min(len(view), self._piece)]
        view[: len(piece)] = piece
        self.reach = max(self.reach, offset + len(piece) - self.released)
        return len(piece)

    def release(self, offset: int) -> None:
        self.released = max(self.released, offset)


class RowSink:
    """Keeps the lines, the first `most` of them, as strings of '0' and '1'."""

    def __init__(self, width: int, most: int = 1 << 30) -> None:
        self.width = width
        self.most = most
        self.rows: "list[str]" = []
        self.calls = 0

    async def write(self, view: memoryview, lines: int) -> None:
        self.calls += 1
        octets = (self.width + 7) // 8
        lines = min(lines, self.most - len(self.rows))
        for line in range(lines):
            row = bytes(view[line * octets : (line + 1) * octets])
            bits = "".join([bin(256 | octet)[3:] for octet in row])
            assert "1" not in bits[self.width :]
            self.rows.append(bits[: self.width])


class Decoded:
    """What became of each page of a file."""

    def __init__(self) -> None:
        self.rows: "list[list[str]]" = []
        self.calls: "list[int]" = []  # of the sink
        self.quality: "list[Quality]" = []
        self.directories: "list[Directory]" = []
        self.reader: "TiffReader | None" = None

    def said(self) -> "list[tuple[int, int, str, str]]":
        """What is said of each page."""
        return [(one.bad_rows, one.bad_run, one.note, one.remark) for one in self.quality]


async def decode_pages(
    source: "Any", buffers: FaxBuffers, fit: "Fit | None", most: int = 1 << 30
) -> Decoded:
    """Decode every page, unscaled unless `fit` is given."""
    result = Decoded()
    reader = result.reader = TiffReader(source, buffers)
    page = FaxPage(buffers)
    await reader.open()
    while True:
        directory = await reader.next_page()
        if directory is None:
            return result
        sink = RowSink(8 * fit.stride if fit else directory.width, most)
        quality = await page.render(source, directory, fit or plain_fit(directory), sink)
        result.rows.append(sink.rows)
        result.calls.append(sink.calls)
        result.quality.append(quality)
        result.directories.append(directory)


def decode(
    data: bytes, piece: int = 1 << 30, fit: "Fit | None" = None, small: bool = True
) -> Decoded:
    """`decode_pages` of a file in memory; as a rule in small buffers too: they give the same."""
    found = asyncio.run(decode_pages(MemorySource(data, piece), FaxBuffers(), fit))
    if small:
        other = asyncio.run(decode_pages(MemorySource(data, piece), FaxBuffers(True), fit))
        assert other.rows == found.rows
        assert other.said() == found.said()
    return found


class GuardedBuffers(FaxBuffers):
    """Every buffer lies between guard words."""

    GUARD = 64

    def __init__(self, small: bool = False) -> None:
        super().__init__(small)
        self._guarded: "list[Any]" = []
        self._row: "Any" = None
        for name in ("input", "band", "reverse", "entries"):
            setattr(self, name, self._enclose(getattr(self, name), "B"))
        for name in ("elements", "tables"):
            setattr(self, name, self._enclose(getattr(self, name), "H"))
        for name in ("strips", "state", "plot"):
            setattr(self, name, self._enclose(getattr(self, name), "I"))

    def row(self) -> "Any":
        """The same one each time."""
        if self._row is None:
            self._row = self._enclose(super().row(), "B")
        return self._row

    def _enclose(self, buffer: "Any", kind: str) -> "Any":
        guard = self.GUARD
        whole = array(kind, [0xA5] * (len(buffer) + 2 * guard))
        view = memoryview(whole)[guard : guard + len(buffer)]
        for index in range(len(buffer)):
            view[index] = buffer[index]
        sound = memoryview(array(kind, [0xA5] * guard))
        self._guarded.append((memoryview(whole)[:guard], sound))
        self._guarded.append((memoryview(whole)[guard + len(buffer) :], sound))
        return view

    def intact(self) -> bool:
        """True while no guard has changed."""
        return all(guard == sound for guard, sound in self._guarded)
