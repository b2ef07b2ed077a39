"""Which names of a module mean its globals."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from tools.packing.nodes import children, walk

Function = ast.FunctionDef | ast.AsyncFunctionDef
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
# asked millions of times: a set answers sooner than isinstance
_SCOPES = frozenset((*Function.__args__, *Comprehension.__args__, ast.ClassDef, ast.Lambda))
_BINDING = frozenset((*Function.__args__, ast.Name, ast.ClassDef, ast.Import, ast.ImportFrom,
                      ast.ExceptHandler))
_OTHERS = frozenset((ast.Global, ast.Import, ast.ImportFrom, ast.ExceptHandler))


class Place(NamedTuple):
    """Where a name of a module's globals stands: `getattr(node, field)`, or an item of it."""

    node: ast.AST
    field: str
    at: int  # -1: the field is the name itself
    binds: bool

    @property
    def name(self) -> str:
        """The name that stands there."""
        held = getattr(self.node, self.field)
        return str(held if self.at < 0 else held[self.at])

    def put(self, name: str) -> None:
        """Write another name there."""
        if self.at < 0:
            setattr(self.node, self.field, name)
        else:
            getattr(self.node, self.field)[self.at] = name


def bound_by(alias: ast.alias) -> str:
    """The name that an import binds."""
    return alias.asname or alias.name.partition(".")[0]


def said_by_class(node: ast.ClassDef) -> set[str]:
    """Names that a class's body says outside of its functions."""
    return {
        inner.id
        for one in node.body
        if not isinstance(one, Function)
        for inner in walk(one)
        if isinstance(inner, ast.Name)
    }


def locals_of(function: Function | ast.Lambda | Comprehension) -> set[str]:
    """Names that a function, lambda or comprehension binds for itself."""
    found: set[str] = set()
    if isinstance(function, Comprehension):
        for part in function.generators:
            found |= {node.id for node in walk(part.target) if isinstance(node, ast.Name)}
        return found
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [one for one in (arguments.vararg, arguments.kwarg) if one]
    found |= {one.arg for one in every}
    if isinstance(function, ast.Lambda):
        return found
    elsewhere: set[str] = set()
    for node in _own(function.body):
        if isinstance(node, ast.Global | ast.Nonlocal):
            elsewhere |= set(node.names)
        elif node.__class__ in _BINDING:
            found.update(_binds(node))
    return found - elsewhere


def _binds(node: ast.AST) -> Iterator[str]:
    """Names that a statement or expression binds in its scope."""
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, Function | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from map(bound_by, node.names)
    elif isinstance(node, ast.ExceptHandler) and node.name:
        yield node.name


def _own(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """Everything in these statements that is not in a scope of its own."""
    stack: list[ast.AST] = list(body)
    while stack:
        node = stack.pop()
        yield node
        if node.__class__ not in _SCOPES:
            stack += children(node)
        elif isinstance(node, Function | ast.ClassDef):
            stack += node.decorator_list
            stack += node.args.defaults if isinstance(node, Function) else node.bases
        elif isinstance(node, Comprehension):
            stack.append(node.generators[0].iter)


def module_names(tree: ast.Module) -> set[str]:
    """Names that a module binds at its top level."""
    return {
        name
        for node in _own(tree.body)
        if node.__class__ in _BINDING
        for name in _binds(node)
    }


def places(tree: ast.Module) -> list[Place]:
    """Every place where a name of the module's globals, or a builtin's, stands."""
    found: list[Place] = []
    _Places(found).visit_all(tree.body, ())
    return found


class _Places:
    def __init__(self, found: list[Place]) -> None:
        self._found = found
        self._class: set[str] | None = None  # what the class body that we are right in binds

    def visit_all(
        self, nodes: list[ast.stmt] | list[ast.expr], scopes: tuple[set[str], ...]
    ) -> None:
        for node in nodes:
            self.visit(node, scopes)

    def _is_global(self, name: str, scopes: tuple[set[str], ...]) -> bool:
        if self._class is not None and name in self._class:
            return False
        return not any(name in scope for scope in scopes)

    def _place(self, node: ast.AST, field: str, scopes: tuple[set[str], ...], index: int = -1,
               binds: bool = False) -> None:
        place = Place(node, field, index, binds)
        if self._is_global(place.name, scopes):
            self._found.append(place)

    def visit(self, node: ast.AST, scopes: tuple[set[str], ...]) -> None:
        """Look at one node; `scopes` are the locals of the functions around it."""
        if isinstance(node, ast.Name):
            self._place(node, "id", scopes, binds=not isinstance(node.ctx, ast.Load))
        elif node.__class__ not in _SCOPES:
            self._other(node, scopes)
        elif isinstance(node, Function):
            self._place(node, "name", scopes, binds=True)
            self.visit_all([*node.decorator_list, *node.args.defaults], scopes)
            self.visit_all([one for one in node.args.kw_defaults if one], scopes)
            self._inner(node.body, (*scopes, locals_of(node)))
        elif isinstance(node, ast.ClassDef):
            self._place(node, "name", scopes, binds=True)
            self.visit_all([*node.decorator_list, *node.bases], scopes)
            before, self._class = self._class, {n for one in _own(node.body) for n in _binds(one)}
            self.visit_all(node.body, scopes)
            self._class = before
        elif isinstance(node, ast.Lambda):
            self.visit_all(node.args.defaults, scopes)
            self._inner([node.body], (*scopes, locals_of(node)))
        elif isinstance(node, Comprehension):
            self.visit(node.generators[0].iter, scopes)
            inside = (*scopes, locals_of(node))
            parts: list[ast.expr] = [part.target for part in node.generators]
            parts += [part.iter for part in node.generators[1:]]
            parts += [test for part in node.generators for test in part.ifs]
            parts += [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
            self._inner(parts, inside)

    def _inner(self, nodes: list[ast.stmt] | list[ast.expr], scopes: tuple[set[str], ...]) -> None:
        before, self._class = self._class, None
        self.visit_all(nodes, scopes)
        self._class = before

    def _other(self, node: ast.AST, scopes: tuple[set[str], ...]) -> None:
        if node.__class__ in _OTHERS and self._statement(node, scopes):
            return
        for child in children(node):
            self.visit(child, scopes)

    def _statement(self, node: ast.AST, scopes: tuple[set[str], ...]) -> bool:
        """What a statement binds by words; True when nothing else stands in it."""
        if isinstance(node, ast.Global):
            for index in range(len(node.names)):
                self._found.append(Place(node, "names", index, True))
            return True
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                if self._is_global(bound_by(alias), scopes):
                    field = "asname" if alias.asname else "name"
                    self._found.append(Place(alias, field, -1, True))
            return True
        if isinstance(node, ast.ExceptHandler) and node.name:
            self._place(node, "name", scopes, binds=True)
        return False
