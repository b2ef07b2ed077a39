"""The device itself: the firmware in a MicroPython process, or in a thread of this one. Power on,
power off, restart.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Protocol

from sim import shadows
from sim.link_server import LinkServer
from sim.state import State
from sim.wiring import Wiring
from tools.micropython_binary import find, native_arch

POWER_ON, HARD_RESET, WATCHDOG_RESET = 1, 2, 3  # machine.reset_cause()

# the tree is the working directory, as the root of its flash is a board's: the name of each file
# that a module comes from stays in the heap
_LAUNCH = "import sys; sys.path[:] = ['', '.frozen']; import firmware.main as m; m.run()"
_TEXT_OCTETS = 4000
_STOP_S = 10


class Device(Protocol):
    """One device with its power switch."""

    def power_on(self, cause: int) -> None:
        """Start the firmware."""
        ...

    def power_off(self) -> None:
        """Stop it where it is; returns when it does nothing any more."""
        ...


class Ended(Exception):
    """How a run of the firmware ended by itself; `restart` when it asked for one. Handed to
    `at_end`, not raised.
    """

    def __init__(self, restart: bool, text: str = "") -> None:
        super().__init__(text)
        self.restart = restart


def build(build_dir: Path) -> Path:
    """Compiled modules for the MicroPython that is used here. Raises tools.build.BuildError and
    OSError.
    """
    from tools.build import ARCHES, build_tree

    arch = native_arch(find())
    arch = arch if arch in ARCHES else "bytecode"
    return build_tree(build_dir / "desk", arch, (shadows.MICROPYTHON, shadows.DESK))


class MicroPythonDevice:
    """The firmware in a process of its own, with a heap of its own; `at_end` is called from
    another thread.
    """

    def __init__(
        self,
        binary: Path,
        tree: Path,
        heap: str,
        wiring: Wiring,
        state: State,
        serial: int,
        at_end: Callable[[Ended], None],
    ) -> None:
        self.command = [str(binary.absolute()), "-X", "heapsize=" + heap, "-c", _LAUNCH]
        self._tree = tree
        self._wiring = wiring
        self._state = state
        self._serial = serial
        self._at_end = at_end
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None
        self._text: IO[bytes] | None = None
        self._switched_off = False

    def power_on(self, cause: int) -> None:
        """Start the firmware."""
        self._switched_off = False
        ours, theirs = socket.socketpair()
        self._text = tempfile.TemporaryFile()
        environment = {
            **os.environ,
            "DESK_LINK": str(theirs.fileno()),
            "DESK_SERIAL": str(self._serial),
            "DESK_RESET_CAUSE": str(cause),
        }
        for name, path in self._state.areas.items():
            environment["DESK_AREA_" + name] = os.path.abspath(path)
        # a session of its own: Ctrl-C is for the desk, which then switches the device off
        self._process = subprocess.Popen(
            self.command,
            cwd=self._tree,
            env=environment,
            pass_fds=(theirs.fileno(), self._serial),
            stdin=subprocess.DEVNULL,
            stdout=self._text,
            stderr=self._text,
            start_new_session=True,
        )
        theirs.close()
        self._thread = threading.Thread(target=self._serve, args=(ours,), name="link", daemon=True)
        self._thread.start()

    def power_off(self) -> None:
        """Kill the process; what it had sent to the mechanism still happens."""
        self._switched_off = True
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        if self._thread is not None:
            self._thread.join()

    def _serve(self, link: socket.socket) -> None:
        with link:
            server = LinkServer(link, self._wiring)
            server.serve()
        process = self._process
        if process is None:
            return
        if server.restart_wanted or server.error:
            process.kill()
        status = process.wait()
        if not self._switched_off:
            self._at_end(Ended(server.restart_wanted, server.error or self._last_words(status)))

    def _last_words(self, status: int) -> str:
        text = b""
        if self._text is not None:
            size = self._text.seek(0, os.SEEK_END)
            self._text.seek(max(0, size - _TEXT_OCTETS))
            text = self._text.read()
        return text.decode("utf-8", "replace").strip() or "it ended with status %d" % status


class CPythonDevice:
    """The firmware in a thread of this process with an event loop of its own; `at_end` is called
    from that thread.
    """

    def __init__(
        self, wiring: Wiring, state: State, serial: int, at_end: Callable[[Ended], None]
    ) -> None:
        self._wiring = wiring
        self._state = state
        self._serial = serial
        self._at_end = at_end
        self._thread: threading.Thread | None = None
        self._power: _Power | None = None

    def power_on(self, cause: int) -> None:
        """Start the firmware."""
        shadows.install()
        import desk_link

        self._power = power = _Power()
        desk_link.bind(self._wiring, power.reset, self._serial, self._state.areas, cause)
        self._thread = threading.Thread(
            target=self._run, args=(power,), name="device", daemon=True
        )
        self._thread.start()

    def power_off(self) -> None:
        """Nothing that the firmware does reaches the mechanism or the flash any more; its tasks
        are cancelled.
        """
        if self._power is not None:
            self._power.cut()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(_STOP_S)

    def _run(self, power: _Power) -> None:
        text = "it ended"
        try:
            asyncio.run(power.main())
        except (PowerCut, asyncio.CancelledError):
            text = ""
        # whatever the firmware died of is shown to people
        except Exception as error:  # noqa: BLE001
            text = "%s: %s" % (type(error).__name__, error)
        if not power.is_cut:
            self._at_end(Ended(power.restart_wanted, text))


class PowerCut(BaseException):
    """The device has no power: raised by every access of the firmware to its hardware."""


class _Power:
    """The power switch of one run, usable from any thread."""

    def __init__(self) -> None:
        self.is_cut = False
        self.restart_wanted = False
        self._loop: asyncio.AbstractEventLoop | None = None

    async def main(self) -> None:
        from firmware.buffers import Buffers
        from firmware.main import main
        from hal.board import open_board

        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(_report_unless_cut)
        await main(open_board(), Buffers())

    def cut(self) -> None:
        self.is_cut = True
        self._stop()

    def reset(self) -> None:
        self.restart_wanted = True
        self._stop()
        raise PowerCut

    def _stop(self) -> None:
        import desk_link

        desk_link.unbind(_refuse)
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(_cancel_all, self._loop)


def _refuse(*_arguments: Any) -> None:
    raise PowerCut


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()


def _report_unless_cut(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    if not isinstance(context.get("exception"), PowerCut):
        loop.default_exception_handler(context)
