"""Property tests (hypothesis): the same examples in every run of `make test`, on every machine;
others where `--hypothesis-seed` asks for them, as `make fuzz` does.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers


def choose(config: pytest.Config) -> None:
    """Settings for all property tests; to be called before their modules are loaded."""
    fresh = config.getoption("--hypothesis-seed", None) is not None
    # nothing is kept from run to run, and nothing is judged by how long it took
    settings.register_profile("house", derandomize=not fresh, database=None, deadline=None,
                              print_blob=fresh, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("house")
    if not fresh:
        # Else constants of all modules that happen to be loaded get among the examples, and which
        # are depends on the tests that this process had before.
        nothing = providers.Constants()
        providers._get_local_constants = lambda: nothing
