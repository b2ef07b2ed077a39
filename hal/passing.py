"""Modules of this package that are wanted for a while only, to spare the heap."""
from __future__ import annotations

import sys


class Passing:
    """Around a use of modules of `hal`: those that it loads are forgotten at its end."""

    def __init__(self, *modules: str) -> None:
        self._modules = [name for name in modules if "hal." + name not in sys.modules]

    def __enter__(self) -> None:
        """Nothing to do: the modules are loaded by those who want them."""

    def __exit__(self, *_error: object) -> None:
        package = sys.modules["hal"]
        for name in self._modules:
            sys.modules.pop("hal." + name, None)
            if hasattr(package, name):
                delattr(package, name)
