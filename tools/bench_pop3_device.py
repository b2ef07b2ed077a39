"""The device side of S1 to S3 and M2, inside MicroPython: visits with the device's own code.

    MICROPYPATH=STANDINS:TREE:.frozen micropython bench_pop3_device.py < ORDER

TREE is a built tree. ORDER is a JSON object: `port`, `user`, `password`, `security`, `ca` (file of
the authority, PEM), `folder` (for the two flash areas, as files, of this run alone), and may have
`sums` (take a CRC-32 of all decoded octets; not for timed runs), `known` (false: the server is
visited for the first time ever), `empty` (delete mails and come again until none is left; the heap
is measured after `settled` mails and at the end), `upto` (a stage of STAGES: nothing behind it is
done), `uncollected` (the collector does not run: for a heap of many megabytes).

Every mail goes the device's whole way: session, unstuffing, MIME, base64, spool, a reader that
releases at once, one durable ledger record. The last line printed says how it went.
"""
# ruff: noqa: E402 - what is imported late finds its place in the heap behind what is made first
from __future__ import annotations

import asyncio
import binascii
import gc
import json
import sys
import time
from typing import TYPE_CHECKING

import vfs

from firmware.main import front_octets, pace_collector

REST = 48 * 1024  # what the device's other half, which is not here, leaves less of 384 KiB
# the room at the heap's front comes before the program, as `firmware.main.run` does it
HELD = [bytearray(REST), bytearray(front_octets())]

from firmware import on_demand
from firmware.buffers import MAIL_OCTETS
from firmware.mail.message import MessageReader
from firmware.pop3.mailbox import Visit
from firmware.pop3.outcomes import RECORDED, UNFINISHED
from firmware.pop3.session import Session
from firmware.store.ledger import Ledger
from firmware.store.part_source import PartSource
from firmware.store.spool import Spool
from hal.clock import Clock
from hal.network import Network
from hal.spool_area import SpoolArea
from hal.storage import Storage, mount

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from typing import Any

    from firmware.mail.header import Part
    from firmware.pop3.body import Body
    from firmware.pop3.mailbox import VisitResult

BLOCK = 4096
SPOOL_BLOCKS = 64  # 256 KiB
DATA_BLOCKS = 128
RECEIVE_OCTETS = 4096  # as firmware/receiver.py has them


# what is done with each mail: received and unstuffed; its MIME read and decoded; put through the
# spool and read from there; entered into the ledger
STAGES = ("unstuff", "mail", "spool", "ledger")


class FileArea:
    """A flash area in a file."""

    def __init__(self, path: str, blocks: int) -> None:
        with open(path, "wb") as file:
            for _ in range(blocks):
                file.write(b"\xff" * BLOCK)
        self._file = open(path, "r+b", buffering=0)
        self._blocks = blocks

    def readblocks(self, block: int, buffer: Any, offset: int = 0) -> None:
        """Read."""
        self._file.seek(block * BLOCK + offset)
        self._file.readinto(buffer)

    def writeblocks(self, block: int, buffer: Any, offset: int = 0) -> None:
        """Program."""
        self._file.seek(block * BLOCK + offset)
        self._file.write(buffer)

    def ioctl(self, request: int, argument: int) -> int:
        """Number of blocks, their size; an erase costs nothing here."""
        return {4: self._blocks, 5: BLOCK}.get(request, 0)


class Calendar:
    """A calendar that is set."""

    def datetime(self) -> tuple[int, ...]:
        """Now."""
        year, month, day, hour, minute, second, weekday = time.gmtime()[:7]
        return (year, month, day, weekday, hour, minute, second, 0)


class Cable:
    """A network that is up."""

    def isconnected(self) -> bool:
        """Always."""
        return True


