"""Whole numbers that are constants for all modules become figures where they are used."""

from __future__ import annotations

import ast

from tools.packing.nodes import walk
from tools.packing.program import Trees, imports_of, origin, reference, strings
from tools.packing.scopes import bound_by, places


def fold(trees: Trees) -> None:
    """Replace what `from module import CONSTANT` and `module.CONSTANT` mean, and take definitions
    away that nobody needs any more.
    """
    values = {name: _constants(tree) for name, tree in trees.items()}
    spoken = strings(trees)
    before = imports_of(trees)  # who passes on what it imports is asked there
    reached: set[str] = set()  # attributes of anything that is not known to be one of our modules
    for name, tree in trees.items():
        _fold_one(before, name, tree, values, reached)
    for name, tree in trees.items():
        unused = {key for key in values[name] if key not in spoken and key not in reached}
        tree.body = [node for node in tree.body if _target(node) not in unused]


def _target(node: ast.stmt) -> str:
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
        if isinstance(target, ast.Name) and _number(node.value) is not None:
            return target.id
    return ""


def _number(value: ast.expr) -> int | None:
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
        if value.func.id != "const" or len(value.args) != 1:
            return None
        value = value.args[0]
    try:
        found = ast.literal_eval(value)
    except ValueError:
        return None
    return found if type(found) is int else None


def _constants(tree: ast.Module) -> dict[str, int]:
    """Public names in capitals that are given a whole number once, and nothing else."""
    found: dict[str, int] = {}
    for node in tree.body:
        name = _target(node)
        if name.isupper() and not name.startswith("_") and isinstance(node, ast.Assign):
            found[name] = _number(node.value) or 0
    if not found:
        return found
    bound = [place.name for place in places(tree) if place.binds]
    return {name: value for name, value in found.items() if bound.count(name) == 1}


def _fold_one(trees: Trees, name: str, tree: ast.Module, values: dict[str, dict[str, int]],
              reached: set[str]) -> None:
    known = dict(values[name])
    modules: dict[str, str] = {}
    for node in walk(tree):
        if isinstance(node, ast.ImportFrom):
            reached |= _imports(trees, tree, node, values, known, modules)
    if not known and not modules:
        reached |= {node.attr for node in walk(tree) if isinstance(node, ast.Attribute)}
        return
    _Fold({id(place.node) for place in places(tree)}, known, modules, values, reached).visit(tree)
    for node in walk(tree):
        for field in ("body", "orelse", "finalbody"):
            body = getattr(node, field, None)
            if isinstance(body, list):
                kept = [one for one in body if not _is_empty(one)]
                if field == "body" and body and not kept:
                    kept = [ast.Pass()]
                setattr(node, field, kept)


def _is_empty(node: object) -> bool:
    return isinstance(node, ast.ImportFrom) and not node.names


def _imports(trees: Trees, tree: ast.Module, node: ast.ImportFrom,
             values: dict[str, dict[str, int]], known: dict[str, int],
             modules: dict[str, str]) -> set[str]:
    at_top = node in tree.body
    kept = []
    for alias in node.names:
        home, inner = reference(trees, node, alias)
        if home and inner:
            home, inner = origin(trees, home, inner)
        if home and not inner:
            modules[bound_by(alias)] = home
        elif home and inner in values[home] and at_top:
            known[bound_by(alias)] = values[home][inner]
            continue
        kept.append(alias)
    node.names = kept
    return {alias.name for alias in kept}


class _Fold(ast.NodeTransformer):
    def __init__(self, own: set[int], known: dict[str, int], modules: dict[str, str],
                 values: dict[str, dict[str, int]], reached: set[str]) -> None:
        self._own = own
        self._known = known
        self._modules = modules
        self._values = values
        self._reached = reached

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and id(node) in self._own and node.id in self._known:
            return _figure(self._known[node.id])
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.value, ast.Name) and node.value.id in self._modules:
            home = self._values[self._modules[node.value.id]]
            if node.attr in home and isinstance(node.ctx, ast.Load):
                return _figure(home[node.attr])
        self._reached.add(node.attr)
        self.generic_visit(node)
        return node


def _figure(value: int) -> ast.expr:
    if value < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(value)
