"""Boot: open the board, build the receiver, run the loop. The only module of the firmware that
knows the HAL.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from firmware.receiver import Receiver
from firmware.supervisor import TaskLost
from hal.board import open_board

if TYPE_CHECKING:
    from firmware.devices import Board


async def main(board: Board) -> None:
    """Run the receiver on `board` until a task is lost; then restart the machine."""
    receiver = Receiver(board)
    try:
        await receiver.run()
    except TaskLost as lost:
        board.panel.show("RESTARTING", "%s task" % lost.args[0])
        board.panel.alarm(True)
        board.reset()


def run() -> None:
    """Boot on the board that this runs on."""
    asyncio.run(main(open_board()))
