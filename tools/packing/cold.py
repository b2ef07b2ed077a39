"""Functions that run once a boot, once a visit or when something is wrong are loaded when they
are called: in the class or module stands a call of a few octets instead.

A group of them is one module; the one that was used last stays in memory until something else is
loaded on demand.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Mapping, Sequence

from tools.packing.program import Trees
from tools.packing.scopes import Function, module_names, places

Groups = Mapping[str, Sequence[str]]  # the groups: "module:function" or "module:Class.method"
_MARK = "cold_group"
_LOADER = "cold_group"  # of firmware.on_demand
_MODULE = "firmware.g%d"


def mark(trees: Trees, groups: Groups) -> list[str]:
    """Mark the functions that shall be loaded when called; returns those that are not there."""
    missing = []
    for number, names in enumerate(groups.values()):
        for name in names:
            module, _colon, function = name.partition(":")
            node = _function(trees[module].body, function) if module in trees else None
            if node is None:
                missing.append(name)
            else:
                setattr(node, _MARK, number)
    return missing


def _function(body: list[ast.stmt], name: str) -> Function | None:
    first, _dot, rest = name.partition(".")
    for node in body:
        if isinstance(node, ast.ClassDef) and rest and node.name == first:
            return _function(node.body, rest)
        if isinstance(node, Function) and not rest and node.name == first:
            return node
    return None


def divide(trees: Trees) -> Trees:
    """The program with the marked functions in modules of their groups. Raises ValueError where
    that is not the same program.
    """
    home = next((name for name, tree in trees.items() if _has_loader(tree)), "")
    made = dict(trees)
    number = 0
    for room, tree in trees.items():
        found: dict[int, list[tuple[str, Function]]] = {}
        for owner, node in _functions(tree):
            if hasattr(node, _MARK):
                found.setdefault(getattr(node, _MARK), []).append((owner, node))
        if found and not home:
            raise ValueError("nobody loads what is to be loaded when called")
        if found and room != home:
            tree.body.insert(0, ast.ImportFrom(home, [ast.alias(_LOADER, None)], 0))
        for pairs in found.values():
            number += 1
            made[_MODULE % number] = _Group(made, room, tree, pairs).module(number)
    return made


def _functions(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    for node in tree.body:
        if isinstance(node, Function):
            yield "", node
        elif isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, Function):
                    yield node.name, inner


def _has_loader(tree: ast.Module) -> bool:
    return any(isinstance(node, Function) and node.name == _LOADER for node in tree.body)


class _Group:
    """The functions of one group in one room, and what goes with them."""

    def __init__(
        self, trees: Trees, room: str, tree: ast.Module, functions: list[tuple[str, Function]]
    ) -> None:
        self._trees = trees
        self._room = room
        self._tree = tree
        self._functions = functions

    def module(self, number: int) -> ast.Module:
        """Take the functions out of the room; the module that they go to."""
        moved = [self._stub(owner, node, number) for owner, node in self._functions]
        body: list[ast.stmt] = [*self._helpers(moved), *moved]
        made = ast.Module(body, [])
        made.body = [*self._needed(made), *made.body]
        return ast.fix_missing_locations(made)

    def _stub(self, owner: str, node: Function, number: int) -> Function:
        arguments = node.args
        if arguments.kwonlyargs or arguments.kwarg or arguments.posonlyargs or node.decorator_list:
            raise ValueError("%s can't be loaded when it is called" % node.name)
        if any(isinstance(one, ast.Name) and one.id == "super" for one in ast.walk(node)):
            raise ValueError("%s calls super" % node.name)
        whole = copy.deepcopy(node)
        whole.name = "%s_%s" % (owner, node.name.strip("_"))
        whole.args.defaults = []
        loader = ast.Call(ast.Name(_LOADER, ast.Load()), [ast.Constant(number)], [])
        passed: list[ast.expr] = [ast.Name(one.arg, ast.Load()) for one in arguments.args]
        if arguments.vararg:
            passed.append(ast.Starred(ast.Name(arguments.vararg.arg, ast.Load()), ast.Load()))
        called = ast.Attribute(loader, whole.name, ast.Load())
        node.body = [ast.Return(ast.Call(called, passed, []))]
        if isinstance(node, ast.AsyncFunctionDef):  # a coroutine is made by it, and awaited
            plain = ast.FunctionDef(node.name, node.args, node.body, [])
            _replace(self._tree, node, plain)
        ast.fix_missing_locations(self._tree)
        return whole

    def _helpers(self, moved: list[Function]) -> list[ast.stmt]:
        """Functions and plain values of the room that nobody else uses any more."""
        taken: list[ast.stmt] = []
        while True:
            users = ast.Module([*moved, *taken], [])
            inside = {place.name for place in places(users)}
            outside = {
                place.name
                for place in places(self._tree)
                if not (place.binds and place.node in self._tree.body)
                and not self._defines(place.node)
            }
            more = [
                node
                for node in self._tree.body
                if _named(node) in inside - outside and not self._is_wanted(_named(node))
            ]
            if not more:
                return sorted(taken, key=lambda node: isinstance(node, Function))
            for node in more:
                self._tree.body.remove(node)
            taken = [*more, *taken]

    def _defines(self, node: ast.AST) -> bool:
        """True for the target of a plain value of the room."""
        return any(
            isinstance(one, ast.Assign) and one.targets[0] is node for one in self._tree.body
        )

    def _is_wanted(self, name: str) -> bool:
        """True when another module, or a string, may ask for it."""
        for other, tree in self._trees.items():
            for node in ast.walk(tree):
                if isinstance(node, ast.Constant) and node.value == name:
                    return True
                if other != self._room and isinstance(node, ast.Attribute) and node.attr == name:
                    return True
                if (
                    isinstance(node, ast.ImportFrom)
                    and node.module == self._room
                    and any(alias.name == name for alias in node.names)
                ):
                    return True
        return False

    def _needed(self, made: ast.Module) -> Iterator[ast.stmt]:
        """What the module has to have of the room's globals: imports and constants as they are,
        all else from the room.
        """
        own = module_names(made)
        wanted = {place.name for place in places(made)} - own
        rebound = {
            name
            for node in ast.walk(self._tree)
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


def _replace(tree: ast.Module, old: Function, new: ast.FunctionDef) -> None:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and old in body:
            body[body.index(old)] = new


def _named(node: ast.stmt) -> str:
    if isinstance(node, Function):
        return node.name
    if (
        isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant | ast.Tuple)
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
