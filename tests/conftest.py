"""pytest's way into the two runtimes."""

from __future__ import annotations

import pytest

from tests.runtimes.plugin import TwoRuntimes

pytest.register_assert_rewrite("tests.unit.support")


def pytest_configure(config: pytest.Config) -> None:
    """Register the plugin that runs unit tests on both runtimes."""
    config.pluginmanager.register(TwoRuntimes(config), "two-runtimes")
