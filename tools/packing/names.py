"""Short names for everything that only this program says.

Each name costs its letters and some seven octets of a device's heap once, and two in each module
that says it. A name gets a short one, and two that can never meet - no class and no module has
both - share one. What the runtime's own modules call so, what is passed by keyword, and what
stands in a string keeps its name, and so do exceptions: they are shown to people.
"""

from __future__ import annotations

import ast
import itertools
import keyword
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from tools.packing.asked import asked, probed
from tools.packing.nodes import walk
from tools.packing.program import Trees, keywords, reference, strings
from tools.packing.scopes import Function, bound_by, module_names, places

# names in the flash of every MicroPython that loads .mpy files of version 6
STATIC = tuple(Path(__file__).with_name("static_names.txt").read_text().split())
# Of these the compiler, or the runtime in objects of ours, gives a meaning to some
_MEANT = frozenset((
    "args", "bool", "bytecode", "close", "const", "count", "globals", "int", "ioctl", "items",
    "keys", "locals", "micropython", "next", "object", "open", "print", "range", "read",
    "readinto", "readline", "send", "super", "throw", "value", "values", "write",
))
# What the boards' modules call so too, but this program says of things of its own only
_OURS = frozenset((
    "alarm", "block", "block_size", "buffers", "capabilities", "compression", "empty", "full",
    "high", "length", "level", "low", "option", "session", "size", "slot", "sock", "start_tls",
    "wake", "width",
))
API = frozenset(Path(__file__).with_name("api_names.txt").read_text().split()) - _OURS
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def shorten(
    trees: Trees, kept: Iterable[str], classes: Iterable[set[str]] | None = None
) -> dict[str, str]:
    """Rename in place; returns what has become of each name. `kept` keep their names; `classes`
    are the names of the classes, from `families`, of a program whose methods were taken apart.
    """
    inside = list(families(trees) if classes is None else classes)
    spaces = [*_modules(trees), *inside]
    asking = asked(trees)
    texts = strings(trees) - {*asking}
    fixed = set(kept) | API | texts | keywords(trees) | probed(trees)
    fixed |= _foreign(trees) | _exceptions(trees)
    uses = Counter(name for name in _uses(trees) if name not in fixed and not is_special(name))
    owned = set().union(*map(module_names, trees.values()), *inside)
    meets: dict[str, set[str]] = {}
    for space in spaces:
        for name in space:
            meets.setdefault(name, set()).update(space)
    taken = _words(trees) | set(keyword.kwlist)
    said = _said(trees)
    constants = set().union(*map(_constants, trees.values()))
    static = [name for name in STATIC if name not in _MEANT | texts | set(kept)]
    chosen: dict[str, str] = {}

    def rank(name: str) -> tuple[int, int, str]:
        return -len(meets.get(name, ())), -uses[name], name

    for name in sorted(uses, key=rank):
        if name not in owned:
            continue
        others = {chosen[other] for other in meets[name] if other in chosen}
        free = (one for one in static if one not in others | meets[name] | said[name])
        short = (one for one in _short(name in constants) if one not in others | taken)
        chosen[name] = next(short if name in constants else itertools.chain(free, short))
    for tree in trees.values():
        _rename(trees, tree, chosen)
    for name, nodes in asking.items():
        for node in nodes:
            node.value = chosen.get(name, name)
    return chosen


def is_special(name: str) -> bool:
    """True for names that the language gives a meaning."""
    return name.startswith("__") and name.endswith("__")


def _short(private: bool) -> Iterator[str]:
    start = "_" if private else ""
    for one in _LETTERS:
        yield start + one
    for first in _LETTERS:
        for second in _LETTERS:
            yield start + first + second


def _said(trees: Trees) -> dict[str, set[str]]:
    """What else stands, by name, where a global or a member of that name stands: locals and
    builtins of its modules, what its class says outside of functions.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for tree in trees.values():
        said: set[str] = set()
        for node in walk(tree):
            if isinstance(node, ast.Name | ast.arg | ast.alias):
                said |= {str(getattr(node, field)) for field in ("id", "arg", "name", "asname")
                         if hasattr(node, field)}
        for name in module_names(tree) | {place.name for place in places(tree)}:
            found[name] |= said
        for node in walk(tree):
            if isinstance(node, ast.ClassDef):
                said = set(_said_by(node))
                for name in _of_class(node):
                    found[name] |= said
    return found


def _said_by(node: ast.ClassDef) -> Iterator[str]:
    for one in node.body:
        parts = [*one.decorator_list, *one.args.defaults] if isinstance(one, Function) else [one]
        for part in parts:
            yield from (inner.id for inner in walk(part) if isinstance(inner, ast.Name))


def _constants(tree: ast.Module) -> Iterator[str]:
    """Private names of `const` values: the compiler writes the values, if they begin so."""
    for node in walk(tree):
        value = getattr(node, "value", None)
        if isinstance(node, ast.Assign) and isinstance(value, ast.Call):
            names = (getattr(target, "id", "") for target in node.targets)
            if getattr(value.func, "id", "") == "const":
                yield from (name for name in names if name.startswith("_"))


def _words(trees: Trees) -> set[str]:
    """Names that stand anywhere: a short one must not be one of them, but for a module's."""
    found: set[str] = set()
    for tree in trees.values():
        for node in walk(tree):
            if isinstance(node, ast.alias) and node.name in trees:
                found.add(bound_by(node))
                continue
            found |= {
                str(getattr(node, field))
                for field in ("id", "attr", "arg", "name", "asname")
                if hasattr(node, field)
            }
    return found


