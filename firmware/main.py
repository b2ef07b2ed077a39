"""Boot: buffers, board, receiver, loop. The only module of the firmware that knows the HAL."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

from micropython import const

from firmware.buffers import Buffers

if TYPE_CHECKING:
    from firmware.devices import Board

# octets between two collections while modules load: what loading leaves behind is used again at
# once, instead of ending up as holes between what stays
_BOOT_THRESHOLD = const(4096)
# and while it runs: rarer, garbage would fill the heap first, what is loaded for a visit would
# come to lie between, and with 30 KB free a block of 1 KB could not be had
_THRESHOLD = const(16384)


async def main(board: Board, buffers: Buffers) -> None:
    """Run the receiver on `board` until a task is lost; then restart the machine."""
    from firmware.receiver import Receiver  # loaded when the large buffers have their places
    from firmware.supervisor import TaskLost

    receiver = Receiver(board, buffers)
    gc.collect()
    if hasattr(gc, "threshold"):
        gc.threshold(_THRESHOLD)
    try:
        await receiver.run()
    except TaskLost as lost:
        board.panel.show("RESTARTING", "%s task" % lost.args[0])
        board.panel.alarm(True)
        board.reset()


def run() -> None:
    """Boot on the board that this runs on."""
    if hasattr(gc, "threshold"):
        gc.threshold(_BOOT_THRESHOLD)
    buffers = Buffers()
    from hal.board import open_board

    asyncio.run(main(open_board(), buffers))
