"""Names within functions that stay in a device's heap: those of arguments, and of functions within
functions. They are numbered, in all functions alike; other locals have no names there.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Collection, Iterator

from tools.packing.nodes import children, walk
from tools.packing.program import Trees
from tools.packing.scopes import Function, places

_NUMBERED = re.compile(r"a\d$|self$|cls$|__")


def number(trees: Trees, passed: Collection[str]) -> None:
    """Rename in place. What is `passed` by keyword keeps its name, and so does what means
    something else in another part of the same function.
    """
    for tree in trees.values():
        elsewhere = {id(place.node) for place in places(tree)}
        for function in _outermost(tree):
            _number(function, elsewhere, passed)


def _outermost(node: ast.AST) -> Iterator[Function | ast.Lambda]:
    for child in children(node):
        if isinstance(child, Function | ast.Lambda):
            yield child
        else:
            yield from _outermost(child)


def _number(function: Function | ast.Lambda, elsewhere: set[int], passed: Collection[str]) -> None:
    nodes = list(walk(function))
    fixed = {*passed}
    for node in nodes:
        if isinstance(node, ast.Global | ast.Nonlocal):
            fixed |= {*node.names}
        elif isinstance(node, ast.ClassDef):
            return  # what its body binds is not told from the rest
        elif isinstance(node, ast.Import | ast.ImportFrom | ast.ExceptHandler):
            fixed |= {*_bound(node)}
        elif isinstance(node, ast.Name) and id(node) in elsewhere:
            fixed.add(node.id)
    inner = [one for one in nodes if isinstance(one, Function) and one is not function]
    arguments = [one for one in nodes if isinstance(one, ast.arg)]
    wanted = dict.fromkeys([*(one.arg for one in arguments), *(one.name for one in inner)])
    taken = {*fixed, *wanted, *(one.id for one in nodes if isinstance(one, ast.Name))}
    free = (name for name in map("a%d".__mod__, itertools.count()) if name not in taken)
    new = {name: next(free) for name in wanted
           if name not in fixed and not _NUMBERED.match(name)}
    for one in arguments:
        one.arg = new.get(one.arg, one.arg)
    for made in inner:
        made.name = new.get(made.name, made.name)
    for node in nodes:
        if isinstance(node, ast.Name):
            node.id = new.get(node.id, node.id)


def _bound(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.ExceptHandler):
        yield node.name or ""
    for alias in getattr(node, "names", ()):
        yield alias.asname or alias.name
