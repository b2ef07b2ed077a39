"""Short names for what only one file knows: each interned name costs some 20 octets of a device's
heap.

Private names (one leading underscore) are numbered anew in each file, so that all files share the
same few; arguments that nobody passes by keyword are numbered in each function. Only names change:
lines stay, so a traceback still points into the source. Whatever could be reached from another
file or through a string keeps its name.
"""

from __future__ import annotations

import ast
import io
import keyword
import tokenize
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from tools.packing.nodes import walk

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class Module(NamedTuple):
    """What the plan needs to know of one file."""

    tree: ast.Module
    private: set[str]  # private names that stand anywhere in it
    defined: set[str]  # those that it defines
    reached: set[str]  # those that it reads from something else than self
    words: set[str]  # all names, and all strings that could be one


def plan(sources: dict[str, str]) -> dict[str, dict[str, str]]:
    """For each file its private names and their short ones; `sources` are all files of a tree."""
    modules = {name: _module(text) for name, text in sources.items()}
    kept = _kept(modules)
    return {
        name: dict(zip(sorted(module.private - kept), _short("_", module.words), strict=False))
        for name, module in modules.items()
    }


def keywords(sources: dict[str, str]) -> set[str]:
    """Names that some call of the tree passes by keyword."""
    trees = [ast.parse(text) for text in sources.values()]
    return {
        node.arg
        for tree in trees
        for node in walk(tree)
        if isinstance(node, ast.keyword) and node.arg
    }


def shorten(text: str, private: dict[str, str], passed: set[str]) -> str:
    """`text` with the short names of its plan, and numbered arguments but those in `passed`."""
    tree = ast.parse(text)
    nested = _nested(tree)
    spans = [
        (node.lineno, node.end_lineno or node.lineno, _arguments(node, nested, passed))
        for node in walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    spans = [span for span in spans if span[2]]
    lines = text.splitlines(keepends=True)
    before = ""
    changes = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME:
            new = private.get(token.string)
            if new is None and before not in (".", "def"):
                new = _argument(token, spans)
            if new is not None:
                changes.append((token.start, token.end, new))
        before = token.string
    for (row, start), (_row, end), new in reversed(changes):
        line = lines[row - 1]
        lines[row - 1] = line[:start] + new + line[end:]
    return "".join(lines)


def _argument(
    token: tokenize.TokenInfo, spans: list[tuple[int, int, dict[str, str]]]
) -> str | None:
    """The short name of an argument of the innermost function around the token that has it."""
    best: tuple[int, str] | None = None
    for first, last, names in spans:
        here = first <= token.start[0] <= last and token.string in names
        if here and (best is None or first > best[0]):
            best = (first, names[token.string])
    return None if best is None else best[1]


def _arguments(
    node: ast.FunctionDef | ast.AsyncFunctionDef, nested: set[int], passed: set[str]
) -> dict[str, str]:
    """The arguments of a function that may be numbered. A function with functions of its own, or
    on one line with others, is left alone: there the names of one are not easily told from the
    other's.
    """
    inner = [
        one
        for one in walk(node)
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef)
    ]
    if len(inner) > 1 or node.lineno == node.end_lineno or id(node) in nested:
        return {}
    names = [one.arg for one in node.args.args if not one.arg.startswith("_")]
    names = [name for name in names if name not in passed and name not in ("self", "cls")]
    outside = {
        one.id
        for value in [*node.args.defaults, *node.decorator_list]
        for one in walk(value)
        if isinstance(one, ast.Name)
    }
    if outside & set(names) or node.args.kwonlyargs or node.args.kwarg:
        return {}
    taken = {one.id for one in walk(node) if isinstance(one, ast.Name)}
    return dict(zip(names, _short("a", taken), strict=False))


def _nested(tree: ast.Module) -> set[int]:
    """Which functions stand in another one."""
    return {
        id(node)
        for outer in walk(tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in walk(outer)
        if node is not outer
    }


def _short(prefix: str, taken: set[str]) -> Iterator[str]:
    for number in range(10_000):
        digits = ""
        while number or not digits:
            number, digit = divmod(number, len(_DIGITS))
            digits = _DIGITS[digit] + digits
        name = prefix + digits
        if name not in taken and not keyword.iskeyword(name):
            yield name


def _module(text: str) -> Module:
    tree = ast.parse(text)
    names = [
        token.string
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.NAME
    ]
    defined: set[str] = set()
    reached: set[str] = set()
    words = set(names)
    for node in walk(tree):
        if isinstance(node, ast.Attribute) and _is_private(node.attr):
            of_self = isinstance(node.value, ast.Name) and node.value.id == "self"
            if of_self and isinstance(node.ctx, ast.Store):
                defined.add(node.attr)
            elif not of_self:
                reached.add(node.attr)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            defined.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            defined.add(node.id)
        elif isinstance(node, ast.arg):
            defined.add(node.arg)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            words.add(node.value if isinstance(node.value, str) else repr(node.value)[2:-1])
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Attribute):
            defined.add(node.target.attr)
    private = {name for name in names if _is_private(name)}
    return Module(tree, private, defined & private, reached, words)


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name != "_"


def _kept(modules: dict[str, Module]) -> set[str]:
    """Private names that more than one file means, or that are reached by other ways."""
    places = Counter(name for module in modules.values() for name in module.defined)
    kept: set[str] = set()
    for module in modules.values():
        kept |= module.private - module.defined
        kept |= {name for name in module.reached if places[name] != 1}
        for node in walk(module.tree):
            if isinstance(node, ast.ImportFrom):
                kept |= {alias.name for alias in node.names if _is_private(alias.name)}
            elif isinstance(node, ast.keyword) and node.arg and _is_private(node.arg):
                kept.add(node.arg)
            elif isinstance(node, ast.Constant) and _is_private(str(node.value)):
                kept.add(str(node.value))
    return kept | _inherited(modules)


def _inherited(modules: dict[str, Module]) -> set[str]:
    """Private names that stand in a file with a class and in one with a class derived from it."""
    homes = {
        node.name: module
        for module in modules.values()
        for node in module.tree.body
        if isinstance(node, ast.ClassDef)
    }
    shared: set[str] = set()
    for module in modules.values():
        for node in walk(module.tree):
            if isinstance(node, ast.ClassDef):
                for base in node.bases:
                    name = getattr(base, "id", getattr(base, "attr", ""))
                    home = homes.get(str(name))
                    if home is not None and home is not module:
                        shared |= home.private & module.private
    return shared
