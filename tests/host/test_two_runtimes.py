"""The runner of unit tests inside MicroPython: what it says about passes, failures, crashes and
hangs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runtimes.explain import explained
from tests.runtimes.process import ModuleProcess

MODULE = """from __future__ import annotations

import asyncio
import micropython

left_over = []

def test_passes() -> None:
    print("said aloud")

def test_compares() -> None:
    values = [1, 2]
    assert (
        len(values)
        == 3
    )
    assert False, "never reached"

def test_is_false() -> None:
    number = 0
    assert number and True

def test_raises() -> None:
    {}["no such key"]

def test_leaves_a_task() -> None:
    async def later() -> None:
        await asyncio.sleep(0)
        left_over.append(1)
    async def main() -> None:
        asyncio.create_task(later())
    asyncio.run(main())

def test_finds_no_task() -> None:
    async def main() -> None:
        await asyncio.sleep(0.01)
    asyncio.run(main())
    assert not left_over

@micropython.viper
def _poke():
    ptr8(8)[0] = 1

def test_crashes() -> None:
    _poke()

def test_hangs() -> None:
    while True:
        pass
"""


@pytest.fixture
def process(tmp_path: Path) -> Iterator[ModuleProcess]:
    file = tmp_path / "test_sample.py"
    file.write_text(MODULE)
    process = ModuleProcess(file)
    yield process
    process.close()


def test_pass_keeps_the_tests_own_output(process: ModuleProcess) -> None:
    assert process.run("test_passes", 100) == ("passed", "", "said aloud")


def test_failed_comparison_shows_values_and_the_right_line(process: ModuleProcess) -> None:
    answer = process.run("test_compares", 100)
    assert answer.word == "failed"
    assert "len(values) == 3" in answer.detail
    assert "left = 2" in answer.detail
    line = int(answer.detail.split('test_sample.py", line ')[1].split(",")[0])
    assert "== 3" in MODULE.splitlines()[line - 2] or "== 3" in MODULE.splitlines()[line - 1]


def test_failed_truth_shows_variables(process: ModuleProcess) -> None:
    assert "number = 0" in process.run("test_is_false", 100).detail


def test_exception_comes_with_its_traceback(process: ModuleProcess) -> None:
    answer = process.run("test_raises", 100)
    assert "KeyError: no such key" in answer.detail
    assert 'File "test_sample.py"' in answer.detail


def test_tasks_of_one_test_do_not_reach_the_next(process: ModuleProcess) -> None:
    assert process.run("test_leaves_a_task", 100).word == "passed"
    assert process.run("test_finds_no_task", 100).word == "passed"


def test_crash_and_hang_cost_one_test_each(process: ModuleProcess) -> None:
    assert process.run("test_crashes", 100).word == "crashed"
    assert process.run("test_hangs", 0.5).word == "timeout"
    assert process.run("test_passes", 100).word == "passed"


def test_module_that_does_not_load_says_why(tmp_path: Path) -> None:
    file = tmp_path / "test_broken.py"
    file.write_text("import no_such_module\n")
    answer = ModuleProcess(file).run("test_any", 100)
    assert answer.word == "broken"
    assert "no module named 'no_such_module'" in answer.detail


def test_small_heap_is_honoured(tmp_path: Path) -> None:
    file = tmp_path / "test_large.py"
    file.write_text("def test_large():\n    bytearray(300000)\n")
    small = ModuleProcess(file, heap="128k")
    large = ModuleProcess(file)
    try:
        assert "MemoryError" in small.run("test_large", 100).detail
        assert large.run("test_large", 100).word == "passed"
    finally:
        small.close()
        large.close()


@pytest.mark.parametrize(
    "text",
    [
        "def f(a):\n    assert a == 1, 'said'\n",
        "def f(a):\n    assert (a\n            == 1\n    )\n    return 5\n",
        "def f(a):\n    if a: assert a is not None\n    assert a in (\n        1,\n    )\n"
        "    assert 1 < a < 3\n",
        "def f(ä):\n    assert 'ö' != ä; return 2\n",
    ],
)
def test_explained_text_keeps_its_lines(text: str) -> None:
    assert explained(text).count("\n") == text.count("\n")
    compile(explained(text), "x", "exec")
