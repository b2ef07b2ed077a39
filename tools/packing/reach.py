"""Calls of functions that are loaded when called: where it is sure which function a call means it
goes to the group itself, and nothing has to stand in the function's place.
"""

from __future__ import annotations

import ast
from collections.abc import Collection
from typing import NamedTuple

from tools.packing.kinds import OF
from tools.packing.names import API
from tools.packing.nodes import children, walk
from tools.packing.program import Trees, strings
from tools.packing.scopes import Function, bound_by, places


class Moved(NamedTuple):
    """A function that goes into a group: `cold.<group>.<name>`."""

    room: str
    owner: str  # its class, or ""
    node: Function
    group: str

    @property
    def name(self) -> str:
        """What it is called in the group: like nothing else there."""
        return "%s__%s" % (self.owner or "moved", self.node.name)

    @property
    def said(self) -> str:
        """What it is called in messages."""
        return "%s:%s.%s" % (self.room, self.owner, self.node.name)


_MAKES = "__init__"


class _Use(NamedTuple):
    call: ast.Call | None  # None: it is not called there
    of_self: str  # the class whose self it is asked of, or ""


def redirect(trees: Trees, moved: Collection[Moved], cold: str, kept: Collection[str]) -> set[str]:
    """Let calls go to the groups. Returns what those are called that may be asked for
    otherwise too. `kept` are names that others may use.
    """
    fixed = set(kept) | API | strings(trees)
    methods = _Methods(trees)
    rooms = [_Room(tree) for tree in trees.values()]
    asked: set[str] = set()
    for one in moved:
        sure = None
        if one.node.name == _MAKES:
            sure = _makings(rooms, one, fixed) if methods.is_alone(one.owner) else None
        elif one.node.name not in fixed:
            sure = methods.calls(one) if one.owner else _function_calls(rooms, one)
        if sure is None:
            asked.add(one.said)
            continue
        if one.node.name == _MAKES:
            _give_back(one.node)
        for call in sure:
            if one.node.name == _MAKES:  # an object that is empty yet goes to the group
                call.args.insert(0, ast.Call(call.func, [], []))
            elif one.owner and isinstance(call.func, ast.Attribute):
                call.args.insert(0, call.func.value)
            group = ast.Attribute(ast.Name(cold, ast.Load()), one.group, ast.Load())
            call.func = ast.Attribute(group, one.name, ast.Load())
    return asked


def _imported(tree: ast.Module) -> set[str]:
    """What imports bind anywhere in a module."""
    return {
        bound_by(alias)
        for node in walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }


class _Methods:
    """Who defines which method, and who asks for it."""

    def __init__(self, trees: Trees) -> None:
        self._uses: dict[str, list[_Use]] = {}
        self._definers: dict[str, list[str]] = {}
        self._bases: dict[str, set[str]] = {}
        self._classes = {
            node.name for tree in trees.values() for node in walk(tree)
            if isinstance(node, ast.ClassDef)
        }
        for tree in trees.values():
            self._look(tree, "", "", _imported(tree))

    def _look(self, node: ast.AST, owner: str, first: str, modules: Collection[str]) -> None:
        if isinstance(node, ast.ClassDef):
            self._class(node)
            owner, first = node.name, ""
        elif isinstance(node, Function) and owner and not first:
            first = node.args.args[0].arg if node.args.args else "-"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            self._use(node.func, node, owner, first, modules)
            parts: list[ast.AST] = [node.func.value, *node.args, *node.keywords]
        else:
            if isinstance(node, ast.Attribute):
                self._use(node, None, owner, first, modules)
            parts = children(node)
        for part in parts:
            self._look(part, owner, first, modules)

    def _class(self, node: ast.ClassDef) -> None:
        for base in node.bases:
            name = str(getattr(base, "id", getattr(base, "attr", "")))
            self._bases.setdefault(node.name, set()).add(name)
            self._bases.setdefault(name, set()).add(node.name)
        for one in node.body:
            if isinstance(one, Function):
                self._definers.setdefault(one.name, []).append(node.name)
            elif isinstance(one, ast.Assign):
                for target in one.targets:
                    name = getattr(target, "id", "")
                    self._definers.setdefault(name, []).append(node.name)

    def _use(self, node: ast.Attribute, call: ast.Call | None, owner: str, first: str,
             modules: Collection[str]) -> None:
        receiver = node.value
        name = getattr(receiver, "id", "")
        if name in modules or name in self._classes or (
            isinstance(receiver, ast.Call) and getattr(receiver.func, "id", "") == "super"
        ):
            call = None
        use = _Use(call, owner if name and name == first else "")
        self._uses.setdefault(node.attr, []).append(use)

    def calls(self, one: Moved) -> list[ast.Call] | None:
        """All calls of a method; None when others may be meant by some, or it is not called."""
        name = one.node.name
        uses, definers = self._uses.get(name, []), self._definers[name]
        found = [use.call for use in uses if use.call is not None]
        if len(found) < len(uses) or (name.startswith("__") and name.endswith("__")):
            return None
        if len(definers) == 1:
            return found
        if any(use.of_self not in definers for use in uses) or definers.count(one.owner) > 1:
            return None
        if self._family(one.owner) & set(definers) != {one.owner}:
            return None
        return [use.call for use in uses if use.call is not None and use.of_self == one.owner]

    def is_alone(self, name: str) -> bool:
        """True for a class that inherits nothing, and nobody from it."""
        return not self._bases.get(name)

    def _family(self, name: str) -> set[str]:
        found, new = {name}, {name}
        while new:
            new = {other for one in new for other in self._bases.get(one, ())} - found
            found |= new
        return found


