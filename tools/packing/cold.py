"""Functions that run seldom are loaded when they are called (`firmware/on_demand.py`). Their calls
go to the groups (reach.py); where it is not sure whom a call means, their class looks for them
(absent.py) or a function of a few octets stands in the class or module and calls the group.

A group is one module. Cold ones (`firmware.g1` …) run once a boot, once a visit or when something
is wrong: the one that was used last stays in memory until something else is loaded. Warm ones
(`firmware.w1` …) run some times for a mail or a page: they stay where the heap is large enough.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Collection, Iterator, Mapping, Sequence

from tools.packing.absent import BASE, Absent
from tools.packing.lasting import is_made, may_go, sets_globals
from tools.packing.nodes import walk
from tools.packing.program import Trees
from tools.packing.reach import Moved, redirect
from tools.packing.scopes import Function, module_names, places

Groups = Mapping[str, Sequence[str]]  # the groups: "module:function" or "module:Class.method"
MARK = "cold_group"  # inline.py heeds it too
_LOADER = "cold"  # of firmware.on_demand: its attributes are the groups
_OF_ITS_PLACE = {"super", "__file__", "__name__"}  # mean something else in another module
_ROOM = "room"  # of a group: where its functions came from


def mark(trees: Trees, groups: Groups) -> list[str]:
    """Mark the functions that shall be loaded when called; returns those that are not there."""
    missing = []
    for group, names in groups.items():
        for name in names:
            module, _colon, function = name.partition(":")
            node = _function(trees[module].body, function) if module in trees else None
            if node is None:
                missing.append(name)
            else:
                setattr(node, MARK, group)
    return missing


def _function(body: list[ast.stmt], name: str) -> Function | None:
    first, _dot, rest = name.partition(".")
    for node in body:
        if isinstance(node, ast.ClassDef) and rest and node.name == first:
            return _function(node.body, rest)
        if isinstance(node, Function) and not rest and node.name == first:
            return node
    return None


def divide(trees: Trees, warm: Collection[str] = (), kept: Collection[str] = (),
           absent: Absent | None = None) -> Trees:
    """The program with the marked functions in modules of their groups, the groups in `warm` as
    warm ones; `kept` are names that others use. What is `absent` then has to be written by the
    names that it gets. Raises ValueError where that is not the same program.
    """
    moved = [
        Moved(room, owner, node, getattr(node, MARK))
        for room, tree in trees.items()
        for owner, node in _functions(tree)
        if hasattr(node, MARK)
    ]
    home = next((name for name, tree in trees.items() if _LOADER in module_names(tree)), "")
    if moved and not home:
        raise ValueError("nobody loads what is to be loaded when called")
    names: dict[tuple[str, str], str] = {}
    for one in moved:
        of_kind = sum(name[0] == _kind(one.group, warm) for name in names.values())
        name = "%s%d" % (_kind(one.group, warm), of_kind + 1)
        names.setdefault((one.room, one.group), name)
    moved = [one._replace(group=names[one.room, one.group]) for one in moved]
    for one in moved:
        _refuse(one)
    asked = redirect(trees, moved, _LOADER, kept)
    absent = absent or Absent()
    if moved:
        asked -= absent.choose(trees, moved, asked, home)
    said = {room: _said_by(tree) for room, tree in trees.items()}
    made = dict(trees)
    for (room, _group), name in names.items():
        ours = [one for one in moved if one.group == name]
        group = _Group(room, trees[room], ours, asked, said).module()
        made["firmware." + name] = group
        said["firmware." + name] = _said_by(group)
    for room, tree in made.items():
        names_said = {place.name for place in places(tree)}
        said_there = {_LOADER, BASE} & names_said - module_names(tree)
        if room != home and said_there:
            aliases = [ast.alias(name, None) for name in sorted(said_there)]
            tree.body.insert(0, ast.ImportFrom(home, aliases, 0))
    return made


def _said_by(tree: ast.Module) -> tuple[set[str], set[str]]:
    """Strings of a module, and names that it asks other modules for."""
    words: set[str] = set()
    asked: set[str] = set()
    for node in walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            words.add(node.value)
        elif isinstance(node, ast.Attribute):
            asked.add(node.attr)
        elif isinstance(node, ast.ImportFrom):
            asked |= {alias.name for alias in node.names}
    return words, asked


def _kind(group: str, warm: Collection[str]) -> str:
    return "w" if group in warm else "g"


def _refuse(one: Moved) -> None:
    if one.node.decorator_list:
        raise ValueError("%s can't be loaded when it is called" % one.said)
    said = {node.id for node in walk(one.node) if isinstance(node, ast.Name)}
    if said & _OF_ITS_PLACE:
        raise ValueError("%s says %s" % (one.said, said & _OF_ITS_PLACE))
    if sets_globals(one.node):
        raise ValueError("%s sets a global" % one.said)
    if is_made(one.node):
        raise ValueError("%s has a default that is made" % one.said)


def _functions(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    for node in tree.body:
        if isinstance(node, Function):
            yield "", node
        elif isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, Function):
                    yield node.name, inner


class _Group:
    """The functions of one group in one room, and what goes with them."""

    def __init__(
        self,
        room: str,
        tree: ast.Module,
        moved: list[Moved],
        asked: set[str],
        said: dict[str, tuple[set[str], set[str]]],
    ) -> None:
        self._said = said
        self._room = room
        self._tree = tree
        self._moved = moved
        self._asked = asked

    def module(self) -> ast.Module:
        """Take the functions out of the room; the module that they go to."""
        moved = [self._take(one) for one in self._moved]
        ast.fix_missing_locations(self._tree)
        body: list[ast.stmt] = [*self._helpers(moved), *moved]
        _Own(self._moved).visit(ast.Module(body, []))
        made = ast.Module(body, [])
        # the room's own name: a constant here would be another object
        room = ast.ImportFrom(self._room, [ast.alias("__name__", _ROOM)], 0)
        made.body = [*self._needed(made), room, *made.body]
        return ast.fix_missing_locations(made)

    def _take(self, one: Moved) -> Function:
        node = one.node
        whole = copy.deepcopy(node)
        whole.name = one.name
        if one.said not in self._asked:
            _replace(self._tree, node, [])
            return whole
        arguments = node.args
        if arguments.kwonlyargs or arguments.kwarg or arguments.posonlyargs:
            raise ValueError("%s can't be loaded when it is called" % one.said)
        whole.args.defaults = []
        group = ast.Attribute(ast.Name(_LOADER, ast.Load()), one.group, ast.Load())
        passed: list[ast.expr] = [ast.Name(each.arg, ast.Load()) for each in arguments.args]
        if arguments.vararg:
            passed.append(ast.Starred(ast.Name(arguments.vararg.arg, ast.Load()), ast.Load()))
        called = ast.Attribute(group, one.name, ast.Load())
        # an async function too: a coroutine is made by it, and awaited
        call = ast.Return(ast.Call(called, passed, []))
        _replace(self._tree, node, [ast.FunctionDef(node.name, node.args, [call], [])])
        return whole

    def _helpers(self, moved: list[Function]) -> list[ast.stmt]:
        """Functions and plain values of the room that nobody else uses any more."""
        taken: list[ast.stmt] = []
        while True:
            users = ast.Module([*moved, *taken], [])
            inside = {place.name for place in places(users)}
            own = self._definitions()
            outside = {place.name for place in places(self._tree) if id(place.node) not in own}
            more = [
                node
                for node in self._tree.body
                if _named(node) in inside - outside and not self._is_wanted(_named(node))
                and may_go(node, users)
            ]
            if not more:
                return sorted(taken, key=lambda node: isinstance(node, Function))
            for node in more:
                self._tree.body.remove(node)
            taken = [*more, *taken]

    def _definitions(self) -> set[int]:
        """Where the room's functions, classes and plain values get their names."""
        found = {id(node) for node in self._tree.body}
        return found | {
            id(node.targets[0]) for node in self._tree.body if isinstance(node, ast.Assign)
        }

    def _is_wanted(self, name: str) -> bool:
        """True when another module, or a string, may ask for it."""
        return any(
            name in strings_of or (other != self._room and name in asked)
            for other, (strings_of, asked) in self._said.items()
        )

    def _needed(self, made: ast.Module) -> Iterator[ast.stmt]:
        """What the module has to have of the room's globals: imports and constants as they are,
        all else from the room.
        """
        own = module_names(made)
        wanted = {place.name for place in places(made)} - own
        rebound = {
            name
            for node in walk(self._tree)
            if isinstance(node, ast.Global)
            for name in node.names
        }
        if wanted & rebound:
            raise ValueError("%s changes while it runs" % (wanted & rebound))
        copied: set[str] = set()
        statements: list[ast.stmt] = []
        while True:  # a constant may need another one
            more = [
                node
                for node in self._tree.body
                if node not in statements and _binds_of(node) & wanted and _is_copied(node)
            ]
            if not more:
                break
            statements += more
            for node in more:
                copied |= _binds_of(node)
                wanted |= {place.name for place in places(ast.Module([node], []))}
        for node in self._tree.body:
            if node in statements:
                node = copy.deepcopy(node)
                if isinstance(node, ast.Import | ast.ImportFrom):
                    node.names = [
                        alias for alias in node.names
                        if (alias.asname or alias.name.partition(".")[0]) in wanted
                    ]
                yield node
        rest = sorted((wanted & module_names(self._tree)) - copied)
        if rest:
            names = [ast.alias(name, None) for name in rest]
            yield ast.ImportFrom(self._room, names, 0)


