"""The console as a whole: prompt, commands, answers, a slow line, nobody there."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from firmware.recording.faults import NO_PAPER
from firmware.service.console import serve
from firmware.service.shell import Shell
from tests.unit.service_support import FakeReceiver, FakeSerial, typed

if TYPE_CHECKING:
    from collections.abc import Callable


def served(keys: bytes, takes: int = 1000, receiver: "FakeReceiver | None" = None) -> str:
    """What the terminal got when the keys were typed, until the console waits again."""
    receiver = receiver or FakeReceiver()
    serial = receiver.board.serial = FakeSerial(keys, takes)

    async def run() -> None:
        task = asyncio.create_task(serve(serial, receiver))
        while serial.typed or serial.rests < 20:
            await asyncio.sleep(0.001)
        task.cancel()

    asyncio.run(run())
    return bytes(serial.shown).decode()


async def until(reached: Callable[[], bool]) -> None:
    """Wait for what comes for sure: a loaded machine takes its time."""
    for _ in range(3000):
        if reached():
            return
        await asyncio.sleep(0.02)


def test_a_session_shows_prompt_echo_answer_and_prompt_again() -> None:
    shown = served(b"poll\r")
    assert shown.startswith("\r\n# UF-E1 service console")
    assert shown.endswith("poll\r\nOK a visit is asked for\r\n\ruf-e1> \x1b[K")


def test_a_line_that_takes_few_octets_at_a_time_gets_all_of_them() -> None:
    assert served(b"fault list\r", takes=7).replace("\x1b", "") == served(b"fault list\r").replace(
        "\x1b", ""
    )


def test_when_nobody_reads_the_console_goes_on_and_wakes_at_the_next_key() -> None:
    receiver = FakeReceiver()
    serial = receiver.board.serial = FakeSerial(b"", 0)

    async def run() -> None:
        task = asyncio.create_task(serve(serial, receiver))
        await asyncio.sleep(2.5)
        serial.takes = 1000
        assert not serial.shown
        serial.typed = b"poll\r"
        await until(lambda: b"OK a visit" in bytes(serial.shown))
        task.cancel()

    asyncio.run(run())
    assert receiver.polls == 1 and b"OK a visit" in bytes(serial.shown)


def test_a_line_that_breaks_is_tried_again() -> None:
    receiver = FakeReceiver()
    serial = receiver.board.serial = FakeSerial(b"poll\r")
    serial.broken = True

    async def run() -> None:
        task = asyncio.create_task(serve(serial, receiver))
        await until(lambda: receiver.polls == 1)
        task.cancel()

    asyncio.run(run())
    assert receiver.polls == 1


def test_empty_lines_are_no_commands() -> None:
    assert typed(FakeReceiver(), "") == [] and typed(FakeReceiver(), "   ") == []


def test_an_unknown_command_is_refused_with_a_hint() -> None:
    assert typed(FakeReceiver(), "pol") == [
        "ERROR 901 \"unknown command 'pol'; did you mean 'param' or 'poll'?\""
    ]
    assert typed(FakeReceiver(), "xyzzy") == [
        "ERROR 901 \"unknown command 'xyzzy'; 'help' lists all\""
    ]
    for name in ("_table", "../registry", "__init__", "commands.help", "os"):
        assert typed(FakeReceiver(), name)[-1].startswith("ERROR 901"), name


def test_wrong_usage_shows_the_usage() -> None:
    assert typed(FakeReceiver(), "reboot later") == ['ERROR 902 "usage: reboot [now]"']


def test_words_may_be_quoted() -> None:
    receiver = FakeReceiver()
    typed(receiver, 'param set pop.password "two  words \\" and \\\\ "')
    assert receiver.parameters.get("pop.password") == 'two  words " and \\ '
    typed(receiver, "param set pop.password it's\\\"")
    assert receiver.parameters.get("pop.password") == "it's\\\""
    assert typed(receiver, 'param set pop.user "open') == [
        'ERROR 903 "a quotation mark is not closed"'
    ]


def test_a_value_longer_than_a_line_is_appended_to() -> None:
    receiver = FakeReceiver()
    assert typed(receiver, "param set pop.token abc")[-1] == "OK pop.token = ****"
    assert typed(receiver, "param append pop.token " + "d" * 150)[-1] == "OK pop.token = ****"
    assert receiver.parameters.get("pop.token") == "abc" + "d" * 150
    for name in ("pop.port", "record.header", "pop.prot"):
        assert typed(receiver, "param append %s 5" % name)[-1].startswith("ERROR 903"), name


def test_a_program_fault_in_a_command_is_an_answer_not_an_end() -> None:
    receiver = FakeReceiver()
    receiver.values = None  # type: ignore[assignment]
    assert typed(receiver, "mail")[-1].startswith('ERROR 999 "TypeError')


def test_a_failing_flash_is_answered_with_its_code_and_advice_comes_from_fault() -> None:
    receiver = FakeReceiver()
    receiver.board.storage.fail = True
    lines = typed(receiver, "param set pop.port 995")
    assert lines[-1].startswith('ERROR 070 "flash memory could not be read or written: param')
    assert receiver.parameters.get("pop.port") == 0


def test_commands_are_gone_from_memory_afterwards() -> None:
    typed(FakeReceiver(), "help")
    typed(FakeReceiver(), "param")
    left = [name for name in sys.modules if name.startswith("firmware.service")]
    assert sorted(left) == [
        "firmware.service",
        "firmware.service.commands",
        "firmware.service.console",
        "firmware.service.editor",
        "firmware.service.output",
        "firmware.service.shell",
    ], left


def test_a_cancelled_command_leaves_nothing_loaded() -> None:
    receiver = FakeReceiver()
    serial = receiver.board.serial = FakeSerial(b"", 0)

    async def run() -> None:
        task = asyncio.create_task(Shell(serial, receiver).execute("help"))
        await asyncio.sleep(0.05)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            pass

    asyncio.run(run())
    assert "firmware.service.registry" not in sys.modules


def test_what_a_mail_says_can_not_command_the_terminal() -> None:
    receiver = FakeReceiver()
    receiver.faults.enter(NO_PAPER, "evil \x1b]0;x\x07 \x9b2J subject")
    lines = typed(receiver, "fault")
    assert "    detail: evil ?]0;x? ?2J subject" in lines


def test_a_secret_never_reaches_the_terminal() -> None:
    receiver = FakeReceiver()
    shown = served(
        b"param set pop.password hush7\rparam list\rparam get pop.password\r\x1b[A\x1b[A\r",
        1000,
        receiver,
    )
    assert receiver.parameters.get("pop.password") == "hush7"
    assert "hush7" not in shown and "pop.password = ****" in shown


def test_a_quiet_console_gives_its_memory_back_and_wakes_at_the_next_key() -> None:
    receiver = FakeReceiver()
    serial = receiver.board.serial = FakeSerial(b"poll\r")
    loaded = []

    async def run() -> None:
        sys.modules.pop("firmware.service.shell", None)
        receiver.polled = lambda: loaded.append("firmware.service.shell" in sys.modules)
        task = asyncio.create_task(serve(serial, receiver, 1))
        await until(lambda: receiver.polls == 1)
        await until(lambda: "firmware.service.shell" not in sys.modules)
        loaded.append("firmware.service.shell" in sys.modules)
        serial.typed = b"poll\r"
        await until(lambda: receiver.polls == 2)
        task.cancel()

    asyncio.run(run())
    assert loaded == [True, False, True]
    assert receiver.polls == 2
