"""Strings that are names: what `getattr` and its like are given, and what is handed to functions
that only pass it on to those (`on_demand.call("…", "function")`). They change with the names.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

from tools.packing.nodes import walk
from tools.packing.program import Trees
from tools.packing.scopes import Function

ASKING = ("getattr", "hasattr", "setattr", "delattr")
_PROBES = {"getattr": 3, "hasattr": 2}  # arguments with which they ask whether there is one
Places = dict[str, set[int]]  # of each function: which arguments are names


def asked(trees: Trees) -> dict[str, list[ast.Constant]]:
    """Strings that stand nowhere but where a name is asked for, and where they stand."""
    functions = list(_functions(trees))
    places: Places = {name: {1} for name in ASKING}
    while True:
        named = {id(node) for tree in trees.values() for node in _names(tree, places)}
        found = _passing(functions, named)
        if all(found[name] <= places.get(name, set()) for name in found):
            break
        for name, positions in found.items():
            places[name] = places.get(name, set()) | positions
    every: dict[str, list[ast.Constant]] = defaultdict(list)
    for tree in trees.values():
        for node in walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
                value = node.value
                text = value if isinstance(value, str) else value.decode("latin-1")
                every[text].append(node)
    return {
        text: nodes for text, nodes in every.items() if all(id(node) in named for node in nodes)
    }


def probed(trees: Trees) -> set[str]:
    """Names of which is asked whether an object has them: it must not have another one that is
    called so.
    """
    return {
        str(node.args[1].value)
        for tree in trees.values()
        for node in walk(tree)
        if isinstance(node, ast.Call)
        and len(node.args) == _PROBES.get(getattr(node.func, "id", ""))
        and isinstance(node.args[1], ast.Constant)
    }


def _functions(trees: Trees) -> Iterator[tuple[Function, int]]:
    """All functions, and how many arguments their callers don't write."""
    for tree in trees.values():
        methods = {
            id(one): not one.decorator_list
            for node in walk(tree)
            if isinstance(node, ast.ClassDef)
            for one in node.body
            if isinstance(one, Function)
        }
        for node in walk(tree):
            if isinstance(node, Function):
                yield node, int(methods.get(id(node), False))


def _names(tree: ast.Module, places: Places) -> Iterator[ast.expr]:
    """Expressions that stand where a name is asked for."""
    for node in walk(tree):
        if isinstance(node, ast.Call):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            for position, one in enumerate(node.args):
                if isinstance(one, ast.Starred):
                    break
                if position in places.get(str(called), ()):
                    yield one
                    if isinstance(one, ast.IfExp):
                        yield from (one.body, one.orelse)


def _passing(functions: list[tuple[Function, int]], named: set[int]) -> Places:
    """Functions of which some argument is only passed on as a name. Those that share a name must
    all do so.
    """
    found: dict[str, list[set[int]]] = defaultdict(list)
    for node, unwritten in functions:
        uses: dict[str, list[ast.AST]] = defaultdict(list)
        for one in walk(node):
            if isinstance(one, ast.Name):
                uses[one.id].append(one)
        found[node.name].append({
            position - unwritten
            for position, one in enumerate(node.args.args)
            if uses[one.arg] and all(id(use) in named for use in uses[one.arg])
        })
    return {name: set.intersection(*each) for name, each in found.items()}
