"""The administrator's page says what is so: every fault, every parameter, no other."""
from __future__ import annotations

import re
from pathlib import Path

from firmware.recording.fault_table import TABLE
from firmware.service.commands._parameters import HELP

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "mailbox-setup.md").read_text()
OF_THE_MACHINE = 70  # codes below are those of paper, film and cover


def rows() -> list[str]:
    """The page's table as the fault table has it."""
    return ["| `%s %03d` | %s | %s |" % (TABLE[code][0], code, TABLE[code][1],
                                         TABLE[code][2].replace("'", "`"))
            for code in sorted(TABLE) if code >= OF_THE_MACHINE]


def test_every_fault_stands_in_the_table_as_the_machine_tells_it() -> None:
    written = re.findall(r"^\| `.* \d{3}` \|.*$", PAGE, re.MULTILINE)
    assert written == rows(), "\n".join(rows())


def test_every_parameter_of_a_mailbox_is_named_and_no_other() -> None:
    named = set(re.findall(r"(?<!host )\b(?:pop|clock)\.\w+", PAGE))
    assert named <= set(HELP)
    assert named >= {name for name in HELP if name.startswith("pop.")}


def test_the_settings_shown_are_accepted() -> None:
    from firmware.store.parameters import Parameters
    from tests.unit.store_support import FakeStorage

    commands = re.findall(r"param set (\S+) (\S+)", PAGE)
    assert len(commands) >= 12
    parameters = Parameters(FakeStorage())
    for name, value in commands:
        if "…" not in value:
            parameters.set(name, value)