class Mail:
    """The sink of the mail reader, over the spool; and the reader, which lets go at once."""

    def __init__(self, spool: Spool, view: memoryview, sums: bool) -> None:
        self.octets = 0
        self.sum = 0
        self._spool = spool
        self._view = view
        self._sums = sums
        self._sources: list[PartSource] = []
        self._ended = False
        self._changed = asyncio.Event()

    def begin_part(self, part: Part) -> None:
        """A part begins here."""
        self._sources.append(PartSource(self._spool, self._spool.written))
        self._changed.set()

    def data(self, view: memoryview) -> Awaitable[None]:
        """Octets of the part."""
        return self._spool.append(view)

    def end_part(self, part: Part, damage: str) -> None:
        """The part ends here."""
        self._sources[-1].close()

    def end(self, complete: bool) -> None:
        """The mail ends here."""
        self._spool.finish(complete)
        self._ended = True
        self._changed.set()

    async def read(self) -> None:
        """The recording side: read all parts."""
        done = 0
        while True:
            while done == len(self._sources):
                if self._ended:
                    return
                self._changed.clear()
                await self._changed.wait()
            await self._read_part(self._sources[done])
            done += 1

    async def _read_part(self, source: PartSource) -> None:
        offset = 0
        while True:
            count = await source.read_at(offset, self._view)
            if not count:
                self.octets += offset
                return
            if self._sums:
                self.sum = binascii.crc32(self._view[:count], self.sum)
            offset += count
            source.release(offset)


class Nowhere:
    """A sink for the mail reader, and its spool, that keep nothing."""

    def __init__(self) -> None:
        self.block = bytearray(BLOCK)

    def begin_part(self, part: Part) -> None:
        """Nothing."""

    async def data(self, view: memoryview) -> None:
        """Nothing."""

    def end_part(self, part: Part, damage: str) -> None:
        """Nothing."""

    def gap(self) -> int:
        """All of it, always."""
        return 0

    def put(self, count: int) -> None:
        """Nothing."""

    async def make_room(self) -> None:
        """There is room."""
        await asyncio.sleep(0)


class Unwritten(Ledger):
    """A ledger that enters nothing."""

    def finish(self, key: bytes, pages: int, notice: bool) -> None:
        """Nothing."""


class Board:
    """What a secure connection needs of a board."""

    def __init__(self, folder: str) -> None:
        self.clock = Clock(Calendar())
        self.network = Network(Cable(), self.clock)
        area = FileArea(folder + "/data", DATA_BLOCKS)
        vfs.VfsLfs2.mkfs(area)
        self.storage = Storage(mount(area, vfs.VfsLfs2))


class Receiver:
    """The receiving half of the device."""

    def __init__(self, board: Any, folder: str, settings: Any, sums: bool, upto: str) -> None:
        self.octets = self.sum = 0
        self._stage = STAGES.index(upto)
        self.reports: list[str] = []
        receive_buffer = bytearray(RECEIVE_OCTETS)
        self._spool = Spool(SpoolArea(FileArea(folder + "/spool", SPOOL_BLOCKS)), bytearray(BLOCK))
        self._view = memoryview(bytearray(BLOCK))
        nowhere: Any = Nowhere()
        self._reader = MessageReader(nowhere, bytearray(MAIL_OCTETS),
                                     nowhere if upto == "mail" else self._spool)
        self._nowhere = nowhere
        self._sums = sums
        self._ledger = (Ledger if upto == STAGES[-1] else Unwritten)(board.storage, board.clock)
        self._ledger.open()
        session = Session(board.network, receive_buffer)
        session.board = board
        self._visit = Visit(
            session, self._ledger, self._deliver, settings, self._report, None, board.storage
        )

    def _report(self, code: int, text: str) -> None:
        self.reports.append("%d %s" % (code, text))

    async def _deliver(self, key: bytes, number: int, count: int, size: int, body: Body) -> int:
        if self._stage == 0:
            await body.drain()
            return RECORDED
        if self._stage == 1:
            await self._read(body, self._nowhere)
            return RECORDED
        return await self._through_spool(key, body)

    async def _read(self, body: Body, sink: Any) -> None:
        reader = body.taker = self._reader
        reader.begin(sink)
        while True:
            piece = await body.next()
            if piece is None:
                break
            await reader.feed(piece)
        await reader.close(body.complete)

    async def _through_spool(self, key: bytes, body: Body) -> int:
        self._spool.begin()
        mail = Mail(self._spool, self._view, self._sums)
        mail.sum = self.sum
        reading = asyncio.create_task(mail.read())
        await self._read(body, mail)
        mail.end(body.complete)
        if not body.complete:
            reading.cancel()
            return UNFINISHED
        await reading
        self.octets += mail.octets
        self.sum = mail.sum
        self._ledger.finish(key, 1, False)
        return RECORDED

    def flush(self) -> None:
        """Make durable what still waits in RAM."""
        self._ledger.flush()

    async def run(self) -> VisitResult:
        """One visit."""
        return await self._visit.run()


