"""Annotations tell of which class an object is, and so which function a call means."""

from __future__ import annotations

import ast

from tools.packing import apart, cold
from tools.packing.kinds_flow import tell
from tools.packing.nodes import walk
from tools.packing.program import parsed, text_of

DEVICES = """
class Door(Protocol):
    def open(self) -> None: ...
    def knock(self) -> int: ...
"""
HOUSE = """
from __future__ import annotations
from typing import TYPE_CHECKING
import socket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any
    from firmware.devices import Door

class Gate:
    width = 3
    def open(self) -> None:
        pass
    def knock(self) -> int:
        return self.width

class Window:
    def open(self) -> None:
        pass
    async def look(self) -> Window | None:
        return self

class House:
    def __init__(self, door: Door, windows: list[Window]) -> None:
        self.door = door
        self.windows = windows
        self.by_name: dict[str, Window] = {}
        self.bell: Any = door

    @property
    def first(self) -> Window:
        return self.windows[0]

    async def use(self, number: int, either: Gate | Window, ask: Callable[[], Gate]) -> None:
        self.door.open()
        for place, window in enumerate(self.windows):
            window.open()
        self.windows.append(window)
        self.first.open()
        self.by_name["a"].open()
        found = await window.look()
        found.open()
        ask().open()
        made = Gate()
        made.open()
        either.open()
        self.bell.open()
        stream = socket.socket()
        stream.open()
        text = "%d" % number
        text.open()
        [one.open() for one in reversed(self.windows[1:])]
        (lambda one: one.open())(made)

def anywhere(house: House) -> None:
    house.first.open()
"""
WANTED = {
    "self.door": "Gate", "window": "Window", "self.first": "Window", "found": "Window",
    "self.by_name['a']": "Window", "ask()": "Gate", "made": "Gate", "either": "Gate Window",
    "self.bell": "?", "stream": "-", "text": "-", "one": "?", "house.first": "Window",
}


def test_annotations_tell_whose_a_method_is() -> None:
    trees = {"firmware.house": ast.parse(HOUSE)}
    tell(trees, {"firmware.devices": ast.parse(DEVICES)})
    found = {}
    for node in walk(trees["firmware.house"]):
        if isinstance(node, ast.Attribute) and node.attr == "open":
            keys = getattr(node, "kinds_of", None)
            said = "?" if keys is None else " ".join(sorted(k.split(":")[-1] for k in keys))
            found[ast.unparse(node.value)] = said
    assert found == WANTED


PROGRAM = """
from __future__ import annotations
cold = None

class Gate:
    def open(self, far: int) -> int:
        return far

class Window:
    def open(self, far: int) -> int:
        return far + 1

def use(gate: Gate, window: Window%s) -> int:
    return gate.open(1) + window.open(2)%s
"""


def test_a_method_gets_a_name_of_its_own_where_all_calls_are_known() -> None:
    for more, call, sure in (
        ("", "", True), (", what", " + what.open(3)", False),
        (", both: Gate | Window", " + both.open(3)", False),
    ):
        text = PROGRAM % (more, call)
        trees = parsed({"firmware.m": text})
        cold.mark(trees, {"seldom": ["firmware.m:Gate.open"]})
        apart.know(trees, {"firmware.m": text})
        apart.tell_apart(trees, cold.MARK, ())
        made = text_of(trees["firmware.m"])
        assert ("gate.open__Gate(1) + window.open(2)" in made) is sure
        divided = cold.divide(trees, (), {"use"})
        assert ("cold.g1.Gate__open__Gate(gate, 1)" in text_of(divided["firmware.m"])) is sure


def test_a_name_that_a_string_or_the_runtime_asks_for_is_kept() -> None:
    text = PROGRAM % ("", "")
    for asked, source in (("open", text), ("", text.replace("    def open", "    def ioctl(self):"
                          " pass\n    def open", 1))):
        trees = parsed({"firmware.m": source})
        cold.mark(trees, {"seldom": ["firmware.m:Gate.open"]})
        apart.know(trees, {"firmware.m": source})
        apart.tell_apart(trees, cold.MARK, {asked})
        assert "gate.open(1)" in text_of(trees["firmware.m"])
