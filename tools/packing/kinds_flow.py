"""Of which class an expression's value is, and what is written on the attributes (kinds.py)."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from tools.packing.kinds import (
    ALIEN,
    NOTHING,
    OF,
    Kind,
    Later,
    Made,
    Many,
    Program,
    Row,
    either,
)
from tools.packing.nodes import children, walk
from tools.packing.program import Trees
from tools.packing.scopes import Function, bound_by

_OPERATIONS = (ast.BinOp, ast.Compare, ast.Constant, ast.JoinedStr, ast.UnaryOp)
_TAKES = frozenset(("get", "pop", "popleft", "setdefault"))
_EACH = frozenset(("frozenset", "iter", "list", "reversed", "set", "sorted"))


def tell(trees: Trees, types: Mapping[str, ast.Module]) -> None:
    """Write on each attribute of the program whose it is, where that is known. `types` are
    modules that only the type checker reads.
    """
    program = Program(trees, types)
    for module, tree in trees.items():
        outer = Flow(program, module, "", None)
        for node in tree.body:
            _tell(node, program, outer, "")


def _tell(node: ast.AST, program: Program, flow: Flow, owner: str) -> None:
    if isinstance(node, ast.ClassDef):
        owner = "%s:%s" % (flow.module, node.name)
        if owner not in program.classes:
            return
        for one in node.body:
            _tell(one, program, flow, owner)
        return
    if isinstance(node, Function):
        flow = Flow(program, flow.module, owner, node, flow)
        owner = ""
    elif isinstance(node, ast.Attribute):
        keys = flow.keys(node.value)
        if keys is not None:
            setattr(node, OF, keys)
    for part in children(node):
        _tell(part, program, flow, owner)


class Flow:
    """The names within one function; of a module's body where there is none."""

    def __init__(self, program: Program, module: str, owner: str, node: Function | None,
                 outer: Flow | None = None) -> None:
        self.module = module
        self._program = program
        self._outer = outer
        self._known: dict[str, Kind] = {}
        self._bound: dict[str, list[ast.expr | Kind]] = {}
        if node is not None:
            self._arguments(node, owner)
            for inner in walk(ast.Module(node.body, [])):
                self._look(inner)

    def _arguments(self, node: Function, owner: str) -> None:
        static = any(getattr(one, "id", "") == "staticmethod" for one in node.decorator_list)
        arguments = node.args
        for number, one in enumerate([*arguments.posonlyargs, *arguments.args,
                                      *arguments.kwonlyargs]):
            kind = self._program.annotated(self.module, one.annotation)
            if owner and not number and not static:
                kind = frozenset((owner,))
            self._bound.setdefault(one.arg, []).append(kind)
        if arguments.vararg:
            kind = self._program.annotated(self.module, arguments.vararg.annotation)
            self._bound[arguments.vararg.arg] = [Many(kind, kind)]
        if arguments.kwarg:
            self._bound[arguments.kwarg.arg] = [ALIEN]

    def _look(self, node: ast.AST) -> None:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                self._bind(target, node.value)
        elif isinstance(node, ast.AnnAssign):
            self._bind(node.target, self._program.annotated(self.module, node.annotation))
        elif isinstance(node, ast.NamedExpr):
            self._bind(node.target, node.value)
        elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            self._bind(node.target, ast.Starred(node.iter))  # an element of it
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            self._bind(node.optional_vars, None)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            said = either(self._program.annotated(self.module, one) for one in kinds)
            self._bound.setdefault(node.name, []).append(said)
        elif isinstance(node, ast.Lambda):
            for one in node.args.args:
                self._bound.setdefault(one.arg, []).append(None)
        elif isinstance(node, Function):
            self._bound.setdefault(node.name, []).append(
                Made(self._program.given(self.module, node)))
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                home = getattr(node, "module", None) or ""
                self._bound.setdefault(bound_by(alias), []).append(self._imported(home, alias))

    def _imported(self, home: str, alias: ast.alias) -> Kind:
        found, node = self._program.imported(home, alias)
        if isinstance(node, ast.ClassDef):
            return Made(frozenset(("%s:%s" % (found, node.name),)))
        if isinstance(node, Function):
            return Made(self._program.given(found, node))
        return None

    def _bind(self, target: ast.expr, value: ast.expr | Kind) -> None:
        if isinstance(target, ast.Name):
            self._bound.setdefault(target.id, []).append(value)
        elif isinstance(target, ast.Tuple | ast.List):
            for number, one in enumerate(target.elts):
                part: ast.expr | Kind = None
                if isinstance(value, ast.expr):
                    part = ast.Subscript(value, ast.Constant(number))
                self._bind(one, part)

    def keys(self, node: ast.expr) -> frozenset[str] | None:
        """The classes that an expression's value may be of; None when nobody knows."""
        if isinstance(node, ast.Name) and self._is_module(node.id):
            return ALIEN
        kind = self.kind(node)
        if isinstance(kind, Later | Many | Row):
            return ALIEN
        return kind if isinstance(kind, frozenset) and kind else None

    def _is_module(self, name: str) -> bool:
        if name in self._bound or (self._outer is not None and self._outer._bound.get(name)):
            return False
        return self._program.meaning(self.module, name)[1] is None and (
            name in self._program.globals[self.module])

    def name(self, name: str) -> Kind:
        """What a name is."""
        if name not in self._bound:
            if self._outer is not None:
                return self._outer.name(name)
            return self._program.called(self.module, name)
        if name not in self._known:
            self._known[name] = None  # while it is asked by itself
            self._known[name] = either(
                self.kind(one) if isinstance(one, ast.expr) else one for one in self._bound[name]
            )
        return self._known[name]

    def kind(self, node: ast.expr) -> Kind:
        """What an expression gives."""
        if isinstance(node, ast.Constant) and node.value is None:
            return NOTHING
        if isinstance(node, _OPERATIONS):
            return ALIEN
        if isinstance(node, ast.Name):
            return self.name(node.id)
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        if isinstance(node, ast.Await):
            awaited = self.kind(node.value)
            return awaited.kind if isinstance(awaited, Later) else None
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.IfExp):
            return either(self.kind(one) for one in (node.body, node.orelse))
        if isinstance(node, ast.BoolOp):
            return either(map(self.kind, node.values))
        if isinstance(node, ast.NamedExpr):
            return self.kind(node.value)
        return self._contained(node)

    def _contained(self, node: ast.expr) -> Kind:
        if isinstance(node, ast.Starred):
            return _element(self.kind(node.value))
        if isinstance(node, ast.Tuple):
            return Row(tuple(map(self.kind, node.elts)))
        if isinstance(node, ast.List | ast.Set):
            each = either(map(self.kind, node.elts)) if node.elts else None
            return Many(each, each)
        if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp):
            each = self.kind(node.elt)
            return Many(each, each)
        if isinstance(node, ast.Dict | ast.DictComp):
            return Many(None, None)
        if isinstance(node, ast.Subscript):
            return _item(self.kind(node.value), node.slice)
        return None

    def _attribute(self, node: ast.Attribute) -> Kind:
        if isinstance(node.value, ast.Name) and self._is_module(node.value.id):
            home = self._program.meaning(self.module, node.value.id)[0]
            if home in self._program.trees:
                return self._program.called(home, node.attr)
            return None if node.attr in ("gather", "run", "wait_for") else ALIEN
        kind = self.kind(node.value)
        if isinstance(kind, frozenset) and kind:
            return either(self._program.member(key, node.attr) for key in kind)
        if isinstance(kind, Many):
            return Made(kind.item) if node.attr in _TAKES else (
                Made(Many(kind.item, kind.item)) if node.attr == "values" else
                None if node.attr == "items" else Made(ALIEN))
        return None

    def _call(self, node: ast.Call) -> Kind:
        if isinstance(node.func, ast.Name):
            if node.func.id in _EACH and len(node.args) >= 1:
                each = _element(self.kind(node.args[0]))
                return Many(each, each)
            if node.func.id == "enumerate":
                row = Row((ALIEN, _element(self.kind(node.args[0]))))
                return Many(row, row)
            if node.func.id in ("min", "max") and len(node.args) > 1:
                return either(map(self.kind, node.args))
        kind = self.kind(node.func)
        if isinstance(kind, Made):
            return kind.kind
        return ALIEN if kind == ALIEN else None


def _element(kind: Kind) -> Kind:
    if isinstance(kind, Many):
        return kind.each
    if isinstance(kind, Row):
        return either(iter(kind.kinds))
    return ALIEN if kind == ALIEN else None


def _item(kind: Kind, index: ast.expr) -> Kind:
    if isinstance(kind, Many):
        return kind if isinstance(index, ast.Slice) else kind.item
    if isinstance(kind, Row):
        at = index.value if isinstance(index, ast.Constant) else None
        if isinstance(at, int) and -len(kind.kinds) <= at < len(kind.kinds):
            return kind.kinds[at]
        return either(iter(kind.kinds))
    return ALIEN if kind == ALIEN else None


def places_of(trees: Trees) -> Iterator[ast.Attribute]:
    """Every attribute of the program."""
    for tree in trees.values():
        for node in walk(tree):
            if isinstance(node, ast.Attribute):
                yield node
