"""Packed classes say nothing of their origin, and are what they were otherwise."""

from __future__ import annotations

import subprocess

from tools import micropython_binary
from tools.build import ROOT
from tools.packing import names, origins, texts
from tools.packing.foreign import asked_of_others
from tools.packing.program import parsed, text_of

SHAPES = """
class Shape:
    sides = 0

    def __init__(self, name):
        self.name = name

    def told(self):
        return "%s %d" % (self.name, self.sides)

class Square(Shape):
    sides = 4

class Odd(ValueError):
    pass
"""
ASKED = """
try:
    raise Odd(Square("s").told())
except ValueError as error:
    print(error, type(error).__name__, Shape("t").told())
print([hasattr(one, "__qualname__") for one in (Shape, Square, Odd)])
"""


def test_a_class_keeps_its_names_but_those_of_its_origin() -> None:
    trees = parsed({"shapes": SHAPES})
    origins.forget(trees)
    said = subprocess.run(
        [str(micropython_binary.find()), "-c", text_of(trees["shapes"]) + ASKED],
        capture_output=True, text=True, check=True)
    assert said.stdout.splitlines() == ["s 4 Odd t 0", "[False, False, False]"]


def test_what_a_pin_is_asked_for_keeps_its_name() -> None:
    # a tree for boards is packed without the desk's stand-in for machine, which says these too
    assert {"IN", "OUT"} - names.API == set()


def test_what_modules_of_others_are_asked_for_keeps_its_name() -> None:
    trees = parsed({"ours": "SIDE = 1\n", "asks": """
import board
from board.parts import part
import ours
import sys

KIND = board.KIND

def run(given):
    here = KIND.FIRST
    here.second(ours.SIDE, given.third)
    part.FOURTH.fifth().sixth
    getattr(board, "seventh", None)
    getattr(given, "eighth")
    return sys.modules.get("ours").ninth
"""})
    assert asked_of_others(trees) == {
        "KIND", "FIRST", "second", "FOURTH", "fifth", "sixth", "seventh", "modules", "get"}


def test_what_is_said_when_flash_or_memory_fails_is_not_read_from_flash() -> None:
    for text in texts.NEEDED:
        trees = parsed({"home": "cold = {}\n", "says": "def say():\n    return %r\n" % text})
        assert texts.take_out(trees) == "" and repr(text) in text_of(trees["says"])
    sources = "".join(path.read_text() for room in ("firmware", "hal")
                      for path in (ROOT / room).rglob("*.py"))
    assert all(repr(text)[1:-1] in sources for text in texts.NEEDED)
