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
_SPACE = 1 << 40  # addresses between one buffer and the next
_MIDDLE = _SPACE >> 1  # where its first octet is

# buffers that pointers go to while a function runs that reckons with addresses, as octets and as
# the words that were asked for
_reached: list[dict[str, memoryview]] = []


def const(value: int) -> int:
    """Return `value`; MicroPython's compiler folds it."""
    return value


def native(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function as it is."""
    return function


def _octets(buffer: Any) -> memoryview:
    view = memoryview(buffer)
    return view if view.format == "B" else view.cast("B")


def _words(octets: memoryview, letter: str) -> memoryview:
    size = memoryview(b"\0" * 8).cast(letter).itemsize
    return octets[: len(octets) - len(octets) % size].cast(letter)


class _Pointer:
    """A pointer whose address a function may take (`int(p)`) and make another from."""

    __slots__ = ("_address", "_at", "_view")

    def __init__(self, address: int, letter: str) -> None:
        views = _reached[address // _SPACE]
        view = views.get(letter)
        if view is None:
            view = views[letter] = _words(views["B"], letter)
        at, odd = divmod(address % _SPACE - _MIDDLE, view.itemsize)
        if odd:
            raise ValueError("a pointer between two words")
        self._address = address
        self._view = view
        self._at = at

    def __int__(self) -> int:
        return self._address

    def __getitem__(self, index: int) -> int:
        at = self._at + index
        if at < 0:
            raise IndexError("before the buffer")
        found: int = self._view[at]
        return found

    def __setitem__(self, index: int, value: int) -> None:
        at = self._at + index
        if at < 0:
            raise IndexError("before the buffer")
        self._view[at] = value


def _cast(letter: str) -> Callable[[Any], Any]:
    def cast(buffer: Any) -> Any:
        if isinstance(buffer, (int, _Pointer)):
            return _Pointer(int(buffer), letter)
        view = memoryview(buffer)
        return view if view.format == letter else _words(_octets(view), letter)

    return cast


def _point(letter: str) -> Callable[[Any], _Pointer]:
    def point(buffer: Any) -> _Pointer:
        _reached.append({"B": _octets(buffer)})
        return _Pointer((len(_reached) - 1) * _SPACE + _MIDDLE, letter)

    return point


_CASTS = {kind: _cast(letter) for kind, letter in _FORMATS.items()}
_POINTS = {kind: _point(letter) for kind, letter in _FORMATS.items()}


def viper(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give `function` the calling convention of `@micropython.viper`: pointers cast, integers as
    they are. One that makes pointers of its own gets such as have an address.
    """
    code = function.__code__
    kinds = _POINTS if set(_FORMATS) & set(code.co_names) else _CASTS
    names = code.co_varnames[: code.co_argcount]
    casts = [kinds.get(str(function.__annotations__.get(name))) for name in names]

    @functools.wraps(function)
    def call(*arguments: Any) -> Any:
        reached = len(_reached)
        try:
            return function(
                *(
                    cast(value) if cast else value
                    for cast, value in zip(casts, arguments, strict=True)
                )
            )
        finally:
            del _reached[reached:]

    return call


def heap_lock() -> None:
    """No heap to lock here."""


def heap_unlock() -> None:
    """No heap to unlock here."""


def kbd_intr(_character: int) -> None:
    """The host's terminal handling stays as it is."""


def _within(letter: str) -> Callable[[Any], Any]:
    """A cast in a function: of a buffer, or of an address."""
    point = _point(letter)

    def cast(buffer: Any) -> Any:
        if isinstance(buffer, (int, _Pointer)):
            return _Pointer(int(buffer), letter)
        return point(buffer)

    return cast


for _kind, _letter in _FORMATS.items():
    setattr(builtins, _kind, _within(_letter))
