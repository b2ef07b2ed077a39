"""Small helpers for unit tests that run on both runtimes."""
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def raises(
    kind: type[BaseException], function: Callable[..., Any], *arguments: Any
) -> BaseException:
    """Call `function`; return the exception of `kind` that it raises, fail when it raises none."""
    try:
        function(*arguments)
    except kind as error:
        return error
    raise AssertionError("%s was not raised" % kind.__name__)
