"""The desk around a device that follows a script: what people read, what --json sums up, how it
ends.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from sim import desk as desk_module
from sim.console import Console, LinkTaken
from sim.desk import Desk, Inbox
from sim.device import HARD_RESET, POWER_ON, WATCHDOG_RESET, Ended
from sim.mechanism import Mechanism
from sim.options import Options, parse
from sim.paper import Paper
from sim.paper_path import FEED_PATH_LINES, SHEET_ROWS
from sim.report import Report

VISIT = {
    "mails": 2,
    "recorded": 1,
    "notices": 1,
    "unfinished": 0,
    "deleted": 2,
    "pages": 3,
    "octets": 5000,
    "heap_peak": 200000,
}

Step = Callable[["Scripted"], None]


def says(event: str, **fields: Any) -> Step:
    return lambda device: device.inbox.event(("%s %s" % (event, json.dumps(fields))).encode())


def fault(code: int, text: str, active: bool = True) -> Step:
    return says("fault", code=code, text=text, active=active)


def ends(restart: bool, text: str = "") -> Step:
    return lambda device: device.inbox.ended(Ended(restart, text))


def records_a_sheet(device: Scripted) -> None:
    paper = device.machine.paper
    for _ in range(FEED_PATH_LINES):
        paper.step_feeder()
    for _ in range(SHEET_ROWS):
        paper.step_platen(None)


class Scripted:
    """A device that does one list of steps at each power on."""

    def __init__(self, inbox: Inbox, machine: Mechanism, runs: list[list[Step]]) -> None:
        self.inbox = inbox
        self.machine = machine
        self.causes: list[int] = []
        self.is_on = False
        self._runs = runs

    def power_on(self, cause: int) -> None:
        self.causes.append(cause)
        self.is_on = True
        for step in self._runs.pop(0) if self._runs else ():
            step(self)

    def power_off(self) -> None:
        self.is_on = False


class Watched(Inbox):
    """An inbox that says when nothing more has come."""
    when_quiet: Callable[[], None] | None = None

    async def next(self, seconds: float) -> Any:
        item = await super().next(seconds)
        if item is None and self.when_quiet:
            self.when_quiet()
        return item


class Run:
    """One run of a desk with a scripted device; `later` comes when all it said was taken."""

    def __init__(
        self,
        folder: Path,
        runs: Iterable[list[Step]],
        options: Options | None = None,
        later: Callable[[Desk], None] | None = None,
    ) -> None:
        self.lines: list[str] = []
        self.folder = folder
        self.status, self.device, self.report = asyncio.run(
            self._run(list(runs), options or Options(once=True), later)
        )

    async def _run(
        self, runs: list[list[Step]], options: Options, later: Callable[[Desk], None] | None
    ) -> tuple[int, Scripted, Report]:
        paper = Paper(self.folder / "paper")
        machine = Mechanism(paper)
        inbox = Watched(asyncio.get_running_loop(), paper)
        device = Scripted(inbox, machine, runs)
        console = Console(self.folder / "console")
        desk = Desk(options, machine, paper, inbox, device, console, self.lines.append)
        if later is not None:
            inbox.when_quiet = lambda: later(desk)
        try:
            return await asyncio.wait_for(desk.run(), 100), device, desk.report
        finally:
            console.close()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_module, "_TICK_S", 0.02)
    monkeypatch.setattr(desk_module, "_STUCK_S", 0.1)
    monkeypatch.setattr(desk_module, "_SILENT_S", 0.3)


def test_people_read_each_page_with_its_file(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        [
            [
                says("boot"),
                says("visit-begin", mailbox="fax@localhost", why="power on"),
                says(
                    "mail",
                    n=1,
                    of=2,
                    **{"from": "sales@example.com"},
                    subject="Offer",
                    octets=4000,
                ),
                records_a_sheet,
                says(
                    "page",
                    page=1,
                    of=2,
                    kind="fax",
                    **{"from": "sales@example.com"},
                    duplicate=False,
                ),
                records_a_sheet,
                says(
                    "page",
                    page=2,
                    of=2,
                    kind="fax",
                    **{"from": "sales@example.com"},
                    duplicate=True,
                ),
                says("mail-end", n=1, result="recorded", pages=2, reason=""),
                records_a_sheet,
                says("page", page=1, of=0, kind="notice", **{"from": "a@b"}, duplicate=False),
                says("mail-end", n=2, result="notice", pages=1, reason="PDF can't be recorded"),
                says("visit-end", result="ok", **VISIT),
            ]
        ],
    )
    paper = tmp_path / "paper"
    assert run.lines == [
        "device started",
        "visiting fax@localhost (power on)",
        "mail 1/2 from sales@example.com: Offer",
        "page 1/2 from sales@example.com → %s" % (paper / "0001.png"),
        "page 2/2 from sales@example.com → %s (possible duplicate)" % (paper / "0002.png"),
        "notice 1 from a@b → %s" % (paper / "0003.png"),
        "mail 2 ended with a notice sheet: PDF can't be recorded",
        "visit over: 2 mails, 3 pages, 1 notice, 2 deleted",
        "3 sheets → %s" % (paper / "paper.pdf"),
    ]
    assert (paper / "paper.pdf").exists()
    assert run.status == 0
    assert not run.device.is_on


def test_the_summary_is_the_sum_of_all_visits(tmp_path: Path) -> None:
    steps = [
        fault(10, "010 empty"),
        fault(10, "", False),
        says("visit-end", result="ok", **VISIT),
        says("visit-end", result="ok", **{**VISIT, "heap_peak": 7, "unfinished": 1}),
    ]
    run = Run(tmp_path, [steps], Options(), Desk.interrupt)
    assert run.status == 1
    assert run.report.summary("cpython", 1.23456) == {
        "runtime": "cpython",
        "mails": 4,
        "pages": 6,
        "deleted": 4,
        "recorded": 2,
        "notices": 2,
        "unfinished": 1,
        "octets": 10000,
        "faults": [{"code": 10, "text": "010 empty"}],
        "heap_peak": 200000,
        "visits": 2,
        "seconds": 1.235,
    }


MAIL = says("mail", n=1, of=3, **{"from": "a@b"}, subject="Offer", octets=4000)
PAGE = says("page", page=1, of=0, kind="fax", **{"from": "a@b"}, duplicate=False)


def test_a_run_broken_off_within_a_visit_counts_what_is_on_paper(tmp_path: Path) -> None:
    steps = [
        says("visit-end", result="ok", **VISIT),
        *(MAIL, PAGE, says("mail-end", n=1, result="recorded", pages=1, reason="")),
        *(MAIL, says("mail-end", n=2, result="again", pages=0, reason="")),
        *(MAIL, PAGE),
    ]
    run = Run(tmp_path, [steps], Options(), Desk.interrupt)
    assert run.status == 1
    sums = run.report.summary("cpython", 1.0)
    told = [sums[name] for name in ("mails", "recorded", "unfinished", "pages", "visits")]
    assert told == [2 + 2, 1 + 1, 1, 3 + 2, 1]


def test_a_mail_that_a_restart_broke_off_is_counted_once(tmp_path: Path) -> None:
    end = says("visit-end", result="ok", **{**VISIT, "mails": 1, "recorded": 1, "notices": 0})
    run = Run(tmp_path, [[MAIL, PAGE, ends(True)], [says("boot"), MAIL, PAGE, end]])
    sums = run.report.summary("cpython", 1.0)
    told = [sums[name] for name in ("mails", "recorded", "unfinished", "pages")]
    assert (run.status, told) == (0, [1, 1, 0, 1 + 3])


@pytest.mark.parametrize(
    ("result", "more", "status"),
    [
        ("ok", {}, 0),
        ("ok", {"unfinished": 1}, 1),
        (720, {"mails": 0}, 3),
        (721, {"mails": 0}, 3),
        (701, {"mails": 0}, 3),
        ("721", {"mails": 0}, 3),
        (724, {"mails": 0}, 3),
        (723, {"mails": 2}, 1),
        (728, {"mails": 0}, 3),
        (729, {"mails": 0}, 3),
        (740, {"mails": 0}, 3),
        (743, {"mails": 0}, 3),
        (742, {"mails": 2}, 1),
        (10, {}, 1),
    ],
)
def test_the_exit_status_says_how_the_visit_went(
    tmp_path: Path, result: Any, more: dict[str, int], status: int
) -> None:
    end = says("visit-end", **{**VISIT, **more, "result": result})
    assert Run(tmp_path, [[end]]).status == status


def test_once_gives_up_when_a_fault_needs_hands_and_says_why(tmp_path: Path) -> None:
    run = Run(tmp_path, [[fault(10, "010 the feeder is empty: load paper into the feeder")]])
    assert run.status == 1
    assert (
        run.lines[-1] == "nothing moves: fault 010 the feeder is empty: load paper into the feeder"
    )


def test_once_waits_for_the_scenario_to_lend_a_hand(tmp_path: Path) -> None:
    options = parse(["--once", "--fault", "paper 5 after 1 s"])
    run = Run(tmp_path, [[fault(10, "010 the feeder is empty")]], options)
    assert run.lines[1] == "scenario: paper 5 after 1 s"


def test_once_gives_the_device_its_time_after_the_scenario_lent_a_hand(tmp_path: Path) -> None:
    options = parse(["--once", "--fault", "paper 5 after 1 s"])
    quiet: list[int] = []  # sheets in the feeder at each turn in which the device said nothing

    def later(desk: Desk) -> None:
        quiet.append(desk._machine.paper.sheets)

    begun = [fault(10, "010 the feeder is empty"), lambda device: device.machine.empty_tray()]
    Run(tmp_path, [begun], options, later)
    assert 5 in quiet, "it gave up at once"


def test_once_gives_up_on_a_device_that_says_nothing(tmp_path: Path) -> None:
    run = Run(tmp_path, [[]])
    assert (run.status, run.lines) == (1, ["nothing moves: the device shows no progress"])


def test_a_mailbox_that_is_not_set_up_is_not_reached(tmp_path: Path) -> None:
    assert Run(tmp_path, [[fault(726, "726 no mailbox is set")]]).status == 3


def test_a_restart_is_a_hard_reset_and_the_run_goes_on(tmp_path: Path) -> None:
    run = Run(tmp_path, [[ends(True)], [says("visit-end", result="ok", **VISIT)]])
    assert run.device.causes == [POWER_ON, HARD_RESET]
    assert run.status == 0


def test_once_gives_up_on_a_device_that_restarts_for_ever(tmp_path: Path) -> None:
    run = Run(tmp_path, [[ends(True)]] * 40)
    assert run.status == 1
    assert run.lines[-1].startswith("the device restarted 12 times without a visit")


def test_firmware_that_stops_again_and_again_is_not_restarted_for_ever(tmp_path: Path) -> None:
    run = Run(tmp_path, [[ends(False, "MemoryError")]] * 9)
    assert run.device.causes == [POWER_ON, HARD_RESET, HARD_RESET]
    assert run.lines == ["the firmware stopped: MemoryError"] * 3 + [
        "the firmware stopped 3 times in a row"
    ]
    assert run.status == 1


def test_a_watchdog_that_is_not_fed_restarts_the_device(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        [[lambda device: device.inbox.watchdog(50)], [says("visit-end", result="ok", **VISIT)]],
    )
    assert run.device.causes == [POWER_ON, WATCHDOG_RESET]


def test_without_once_the_console_is_named_and_ctrl_c_ends(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        [[records_a_sheet, says("visit-end", result="ok", **VISIT)]],
        Options(),
        Desk.interrupt,
    )
    assert run.lines[0].startswith("serial console: /dev/pts/")
    assert run.lines[-1] == "1 sheet → %s" % (tmp_path / "paper" / "paper.pdf")
    assert run.status == 0


def test_a_sheet_left_in_the_machine_is_not_lost(tmp_path: Path) -> None:
    def half(device: Scripted) -> None:
        for _ in range(FEED_PATH_LINES):
            device.machine.paper.step_feeder()
        device.machine.paper.step_platen(b"\xff" * 216)

    run = Run(tmp_path, [[half, says("visit-end", result="ok", **VISIT)]])
    assert run.lines[-2] == "a sheet was left in the machine → %s" % (
        tmp_path / "paper" / "0001.png"
    )
    assert (tmp_path / "paper" / "0001.png").exists()


def test_the_console_link_comes_and_goes(tmp_path: Path) -> None:
    link = tmp_path / "here" / "tty"
    console = Console(link)
    assert link.resolve() == Path(console.path)
    console.close()
    assert not link.is_symlink()
    link.write_text("mine")
    with pytest.raises(LinkTaken):
        Console(link)
