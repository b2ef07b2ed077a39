"""A board on a PTY: MicroPython's unix port, respawned whenever it ends, as a reset restarts a
board.
"""

from __future__ import annotations

import os
import pty
import subprocess
import threading
import tty
from pathlib import Path

from tools import micropython_binary


class Board:
    """`port` is what a host opens; `folder` is the board's file system."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.starts = 0
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self._ended = False
        self._process = self._spawn()
        self._supervisor = threading.Thread(target=self._supervise, daemon=True)
        self._supervisor.start()

    def close(self) -> None:
        """End it."""
        self._ended = True
        self._process.kill()
        self._supervisor.join()
        os.close(self._slave)
        os.close(self._master)

    def _spawn(self) -> subprocess.Popen[bytes]:
        self.starts += 1
        return subprocess.Popen(
            [str(micropython_binary.find())],
            cwd=self.folder,
            stdin=self._master,
            stdout=self._master,
            stderr=self._master,
        )

    def _supervise(self) -> None:
        while True:
            self._process.wait()
            if self._ended:
                return
            # what a board says at a soft reset; then it comes back in the raw REPL in which it was
            os.write(self._master, b"\r\nMPY: soft reboot\r\n")
            self._process = self._spawn()
            if self._ended:  # while it came back
                self._process.kill()
            os.write(self._slave, b"\x01")
