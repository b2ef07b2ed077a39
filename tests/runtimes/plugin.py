"""pytest plugin: every test of tests/unit runs on CPython and inside the MicroPython binary.

`tests/unit/test_x.py::test_y` is the CPython item, `test_y[micropython]` its twin. A module may
say `MICROPYTHON_HEAP = "384k"` (the heap of its process), `MICROPYTHON_DESK = True` (needs the
desk's shadows of machine and network) and `MICROPYTHON_TIMEOUT_S = 120` (silence allowed for one
test).
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.runtimes.process import ROOT, Answer, ModuleProcess
from tests.runtimes.spread import TWIN

TIMEOUT_S = 240.0  # some 10 s are usual, on a machine that is busy with other work
SUITES = {"unit": "unit, CPython", "host": "host", "interop": "interop", "faults": "faults"}
SHOWN = ("passed", "failed", "error", "skipped", "xfailed", "xpassed")


class MicroPythonFailure(Exception):
    """A test failed inside MicroPython; the text is the report."""


class MicroPythonItem(pytest.Item):
    """One test function, run inside MicroPython."""

    def __init__(self, *, test: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.test = test
        self.add_marker("micropython")
        self.add_marker(pytest.mark.timeout(0))  # the process has a limit of its own

    def runtest(self) -> None:
        """Run it in its module's process."""
        module = self.getparent(pytest.Module)
        assert module is not None
        seconds = float(getattr(module.obj, "MICROPYTHON_TIMEOUT_S", TIMEOUT_S))
        answer = self.config.stash[_PROCESSES].of(module).run(self.test, seconds)
        if answer.output:
            self.add_report_section("call", "output on MicroPython", answer.output)
        if answer.word == "skipped":
            pytest.skip(answer.detail)
        if answer.word != "passed":
            raise MicroPythonFailure(_failure(answer))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """MicroPython's own traceback instead of this plugin's."""
        if isinstance(excinfo.value, MicroPythonFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the test stands, for the head of its report."""
        module = self.getparent(pytest.Module)
        assert module is not None
        return self.path, getattr(module.obj, self.test).__code__.co_firstlineno - 1, self.name


def _failure(answer: Answer) -> str:
    """The report's text: the traceback without the driver's own frames."""
    titles = {
        "broken": "the module does not load on MicroPython",
        "crashed": "MicroPython ended in this test",
        "timeout": "the test hangs on MicroPython",
    }
    lines = [line for line in answer.detail.splitlines() if "tests/runtimes/driver.py" not in line]
    return "\n".join(([titles[answer.word] + ":"] if answer.word in titles else []) + lines)


class _Processes:
    """The process of the module whose tests run now; the tests come module by module."""

    def __init__(self) -> None:
        self._current: ModuleProcess | None = None

    def of(self, module: pytest.Module) -> ModuleProcess:
        if self._current is None or self._current.file != module.path:
            self.close()
            self._current = ModuleProcess(
                module.path,
                getattr(module.obj, "MICROPYTHON_HEAP", ""),
                getattr(module.obj, "MICROPYTHON_DESK", False),
            )
        return self._current

    def close(self) -> None:
        if self._current is not None:
            self._current.close()
            self._current = None


_PROCESSES: pytest.StashKey[_Processes] = pytest.StashKey()


class TwoRuntimes:
    """The hooks."""

    def __init__(self, config: pytest.Config) -> None:
        config.addinivalue_line("markers", "micropython: runs inside the MicroPython binary")
        config.stash[_PROCESSES] = _Processes()
        self._counts: dict[str, Counter[str]] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_pycollect_makeitem(self, collector: Any, name: str) -> Generator[None, Any, Any]:
        """Give each plain test function of tests/unit its twin."""
        found = yield
        if collector.path.parent != ROOT / "tests" / "unit" or not isinstance(found, list):
            return found
        functions = [item for item in found if isinstance(item, pytest.Function)]
        return found + [
            MicroPythonItem.from_parent(collector, name=item.name + TWIN, test=item.name)
            for item in functions
        ]

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Within one module: first CPython, then MicroPython."""
        order = {
            path: number for number, path in enumerate(dict.fromkeys(item.path for item in items))
        }
        items.sort(key=lambda item: (order[item.path], isinstance(item, MicroPythonItem)))

    def pytest_collection_finish(self) -> None:
        """The firmware collects often; it shall not look at all that pytest holds."""
        gc.collect()
        gc.freeze()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count for the closing summary."""
        if report.when == "call" or report.outcome != "passed":
            self._counts.setdefault(_suite(report), Counter())[_word(report)] += 1

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """How many of what, on which runtime."""
        if not self._counts:
            return
        terminalreporter.section("by runtime")
        for suite in sorted(self._counts):
            counts = self._counts[suite]
            words = ["%d %s" % (counts[word], word) for word in SHOWN if counts[word]]
            terminalreporter.write_line("%-20s %s" % (suite, ", ".join(words)))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Leave no process behind."""
        session.config.stash[_PROCESSES].close()


def _suite(report: pytest.TestReport) -> str:
    folder = (*report.nodeid.split("/"), "")[1]
    if folder == "unit" and report.nodeid.endswith(TWIN):
        return "unit, MicroPython"
    return SUITES.get(folder, folder)


def _word(report: pytest.TestReport) -> str:
    if report.when != "call" and report.outcome == "failed":
        return "error"
    if hasattr(report, "wasxfail"):
        return "xfailed" if report.skipped else "xpassed"
    return report.outcome
