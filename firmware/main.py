"""Boot: buffers, board, receiver, loop. The only module of the firmware that knows the HAL."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

from micropython import const

from firmware.buffers import TIGHT, Buffers, is_tight
from firmware.on_demand import call, keep_code, keep_groups, load

if TYPE_CHECKING:
    from firmware.devices import Board
    from firmware.receiver import Receiver
    from firmware.restarts import Restarts

# octets between two collections while modules load: what loading leaves behind is used again at
# once, instead of ending up as holes between what stays
_BOOT_THRESHOLD = const(4096)
# and while it runs, at least: rarer, garbage would fill the heap first, what is loaded for a visit
# would come to lie between, and with 30 KB free a block of 1 KB could not be had. About half of
# these octets are frames of functions, which are given back at once; half is garbage.
_THRESHOLD = const(32768)
_ROOM_FOR_GROUPS = const(131072)  # free octets behind the boot with which nothing need be spared
_RESTARTS = "firmware.restarts"
_FILE = "restarts"


async def main(board: Board, buffers: Buffers) -> None:
    """Run the receiver on `board` until a task is lost; then restart the machine. After too many
    restarts in a row: its safe state.
    """
    receiver: Receiver | None = None
    try:
        restarts = _restarts(board)
        if restarts is not None and restarts.safe:
            await load("firmware.safe_state").SafeState(board, restarts).run()
        from firmware.receiver import Receiver  # loaded when the large buffers have their places

        receiver = Receiver(board, buffers, restarts)
        restarts = None
        buffers.front = None
        pace_collector()
        await receiver.run()
    except Exception as error:  # noqa: BLE001 - whatever it was, the machine starts anew
        try:
            gc.collect()
            call(_RESTARTS, "end", board, error, b"" if receiver is None else receiver.mail)
        finally:
            board.reset()


def _restarts(board: Board) -> Restarts | None:
    """What there is to know of restarts; loads nothing when all is well."""
    try:
        if board.started == "power" and board.storage.size(_FILE) < 0:
            return None
    except OSError:
        return None
    return call(_RESTARTS, "at_boot", board)  # type: ignore[no-any-return]


def front_octets() -> int:
    """How much of a fresh heap is kept free while the program is loaded. The allocator searches
    from the front, and what is loaded leaves hundreds of small holes that nothing but small
    objects fits in: room before them saves it most of its way.
    """
    return max(gc.mem_free() - TIGHT, 0) // 4 if hasattr(gc, "threshold") else 0


def pace_collector() -> None:
    """Have the collector run as often as the free heap wants it."""
    gc.collect()
    if hasattr(gc, "threshold"):
        free = gc.mem_free()
        gc.threshold(max(_THRESHOLD, free // 2))
        if free > _ROOM_FOR_GROUPS:
            keep_groups()


def run() -> None:
    """Boot on the board that this runs on."""
    if hasattr(gc, "threshold"):
        gc.threshold(_BOOT_THRESHOLD)
    buffers = Buffers(is_tight())
    buffers.front = bytearray(front_octets())
    from hal.board import open_board

    board = open_board()
    if board.code_stays:
        keep_code()
    asyncio.run(main(board, buffers))
