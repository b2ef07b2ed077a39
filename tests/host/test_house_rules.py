"""The rules of the house: this project keeps them, and the checker sees every breach."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import house_rules

FUTURE = "from __future__ import annotations\n"

BREACHES = [
    ("firmware/a.py", FUTURE + "import hal.clock\n", "firmware must not import hal.clock"),
    ("firmware/a.py", FUTURE + "from machine import Pin\n", "firmware must not import machine"),
    ("firmware/a.py", FUTURE + "from sim import paper\n", "firmware must not import sim"),
    (
        "firmware/a.py",
        FUTURE + "def f() -> None:\n    import network\n",
        "must not import network",
    ),
    ("hal/a.py", FUTURE + "from firmware import receiver\n", "hal must not import firmware"),
    ("hal/ports/a.py", FUTURE + "import sim.film\n", "hal must not import sim.film"),
    ("sim/a.py", FUTURE + "import tests.unit\n", "sim must not import tests.unit"),
    ("firmware/a.py", FUTURE + "import firmware.devices\n", "for the type checker only"),
    ("firmware/a.py", FUTURE + "import dataclasses\n", "dataclasses is not on both runtimes"),
    ("hal/a.py", "x = 1\n", "does not start with"),
    ("firmware/a.py", FUTURE + "from typing import Any\n", "only TYPE_CHECKING exists"),
    ("firmware/a.py", FUTURE + "match 1:\n    case 1:\n        x = 1\n", "has no match"),
    ("firmware/a.py", FUTURE + "assert True\n", "assert in the product"),
    ("hal/a.py", FUTURE + "print(1)\n", "print in the product"),
    ("hal/a.py", FUTURE + "x = 'a'.removeprefix('a')\n", "no str.removeprefix"),
    ("sim/a.py", FUTURE + "def f(x) -> None:\n    pass\n", "f: not annotated: x"),
    ("sim/a.py", FUTURE + "async def f(x: int):\n    pass\n", "f: the result is not annotated"),
    (
        "hal/a.py",
        FUTURE + "import micropython\n\n@micropython.viper\ndef f() -> None:\n    pass\n",
        "viper takes a name",
    ),
    ("sim/a.py", FUTURE + "x = 1\n" * 600, "a file has at most 600"),
    ("sim/a.py", FUTURE + "def f() -> None:\n" + "    x = 1\n" * 60, "f has 61 lines"),
    ("tests/unit/test_a.py", FUTURE + "import pytest\n", "a unit test runs on MicroPython"),
    (
        "tests/unit/test_a.py",
        FUTURE + "def test_a(x: int) -> None:\n    pass\n",
        "plain functions",
    ),
    ("hal/a.py", FUTURE + "raise ValueError() from KeyError()\n", "only 'from None'"),
    ("sim/a.py", "x = = 1\n", "invalid syntax"),
    ("sim/utils.py", FUTURE, "name the file after its subject"),
    ("tests/a.py", FUTURE + "x = Magic" + "Mock()\n", "accepts anything"),
]

KEPT = {
    "firmware/main.py": FUTURE + "import asyncio\nfrom hal.board import open_board\n",
    "firmware/empty.py": "",
    "firmware/a.py": FUTURE
    + "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from typing import Any\n"
    "    from firmware.devices import Link\n",
    "firmware/devices.py": FUTURE + "from typing import Protocol\n",
    "hal/a.py": FUTURE + "import machine\nfrom hal import signals\n",
    "hal/v.py": FUTURE + "import micropython\n\n@micropython.viper\ndef f(x: int):\n    pass\n",
    "tools/a.py": FUTURE + "import sim.paper\nprint(1)\n",
}


def lay(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


def test_this_project_keeps_the_rules() -> None:
    assert house_rules.findings() == []


@pytest.mark.parametrize(("name", "text", "said"), BREACHES)
def test_each_breach_is_found(tmp_path: Path, name: str, text: str, said: str) -> None:
    lay(tmp_path, name, text)
    found = house_rules.findings(tmp_path)
    assert any(line.startswith(name + ":") and said in line for line in found), found


def test_what_is_allowed_is_not_reported(tmp_path: Path) -> None:
    for name, text in KEPT.items():
        lay(tmp_path, name, text)
    assert house_rules.findings(tmp_path) == []


def test_long_functions_on_the_whole_are_found(tmp_path: Path) -> None:
    for number in range(12):
        lay(tmp_path, "sim/a%d.py" % number, FUTURE + "def f() -> None:\n" + "    x = 1\n" * 40)
    found = house_rules.findings(tmp_path)
    assert [line for line in found if "one function in ten" in line]
    assert [line for line in found if "median function has 41 lines" in line]
