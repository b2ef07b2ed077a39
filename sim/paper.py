"""Recorded sheets as pictures: one 1-bit PNG a sheet at the head's resolution, and all of them in
one PDF.

Memory stays that of a few rows: rows are compressed as they come, and the PDF copies the
compressed rows out of the
PNG files (ISO 32000-1, 7.4.4.4: predictors 10 to 15 are PNG's own filters).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from sim.head import LINE_OCTETS, WIDTH_DOTS
from sim.paper_path import A4, LEAD_LINES, LINES_PER_MM, Size

DOTS_PER_METRE = (8000, 15400)  # 203.2 x 391.16 dpi, not square
PDF_NAME = "paper.pdf"

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MAKER = b"UF-E1 mail receiver desk"
_INVERT = bytes(255 - value for value in range(256))
_WHITE_ROW = b"\0" + b"\xff" * LINE_OCTETS
_BATCH_OCTETS = 64 * len(_WHITE_ROW)
_POINTS_PER_MM = 72 / 25.4
_HEAD_MM = WIDTH_DOTS / 8
_LEAD_MM = round(LEAD_LINES / LINES_PER_MM)


class NotOurs(Exception):
    """The directory holds a page file that was not recorded here."""


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _image_header(height: int) -> bytes:
    return _chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH_DOTS, height, 1, 0, 0, 0, 0))


class _PngFile:
    """One PNG being written; its height is filled in at the end."""

    def __init__(self, path: Path) -> None:
        self.rows = 0
        self._file = path.open("wb")
        self._deflate = zlib.compressobj(6)
        self._batch = bytearray()
        physical = struct.pack(">IIB", *DOTS_PER_METRE, 1)
        self._file.write(
            _SIGNATURE
            + _image_header(1)
            + _chunk(b"pHYs", physical)
            + _chunk(b"tEXt", b"Software\0" + _MAKER)
        )

    def add(self, row: bytes) -> None:
        self.rows += 1
        self._batch += row
        if len(self._batch) >= _BATCH_OCTETS:
            self._write_data(self._deflate.compress(self._batch))
            self._batch.clear()

    def close(self) -> None:
        if not self.rows:
            self.add(_WHITE_ROW)
        self._write_data(self._deflate.compress(self._batch) + self._deflate.flush())
        self._file.write(_chunk(b"IEND", b""))
        self._file.seek(len(_SIGNATURE))
        self._file.write(_image_header(self.rows))
        self._file.close()

    def _write_data(self, data: bytes) -> None:
        if data:
            self._file.write(_chunk(b"IDAT", data))


class Paper:
    """Takes the sheets of one run: `0001.png` and up, then `paper.pdf`."""

    def __init__(self, directory: Path, size: Size = A4) -> None:
        self.directory = directory
        self.size = size
        self.count = 0
        self._png: _PngFile | None = None
        self._part = directory / ".sheet.part"
        directory.mkdir(parents=True, exist_ok=True)
        self._clear_away()

    def path(self, number: int) -> Path:
        """Where sheet `number`, from 1, lies."""
        return self.directory / ("%04d.png" % number)

    @property
    def pdf(self) -> Path:
        """Where all sheets are bound together."""
        return self.directory / PDF_NAME

    @property
    def last(self) -> Path:
        """The sheet that lies under the head, else the one that came out last."""
        return self.path(self.count + (self._png is not None))

    def begin(self) -> None:
        """A sheet comes under the head."""
        self._png = _PngFile(self._part)

    def row(self, dots: bytes | None) -> None:
        """The next row of the sheet; None is a white one."""
        if self._png is not None:
            self._png.add(_WHITE_ROW if dots is None else b"\0" + dots.translate(_INVERT))

    def end(self) -> None:
        """The sheet is out: its file appears, as long as the sheet."""
        if self._png is not None:
            self._png.close()
            self._png = None
            self.count += 1
            self._part.replace(self.path(self.count))

    def write_pdf(self) -> Path:
        """Bind all sheets so far into paper.pdf, replacing it whole."""
        part = self.directory / ".pdf.part"
        with part.open("wb") as file:
            pictures = [self.path(number + 1) for number in range(self.count)]
            _PdfWriter(file, self.size).write(pictures)
        part.replace(self.pdf)
        return self.pdf

    def _clear_away(self) -> None:
        old = [
            path
            for path in self.directory.glob("[0-9][0-9][0-9][0-9]*.png")
            if path.stem.isdigit()
        ]
        old += self.directory.glob(PDF_NAME)
        for path in old:
            with path.open("rb") as file:
                if _MAKER not in file.read(160):
                    raise NotOurs("%s was not recorded here; give another directory" % path)
        for path in old:
            path.unlink()


def _data_chunks(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    file.seek(len(_SIGNATURE))
    while header := file.read(8):
        length, kind = struct.unpack(">I4s", header)
        after = file.tell() + length + 4
        yield kind, length
        file.seek(after)


class _PdfWriter:
    """A PDF 1.4 file with one page a picture, written from front to back."""

    def __init__(self, file: BinaryIO, size: Size) -> None:
        self._file = file
        self._size = size
        self._offsets: dict[int, int] = {}

    def write(self, pictures: list[Path]) -> None:
        self._file.write(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n% " + _MAKER + b"\n")
        pages = b" ".join(b"%d 0 R" % (3 + 3 * index) for index in range(len(pictures)))
        self._object(1, b"<< /Type /Catalog /Pages 2 0 R >>")
        self._object(2, b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(pictures), pages))
        for index, picture in enumerate(pictures):
            self._page(3 + 3 * index, picture)
        self._end()

    def _object(self, number: int, body: bytes) -> None:
        self._offsets[number] = self._file.tell()
        self._file.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))

    def _page(self, number: int, picture: Path) -> None:
        width = _HEAD_MM * _POINTS_PER_MM  # the paper is narrower than the head
        height = self._size.height_mm * _POINTS_PER_MM
        edge = (_HEAD_MM - self._size.width_mm) / 2 * _POINTS_PER_MM
        trim = b"%.3f 0 %.3f %.3f" % (edge, width - edge, height)
        self._object(
            number,
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %.3f %.3f] /TrimBox [%s]"
            b" /Resources << /XObject << /I %d 0 R >> >> /Contents %d 0 R >>"
            % (width, height, trim, number + 1, number + 2),
        )
        rows = self._picture(number + 1, picture)
        long = rows / LINES_PER_MM * _POINTS_PER_MM
        drawing = b"%.3f 0 0 %.3f 0 %.3f cm /I Do" % (
            width,
            long,
            height - _LEAD_MM * _POINTS_PER_MM - long,
        )
        self._object(
            number + 2, b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing)
        )

    def _picture(self, number: int, picture: Path) -> int:
        with picture.open("rb") as file:
            file.seek(len(_SIGNATURE) + 12)
            rows = int(struct.unpack(">I", file.read(4))[0])
            length = sum(size for kind, size in _data_chunks(file) if kind == b"IDAT")
            self._offsets[number] = self._file.tell()
            self._file.write(
                b"%d 0 obj\n<< /Type /XObject /Subtype /Image /Width %d /Height %d"
                b" /ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /FlateDecode"
                b" /DecodeParms << /Predictor 15 /Columns %d >> /Length %d >>\nstream\n"
                % (number, WIDTH_DOTS, rows, WIDTH_DOTS, length)
            )
            for kind, size in _data_chunks(file):
                if kind == b"IDAT":
                    self._file.write(file.read(size))
            self._file.write(b"\nendstream\nendobj\n")
        return rows

    def _end(self) -> None:
        start = self._file.tell()
        count = len(self._offsets) + 1
        entries = b"".join(
            b"%010d 00000 n \n" % self._offsets[number] for number in range(1, count)
        )
        self._file.write(
            b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\n"
            b"startxref\n%d\n%%%%EOF\n" % (count, entries, count, start)
        )
