"""Tests on several cores (pytest-xdist): how many processes, and which tests go together."""

from __future__ import annotations

import os
from typing import Any

import pytest

TWIN = "[micropython]"  # how the name of a unit test ends that runs inside MicroPython
MOST = 4  # further processes wait for the longest file


def processes(config: pytest.Config) -> int:
    """For `-n auto`: a process for each core; 0, none but pytest's own, where it would not be
    worth their start: for one core, a few files, or tests chosen by a name.
    """
    few = config.args_source is pytest.Config.ArgsSource.ARGS and len(config.args) < 8
    files = few and all(".py" in argument for argument in config.args)
    if files or config.option.keyword or config.option.capture == "no":
        return 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(cores, MOST) if cores and cores > 1 else 0


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """What `-n auto` means."""
    return processes(config)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A file's tests go to one process, in their order: they share fixtures. Those of it that run
    inside MicroPython share another.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            alone = file.startswith("tests/unit/") and nodeid.endswith(TWIN)
            return file + TWIN if alone else file

    config.option.loadscopereorder = False  # the slow ones come first as they are
    return ByFile(config, log)
