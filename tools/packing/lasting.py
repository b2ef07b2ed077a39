"""What of a room may go with a group: the group is forgotten and loaded again, and has all that is
in it anew then. What is set, put into or told apart by which object it is has to last.
"""

from __future__ import annotations

import ast

from tools.packing.nodes import children, walk
from tools.packing.scopes import Function, places


def is_unchanging(value: ast.AST) -> bool:
    """True for what is the same however often it is evaluated, and nothing can be put into."""
    asks = isinstance(value, ast.Call) and getattr(value.func, "id", "") == "getattr"
    if asks or isinstance(value, ast.Tuple | ast.BinOp | ast.UnaryOp):
        return all(map(is_unchanging, children(value)))
    return isinstance(value, ast.Constant | ast.Name | ast.Attribute | ast.Lambda)


def sets_globals(node: Function) -> bool:
    """True for a function that would set its group's globals instead of its room's."""
    return any(isinstance(one, ast.Global) for one in walk(node))


def is_made(node: Function) -> bool:
    """True when a default of a function is another object each time that the group is loaded."""
    arguments = node.args
    return not all(
        is_unchanging(one) for one in (*arguments.defaults, *arguments.kw_defaults) if one
    )


def may_go(node: ast.stmt, users: ast.Module) -> bool:
    """True when a function or plain value of a room may be in the group of all that say it."""
    if isinstance(node, Function):
        return not sets_globals(node) and not is_made(node)
    if not isinstance(node, ast.Assign) or not all(map(is_unchanging, children(node.value))):
        return False
    name = getattr(node.targets[0], "id", "")
    if isinstance(node.value, ast.Dict) and not _is_read(users, name):
        return False
    return not _is_told_apart(users, name)


def _is_read(users: ast.Module, name: str) -> bool:
    """True when nothing can be put into a dictionary."""
    reads = {
        id(node.value)
        for node in walk(users)
        if (isinstance(node, ast.Attribute) and node.attr == "get")
        or (isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load))
    }
    said = [place.node for place in places(users) if place.name == name and not place.binds]
    return all(id(node) in reads for node in said)


def _is_told_apart(users: ast.Module, name: str) -> bool:
    """True when it is asked which object it is."""
    return any(
        isinstance(part, ast.Name) and part.id == name
        for node in walk(users)
        if isinstance(node, ast.Compare)
        and any(isinstance(one, ast.Is | ast.IsNot) for one in node.ops)
        for part in (node.left, *node.comparators)
    )
