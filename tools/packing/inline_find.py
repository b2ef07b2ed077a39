"""Which functions have one call only, and which attributes never change."""

from __future__ import annotations

import ast
import builtins
from collections import Counter
from collections.abc import Collection, Iterator
from typing import NamedTuple

from tools.packing.names import bases, is_special
from tools.packing.nodes import walk
from tools.packing.program import Trees
from tools.packing.scopes import Function, locals_of, module_names, places

BUILTINS = frozenset(dir(builtins))
# What takes all of a generator before it returns, so that nothing of the function lives on in it
_TAKE_ALL = frozenset((
    "all", "any", "bytes", "bytearray", "dict", "join", "list", "max", "min", "set", "sorted",
    "sum", "tuple",
))
_MARK = "cold_group"
_CALL = 3  # names, attributes, calls and operations that make a call
_SMALL = 10  # as many as take what a function takes besides what it does


class Home(NamedTuple):
    """A function and where it is defined."""

    room: str
    owner: str  # its class, or ""
    node: Function
    body: list[ast.stmt]  # that it stands in


class Use(NamedTuple):
    """A place where a name of a function or an attribute is said."""

    room: str
    around: Home | None  # the function at top level or method that it stands in
    node: ast.Name | ast.Attribute


def homes(trees: Trees) -> Iterator[Home]:
    """Every function of the modules and their classes."""
    for room, tree in trees.items():
        for node in tree.body:
            if isinstance(node, Function):
                yield Home(room, "", node, tree.body)
            elif isinstance(node, ast.ClassDef):
                for inner in node.body:
                    if isinstance(inner, Function):
                        yield Home(room, node.name, inner, node.body)


def first_argument(node: Function) -> str:
    """What a method calls its object; "" where it has none or calls something else so later."""
    if any(getattr(one, "id", "") == "staticmethod" for one in node.decorator_list):
        return ""
    name = node.args.args[0].arg if node.args.args else ""
    rebound = any(
        isinstance(one, ast.Name) and one.id == name and not isinstance(one.ctx, ast.Load)
        for one in walk(node)
    )
    return "" if rebound else name


class Index:
    """Who says which name, and what is never changed."""

    def __init__(self, trees: Trees) -> None:
        self.trees = trees
        self.homes = list(homes(trees))
        self.attributes: dict[str, list[Use]] = {}
        self.globals: dict[tuple[str, str], list[Use]] = {}
        self.imported: set[str] = set()  # by another module, or said in the body of a class
        self._stored: Counter[str] = Counter()
        self.changed: set[str] = set()  # attributes that something else than __init__ sets
        self.rebound: set[str] = set()  # globals that a function sets
        self.shared: set[str] = set()  # names of globals and of locals that inner functions set
        self.defined = {home.node.name for home in self.homes}
        self.module_names = {room: module_names(tree) for room, tree in trees.items()}
        around = {
            id(node): home for home in self.homes for node in walk(home.node)
        }
        for room, tree in trees.items():
            for place in places(tree):
                if isinstance(place.node, ast.Name):
                    use = Use(room, around.get(id(place.node)), place.node)
                    self.globals.setdefault((room, place.name), []).append(use)
            for node in walk(tree):
                self._look(room, node, around.get(id(node)))
        self._look_at_stores()

    def _look(self, room: str, node: ast.AST, around: Home | None) -> None:
        if isinstance(node, ast.Attribute):
            self.attributes.setdefault(node.attr, []).append(Use(room, around, node))
        elif isinstance(node, ast.ImportFrom):
            self.imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Global | ast.Nonlocal):
            self.rebound |= set(node.names)
            self.shared |= set(node.names)
        elif isinstance(node, ast.ClassDef):
            for one in node.body:
                if not isinstance(one, Function):
                    self.imported |= {
                        inner.id
                        for inner in walk(one)
                        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load)
                    }
                else:
                    self.imported |= {
                        inner.id
                        for part in (*one.decorator_list, *one.args.defaults)
                        for inner in walk(part)
                        if isinstance(inner, ast.Name)
                    }

    def _look_at_stores(self) -> None:
        for name, uses in self.attributes.items():
            per_init: Counter[int] = Counter()
            for use in uses:
                if isinstance(use.node.ctx, ast.Load):
                    continue
                self._stored[name] += 1
                home = use.around
                if home is None or home.node.name != "__init__" or not _is_of(use.node, home):
                    self.changed.add(name)
                    self.rebound.add(name)
                else:
                    per_init[id(home.node)] += 1
            if any(count > 1 for count in per_init.values()):
                self.changed.add(name)

    def is_stored(self, name: str) -> bool:
        """True when an object may have such an attribute of its own."""
        return self._stored[name] > 0


def _is_of(node: ast.Attribute | ast.Name, home: Home) -> bool:
    """True for an attribute of the object that the method is called on."""
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and bool(home.owner)
        and node.value.id == first_argument(home.node)
    )


