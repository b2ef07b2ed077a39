"""Directories that are kept in memory, because their places in the file will be gone or lie too
far ahead when their pages are decoded. Loaded on demand; `recording/learning.py` says when.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from micropython import const

from firmware.fax.directory import Directory, TiffError

if TYPE_CHECKING:
    from typing import Any

_CHUNK = const(1024)
_CHUNKS = const(8)  # some 400 pages of one strip, or 3500 strips
_MAX_KINDS = const(16)
_MAX_REFUSED = const(24)
_UNLIMITED = const(0xFFFFFFFF)
# fields of a directory that differ from page to page; all others are kept once for many pages
_OF_PAGE = ("next", "hold", "keep", "ordered", "length", "rows_per_strip", "strips", "page")


class Full(Exception):
    """More directories, or longer strip tables, than there is room for."""


class _Tape:
    """Numbers, seven bits an octet, in small chunks: a used heap has no large block to give."""

    def __init__(self) -> None:
        self.end = 0
        self._chunks: list[bytearray] = []

    def put(self, number: int) -> None:
        """Append a number, 0 or more. Raises Full."""
        while number > 127:
            self._octet(number & 127 | 128)
            number >>= 7
        self._octet(number)

    def _octet(self, octet: int) -> None:
        chunk = self.end // _CHUNK
        if chunk == len(self._chunks):
            if chunk == _CHUNKS:
                raise Full
            self._chunks.append(bytearray(_CHUNK))
        self._chunks[chunk][self.end % _CHUNK] = octet
        self.end += 1

    def get(self, at: int) -> tuple[int, int]:
        """The number at `at`, and where the next one is."""
        number = shift = 0
        while True:
            octet = self._chunks[at // _CHUNK][at % _CHUNK]
            at += 1
            number |= (octet & 127) << shift
            shift += 7
            if octet < 128:
                return number, at


def _signed(number: int) -> int:
    """A number of either sign as one that is 0 or more."""
    return number << 1 if number >= 0 else -number << 1 | 1


def _of_signed(number: int) -> int:
    return -(number >> 1) if number & 1 else number >> 1


class KeptPage(Directory):
    """A page whose directory and strip table are on the tape."""

    def __init__(self, tape: _Tape, at: int, kind: dict[str, Any], link: int) -> None:
        for name in kind:
            setattr(self, name, kind[name])
        step, at = tape.get(at)
        self.next = link + _of_signed(step)
        self.length, at = tape.get(at)
        self.rows_per_strip, at = tape.get(at)
        self.page, at = tape.get(at)
        self.strips, at = tape.get(at)
        self.hold = self.keep = _UNLIMITED
        self._tape = tape
        self._start = at
        self._rewind()

    def _rewind(self) -> None:
        self._end, self._at = self._tape.get(self._start)
        self._index = -1
        self._current = (0, 0)

    async def strip(self, index: int) -> tuple[int, int]:
        """As of a directory; asked for in order, from the first on."""
        self.hold = self.keep
        if index < self._index:
            self._rewind()
        while self._index < index:
            self._current = self._following()
            self._index += 1
        return self._current

    def _following(self) -> tuple[int, int]:
        octets, self._at = self._tape.get(self._at)
        offset = self._end
        if octets & 1:
            gap, self._at = self._tape.get(self._at)
            offset += _of_signed(gap)
        octets >>= 1
        self._end = offset + octets
        return offset, octets or _UNLIMITED


class KeptDirectories:
    """Those of one mail, by part and by the link that leads to them.

    `readings`: how often the mail was asked for again; `mark`: where the next reading goes on.
    `gone`: the chain goes on where it could not be had; `gave_way`: mails that wanted to keep
    theirs meanwhile.
    """

    def __init__(self, key: bytes) -> None:
        self.key = key
        self.readings = self.gave_way = 0
        self.gone = False
        self.mark: Any = None
        self.empty()

    def empty(self) -> None:
        """Forget all directories."""
        self._tape = _Tape()
        self._kinds: list[dict[str, Any]] = []
        self._rows: dict[int, int] = {}  # places on the tape; below 0: of the list of refusals
        self._refusals: list[tuple[int, str, int]] = []

    def has(self, part: int, link: int) -> bool:
        """True when the directory at `link` of that part is here."""
        return _key(part, link) in self._rows

    def page(self, part: int, link: int) -> tuple[Directory | TiffError | None, int]:
        """What is at `link`: a page, why there is none, or None behind the last; and the next."""
        at = self._rows[_key(part, link)]
        if at < 0:
            code, reason, following = self._refusals[-1 - at]
            return (TiffError(code, reason) if code else None), following
        page = self.known(part, link)
        return page, page.next

    def known(self, part: int, link: int) -> KeptPage:
        """The page at `link`, which must be here."""
        kind, at = self._tape.get(self._rows[_key(part, link)])
        return KeptPage(self._tape, at, self._kinds[kind], link)

    async def add(self, part: int, link: int, page: Directory) -> None:
        """Keep a page. Raises Full, and what reading its strip table raises."""
        at = self._tape.end
        try:
            self._tape.put(self._kind(page))
            self._tape.put(_signed(page.next - link))  # short: directories lie side by side
            self._tape.put(page.length)
            self._tape.put(page.rows_per_strip)
            self._tape.put(page.page)
            self._tape.put(page.strips)
            await self._add_strips(page)
        except BaseException:
            self._tape.end = at
            raise
        self._rows[_key(part, link)] = at

    def refuse(self, part: int, link: int, code: int, reason: str, following: int) -> None:
        """Keep why there is no page at `link`; code 0: the chain ends there. Raises Full."""
        if len(self._refusals) >= _MAX_REFUSED:
            raise Full
        self._refusals.append((code, reason, following))
        self._rows[_key(part, link)] = -len(self._refusals)

    def _kind(self, page: Directory) -> int:
        fields = page.__dict__
        kind = {name: fields[name] for name in fields if name[0] != "_" and name not in _OF_PAGE}
        if kind not in self._kinds:
            if len(self._kinds) == _MAX_KINDS:
                raise Full
            self._kinds.append(kind)
        return self._kinds.index(kind)

    async def _add_strips(self, page: Directory) -> None:
        """Each strip's octets, doubled, plus one where it does not follow the one before it; the
        gap then, doubled, plus one where it goes back.
        """
        end = -1
        for index in range(page.strips):
            offset, octets = await page.strip(index)
            if octets == _UNLIMITED:
                octets = 0
            if end < 0:
                end = offset
                self._tape.put(offset)
            gap = offset - end
            self._tape.put(octets << 1 | (gap != 0))
            if gap:
                self._tape.put(_signed(gap))
            end = offset + octets


def _key(part: int, link: int) -> int:
    return link << 6 | part & 63
