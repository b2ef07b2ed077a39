"""pytest's way into the two runtimes, and onto several cores."""

from __future__ import annotations

import pytest

from tests.runtimes import properties
from tests.runtimes.plugin import TwoRuntimes
from tests.runtimes.spread import pytest_xdist_auto_num_workers, pytest_xdist_make_scheduler

__all__ = ("pytest_xdist_auto_num_workers", "pytest_xdist_make_scheduler")

pytest.register_assert_rewrite("tests.unit.support")


def pytest_configure(config: pytest.Config) -> None:
    """Register the plugin that runs unit tests on both runtimes; examples of property tests."""
    properties.choose(config)
    config.pluginmanager.register(TwoRuntimes(config), "two-runtimes")