def tell_apart(trees: Trees, kept: Collection[str]) -> None:
    """Methods of unrelated classes get names of their own where all calls are on self."""
    index = Index(trees)
    family = _families(trees)
    owners: dict[str, set[str]] = {}
    for home in index.homes:
        if home.owner:
            owners.setdefault(home.node.name, set()).add(family[home.owner])
    functions = {home.node.name for home in index.homes if not home.owner}
    for name, heads in owners.items():
        uses = index.attributes.get(name, [])
        if (
            len(heads) < 2
            or name in kept
            or name in index.imported
            or name in functions
            or is_special(name)
            or index.is_stored(name)
            or not all(
                use.around is not None
                and _is_of(use.node, use.around)
                and family[use.around.owner] in heads
                for use in uses
            )
        ):
            continue
        for use in uses:
            if use.around is not None and isinstance(use.node, ast.Attribute):
                use.node.attr = "%s__%s" % (name, family[use.around.owner])
        for home in index.homes:
            if home.owner and home.node.name == name:
                home.node.name = "%s__%s" % (name, family[home.owner])


def _families(trees: Trees) -> dict[str, str]:
    """For each class the one that stands for its family; of classes with one name too."""
    family: dict[str, str] = {}
    classes = [
        node for tree in trees.values() for node in walk(tree)
        if isinstance(node, ast.ClassDef)
    ]

    def head(name: str) -> str:
        while family.setdefault(name, name) != name:
            name = family[name]
        return name

    for node in classes:
        for base in bases(node):
            family[head(base)] = head(node.name)
    return {node.name: head(node.name) for node in classes}


class Single(NamedTuple):
    """A function with one call, and that call."""

    home: Home
    around: Home
    call: ast.Call


def called(index: Index, kept: Collection[str], most: int) -> Iterator[list[Single]]:
    """Functions that are called in at most that many places and spoken of nowhere else; for each
    its calls.
    """
    calls = {
        id(node.func): node
        for tree in index.trees.values()
        for node in walk(tree)
        if isinstance(node, ast.Call)
    }
    names = Counter(home.node.name for home in index.homes)
    for home in index.homes:
        name = home.node.name
        if name in kept or name in index.imported or names[name] > 1 or is_special(name):
            continue
        uses = index.attributes.get(name, []) if home.owner else index.globals.get(
            (home.room, name), []
        )
        others = () if home.owner else index.attributes.get(name, ())
        if not 1 <= len(uses) <= most or others or index.is_stored(name):
            continue
        found = [
            Single(home, use.around, calls[id(use.node)])
            for use in uses
            if use.around is not None
            and id(use.node) in calls
            and use.around.node is not home.node
            and (use.room == home.room or _moves(index, home))
        ]
        if len(found) == len(uses) and not home.node.decorator_list:
            yield found


def _moves(index: Index, home: Home) -> bool:
    """True when a function means the same in any module."""
    return not free_names(home.node) & index.module_names[home.room]


def free_names(node: Function) -> set[str]:
    """The globals and builtins that a function says, and names of its inner scopes."""
    own = locals_of(node)
    return {
        one.id for one in walk(node) if isinstance(one, ast.Name) and one.id not in own
    }


def may(single: Single) -> bool:
    """True for functions that hold nothing that only a function of its own can."""
    callee, around = single.home.node, single.around.node
    if getattr(callee, _MARK, None) != getattr(around, _MARK, None):
        return False
    if any("micropython" in ast.dump(one) for one in around.decorator_list):
        return False
    arguments = callee.args
    if arguments.vararg or arguments.kwarg or arguments.kwonlyargs or arguments.posonlyargs:
        return False
    taken = {id(one) for node in walk(callee) for one in _taken_at_once(node)}
    for node in (inner for one in callee.body for inner in walk(one)):
        if isinstance(node, Function | ast.ClassDef | ast.Global | ast.Nonlocal | ast.NamedExpr):
            return False
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return False
        if isinstance(node, ast.Name) and node.id in ("super", "locals"):
            return False
        if isinstance(node, ast.Lambda | ast.GeneratorExp) and id(node) not in taken:
            return False
    return True


def _taken_at_once(node: ast.AST) -> list[ast.expr]:
    """Generators and lambdas that are of no use any more when this call returns."""
    if not isinstance(node, ast.Call):
        return []
    name = getattr(node.func, "id", getattr(node.func, "attr", ""))
    keys = [one.value for one in node.keywords if one.arg == "key"]
    return [*keys, *(node.args if name in _TAKE_ALL else ())]


def is_small(found: list[Single]) -> bool:
    """True when what it does takes less in all places than a function and its calls."""
    node = found[0].home.node
    inside = sum(
        1
        for one in node.body
        for inner in walk(one)
        if isinstance(inner, ast.expr) and not isinstance(inner, ast.Constant)
    )
    kinds = ast.Return | ast.Expr | ast.Assign
    return (
        len(node.body) == 1
        and isinstance(node.body[0], kinds)
        and (inside - _CALL) * (len(found) - 1) <= _SMALL
    )
