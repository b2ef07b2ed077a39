"""Names that are asked of what is not ours: what a board's own module calls a thing is never what
this program could call it otherwise, whether the packer has seen that module or not.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TypeGuard

from tools.packing.asked import ASKING
from tools.packing.nodes import walk
from tools.packing.program import Trees, reference
from tools.packing.scopes import Function, bound_by

_HOLDS_OURS = "sys"  # what its calls give may be a module of ours


def asked_of_others(trees: Trees) -> set[str]:
    """Names of attributes, in strings too, of modules that are not ours, of what these hold and
    make, and of locals and globals that are given such a thing.
    """
    found: set[str] = set()
    for tree in trees.values():
        known = {bound_by(alias) for alias in _imported(trees, tree)}
        found |= _asked(tree, known)
        for node in walk(tree):
            if isinstance(node, Function):
                found |= _asked(node, known)
    return found


def _imported(trees: Trees, tree: ast.Module) -> Iterator[ast.alias]:
    for node in walk(tree):
        if isinstance(node, ast.Import):
            yield from (one for one in node.names if one.name not in trees)
        elif isinstance(node, ast.ImportFrom):
            yield from (one for one in node.names if not reference(trees, node, one)[0])


def _asked(scope: ast.Module | Function, known: set[str]) -> set[str]:
    """The same of one scope, in which `known` are not ours; a module's are known within it."""
    inside = known if isinstance(scope, ast.Module) else set(known)
    nodes: list[ast.AST] = [*(scope.body if isinstance(scope, ast.Module) else walk(scope))]
    before = -1
    while len(inside) != before:
        before = len(inside)
        for node in nodes:
            if isinstance(node, ast.Assign) and _is_foreign(node.value, inside):
                inside |= {one.id for one in node.targets if isinstance(one, ast.Name)}
    found: set[str] = set()
    for node in walk(scope):
        if isinstance(node, ast.Attribute) and _is_foreign(node.value, inside):
            found.add(node.attr)
        elif _asks(node) and _is_foreign(node.args[0], inside):
            found |= {str(one.value) for one in node.args[1:2] if isinstance(one, ast.Constant)}
    return found


def _asks(node: ast.AST) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") in ASKING


def _is_foreign(node: ast.expr, known: set[str]) -> bool:
    called = False
    while isinstance(node, ast.Attribute | ast.Call):
        called = called or isinstance(node, ast.Call)
        node = node.func if isinstance(node, ast.Call) else node.value
    if not isinstance(node, ast.Name) or node.id not in known:
        return False
    return not called or node.id != _HOLDS_OURS