def _foreign(trees: Trees) -> set[str]:
    """What is imported from modules that are not ours, and names of modules that are imported."""
    found: set[str] = set()
    for tree in trees.values():
        for node in walk(tree):
            if isinstance(node, ast.Import):
                found |= {part for alias in node.names for part in alias.name.split(".")}
            elif isinstance(node, ast.ImportFrom):
                found |= set((node.module or "").split("."))
                found |= {alias.name for alias in node.names
                          if not reference(trees, node, alias)[0]}
    return found


def _classes(trees: Trees) -> dict[str, list[ast.ClassDef]]:
    found: dict[str, list[ast.ClassDef]] = {}
    for tree in trees.values():
        for node in walk(tree):
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, []).append(node)
    return found


def bases(node: ast.ClassDef) -> Iterator[str]:
    """What a class calls those that it inherits from."""
    for base in node.bases:
        yield str(getattr(base, "id", getattr(base, "attr", "")))


def _exceptions(trees: Trees) -> set[str]:
    classes = _classes(trees)
    found = {"Exception", "BaseException", "OSError", "ValueError"}
    before = 0
    while len(found) != before:
        before = len(found)
        for name, nodes in classes.items():
            if any(base in found for node in nodes for base in bases(node)):
                found.add(name)
    return found


def _modules(trees: Trees) -> Iterator[set[str]]:
    """Names of which no two may become the same: each module's globals."""
    for tree in trees.values():
        yield module_names(tree) | {place.name for place in places(tree)}


def families(trees: Trees) -> Iterator[set[str]]:
    """Names of which no two may become the same: what the classes of a family define. Attributes
    that are set on anything but self belong to all classes.
    """
    family: dict[str, str] = {}

    def head(name: str) -> str:
        while family.get(name, name) != name:
            name = family[name]
        return name

    classes = _classes(trees)
    for name, nodes in classes.items():
        for node in nodes:
            for base in bases(node):
                if base in classes and head(base) != head(name):
                    family[head(base)] = head(name)
    sets: dict[str, set[str]] = {}
    given: set[str] = set()
    for name, nodes in classes.items():
        for one in nodes:
            sets.setdefault(head(name), set()).update(_of_class(one))
    of_self = set().union(*sets.values())
    for tree in trees.values():
        for any_node in walk(tree):
            if isinstance(any_node, ast.Attribute) and not isinstance(any_node.ctx, ast.Load):
                given.add(any_node.attr)
    given -= of_self
    for space in sets.values():
        yield space | given


def _of_class(node: ast.ClassDef) -> set[str]:
    found: set[str] = set()
    for one in node.body:
        if isinstance(one, Function):
            found.add(one.name)
            first = one.args.args[0].arg if one.args.args else ""
            for inner in walk(one):
                if (
                    isinstance(inner, ast.Attribute)
                    and isinstance(inner.value, ast.Name)
                    and inner.value.id == first
                ):
                    found.add(inner.attr)
        elif isinstance(one, ast.Assign):
            found |= {target.id for target in one.targets if isinstance(target, ast.Name)}
    return found


def _uses(trees: Trees) -> Iterator[str]:
    for tree in trees.values():
        for node in walk(tree):
            if isinstance(node, ast.Attribute):
                yield node.attr
            elif isinstance(node, ast.Name):
                yield node.id
            elif isinstance(node, ast.alias):
                yield bound_by(node)
            elif isinstance(node, Function | ast.ClassDef):
                yield node.name


def _rename(trees: Trees, tree: ast.Module, chosen: dict[str, str]) -> None:
    ours = {
        id(alias)
        for node in walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if reference(trees, node, alias)[1]
    }
    globals_of = places(tree)
    for place in globals_of:
        if not isinstance(place.node, ast.alias) and place.name in chosen:
            place.put(chosen[place.name])
    top = {id(place.node) for place in globals_of if isinstance(place.node, ast.alias)}
    for node in walk(tree):
        if isinstance(node, ast.Attribute):
            node.attr = chosen.get(node.attr, node.attr)
        elif isinstance(node, ast.ClassDef):
            _rename_class(node, chosen)
        elif isinstance(node, ast.ImportFrom | ast.Import):
            for alias in node.names:
                bound = bound_by(alias)
                if id(alias) in top:
                    bound = chosen.get(bound, bound)
                if id(alias) in ours:
                    alias.name = chosen.get(alias.name, alias.name)
                alias.asname = bound if bound != alias.name else None


def _rename_class(node: ast.ClassDef, chosen: dict[str, str]) -> None:
    inside = {name for one in node.body for name in _class_binds(one)}
    for one in node.body:
        if isinstance(one, Function):
            one.name = chosen.get(one.name, one.name)
            parts: list[ast.AST] = [*one.decorator_list, *one.args.defaults]
        elif isinstance(one, ast.Assign):
            parts = [one]
        else:
            continue
        for part in parts:
            for inner in walk(part):
                if isinstance(inner, ast.Name) and inner.id in inside:
                    inner.id = chosen.get(inner.id, inner.id)


def _class_binds(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, Function):
        yield node.name
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Name):
                yield target.id