class _Own(ast.NodeTransformer):
    """Within a group its functions call each other by their names."""

    def __init__(self, moved: list[Moved]) -> None:
        self._moved = {(one.group, one.name) for one in moved}

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        group = node.value
        if not isinstance(group, ast.Attribute) or getattr(group.value, "id", "") != _LOADER:
            return node
        if (group.attr, node.attr) not in self._moved:
            return node
        return ast.copy_location(ast.Name(node.attr, ast.Load()), node)


def _replace(tree: ast.Module, old: Function, new: list[ast.stmt]) -> None:
    classes = [node.body for node in tree.body if isinstance(node, ast.ClassDef)]
    for body in (tree.body, *classes):
        if old in body:
            at = body.index(old)
            body[at : at + 1] = new
            if not body:
                body.append(ast.Pass())


def _named(node: ast.stmt) -> str:
    if isinstance(node, Function):  # native code may be there for good, so it is loaded once
        return "" if node.decorator_list else node.name
    if (
        isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant | ast.Tuple | ast.Dict)
    ):
        return node.targets[0].id
    return ""


def _is_constant(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and getattr(node.value.func, "id", "") == "const"
    )


def _is_copied(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom) or _is_constant(node)


def _binds_of(node: ast.stmt) -> set[str]:
    return module_names(ast.Module([node], []))
