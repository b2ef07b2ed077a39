"""What a program must not say that is to be packed: it would ask for what packing changes."""

from __future__ import annotations

import ast

from tools.packing.nodes import walk
from tools.packing.program import Trees
from tools.packing.scopes import Function

# They see names as strings that nobody wrote
_SEERS = frozenset(("dir", "eval", "exec", "globals", "locals", "vars"))


def refuse(trees: Trees) -> None:
    """Raises ValueError where packing would change what the program does."""
    for name, tree in trees.items():
        for why in _found(tree):
            raise ValueError("%s: %s" % (name, why))


def _found(tree: ast.Module) -> list[str]:
    handed_on: set[int] = set()  # what a function got by keyword: names that somebody wrote
    named: set[int] = set()
    for node in walk(tree):
        if isinstance(node, Function) and node.args.kwarg:
            handed_on |= {
                id(one) for one in walk(node)
                if isinstance(one, ast.Name) and one.id == node.args.kwarg.arg
            }
        elif isinstance(node, ast.Attribute) and node.attr == "__name__":
            named.add(id(node.value))
    found = []
    for node in walk(tree):
        if isinstance(node, ast.keyword) and node.arg is None and id(node.value) not in handed_on:
            found.append("arguments by names that nobody wrote")
        elif isinstance(node, ast.ExceptHandler) and node.type is not None and any(
            getattr(one, "id", "") == "AttributeError" for one in walk(node.type)
        ):
            found.append("AttributeError is caught, but a class may have more than it says")
        elif isinstance(node, ast.Attribute) and node.attr in ("__class__", "__dict__"):
            found.append("%s is asked for" % node.attr)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in _SEERS:
                found.append("%s() is called" % node.func.id)
            elif node.func.id == "type" and id(node) not in named:
                found.append("classes that become one are told apart by type()")
    return found
