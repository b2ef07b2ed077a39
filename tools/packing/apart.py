"""Methods that are loaded when called get names of their own, where it is known of each attribute
with such a name whether it means them (kinds.py): so their calls can go to the groups.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping

from tools.packing.kinds import FOREIGN, KEY, OF
from tools.packing.kinds_flow import tell
from tools.packing.names import bases, is_special
from tools.packing.nodes import walk
from tools.packing.program import Trees
from tools.packing.scopes import Function, said_by_class

# The runtime itself calls methods of an object that has one of these
_CALLED_BACK = frozenset(("ioctl", "mount", "readblocks", "readinto"))


def know(trees: Trees, whole: Mapping[str, str]) -> None:
    """Write on the attributes and classes of `trees` what the sources as they were written say of
    them, by dotted name. Lines are the same in both.
    """
    full = {name: ast.parse(text) for name, text in whole.items()}
    types = {name: tree for name, tree in full.items() if name not in trees}
    full = {name: tree for name, tree in full.items() if name in trees}
    tell(full, types)
    for name, tree in full.items():
        here, there = _by_line(trees[name]), _by_line(tree)
        for line, nodes in here.items():
            others = there.get(line, [])
            if [one.attr for one in nodes] == [one.attr for one in others]:
                for node, other in zip(nodes, others, strict=True):
                    setattr(node, OF, getattr(other, OF, None))
        for one in trees[name].body:
            if isinstance(one, ast.ClassDef):
                setattr(one, KEY, "%s:%s" % (name, one.name))


def _by_line(tree: ast.Module) -> dict[int, list[ast.Attribute]]:
    found: dict[int, list[ast.Attribute]] = {}
    for node in walk(tree):
        if isinstance(node, ast.Attribute):
            found.setdefault(node.lineno, []).append(node)
    return found


class _Classes:
    """The classes that are known, and who is of one family."""

    def __init__(self, trees: Trees) -> None:
        self.nodes = [
            node
            for tree in trees.values()
            for node in tree.body
            if isinstance(node, ast.ClassDef) and hasattr(node, KEY)
        ]
        self.key_of = {id(node): str(getattr(node, KEY)) for node in self.nodes}
        by_name: dict[str, list[str]] = {}
        for node in self.nodes:
            by_name.setdefault(node.name, []).append(self.key_of[id(node)])
        self._head: dict[str, str] = {}
        for node in self.nodes:
            for base in bases(node):
                for key in by_name.get(base, ()):
                    self._head[self.head(key)] = self.head(self.key_of[id(node)])

    def head(self, key: str) -> str:
        """The class that stands for a family."""
        while self._head.get(key, key) != key:
            key = self._head[key]
        return key

    def in_family(self, head: str) -> list[ast.ClassDef]:
        """The classes of a family."""
        return [node for node in self.nodes if self.head(self.key_of[id(node)]) == head]


def tell_apart(trees: Trees, mark: str, asked: Collection[str]) -> None:
    """Rename in place the methods that bear the mark. `asked` are names that getattr may ask for,
    or a module that is not ours.
    """
    classes = _Classes(trees)
    uses: dict[str, list[ast.Attribute]] = {}
    for tree in trees.values():
        for node in walk(tree):
            if isinstance(node, ast.Attribute):
                uses.setdefault(node.attr, []).append(node)
    wanted = {
        (classes.head(classes.key_of[id(node)]), one.name): node.name
        for node in classes.nodes
        for one in node.body
        if isinstance(one, Function) and hasattr(one, mark) and not is_special(one.name)
    }
    for (head, name), owner in wanted.items():
        ours = _ours(classes, uses.get(name, []), head)
        family = classes.in_family(head)
        if name in asked or ours is None or _is_more(family, name, ours):
            continue
        new = "%s__%s" % (name, owner)
        for use in ours:
            use.attr = new
        for one in family:
            for inner in one.body:
                if isinstance(inner, Function) and inner.name == name:
                    inner.name = new


def _ours(
    classes: _Classes, uses: list[ast.Attribute], head: str
) -> list[ast.Attribute] | None:
    """The attributes that are asked of objects of a family; None where one may be."""
    found = []
    for use in uses:
        keys = getattr(use, OF, None)
        if keys is None:
            return None
        heads = {key if key == FOREIGN else classes.head(key) for key in keys}
        if head in heads:
            if len(heads) > 1:
                return None
            found.append(use)
    return found


def _is_more(family: list[ast.ClassDef], name: str, ours: list[ast.Attribute]) -> bool:
    """True when the name is more than a method's that this program calls."""
    if any(not isinstance(use.ctx, ast.Load) for use in ours):
        return True
    for one in family:
        functions = {inner.name for inner in one.body if isinstance(inner, Function)}
        if functions & _CALLED_BACK or name in said_by_class(one):
            return True
    return False
