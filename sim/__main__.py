"""`python -m sim`: the mail receiver on a desk."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from sim import mails, shadows
from sim import options as command_line
from sim.console import Console
from sim.desk import Desk, Inbox
from sim.device import CPythonDevice, Device, MicroPythonDevice, build
from sim.mechanism import Mechanism
from sim.options import Options
from sim.paper import NotOurs, Paper
from sim.paper_path import A4, LETTER
from sim.report import USAGE
from sim.state import State, copy_of
from sim.wiring import Wiring

_BUILD = Path(__file__).resolve().parents[1] / "build"
_USER = "fax"
_PREVIEW_USER = "preview"  # another mailbox: what is on paper from the usual one is no matter
_PASSWORD = "desk"  # of the embedded mailbox, which nobody but this process can reach
_PANEL_ADDRESS = 0x3C


class CannotStart(Exception):
    """The desk can't be set up as asked; the text says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    options = command_line.parse(arguments)
    shadows.install()
    try:
        return asyncio.run(_run(options))
    except (CannotStart, NotOurs, mails.NoMail, OSError) as problem:
        print("python -m sim: error: %s" % problem, file=sys.stderr)
        return USAGE


async def _run(options: Options) -> int:
    async with AsyncExitStack() as stack:
        state = _state(options, stack)
        _set(state, options.authorities, await _mailbox(options, stack) + options.parameters)
        console = Console(options.console or _BUILD / "console")
        stack.callback(console.close)
        size = LETTER if state.parameter("record.paper") == "letter" else A4
        paper = Paper(options.paper, size)
        machine = Mechanism(paper, options.sheets, size=size)
        inbox = Inbox(asyncio.get_running_loop(), paper)
        device = _device(options, state, console, machine, inbox)
        desk = Desk(options, machine, paper, inbox, device, console, _show)
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, desk.interrupt)
        started = time.monotonic()
        status = await desk.run()
        if options.json:
            _show(json.dumps(desk.report.summary(options.runtime, time.monotonic() - started)))
    return status


def _state(options: Options, stack: AsyncExitStack) -> State:
    """The kept one; a preview (--record) must not touch what that one knows of its mailbox."""
    if options.state is not None and options.record is None:
        return State(options.state)
    scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="desk-"))
    return copy_of(options.state, Path(scratch))


async def _mailbox(options: Options, stack: AsyncExitStack) -> list[tuple[str, str]]:
    """Parameters that lead to the mailbox; the embedded one is started."""
    if options.server is not None:
        server = options.server
        values = [
            ("pop.host", server.host),
            ("pop.port", str(server.port)),
            ("pop.user", server.user),
            ("pop.security", server.security),
            # who writes pop3:// has decided it
            ("pop.allow_plain", "on" if server.security == "plain" else "off"),
        ]
        if options.pin is not None or options.authorities is not None:
            values.append(("pop.pin", options.pin or ""))
        return (
            values if options.password is None else [*values, ("pop.password", options.password)]
        )
    from sim.pop3_server import Maildrop, Server

    if options.record is not None:
        user, files = _PREVIEW_USER, [options.record]
    else:
        user, files = _USER, options.mail or mails.samples(_BUILD)
    maildrop = Maildrop([mails.load(path) for path in files], user, _PASSWORD)
    embedded = Server(maildrop, "127.0.0.1", 0)
    await embedded.start()
    stack.push_async_callback(embedded.stop)
    where = [("pop.host", "127.0.0.1"), ("pop.port", str(embedded.port))]
    security = [("pop.security", "plain"), ("pop.allow_plain", "on")]
    return [*where, *security, ("pop.user", user), ("pop.password", _PASSWORD)]


def _set(
    state: State, authorities: list[bytes] | None, parameters: list[tuple[str, str]]
) -> None:
    try:
        if authorities is not None:
            state.trust(authorities)
        state.set_parameters(parameters)
    except (ValueError, OSError) as problem:
        raise CannotStart(problem) from None


def _device(
    options: Options, state: State, console: Console, machine: Mechanism, inbox: Inbox
) -> Device:
    from hal.ports.desk import PINS

    wiring = Wiring(machine, PINS, _PANEL_ADDRESS, inbox)
    if options.runtime == "cpython":
        return CPythonDevice(wiring, state, console.master, inbox.ended)
    from tools.build import BuildError
    from tools.micropython_binary import find

    if not (_BUILD / "desk").exists():
        _show("compiling the firmware ...")
    try:
        return MicroPythonDevice(
            find(), build(_BUILD), options.heap, wiring, state, console.master, inbox.ended
        )
    except (FileNotFoundError, BuildError) as problem:
        raise CannotStart("%s (--runtime cpython needs no MicroPython)" % problem) from None


def _show(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(
            errors="replace"
        )  # a terminal without the arrow shows a question mark
    sys.exit(main())
