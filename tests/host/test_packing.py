"""A packed program does what the modules do: constants folded, rooms joined, names short."""

from __future__ import annotations

import sys
import types
from collections.abc import Mapping
from typing import Any

import pytest

from tools.packing import fold, names, rooms
from tools.packing.program import parsed, text_of
from tools.packing.scopes import module_names, places

NUMBERS = """
from micropython import const

LIMIT = const(7)
WORD = "limit"
_SCALE = const(3)

def scaled(number):
    return number * _SCALE

class Base:
    def __init__(self, start):
        self.value = start
        self._step = LIMIT

    def next_value(self):
        self.value += self._step
        return self.value
"""
USER = """
import room.numbers_of
from room import numbers
from room.numbers import LIMIT, Base as Start, scaled

class Counter(Start):
    def next_value(self):
        limit = [scaled for scaled in range(LIMIT)]
        return scaled(super().next_value()) + len(limit)

def result(scale):
    from room.numbers import WORD
    a, b = scale, numbers.LIMIT
    first = Counter(a)
    return WORD, first.next_value(), first.value, numbers.scaled(b), getattr(first, "value")
""".replace("import room.numbers_of\n", "")
PROGRAM = {"room": "", "room.numbers": NUMBERS, "room.user": USER}


def _run(sources: Mapping[str, str], module: str = "room.user", name: str = "result") -> Any:
    """Call `result(5)` of a program, with modules of its own."""
    before = dict(sys.modules)
    stand_in = types.ModuleType("micropython")
    stand_in.const = lambda value: value  # type: ignore[attr-defined]
    sys.modules["micropython"] = stand_in
    try:
        for one in sources:
            sys.modules[one] = types.ModuleType(one)
            sys.modules[one].__path__ = []
        for one, text in sources.items():
            exec(compile(text, one, "exec"), sys.modules[one].__dict__)
            package, _dot, short = one.rpartition(".")
            if package:
                setattr(sys.modules[package], short, sys.modules[one])
        return getattr(sys.modules[module], name)(5)
    finally:
        sys.modules.clear()
        sys.modules.update(before)


def _texts(trees: Any) -> dict[str, str]:
    return {name: text_of(tree) for name, tree in trees.items()}


def test_constants_of_other_modules_become_figures() -> None:
    trees = parsed(PROGRAM)
    fold.fold(trees)
    made = _texts(trees)
    assert "LIMIT" not in made["room.user"] and "LIMIT" not in made["room.numbers"]
    assert "WORD" in made["room.user"]
    assert _run(made) == _run(PROGRAM)


def test_a_room_is_one_module_and_does_what_its_modules_did() -> None:
    trees = rooms.join(parsed(PROGRAM), {"room.user": ["room.numbers", "room.user"]})
    assert sorted(trees) == ["room", "room.user"]
    made = _texts(trees)
    assert "import Base" not in made["room.user"] and "import WORD" not in made["room.user"]
    assert _run(made) == _run(PROGRAM)


def test_short_names_meet_nowhere_and_change_nothing() -> None:
    for joined in (False, True):
        trees = parsed(PROGRAM)
        fold.fold(trees)
        if joined:
            trees = rooms.join(trees, {"room.user": ["room.numbers", "room.user"]})
        chosen = names.shorten(trees, {"result"})
        made = _texts(trees)
        assert _run(made) == _run(PROGRAM)
        assert "next_value" in chosen and "next_value" not in made["room.user"]
        assert "value" not in chosen, "a string asks for it"
        assert len(set(chosen.values())) < len(chosen), "names that can't meet share one"


def test_what_is_asked_for_by_name_is_not_joined() -> None:
    program = {**PROGRAM, "room.other": "loaded = 'room.numbers'\n"}
    with pytest.raises(ValueError, match=r"room\.numbers"):
        rooms.join(parsed(program), {"room.user": ["room.numbers", "room.user"]})


def test_names_of_functions_and_classes_are_told_from_locals() -> None:
    text = "\nLIMITS = [LIMIT for one in range(3)]\nnumber = scaled(1)\n"
    tree = parsed({"m": NUMBERS + text})["m"]
    found = {place.name for place in places(tree)}
    assert {"scaled", "Base", "LIMIT", "LIMITS", "range", "number"} <= found
    assert not {"self", "start", "next_value", "one"} & found
    assert "one" not in module_names(tree)


def test_exceptions_and_what_the_runtime_knows_keep_their_names() -> None:
    text = """
class Trouble(Exception):
    pass

class Deep(Trouble):
    pass

class Wire:
    def readinto(self, buffer):
        raise Deep
    def close_soon(self):
        pass
"""
    trees = parsed({"m": text})
    chosen = names.shorten(trees, ())
    assert sorted(chosen) == ["Wire", "close_soon"]
