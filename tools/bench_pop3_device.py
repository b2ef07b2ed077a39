"""S1's device side, inside MicroPython: one visit with the device's own code.

    MICROPYPATH=STANDINS:TREE:.frozen \\
        micropython bench_pop3_device.py PORT USER PASSWORD FOLDER SUMS

TREE is a built tree; FOLDER holds the two flash areas, as files, for this run alone. Every mail
goes the device's whole way: session, unstuffing, MIME, base64, spool, a reader that releases at
once, one durable ledger record. The last line says how it went; with SUMS=1 a CRC-32 of all
decoded octets is taken too (not for timed runs).
"""

from __future__ import annotations

import asyncio
import binascii
import gc
import json
import sys
import time
from typing import TYPE_CHECKING

import vfs

from firmware.mail.message import HEADROOM, MessageReader
from firmware.pop3.mailbox import RECORDED, UNFINISHED, Visit
from firmware.pop3.session import Session
from firmware.store.ledger import Ledger
from firmware.store.spool import PartSource, Spool
from hal.clock import Clock
from hal.network import Network
from hal.spool_area import SpoolArea
from hal.storage import Storage

if TYPE_CHECKING:
    from typing import Any

    from firmware.mail.header import Part
    from firmware.pop3.mailbox import VisitResult
    from firmware.pop3.reply import Body

BLOCK = 4096
SPOOL_BLOCKS = 64  # 256 KiB
DATA_BLOCKS = 128
RECEIVE_OCTETS = 4096  # as firmware/receiver.py has them


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
        """A fixed day."""
        return (2026, 1, 2, 4, 3, 4, 5, 0)


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

    async def begin_part(self, part: Part) -> None:
        """A part begins here."""
        self._sources.append(PartSource(self._spool, self._spool.written))
        self._changed.set()

    async def data(self, view: memoryview) -> None:
        """Octets of the part."""
        await self._spool.append(view)

    async def end_part(self, part: Part, damage: str) -> None:
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


class Receiver:
    """The receiving half of the device."""

    def __init__(self, folder: str, settings: Any, sums: bool) -> None:
        self.octets = self.sum = 0
        self.reports: list[str] = []
        receive_buffer = bytearray(RECEIVE_OCTETS)
        self._mail_buffer = bytearray(HEADROOM + RECEIVE_OCTETS)
        self._spool = Spool(SpoolArea(FileArea(folder + "/spool", SPOOL_BLOCKS)), bytearray(BLOCK))
        self._view = memoryview(bytearray(BLOCK))
        self._sums = sums
        clock = Clock(Calendar())
        storage = data_storage(folder)
        self._ledger = Ledger(storage, clock)
        self._ledger.open()
        session = Session(Network(Cable(), clock), receive_buffer)
        self._visit = Visit(session, self._ledger, self._deliver, settings, self._report, None,
                            storage)

    def _report(self, code: int, text: str) -> None:
        self.reports.append("%d %s" % (code, text))

    async def _deliver(self, key: bytes, number: int, count: int, size: int, body: Body) -> int:
        self._spool.begin()
        mail = Mail(self._spool, self._view, self._sums)
        mail.sum = self.sum
        reading = asyncio.create_task(mail.read())
        reader = MessageReader(mail, self._mail_buffer)
        while True:
            piece = await body.next()
            if piece is None:
                break
            await reader.feed(piece)
        await reader.close(body.complete)
        mail.end(body.complete)
        if not body.complete:
            reading.cancel()
            return UNFINISHED
        await reading
        self.octets += mail.octets
        self.sum = mail.sum
        self._ledger.finish(key, 1, False)
        return RECORDED

    async def run(self) -> VisitResult:
        """One visit."""
        return await self._visit.run()


def data_storage(folder: str) -> Storage:
    """Files over a littlefs of this run."""
    area = FileArea(folder + "/data", DATA_BLOCKS)
    vfs.VfsLfs2.mkfs(area)
    return Storage(vfs.VfsLfs2(area))


def main(port: str, user: str, password: str, folder: str, sums: str) -> None:
    """Visit once and print the result."""
    settings: dict[str, Any] = {}
    settings["pop.host"] = "127.0.0.1"
    settings["pop.port"] = int(port)
    settings["pop.user"] = user
    settings["pop.password"] = password
    settings["pop.login"] = "user"
    settings["pop.delete"] = "never"
    settings["pop.security"] = "plain"
    settings["pop.allow_plain"] = True
    for name in ("pop.connect_s", "pop.reply_s", "pop.silence_s", "pop.stall_s"):
        settings[name] = 30
    for name in ("pop.token", "pop.max_kb", "pop.most", "pop.keep_days", "pop.large"):
        settings[name] = 0
    settings["pop.unreadable"] = "delete"
    receiver = Receiver(folder, settings, sums == "1")
    gc.collect()
    began = time.ticks_us()  # type: ignore[attr-defined]
    result = asyncio.run(receiver.run())
    took = time.ticks_diff(time.ticks_us(), began)  # type: ignore[attr-defined]
    gc.collect()
    print(
        json.dumps(
            {
                "seconds": took / 1000000,
                "recorded": result.recorded,
                "fault": result.code,
                "detail": result.detail,
                "octets": receiver.octets,
                "sum": receiver.sum,
                "heap": gc.mem_alloc(),  # type: ignore[attr-defined]
                "reports": receiver.reports,
            }
        )
    )


main(*sys.argv[1:])
