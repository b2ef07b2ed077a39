"""A program as syntax trees, module by module, and what its modules take from each other."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator, Mapping

from tools.packing.nodes import walk
from tools.packing.scopes import Function, bound_by, module_names, places

Trees = dict[str, ast.Module]  # by dotted name


def parsed(sources: Mapping[str, str]) -> Trees:
    """The trees of `sources`, without annotations (viper's are kept)."""
    trees = {}
    for name, text in sources.items():
        tree = ast.parse(text)
        _Bare().visit(tree)
        trees[name] = tree
    return trees


class Functions(ast.NodeTransformer):
    """Changes functions of either kind alike."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._function(node)

    def _function(self, node: Function) -> ast.AST:
        return self.generic_visit(node)


class _Bare(Functions):
    """Takes out annotations and what stands there for nothing."""

    def _function(self, node: Function) -> ast.AST:
        self.generic_visit(node)
        node.body = _solid(node.body)
        if not _is_native(node):
            node.returns = None
            arguments = node.args
            for one in [*arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]:
                if one is not None:
                    one.annotation = None
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        self.generic_visit(node)
        node.body = _solid(node.body)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        if node.value is None:
            return None
        return ast.copy_location(ast.Assign([node.target], node.value), node)

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)


def _solid(body: list[ast.stmt]) -> list[ast.stmt]:
    return body or [ast.Pass()]


def _is_native(node: Function) -> bool:
    kinds = (getattr(one, "attr", "") for one in node.decorator_list)
    return any(kind in ("viper", "native") for kind in kinds)


_BARE = "__tuple__"
_BARE_LINE = re.compile(r"^(.* = )%s\((.*)\)$" % _BARE, re.MULTILINE)


def text_of(tree: ast.Module) -> str:
    """The text of a module. In `a, b = c, d` no tuple stands in parentheses: the compiler makes
    none then.
    """
    for node in walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple):
            value = node.value
            if isinstance(value, ast.Tuple) and len(value.elts) > 1:
                node.value = ast.Call(ast.Name(_BARE, ast.Load()), value.elts, [])
    return _BARE_LINE.sub(r"\1\2", ast.unparse(ast.fix_missing_locations(tree))) + "\n"


def reference(trees: Trees, node: ast.ImportFrom, alias: ast.alias) -> tuple[str, str]:
    """(module, global) of ours that `from … import` means; (module, "") for a module itself;
    ("", "") for what is not ours.
    """
    home = node.module or ""
    inner = home + "." + alias.name
    if inner in trees:
        return inner, ""
    if home in trees:
        return home, alias.name
    return "", ""


def imports_of(trees: Trees) -> Trees:
    """What each module imports, as it is now: the statements of `trees` may be changed then."""
    return {
        name: ast.Module(
            [
                copy.deepcopy(node)
                for node in tree.body
                if isinstance(node, ast.Import | ast.ImportFrom)
            ],
            [],
        )
        for name, tree in trees.items()
    }


def origin(trees: Trees, module: str, name: str) -> tuple[str, str]:
    """Where a global of a module is defined: modules may pass on what they import."""
    for node in trees[module].body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if bound_by(alias) == name:
                    home, inner = reference(trees, node, alias)
                    return origin(trees, home, inner) if inner else (module, name)
    return module, name


def strings(trees: Trees) -> set[str]:
    """All string and bytes constants of the program that could be names, and parts of dotted
    ones.
    """
    found: set[str] = set()
    for tree in trees.values():
        for node in walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
                value = node.value
                found.add(value if isinstance(value, str) else value.decode("latin-1"))
    return found


def keywords(trees: Trees) -> set[str]:
    """Names that some call passes by keyword."""
    return {
        node.arg
        for tree in trees.values()
        for node in walk(tree)
        if isinstance(node, ast.keyword) and node.arg
    }


def module_uses(tree: ast.Module, name: str) -> Iterator[ast.Attribute]:
    """`name.attribute` of a module's global. Raises ValueError when it is used otherwise."""
    held = {
        id(node.value): node
        for node in walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    for place in places(tree):
        if place.name == name and not place.binds:
            if id(place.node) not in held:
                raise ValueError("module %s is used as a value" % name)
            yield held[id(place.node)]


__all__ = ("Trees", "keywords", "module_names", "module_uses", "origin", "parsed", "places",
           "reference", "strings")