class _Room:
    """What one module says."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.callees: dict[int, ast.Call] = {}
        self.tested: set[int] = set()  # classes that isinstance asks for
        self.attributes: set[str] = set()
        self.imports: dict[tuple[str, str], list[tuple[ast.ImportFrom, ast.alias]]] = {}
        self.said: dict[str, list[ast.AST]] = {}
        modules = _imported(tree)
        for node in walk(tree):
            if isinstance(node, ast.Call):
                self.callees[id(node.func)] = node
                if getattr(node.func, "id", "") == "isinstance":
                    self.tested |= set(map(id, walk(node.args[1])))
            elif isinstance(node, ast.Attribute):
                if getattr(node, OF, None) is None or getattr(node.value, "id", "") in modules:
                    self.attributes.add(node.attr)
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    key = (node.module or "", alias.name)
                    self.imports.setdefault(key, []).append((node, alias))
        for place in places(tree):
            if not place.binds:
                self.said.setdefault(place.name, []).append(place.node)

    def calls(self, one: Moved) -> list[ast.Call] | None:
        """All calls of a module's function, or class whose __init__ it is, here; None when it is
        not only called.
        """
        name = one.owner or one.node.name
        imports = self.imports.get((one.room, name), ())
        if name in self.attributes or any(node not in self.tree.body for node, _alias in imports):
            return None
        called = {bound_by(alias) for _node, alias in imports}
        if self.tree_is(one):
            called.add(name)
        said = [
            node
            for each in sorted(called)
            for node in self.said.get(each, ())
            if id(node) not in self.tested
        ]
        if any(id(node) not in self.callees for node in said):
            return None
        return [self.callees[id(node)] for node in said]

    def tree_is(self, one: Moved) -> bool:
        """True when the function is defined here."""
        return any(
            one.node is node or one.node in getattr(node, "body", ())
            for node in self.tree.body
        )

    def forget(self, one: Moved) -> None:
        """Import a function no more."""
        for node, alias in self.imports.pop((one.room, one.node.name), ()):
            node.names.remove(alias)
            if not node.names:
                self.tree.body.remove(node)


def _function_calls(rooms: Collection[_Room], one: Moved) -> list[ast.Call] | None:
    found: list[ast.Call] = []
    for room in rooms:
        calls = room.calls(one)
        if calls is None:
            return None
        found += calls
    for room in rooms:
        room.forget(one)
    return found


def _makings(
    rooms: Collection[_Room], one: Moved, fixed: Collection[str]
) -> list[ast.Call] | None:
    """All calls that make an object of the class whose __init__ is moved."""
    found: list[ast.Call] = []
    for room in rooms:
        calls = None if one.owner in fixed else room.calls(one)
        if calls is None:
            return None
        found += calls
    inner = (node for node in walk(one.node) if node is not one.node)
    return None if any(isinstance(node, Function) for node in inner) else found


def _give_back(node: Function) -> None:
    """Have an __init__ return the object."""
    itself = node.args.args[0].arg
    for inner in walk(node):
        if isinstance(inner, ast.Return):
            inner.value = ast.Name(itself, ast.Load())
    node.body.append(ast.Return(ast.Name(itself, ast.Load())))
