"""The recorder's promises: paper before lines, faults with their codes, and no page called whole
that is not.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from firmware.recording import faults
from firmware.recording.faults import FaultList
from firmware.recording.recorder import PageInterrupted, Recorder, Stalled
from tests.unit.fake_machine import LINE_OCTETS, FakeMachine

if TYPE_CHECKING:
    from collections.abc import Coroutine

BAND = memoryview(bytes(range(1, 33)) * 216)  # 32 lines


def recorder_of(machine: FakeMachine) -> tuple[Recorder, FaultList]:
    fault_list = FaultList()
    return Recorder(machine, fault_list, lambda: None), fault_list


async def page(recorder: Recorder, bands: int) -> None:
    await recorder.begin()
    for _band in range(bands):
        await recorder.write(BAND, 32)
    await recorder.finish_lines()
    await recorder.end()


async def outcome(coroutine: Coroutine[None, None, None]) -> BaseException | None:
    try:
        await coroutine
    except (PageInterrupted, Stalled) as error:
        return error
    return None


def test_a_page_is_recorded_line_by_line_on_one_sheet() -> None:
    machine = FakeMachine(tray=2)
    recorder, fault_list = recorder_of(machine)
    asyncio.run(page(recorder, 3))
    assert len(machine.sheets) == 1
    assert b"".join(machine.sheets[0]) == bytes(BAND) * 3
    assert machine.tray == 1
    assert fault_list.standing() == []


def test_an_empty_feeder_stalls_with_a_fault_and_goes_on_when_filled() -> None:
    machine = FakeMachine(tray=0)
    recorder, fault_list = recorder_of(machine)
    assert isinstance(asyncio.run(outcome(recorder.begin(1))), Stalled)
    assert [code for code, _detail in fault_list.standing()] == [faults.NO_PAPER]
    machine.tray = 1
    asyncio.run(page(recorder, 1))
    assert fault_list.standing() == []
    assert len(machine.sheets) == 1


def test_an_open_cover_in_the_middle_interrupts_the_page() -> None:
    machine = FakeMachine()
    recorder, fault_list = recorder_of(machine)

    def open_cover() -> None:
        machine.cover_open = True

    machine.at_line, machine.then = 100, open_cover
    error = asyncio.run(outcome(page(recorder, 20)))
    assert isinstance(error, PageInterrupted) and error.code == faults.COVER_OPEN
    asyncio.run(recorder.end())
    assert machine.sheets == [], "nothing moves while the cover is open"
    assert [code for code, _detail in fault_list.standing()] == [faults.COVER_OPEN]
    machine.cover_open = False
    assert asyncio.run(recorder.check()) is True
    assert len(machine.sheets) == 1, "the sheet in the path goes out when the cover is closed"


def test_a_lost_sheet_interrupts_the_page_and_says_which() -> None:
    for tray, code in ((1, faults.NO_PAPER), (2, faults.JAM)):
        machine = FakeMachine(tray=tray)
        recorder, fault_list = recorder_of(machine)

        def lose(machine: FakeMachine = machine) -> None:
            machine.at_head = False

        machine.at_line, machine.then = 640, lose
        error = asyncio.run(outcome(page(recorder, 20)))
        assert isinstance(error, PageInterrupted) and error.code == code, error
        assert code in fault_list


def test_a_sheet_lost_at_the_very_last_line_is_not_called_whole() -> None:
    machine = FakeMachine()
    recorder, _faults = recorder_of(machine)

    def lose() -> None:
        machine.at_head = False

    machine.at_line, machine.then = 32, lose
    assert isinstance(asyncio.run(outcome(page(recorder, 1))), PageInterrupted)
    assert recorder.sheets == 0


def test_the_end_of_the_film_interrupts_and_stands_until_replaced() -> None:
    machine = FakeMachine()
    recorder, fault_list = recorder_of(machine)

    def end() -> None:
        machine.film_end = True

    machine.at_line, machine.then = 64, end
    error = asyncio.run(outcome(page(recorder, 10)))
    assert isinstance(error, PageInterrupted) and error.code == faults.FILM_END
    assert asyncio.run(recorder.check()) is False
    machine.film_end = False
    assert asyncio.run(recorder.check()) is True
    assert faults.FILM_END not in fault_list


def test_a_sheet_that_does_not_come_is_a_jam_until_a_person_looks() -> None:
    machine = FakeMachine()
    machine.jammed_feeds = 1
    recorder, fault_list = recorder_of(machine)
    assert isinstance(asyncio.run(outcome(recorder.begin(1))), Stalled)
    assert faults.JAM in fault_list
    recorder.retry()
    asyncio.run(page(recorder, 1))
    assert len(machine.sheets) == 1


def test_lines_past_the_sheet_are_dropped() -> None:
    machine = FakeMachine(recordable_lines=40)
    recorder, _faults = recorder_of(machine)
    asyncio.run(page(recorder, 3))
    assert len(machine.sheets[0]) == 40
    assert machine.sheets[0][39] == bytes(BAND)[7 * LINE_OCTETS : 8 * LINE_OCTETS]
