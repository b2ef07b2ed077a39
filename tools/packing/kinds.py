"""Of which class an object is, as annotations say: a call of a method tells then whom it means.

`tell` writes it on each attribute in the program, before the annotations are taken out. What they
leave open stays open: Any, what a module is asked for by a string, arguments of a lambda.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tools.packing.nodes import given, walk
from tools.packing.program import Trees, reference
from tools.packing.scopes import Function, bound_by

OF = "kinds_of"  # on an attribute: the keys of the classes whose object it is asked of
KEY = "kinds_key"  # on a class: its key
_FROM = "kinds_from"  # on what is imported: the module's name
FOREIGN = "-"  # the key of all that is not ours


class Later(NamedTuple):
    """What has to be awaited."""

    kind: Kind


class Many(NamedTuple):
    """A container: what iterating over it gives, and what an index."""

    each: Kind
    item: Kind


class Row(NamedTuple):
    """A tuple of this and that."""

    kinds: tuple[Kind, ...]


class Made(NamedTuple):
    """A class, or what else gives such an object when it is called."""

    kind: Kind


Keys = frozenset[str]
Kind = Keys | Later | Many | Row | Made | None  # None: nobody knows
NOTHING: Keys = frozenset()
ALIEN: Keys = frozenset((FOREIGN,))
_PLAIN = frozenset((
    "abs", "bool", "bytearray", "bytes", "chr", "complex", "divmod", "float", "hasattr", "hash",
    "hex", "id", "int", "isinstance", "len", "memoryview", "open", "ord", "print", "range",
    "repr", "round", "slice", "str", "sum",
))
_MANY = frozenset((
    "AsyncIterator", "Collection", "Generator", "Iterable", "Iterator", "Sequence", "deque",
    "frozenset", "list", "set", "sorted", "reversed",
))
_BY_KEY = frozenset(("Mapping", "MutableMapping", "dict"))
_PASSES_ON = frozenset(("gather", "run", "wait_for"))  # of asyncio: give what ours does


def either(kinds: Iterator[Kind]) -> Kind:
    """What is of one of these kinds."""
    found: Kind = NOTHING
    for kind in kinds:
        if isinstance(found, frozenset) and isinstance(kind, frozenset):
            found |= kind
        elif isinstance(found, Many) and isinstance(kind, Many):
            each = either(iter((found.each, kind.each)))
            found = Many(each, either(iter((found.item, kind.item))))
        elif found == NOTHING:
            found = kind
        elif kind not in (NOTHING, found):
            return None
    return found


class _Class:
    """A class and what its objects have."""

    def __init__(self, module: str, node: ast.ClassDef) -> None:
        self.key = "%s:%s" % (module, node.name)
        self.module = module
        self.node = node
        self.bases = [getattr(base, "id", getattr(base, "attr", "")) for base in node.bases]
        self.methods = {one.name: one for one in node.body if isinstance(one, Function)}
        self.said: dict[str, ast.expr] = {}  # annotations
        self.set: dict[str, list[tuple[Function | None, ast.expr]]] = {}
        for one in node.body:
            self._look(one, None, "")
        for method in self.methods.values():
            itself = method.args.args[0].arg if method.args.args else ""
            for inner in walk(method):
                self._look(inner, method, itself)

    def _look(self, node: ast.AST, method: Function | None, itself: str) -> None:
        if isinstance(node, ast.AnnAssign):
            name = _field(node.target, itself)
            if name:
                self.said.setdefault(name, node.annotation)
        elif isinstance(node, ast.Assign):
            for target, value in given(node):
                name = _field(target, itself)
                if name:
                    self.set.setdefault(name, []).append((method, value))

    @property
    def names(self) -> set[str]:
        """What its objects have."""
        return {*self.methods, *self.said, *self.set}


def _field(node: ast.expr, itself: str) -> str:
    if not itself:
        return node.id if isinstance(node, ast.Name) else ""
    if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == itself:
        return node.attr
    return ""


class Program:
    """The classes of a program, and what the names of its modules mean."""

    def __init__(self, trees: Trees, types: Mapping[str, ast.Module]) -> None:
        self.trees: Trees = {**trees, **types}
        self.classes: dict[str, _Class] = {}
        self.globals: dict[str, dict[str, ast.AST]] = {}
        self._busy: set[object] = set()
        self._conforming: dict[str, Keys] = {}
        self._fields: dict[tuple[str, str], Kind] = {}
        for module, tree in self.trees.items():
            names = self.globals[module] = {}
            for node in _top(tree.body):
                if isinstance(node, ast.ClassDef):
                    one = _Class(module, node)
                    self.classes[one.key] = one
                    setattr(node, KEY, one.key)
                for name, meant in _bound(node):
                    names.setdefault(name, meant)

    def meaning(self, module: str, name: str) -> tuple[str, ast.AST | None]:
        """(module, node) of what a module's global is; no node where it is a module or foreign."""
        node = self.globals.get(module, {}).get(name)
        if isinstance(node, ast.alias):
            return self.imported(str(getattr(node, _FROM)), node)
        return module, node

    def imported(self, home: str, alias: ast.alias) -> tuple[str, ast.AST | None]:
        """(module, node) of what is imported."""
        found, inner = reference(self.trees, ast.ImportFrom(home, [alias], 0), alias)
        return self.meaning(found, inner) if inner else (found or FOREIGN, None)

    def is_a(self, module: str, name: str) -> Kind:
        """What an annotation of that name means."""
        home, node = self.meaning(module, name)
        if isinstance(node, ast.ClassDef):
            key = "%s:%s" % (home, node.name)
            if key not in self.classes:
                return None
            return self.conforming(key) if "Protocol" in self.classes[key].bases \
                else frozenset((key,))
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            return self.annotated(home, node.value)  # another name of a type
        if name in ("Any", "object", "Self", "Callable", "Awaitable") or node is not None:
            return None
        return Many(None, None) if name in _MANY | _BY_KEY | {"tuple"} else ALIEN

    def annotated(self, module: str, node: ast.expr | None) -> Kind:
        """What an annotation says."""
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str):
                return self.annotated(module, ast.parse(node.value, mode="eval").body)
            return NOTHING if node.value is None else None
        if isinstance(node, ast.BinOp):
            return either(self.annotated(module, one) for one in (node.left, node.right))
        if isinstance(node, ast.Name):
            return self.is_a(module, node.id)
        if isinstance(node, ast.Attribute):
            home = self.meaning(module, getattr(node.value, "id", ""))[0]
            return self.is_a(home, node.attr) if home in self.trees else ALIEN
        if isinstance(node, ast.Subscript):
            return self._subscripted(module, node)
        return None

    def _subscripted(self, module: str, node: ast.Subscript) -> Kind:
        name = getattr(node.value, "id", getattr(node.value, "attr", ""))
        inside = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if name == "Callable":
            return Made(self.annotated(module, inside[-1]))
        kinds = [self.annotated(module, one) for one in inside]
        if name in _MANY:
            return Many(kinds[0], kinds[0])
        if name in _BY_KEY:
            return Many(kinds[0], kinds[-1])
        if name in ("Awaitable", "Coroutine"):
            return Later(kinds[-1])
        if name == "tuple":
            last = inside[-1]
            if isinstance(last, ast.Constant) and last.value is ...:
                return Many(kinds[0], kinds[0])
            return Row(tuple(kinds))
        return Made(kinds[0]) if name == "type" else None

    def conforming(self, key: str) -> Keys:
        """The classes that have all that a protocol wants."""
        if key not in self._conforming:
            wanted = self.classes[key].names
            self._conforming[key] = frozenset(
                one.key for one in self.classes.values()
                if "Protocol" not in one.bases and wanted <= self._all_names(one)
            ) or ALIEN
        return self._conforming[key]

    def _all_names(self, one: _Class) -> set[str]:
        return set().union(*(each.names for each in self.line(one)))

    def line(self, one: _Class) -> Iterator[_Class]:
        """A class and what it inherits from."""
        yield one
        for base in one.bases:
            home, node = self.meaning(one.module, base)
            if isinstance(node, ast.ClassDef):
                yield from self.line(self.classes["%s:%s" % (home, node.name)])

    def member(self, key: str, name: str) -> Kind:
        """What an attribute of a class's object is."""
        if key == FOREIGN:
            return ALIEN
        if (key, name) not in self._fields:
            self._fields[key, name] = None  # while it is asked by itself
            self._fields[key, name] = self._member(key, name)
        return self._fields[key, name]

    def _member(self, key: str, name: str) -> Kind:
        from tools.packing.kinds_flow import Flow  # it asks for members, and they for it

        for one in self.line(self.classes[key]):
            if name in one.methods:
                method = one.methods[name]
                gives = self.given(one.module, method)
                wrapped = [getattr(each, "id", "") for each in method.decorator_list]
                return gives if "property" in wrapped else Made(gives)
            if name in one.said:
                return self.annotated(one.module, one.said[name])
            for setter, value in one.set.get(name, ()):
                flow = Flow(self, one.module, one.key, setter)
                kind = flow.kind(value)
                if kind != NOTHING:  # the first one decides, as for the type checker
                    return kind
        return None

    def given(self, module: str, node: Function) -> Kind:
        """What a call of a function gives."""
        kind = self.annotated(module, node.returns)
        return Later(kind) if isinstance(node, ast.AsyncFunctionDef) else kind

    def called(self, module: str, name: str) -> Kind:
        """What a module's global is."""
        home, node = self.meaning(module, name)
        if isinstance(node, ast.ClassDef):
            return Made(frozenset(("%s:%s" % (home, node.name),)))
        if isinstance(node, Function):
            return Made(self.given(home, node))
        if isinstance(node, ast.AnnAssign):
            return self.annotated(home, node.annotation)
        if isinstance(node, ast.Assign):
            from tools.packing.kinds_flow import Flow

            key = home, name
            if key in self._busy:
                return None
            self._busy.add(key)
            try:
                return Flow(self, home, "", None).kind(node.value)
            finally:
                self._busy.discard(key)
        if name in self.globals.get(module, {}):  # a module, or foreign
            return None if name in _PASSES_ON else ALIEN
        if name in _MANY | _BY_KEY | {"tuple"}:
            return Made(Many(None, None))
        return Made(ALIEN) if name in _PLAIN else None


def _top(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        if isinstance(node, ast.If | ast.Try):
            yield from _top([*node.body, *node.orelse])
            for handler in getattr(node, "handlers", ()):
                yield from _top(handler.body)
        else:
            yield node


def _bound(node: ast.stmt) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, Function | ast.ClassDef):
        yield node.name, node
    elif isinstance(node, ast.Import | ast.ImportFrom):
        for alias in node.names:
            setattr(alias, _FROM, getattr(node, "module", ""))
            yield bound_by(alias), alias
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            if isinstance(target, ast.Name):
                yield target.id, node


__all__ = ("ALIEN", "FOREIGN", "KEY", "NOTHING", "OF", "Kind", "Later", "Made",
           "Many", "Program", "Row", "either")
