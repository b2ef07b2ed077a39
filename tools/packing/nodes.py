"""The nodes of a syntax tree, as `ast.walk` and `ast.iter_child_nodes` give them, in the same
order and several times as fast: contexts and operators, of which nobody asks, are left out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

# Fields of any node that hold no node, or none that anybody asks for
_PLAIN = frozenset((
    "arg", "asname", "attr", "conversion", "ctx", "id", "is_async", "kind", "kwd_attrs", "level",
    "module", "name", "op", "ops", "rest", "simple", "type_comment", "type_ignores",
))
_LEAVES = (ast.Constant, ast.Global, ast.Nonlocal, ast.MatchSingleton)
_fields: dict[type[ast.AST], tuple[str, ...]] = dict.fromkeys(_LEAVES, ())


def children(node: ast.AST) -> list[ast.AST]:
    """What stands directly in a node."""
    kind = node.__class__
    if kind not in _fields:
        _fields[kind] = tuple(field for field in kind._fields if field not in _PLAIN)
    found: list[ast.AST] = []
    for field in _fields[kind]:
        held = getattr(node, field, None)
        if held.__class__ is list:
            found += [one for one in held if one is not None]
        elif held is not None:
            found.append(held)
    return found


def given(node: ast.Assign) -> Iterator[tuple[ast.expr, ast.expr]]:
    """What an assignment gives to what: each pair of `a, b = c, d` by itself."""
    for target in node.targets:
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple) and len(
            target.elts
        ) == len(node.value.elts):
            yield from zip(target.elts, node.value.elts, strict=True)
        else:
            yield target, node.value


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all in it, those that are nearer first."""
    waiting = [node]
    for one in waiting:
        waiting += children(one)
        yield one
