"""How a page is coded that does not decode as it says: loaded at a page's first damage, before
anything of it is drawn.

Some senders write the wrong FillOrder, or none where it is needed; some set bit 0 of T4Options
wrongly, say MH and send lines without EOLs, or say one compression and use another (IFAX facts:
TIFF readers in the field see all of these). The data decide: the first of the codings below, that
which the file says before all others, in which the first part of the page decodes cleanly.
"""
from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from micropython import const

from firmware.fax.ccitt import MH, MH_BARE, MH_PLAIN, MMR, MR, CcittDecoder
from firmware.fax.coded import UNLIMITED
from firmware.fax.directory import MAX_ROWS
from firmware.fax.lines import DONE, FULL, MORE

if TYPE_CHECKING:
    from firmware.fax.buffers import FaxBuffers
    from firmware.fax.coded import Coded, Feed
    from firmware.fax.directory import Directory

_SAMPLE = const(2048)  # octets looked at
_END = const(64)  # octets that may follow an end mark
_FEW = const(8)  # one bad line in so many leaves a coding credible
_NAMES = ("MH without EOLs", "MH", "MR", "MMR", "MH without EOLs or alignment")


async def coding(
    source: Feed,
    coded: Coded,
    buffers: FaxBuffers,
    directory: Directory,
    said: tuple[int, bool],
) -> tuple[int, bool, str]:
    """The scheme, whether the least significant bit comes first, and a remark for the journal;
    what was said, and '', where nothing fits better. Raises what the source raises.
    """
    offset, octets = await directory.strip(0)
    rows = min(directory.length or MAX_ROWS, directory.rows_per_strip)
    for scheme, turned in _candidates(said):
        decoder = CcittDecoder(buffers, coded)
        decoder.begin_page(directory.width)
        coded.begin(source, offset, octets, turned)
        decoder.begin_strip(scheme, rows)
        if await _is_clean(decoder, coded, offset, octets):
            return scheme, turned, _remark(said, scheme, turned)
        await asyncio.sleep(0)
    return said[0], said[1], ""


def _candidates(said: tuple[int, bool]) -> list[tuple[int, bool]]:
    """What is said, then with the other bit order, then the other schemes."""
    scheme, turned = said
    orders = (turned, not turned)
    found = [(scheme, order) for order in orders]
    for other in (MH, MR, MH_PLAIN, MH_BARE, MMR):
        if other != scheme:
            found += [(other, order) for order in orders]
    return found


async def _is_clean(
    decoder: CcittDecoder, coded: Coded, offset: int, octets: int
) -> bool:
    """True when the sample decodes to its end, or to the end of the strip."""
    sample = _SAMPLE if octets > _SAMPLE else UNLIMITED
    rows = 0
    why = MORE
    while why != DONE and (why != MORE or coded.position - offset < sample):
        if why == MORE:
            await coded.more(True)
        why = decoder.decode()
        rows += decoder.take()
        if why == FULL:
            decoder.recycle()
    whole = why == MORE or not decoder.rows_left() or _at_end(coded, octets, offset)
    return rows > 0 and whole and not decoder.reason and decoder.bad_rows * _FEW <= rows


def _at_end(coded: Coded, octets: int, offset: int) -> bool:
    """True when an end mark was met where the strip ends."""
    return coded.ended or coded.unread() <= _END


def _remark(said: tuple[int, bool], scheme: int, turned: bool) -> str:
    words = []
    if scheme != said[0]:
        words.append("coded as %s, not %s" % (_NAMES[scheme], _NAMES[said[0]]))
    if turned != said[1]:
        words.append("bit order is not what FillOrder says")
    return ", ".join(words)
