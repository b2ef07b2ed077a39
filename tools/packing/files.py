"""Short names for the modules themselves. Loading one leaves its dotted name, the last part of it
and the path of its file in a device's heap for good, and so with the packages around it.

A module gets a name that every MicroPython has in its flash, and its file a place at the root of
the tree. What a string says of modules, a whole name or the beginning of some, is said of the new
names.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tools.packing.names import STATIC
from tools.packing.nodes import walk
from tools.packing.program import Trees, reference
from tools.packing.scopes import bound_by

# what boards have of their own: to let go what begins with a name of ours must not mean them
_BOARDS = tuple(Path(__file__).with_name("board_modules.txt").read_text().split())
_ROOT = "firmware."  # what stands in a string before the name of a group


class Known(NamedTuple):
    """What the names of modules depend on."""

    groups: Collection[str]  # loaded by "firmware." and what the loader was asked for
    joined: Collection[str]  # beginnings (with the dot) that a module's last part is put behind
    kept: tuple[str, ...]  # modules whose names begin so are asked for by others
    order: Sequence[str]  # those that are loaded first get the shortest names


def shorten(trees: Trees, known: Known) -> tuple[Trees, dict[str, str]]:
    """The program with short names for its modules, and what each name has become. A module that
    asks for the place of its file stays where it is, a package that nothing stays in is left out.
    Raises ValueError for strings whose meaning could not be kept.
    """
    stay = {
        name
        for name, tree in trees.items()
        if name.startswith(known.kept) or _asks_for_its_place(tree)
    }
    around = {name[:at] for name in stay for at, sign in enumerate(name) if sign == "."}
    packages = {name.rpartition(".")[0] for name in trees}
    empty = {name for name in packages - around if name in trees and not trees[name].body}
    moved = [name for name in (*known.order, *sorted(set(trees) - {*known.order}))
             if name not in stay | around | empty]
    said = set(_said(trees))
    starts = _starts(said, moved, known)
    chosen = _chosen(moved, starts, known)
    made: Trees = {}
    renamed = _Renamed(trees, chosen | starts)
    for name, tree in trees.items():
        if name not in empty:
            renamed.visit(tree)
            made[chosen.get(name, name)] = ast.fix_missing_locations(tree)
    _check(set(trees) - empty, said, {**starts, **chosen})
    return made, chosen


def _asks_for_its_place(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.Name) and node.id == "__file__" for node in walk(tree))


def _said(trees: Trees) -> Iterator[str]:
    """Strings that are, or begin, names of modules."""
    for tree in trees.values():
        for node in walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for word in node.value.split(" "):
                    if "." in word and any(name.startswith(word) for name in trees):
                        yield word


def _starts(said: Collection[str], moved: Sequence[str], known: Known) -> dict[str, str]:
    """What becomes of beginnings of names: a letter for each, at the root nothing."""
    letters = iter("ZYXWVUTSRQPONM")
    found: dict[str, str] = {}
    for start in sorted({*said, *known.joined} - {*moved, _ROOT}):
        if any(name.startswith(start) for name in moved):
            bare = start.rstrip(".")  # a package, and what is in it
            found[start] = found[bare] if bare in found else next(letters)
    return found | ({_ROOT: ""} if _ROOT in said else {})


def _chosen(moved: Sequence[str], starts: Mapping[str, str], known: Known) -> dict[str, str]:
    plain = _plain()
    numbered = {start: iter("abcdefghijklmnopqrstuvwxyz0123456789") for start in starts.values()}
    found: dict[str, str] = {}
    for name in moved:
        start = max((one for one in starts if name.startswith(one) and one != _ROOT),
                    key=len, default="")
        if name in known.groups:
            found[name] = name.rpartition(".")[2]
        elif not start:
            found[name] = next(plain)
        elif start in known.joined:
            found[name] = starts[start] + name[len(start) :]
        else:
            found[name] = starts[start] + next(numbered[starts[start]])
    return found


def _plain() -> Iterator[str]:
    """Names of which none is the beginning of another, or of one that a board has."""
    given: list[str] = []
    more = ("%s%d" % pair for pair in itertools.product("ABCDEFGHIJKL", range(10, 100)))
    for name in itertools.chain(sorted(STATIC, key=lambda one: (len(one), one)), more):
        clear = not any(one.startswith(name) for one in _BOARDS)
        if clear and not name.startswith(tuple(given)):
            given.append(name)
            yield name


def _check(old: Collection[str], said: Collection[str], new: Mapping[str, str]) -> None:
    """A string must begin the names of the same modules as before; a whole name means that module
    and what is in it.
    """
    for text in {*said} - {_ROOT}:
        begin = (text + ".", text if text not in old else text + ".")
        before = {new.get(name, name) for name in old
                  if name == text or name.startswith(begin)}
        start = new.get(text, text)
        now = {name for name in (new.get(name, name) for name in old) if name.startswith(start)}
        if before != now:
            raise ValueError("'%s' begins other modules than before: %s" % (text, before ^ now))


class _Renamed(ast.NodeTransformer):
    """Imports and strings."""

    def __init__(self, trees: Trees, new: Mapping[str, str]) -> None:
        self._trees = trees
        self._new = new

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, str):
            words = node.value.split(" ")  # one name, or some between blanks
            node.value = " ".join(self._new.get(word, word) for word in words)
        return node

    def visit_Import(self, node: ast.Import) -> ast.AST:
        for alias in node.names:
            if alias.name in self._new:
                raise ValueError("import %s: say from … import" % alias.name)
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> list[ast.stmt]:
        made: list[ast.stmt] = []
        rest = []
        for alias in node.names:
            home, inner = reference(self._trees, node, alias)
            if home in self._new and not inner:
                made.append(ast.Import([ast.alias(self._new[home], bound_by(alias))]))
            else:
                rest.append(alias)
        if rest:
            home = node.module or ""
            made.append(ast.ImportFrom(self._new.get(home, home), rest, 0))
        return made
