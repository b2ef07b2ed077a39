"""The place of a call: what is evaluated before it, and the statement that gives way."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from tools.packing.inline_body import CannotBeWrittenOut, Written, opposite
from tools.packing.nodes import children
from tools.packing.scopes import Comprehension, Function

Part = tuple[ast.AST, str, int]  # an expression in another: node, field, and place in a list or -1


class Known(Protocol):
    """What is known of the function that a call stands in."""

    def is_stable(self, value: ast.expr) -> bool:
        """True when the value is the same whatever function is called in between."""

    def is_settled(self, attribute: str) -> bool:
        """True when no function but `__init__` ever gives that attribute to anything."""


class Place(NamedTuple):
    """Where a call stands."""

    function: Function  # the innermost one around it
    block: list[ast.stmt]
    statement: ast.stmt
    path: list[ast.AST]  # from the statement to the call, both included
    inner: bool  # in a lambda or comprehension: nothing can stand before it


def place_of(function: Function, call: ast.expr) -> Place | None:
    """The place of a call in a function; None when it is not there."""
    path = _path(function, call)
    if not path:
        return None
    at = max(index for index, node in enumerate(path) if isinstance(node, ast.stmt))
    around = max(index for index, node in enumerate(path[:at]) if isinstance(node, Function))
    inside = path[at:]
    inner = any(
        isinstance(node, ast.Lambda | Comprehension)
        and not (
            isinstance(node, Comprehension) and inside[index + 2] is node.generators[0].iter
        )
        for index, node in enumerate(inside[:-2])
    )
    owner = path[around]
    assert isinstance(owner, Function)
    statement = path[at]
    assert isinstance(statement, ast.stmt)
    return Place(owner, _block(path[at - 1], statement), statement, inside, inner)


def _path(node: ast.AST, call: ast.AST) -> list[ast.AST]:
    if node is call:
        return [node]
    for child in children(node):
        rest = _path(child, call)
        if rest:
            return [node, *rest]
    return []


def _block(parent: ast.AST, statement: ast.stmt) -> list[ast.stmt]:
    for _field, value in ast.iter_fields(parent):
        if isinstance(value, list) and any(one is statement for one in value):
            return value
    raise CannotBeWrittenOut("no block")


def replace(place: Place, written: Written) -> None:
    """Put an expression alone in the place of the call."""
    assert written.result is not None
    _replace(place.path[-2], place.path[-1], written.result)


def lifted(place: Place, written: Written, known: Known, fresh: Callable[[], str],
           ) -> list[ast.stmt]:
    """What stands instead of the statement. Raises CannotBeWrittenOut; nothing is changed yet."""
    if place.inner:
        raise CannotBeWrittenOut("in a comprehension or lambda")
    return _Lift(place.path, written, known, fresh).statement(place.statement)


def _replace(parent: ast.AST, old: ast.AST, new: ast.expr) -> None:
    for field, value in ast.iter_fields(parent):
        if value is old:
            setattr(parent, field, new)
        elif isinstance(value, list):
            value[:] = [new if one is old else one for one in value]


class _Lift:
    """Takes a call out of the expressions around it, in the order in which all is evaluated."""

    def __init__(self, path: Sequence[ast.AST], written: Written, known: Known,
                 fresh: Callable[[], str]) -> None:
        self._on_path = {id(node) for node in path}
        self._target = path[-1]
        self._written = written
        self._known = known
        self._fresh = fresh

    def statement(self, node: ast.stmt) -> list[ast.stmt]:
        """What stands there instead of the statement."""
        new = copy.copy(node)
        if isinstance(new, ast.AugAssign):
            return self._augmented(new)
        if isinstance(new, ast.With | ast.AsyncWith):
            new.items = [copy.copy(item) for item in new.items]
            before, new.items[0].context_expr = self.lift(new.items[0].context_expr)
            return [*before, new]
        if isinstance(new, ast.While):
            if new.orelse:
                raise CannotBeWrittenOut("a while with an else")
            before, test = self.lift(new.test)
            body: list[ast.stmt] = [*before, ast.If(opposite(test), [ast.Break()], []), *new.body]
            return [ast.While(ast.Constant(True), body, [])]
        field = {ast.If: "test", ast.For: "iter", ast.AsyncFor: "iter", ast.Raise: "exc"}.get(
            type(new), "value"
        )
        value = getattr(new, field, None)
        if value is None:
            raise CannotBeWrittenOut("in a %s" % type(new).__name__)
        before, value = self.lift(value)
        setattr(new, field, value)
        return [*before, new]

    def _augmented(self, node: ast.AugAssign) -> list[ast.stmt]:
        """What is added to is read before what is added."""
        target = node.target
        before, value = self.lift(node.value)
        node.value = value
        if isinstance(target, ast.Name) and self._known.is_stable(ast.Name(target.id, ast.Load())):
            return [*before, node]
        if not isinstance(target, ast.Attribute) or not self._known.is_stable(target.value):
            raise CannotBeWrittenOut("added to what may change")
        name = self._fresh()
        read = ast.Attribute(copy.deepcopy(target.value), target.attr, ast.Load())
        node.target = ast.Name(name, ast.Store())
        kept: list[ast.stmt] = [ast.Assign([ast.Name(name, ast.Store())], read)]
        return [*kept, *before, node, ast.Assign([target], ast.Name(name, ast.Load()))]

    def lift(self, node: ast.expr) -> tuple[list[ast.stmt], ast.expr]:
        """Statements, and the expression that has the value of `node` behind them."""
        if id(node) not in self._on_path:
            raise CannotBeWrittenOut("in another part of its statement")
        if node is self._target:
            assert self._written.result is not None
            return list(self._written.before), self._written.result
        if isinstance(node, ast.BoolOp):
            return self._bool_op(node)
        if isinstance(node, ast.IfExp) and id(node.test) not in self._on_path:
            return self._if_else(node)
        new = copy.copy(node)
        before: list[ast.stmt] = []
        for holder, field, index in _parts(new, self._known):
            part = _get(holder, field, index)
            if id(part) in self._on_path:
                inner, value = self.lift(part)
                _set(holder, field, index, value)
                return [*before, *inner], new
            if not self._known.is_stable(part):
                name = self._fresh()
                before.append(ast.Assign([ast.Name(name, ast.Store())], part))
                _set(holder, field, index, ast.Name(name, ast.Load()))
        raise CannotBeWrittenOut("in a %s" % type(node).__name__)

    def _bool_op(self, node: ast.BoolOp) -> tuple[list[ast.stmt], ast.expr]:
        at = next(i for i, one in enumerate(node.values) if id(one) in self._on_path)
        before, value = self.lift(node.values[at])
        rest = [value, *node.values[at + 1 :]]
        last = rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
        if not at:
            return before, last
        name = self._fresh()
        first = node.values[:at]
        test: ast.expr = ast.Name(name, ast.Load())
        if isinstance(node.op, ast.Or):
            test = ast.UnaryOp(ast.Not(), test)
        made: list[ast.stmt] = [
            _let(name, first[0] if at == 1 else ast.BoolOp(node.op, first)),
            ast.If(test, [*before, _let(name, last)], []),
        ]
        return made, ast.Name(name, ast.Load())

    def _if_else(self, node: ast.IfExp) -> tuple[list[ast.stmt], ast.expr]:
        name = self._fresh()
        sides: list[list[ast.stmt]] = []
        for side in (node.body, node.orelse):
            if id(side) in self._on_path:
                before, value = self.lift(side)
                sides.append([*before, _let(name, value)])
            else:
                sides.append([_let(name, side)])
        return [ast.If(node.test, sides[0], sides[1])], ast.Name(name, ast.Load())


def _let(name: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Name(name, ast.Store())], value)


def _get(holder: ast.AST, field: str, index: int) -> ast.expr:
    held = getattr(holder, field)
    found: ast.expr = held if index < 0 else held[index]
    return found


def _set(holder: ast.AST, field: str, index: int, value: ast.expr) -> None:
    if index < 0:
        setattr(holder, field, value)
    else:
        getattr(holder, field)[index] = value


def _parts(new: ast.expr, known: Known) -> list[Part]:
    """The expressions in a copied one, in the order in which they are evaluated; what holds them
    is copied too. Raises CannotBeWrittenOut for what has no such order on both runtimes.
    """
    if isinstance(new, ast.Call):
        return _parts_of_call(new, known)
    if isinstance(new, ast.BinOp):
        return [(new, "left", -1), (new, "right", -1)]
    if isinstance(new, ast.Compare):
        new.comparators = list(new.comparators)
        return [(new, "left", -1), (new, "comparators", 0)]
    if isinstance(new, ast.Subscript):
        return [(new, "value", -1), (new, "slice", -1)]
    if isinstance(new, ast.Slice):
        fields = ("lower", "upper", "step")
        return [(new, field, -1) for field in fields if getattr(new, field) is not None]
    if isinstance(new, ast.Tuple | ast.List):
        new.elts = list(new.elts)
        if not any(isinstance(one, ast.Starred) for one in new.elts):
            return [(new, "elts", index) for index in range(len(new.elts))]
    if isinstance(new, ast.UnaryOp):
        return [(new, "operand", -1)]
    if isinstance(new, ast.IfExp):
        return [(new, "test", -1)]
    if isinstance(new, ast.Attribute | ast.Await | ast.NamedExpr | ast.Yield):
        return [(new, "value", -1)]
    if isinstance(new, Comprehension):
        new.generators = [copy.copy(one) for one in new.generators]
        return [(new.generators[0], "iter", -1)]
    raise CannotBeWrittenOut("in a %s" % type(new).__name__)


def _parts_of_call(new: ast.Call, known: Known) -> list[Part]:
    """A method of an object is looked up before its arguments are evaluated; where it can't be
    another one then, the object alone is evaluated.
    """
    new.args = list(new.args)
    new.keywords = [copy.copy(one) for one in new.keywords]
    if any(isinstance(one, ast.Starred) for one in new.args) or any(
        one.arg is None for one in new.keywords
    ):
        raise CannotBeWrittenOut("in a call with *")
    first: Part = (new, "func", -1)
    if isinstance(new.func, ast.Attribute) and known.is_settled(new.func.attr):
        new.func = copy.copy(new.func)
        first = (new.func, "value", -1)
    return [
        first,
        *[(new, "args", index) for index in range(len(new.args))],
        *[(one, "value", -1) for one in new.keywords],
    ]
