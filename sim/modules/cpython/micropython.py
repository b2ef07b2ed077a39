"""CPython stand-in for MicroPython's own module: the same source text runs on both runtimes.

`viper` honours the pointer annotations by casting each argument, so that `p[i]` has the meaning
that it has on a
device (octets, 16-bit or 32-bit words), with the bounds check that viper does not make.
"""

from __future__ import annotations

import builtins
import functools
from collections.abc import Callable
from typing import Any

_FORMATS = {"ptr8": "B", "ptr16": "H", "ptr32": "I"}


def const(value: int) -> int:
    """Return `value`; MicroPython's compiler folds it."""
    return value


def native(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function as it is."""
    return function


def _pointer(kind: str) -> Callable[[Any], memoryview]:
    letter = _FORMATS[kind]

    def cast(buffer: Any) -> memoryview:
        view = memoryview(buffer)
        if view.format == letter:
            return view
        octets = view if view.format == "B" else view.cast("B")
        usable = len(octets) - len(octets) % memoryview(b"\0" * 8).cast(letter).itemsize
        return octets[:usable].cast(letter)

    return cast


_CASTS = {kind: _pointer(kind) for kind in _FORMATS}


def viper(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give `function` the calling convention of `@micropython.viper`: pointers cast, integers as
    they are.
    """
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    casts = [_CASTS.get(str(function.__annotations__.get(name))) for name in names]

    @functools.wraps(function)
    def call(*arguments: Any) -> Any:
        return function(
            *(cast(value) if cast else value for cast, value in zip(casts, arguments, strict=True))
        )

    return call


def heap_lock() -> None:
    """No heap to lock here."""


def heap_unlock() -> None:
    """No heap to unlock here."""


def kbd_intr(_character: int) -> None:
    """The host's terminal handling stays as it is."""


for _kind, _cast in _CASTS.items():
    setattr(builtins, _kind, _cast)
