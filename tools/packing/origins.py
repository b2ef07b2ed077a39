"""Classes without what is said of their origin: nobody asks for it, and it takes two places of
each class's dictionary.
"""

from __future__ import annotations

import ast

from tools.packing.nodes import walk
from tools.packing.program import Trees

_SAID = ("__module__", "__qualname__")  # by the compiler, at the beginning of a class


def forget(trees: Trees) -> None:
    """Have each class delete it as it is made, before its own names take places."""
    for tree in trees.values():
        for node in walk(tree):
            if isinstance(node, ast.ClassDef):
                gone: list[ast.expr] = [ast.Name(name, ast.Del()) for name in _SAID]
                node.body.insert(0, ast.Delete(gone))