def settings_of(order: dict[str, Any]) -> dict[str, Any]:
    """The function parameters that `order` means."""
    settings: dict[str, Any] = {"pop.host": "localhost", "pop.login": "user", "pop.pin": ""}
    for name in ("port", "user", "password", "security"):
        settings["pop." + name] = order[name]
    settings["pop.allow_plain"] = order["security"] == "plain"
    settings["pop.delete"] = "after-record" if order.get("empty") else "never"
    settings["pop.unreadable"] = "delete"
    settings["pop.large"] = "notice"
    for name in ("pop.connect_s", "pop.reply_s", "pop.silence_s", "pop.stall_s"):
        settings[name] = 30
    for name in ("pop.token", "pop.max_kb", "pop.most", "pop.keep_days"):
        settings[name] = 0
    return settings


def trust(board: Board, file: str) -> None:
    """Store the authority's certificate."""
    from firmware.store import certificate_file

    with open(file, "rb") as source:
        certificate_file.replace(board.storage, certificate_file.decode(source.read()))
    on_demand.drop("firmware.store.certificate")


def learn(board: Board, order: dict[str, Any], settings: dict[str, Any]) -> None:
    """Visit once before, so that the server is known; its mails are not."""
    settings["pop.most"] = 8
    asyncio.run(Receiver(board, order["folder"], settings, False, "spool").run())
    settings["pop.most"] = 0
    board.storage.remove("ledger")
    board.storage.remove("ledger.new")


def main() -> None:
    """Visit as the order on standard input says, and print the result."""
    order = json.loads(sys.stdin.readline())
    settings = settings_of(order)
    board = Board(order["folder"])
    if order["ca"]:
        trust(board, order["ca"])
    if order.get("known", True) and not order.get("empty"):
        learn(board, order, settings)
    receiver = Receiver(board, order["folder"], settings, bool(order.get("sums")),
                        order.get("upto", "ledger"))
    HELD.pop()
    pace_collector()
    if order.get("uncollected"):
        gc.disable()
    heaps = [0, 0]  # after the visit that has `settled` mails behind it, after the last
    recorded = 0
    more = True
    alive = gc.mem_alloc()  # type: ignore[attr-defined]
    began, spent = time.ticks_us(), time.clock()  # type: ignore[attr-defined]
    while more:
        result = asyncio.run(receiver.run())
        recorded += result.recorded
        more = bool(order.get("empty")) and result.more and not result.code
        if order.get("empty"):
            receiver.flush()  # what waits there for the next record is bounded: no growth
            gc.collect()
            heaps[1] = gc.mem_alloc()  # type: ignore[attr-defined]
            if not heaps[0] and recorded >= order.get("settled", 0):
                heaps[0] = heaps[1]
    took = time.ticks_diff(time.ticks_us(), began)  # type: ignore[attr-defined]
    said = {"cpu_s": time.clock() - spent}  # type: ignore[attr-defined]
    said["garbage"] = gc.mem_alloc() - alive  # type: ignore[attr-defined]
    said.update({"seconds": took / 1000000, "recorded": recorded, "fault": result.code})
    said.update({"detail": result.detail, "octets": receiver.octets, "sum": receiver.sum})
    said.update({"heaps": heaps, "reports": receiver.reports})
    print(json.dumps(said))


main()
