"""Methods that were put into groups and may be meant by calls of which it is not sure whom they
mean: nothing stands in their place. Their class gets a base that looks for what is not there
(`Elsewhere` in `firmware/on_demand.py`), in one text that says where each of them is.

A function in its place that calls the group costs a device some 45 octets, a place in the text 7.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Collection, Mapping

from tools.packing.names import bases, is_special
from tools.packing.nodes import walk
from tools.packing.program import Trees
from tools.packing.reach import Moved
from tools.packing.scopes import Function, said_by_class

BASE = "Elsewhere"
_TEXT = "_ELSEWHERE"  # the text, a string that is empty until the packed names are known


class Absent:
    """The methods of one program that have nothing in their place."""

    def __init__(self) -> None:
        self._moved: list[Moved] = []
        self._merged: dict[str, str] = {}
        self._place = ast.Constant("")

    @property
    def classes(self) -> set[str]:
        """Classes whose names must be unlike each other."""
        return {self._merged.get(one.owner, one.owner) for one in self._moved}

    def of(self, owner: str) -> set[str]:
        """What a class has elsewhere."""
        return {one.node.name for one in self._moved if one.owner == owner}

    def rename(self, merged: Mapping[str, str]) -> None:
        """Classes that have become parts of others."""
        self._merged.update(merged)

    def choose(self, trees: Trees, moved: Collection[Moved], asked: Collection[str],
               home: str) -> set[str]:
        """Of the methods that are `asked` for, what those are called that leave nothing; their
        classes get the base, which the module `home` defines.
        """
        found = [node for node in trees[home].body if isinstance(node, ast.ClassDef)]
        begun = [node.name for node in found]
        texts = [
            node.value for node in trees[home].body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            and getattr(node.targets[0], "id", "") == _TEXT
        ]
        if BASE not in begun or not texts:
            return set()
        self._place = texts[0]
        nodes = [node for tree in trees.values() for node in walk(tree)]
        every = [node for node in nodes if isinstance(node, ast.ClassDef)]
        refused = set(begun[: begun.index(BASE) + 1])  # not there yet when those are made
        refused |= {base for node in every for base in bases(node)}
        named = Counter(node.name for node in every)
        of_classes = {  # asked of the class itself, which looks for nothing
            node.attr for node in nodes
            if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") in named
        }
        asked = set(asked) - {one.said for one in moved if one.node.name in of_classes}
        for room, tree in trees.items():
            for node in tree.body:
                if not isinstance(node, ast.ClassDef) or node.bases or named[node.name] > 1:
                    continue
                if node.name not in refused:
                    self._choose_in(room, node, [one for one in moved if one.said in asked])
        return {one.said for one in self._moved}

    def _choose_in(self, room: str, node: ast.ClassDef, moved: Collection[Moved]) -> None:
        defined = {one.name for one in node.body if isinstance(one, Function)}
        said = said_by_class(node)
        ours = [
            one for one in moved
            if one.room == room and one.owner == node.name and one.node.name not in said
            and not is_special(one.node.name)
        ]
        if ours and "__getattr__" not in defined:
            self._moved += ours
            node.bases = [ast.Name(BASE, ast.Load())]

    def write(self, names: Mapping[str, str]) -> None:
        """Write the text, by the names that they have got: a line a group,
        "g1 Class.method.function Class.method.function ".
        """
        lines: dict[str, str] = {}
        for one in self._moved:
            owner = self._merged.get(one.owner, one.owner)
            entry = tuple(names.get(name, name) for name in (owner, one.node.name, one.name))
            lines[one.group] = lines.get(one.group, "\n%s " % one.group) + "%s.%s.%s " % entry
        self._place.value = "".join(lines.values())
