"""The packed program beside the program as it was written: the same mailbox, the same dots, the
same events, the same mails deleted. All other tests of decoders and readers run it unpacked.

`make oracle` gives it more faxes, damaged faxes and odd mails.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from hal.ports.desk import PINS
from sim import options, shadows
from sim.console import Console
from sim.desk import Desk, Inbox, Said
from sim.device import Ended, MicroPythonDevice, build
from sim.mechanism import Mechanism
from sim.pop3_server import Maildrop, serving
from sim.state import State
from sim.wiring import Wiring
from tests.fuzz.inputs import inputs
from tests.fuzz.targets import TARGETS
from tests.host.test_libtiff_oracle import corpus
from tools.build import ROOT, build_tree
from tools.micropython_binary import find

PANEL_ADDRESS = 0x3C
FILES = int(os.environ.get("ORACLE_FILES", "120")) // 15  # faxes; fewer damaged and odd ones
IN_A_MAIL, IN_A_VISIT = 12, 240
_MEASURED = frozenset(("heap", "heap_peak"))  # in events
_WHOLE = ("import sys; sys.path[:] = ['', %r, %r, '.frozen']; import firmware.main as m; m.run()"
          % (str(shadows.MICROPYTHON), str(shadows.DESK)))


class Outcome(NamedTuple):
    """What a visit left behind."""

    sheets: list[str]
    events: list[tuple[str, dict[str, Any]]]
    deleted: list[str]
    left: int
    commands: list[str]
    ended: list[str]  # why it stopped, if it did


class Sheets:
    """Takes sheets into hashes. Like `sim.paper.Paper`."""

    last = pdf = ""
    count = 0

    def __init__(self) -> None:
        self.done: list[str] = []

    def begin(self) -> None:
        self._hash = hashlib.sha256()

    def row(self, dots: bytes | None) -> None:
        self._hash.update(dots or b"white")

    def end(self) -> None:
        self.done.append(self._hash.hexdigest())


class Told(Inbox):
    """Keeps the events too."""

    def __init__(self, loop: asyncio.AbstractEventLoop, sheets: Any) -> None:
        super().__init__(loop, sheets)
        self.events: list[tuple[str, dict[str, Any]]] = []

    def _put(self, item: Said | Ended) -> None:
        if isinstance(item, Said):
            fields = {key: item.fields[key] for key in item.fields if key not in _MEASURED}
            self.events.append((item.kind, fields))
        super()._put(item)


async def visit(tree: Path, heap: str, launch: str, mails: Sequence[bytes], folder: Path,
                ) -> Outcome:
    """One visit to a mailbox with these mails, from power-on."""
    maildrop, sheets = Maildrop(), Sheets()
    stops: list[Callable[[], None]] = []
    ended: list[str] = []
    for mail in mails:
        maildrop.add(mail, exact=True)
    loop = asyncio.get_running_loop()
    with ExitStack() as stack:
        where = stack.enter_context(serving(maildrop))
        machine, inbox, state = Mechanism(sheets, 10000), Told(loop, sheets), State(folder)
        state.set_parameters([
            ("pop.host", "127.0.0.1"), ("pop.port", str(where.port)), ("pop.security", "plain"),
            ("pop.allow_plain", "on"), ("pop.user", maildrop.user),
            ("pop.password", maildrop.password), ("record.header", "off")])  # it says when
        console = Console(folder / "console")
        stack.callback(console.close)

        def end(how: Ended) -> None:
            ended.append("restart" if how.restart else str(how))
            loop.call_soon_threadsafe(stops[0])

        device = MicroPythonDevice(find(), tree, heap, Wiring(machine, PINS, PANEL_ADDRESS, inbox),
                                   state, console.master, end)
        device.command[-1] = launch or device.command[-1]
        paper: Any = sheets
        desk = Desk(options.parse(["--once"]), machine, paper, inbox, device, console,
                    lambda line: None)
        stops.append(desk.interrupt)
        await desk.run()
    kinds = [fields["kind"] for kind, fields in inbox.events if kind == "page"]
    assert len(kinds) == len(sheets.done), ended
    dots = [kind if kind == "notice" else one  # it says when the mail came
            for kind, one in zip(kinds, sheets.done, strict=True)]
    commands = [one for one in maildrop.commands if one != "NOOP"]  # said by the clock
    return Outcome(dots, inbox.events, [mail.uid for mail in maildrop.deleted],
                   len(maildrop.mails), commands, ended)


def fax_mail(number: int, files: Sequence[bytes]) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"] = "a@example.com"
    message["Subject"] = "mail %d" % number
    message["Message-ID"] = "<%d@example.com>" % number
    message.set_content("Faxes.\n")
    for at, content in enumerate(files):
        message.add_attachment(content, maintype="image", subtype="tiff", cte="base64",
                               filename="%d.tif" % at)
    return message.as_bytes()


def visits(folder: Path) -> Iterator[list[bytes]]:
    """Mails by visits: faxes of every kind, damaged ones, and mails that are none."""
    faxes = [Path(case.path).read_bytes() for case in corpus(folder, FILES)]
    for first in range(0, FILES, IN_A_VISIT):
        broken = inputs(TARGETS["tiff"].pieces, TARGETS["tiff"].sound(), first, IN_A_VISIT // 4)
        files = faxes[first : first + IN_A_VISIT]
        files += list(broken)[: len(files)]
        made = [fax_mail(at, files[at : at + IN_A_MAIL]) for at in range(0, len(files), IN_A_MAIL)]
        odd = inputs(TARGETS["mime"].pieces, TARGETS["mime"].sound(), first, IN_A_VISIT // 4)
        yield made + list(odd)[: len(files)]


def test_the_packed_program_does_what_was_written(tmp_path: Path) -> None:
    packed = build(ROOT / "build")
    whole = build_tree(ROOT / "build" / "modules", packed.name, packed=False)
    ways = {"written": (whole, "4m", _WHOLE), "packed": (packed, "4m", ""),
            "groups come and go": (packed, "320k", "")}
    for number, mails in enumerate(visits(tmp_path)):
        outcomes = {}
        for name, (tree, heap, launch) in ways.items():
            place = tmp_path / ("%d %s" % (number, name))
            outcomes[name] = asyncio.run(visit(tree, heap, launch, mails, place))
        first = outcomes["written"]
        assert (first.left, first.ended) == (0, []) and len(first.sheets) >= FILES // 2
        for name, outcome in outcomes.items():
            for what, mine, theirs in zip(Outcome._fields, outcome, first, strict=True):
                if mine != theirs:
                    pytest.fail("visit %d, %s: %s differ: %s, not %s" % (
                        number, name, what, mine, theirs))
