"""The body of a function as it stands where the function was called."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from tools.packing.nodes import children
from tools.packing.scopes import Comprehension, Function, bound_by, locals_of

Scope = Function | Comprehension | ast.Lambda


class CannotBeWrittenOut(Exception):
    """This call stays a call; the text says why."""


class Written(NamedTuple):
    """What stands before the statement of a call, and in the place of the call."""

    before: list[ast.stmt]
    result: ast.expr | None  # None: `before` gave it to the sink, or it is not wanted


Sink = Callable[[ast.expr | None], list[ast.stmt]]  # what is done with a value that is returned


def own_nodes(body: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Everything in these statements but functions and classes in them."""
    stack = list(body)
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, Function | ast.ClassDef | ast.Lambda):
            stack += children(node)


def _has(body: Sequence[ast.AST], *kinds: type[ast.AST]) -> bool:
    return any(isinstance(node, kinds) for node in own_nodes(body))


def ends(body: Sequence[ast.stmt]) -> bool:
    """True when nothing that follows these statements is ever reached."""
    last = body[-1] if body else None
    if isinstance(last, ast.Return | ast.Raise):
        return True
    if isinstance(last, ast.If):
        return ends(last.body) and ends(last.orelse)
    if isinstance(last, ast.With | ast.AsyncWith):
        return ends(last.body)
    if isinstance(last, ast.While):
        return _is_endless(last)
    if isinstance(last, ast.Try):
        return ends(last.finalbody) or (
            (ends(last.body) or ends(last.orelse))
            and all(ends(handler.body) for handler in last.handlers)
        )
    return False


def _is_endless(node: ast.While) -> bool:
    test = node.test
    return isinstance(test, ast.Constant) and bool(test.value) and not _breaks(node.body)


def _breaks(body: Sequence[ast.stmt]) -> bool:
    """True for a `break` of the loop that has this body."""
    for node in body:
        if isinstance(node, ast.Break):
            return True
        if isinstance(node, ast.For | ast.AsyncFor | ast.While):
            if _breaks(node.orelse):
                return True
        elif any(_breaks(block) for block in blocks(node)):
            return True
    return False


def blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    """The lists of statements in a statement, but those of functions and classes."""
    if isinstance(node, Function | ast.ClassDef):
        return
    for field in ("body", "orelse", "finalbody"):
        block = getattr(node, field, None)
        if isinstance(block, list):
            yield block
    for handler in getattr(node, "handlers", ()):
        yield handler.body


def branch(test: ast.expr, body: list[ast.stmt], orelse: list[ast.stmt]) -> list[ast.stmt]:
    """An `if` of which either side may be empty."""
    if not body and not orelse:
        return [ast.Expr(test)]
    if body:
        return [ast.If(test, body, orelse)]
    return [ast.If(opposite(test), orelse, [])]


def opposite(test: ast.expr) -> ast.expr:
    """`not test`."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return test.operand
    return ast.UnaryOp(ast.Not(), test)


def is_nothing(value: ast.expr | None) -> bool:
    """True when evaluating it does nothing at all."""
    return value is None or isinstance(value, ast.Constant | ast.Name)


def dropped(value: ast.expr | None) -> list[ast.stmt]:
    """The sink of a call whose value nobody wants."""
    return [] if value is None or is_nothing(value) else [ast.Expr(value)]


def assigned(target: ast.expr) -> Sink:
    """The sink that gives the value to `target`."""

    def give(value: ast.expr | None) -> list[ast.stmt]:
        return [ast.Assign([copy.deepcopy(target)], value or ast.Constant(None))]

    return give


def delivered(body: list[ast.stmt], sink: Sink) -> list[ast.stmt]:
    """`body` with no return any more: what it returned goes to the sink, and its end is reached.

    Raises CannotBeWrittenOut.
    """
    try:
        return _tail(copy.deepcopy(body), sink)
    except CannotBeWrittenOut:
        rest = [] if ends(body) else sink(None)
        return [ast.While(ast.Constant(True), [*_left(body, sink), *rest, ast.Break()], [])]


def _tail(body: list[ast.stmt], sink: Sink) -> list[ast.stmt]:
    """Statements behind which the function ends: early returns become branches."""
    for at, node in enumerate(body):
        if isinstance(node, ast.Return):
            return [*body[:at], *sink(node.value)]
        if _has([node], ast.Return):
            return [*body[:at], *_split(node, body[at + 1 :], sink)]
    return body if ends(body) else [*body, *sink(None)]


def _split(node: ast.stmt, rest: list[ast.stmt], sink: Sink) -> list[ast.stmt]:
    if isinstance(node, ast.If):
        if ends(node.body):
            return branch(node.test, _tail(node.body, sink), _tail(node.orelse + rest, sink))
        if ends(node.orelse):
            return branch(node.test, _tail(node.body + rest, sink), _tail(node.orelse, sink))
        if not rest:
            return branch(node.test, _tail(node.body, sink), _tail(node.orelse, sink))
    elif isinstance(node, ast.With | ast.AsyncWith):
        if not rest or ends(node.body):
            node.body = _tail(node.body, sink) or [ast.Pass()]
            return [node]
    elif isinstance(node, ast.Try):
        return _split_try(node, rest, sink)
    elif isinstance(node, ast.For | ast.AsyncFor | ast.While) and not _breaks(node.body):
        endless = isinstance(node, ast.While) and _is_endless(node)
        node.body = _left(node.body, sink)
        node.orelse = [] if endless else _tail(node.orelse + rest, sink)
        return [node]
    raise CannotBeWrittenOut("a return in the middle")


def _split_try(node: ast.Try, rest: list[ast.stmt], sink: Sink) -> list[ast.stmt]:
    in_body = _has(node.body, ast.Return)
    if _has(node.finalbody, ast.Return) or (in_body and node.orelse):
        raise CannotBeWrittenOut("a return in a try that has more")
    if rest:
        if in_body or node.finalbody or not all(ends(one.body) for one in node.handlers):
            raise CannotBeWrittenOut("a return in a try, and more behind it")
        node.orelse += rest
    if node.orelse:
        node.orelse = _tail(node.orelse, sink)
    else:
        node.body = _tail(node.body, sink) or [ast.Pass()]
    for handler in node.handlers:
        handler.body = _tail(handler.body, sink) or [ast.Pass()]
    return [node]


def _left(body: list[ast.stmt], sink: Sink) -> list[ast.stmt]:
    """Statements of a loop's body, with each return made into a break."""
    made: list[ast.stmt] = []
    for node in body:
        if isinstance(node, ast.Return):
            return [*made, *sink(node.value), ast.Break()]
        if not _has([node], ast.Return):
            made.append(node)
            continue
        if not isinstance(node, ast.If | ast.Try | ast.With | ast.AsyncWith):
            raise CannotBeWrittenOut("a return in a loop within a loop")
        if isinstance(node, ast.Try) and _has(node.finalbody, ast.Return):
            raise CannotBeWrittenOut("a return in finally")
        for block in blocks(node):
            block[:] = _left(block, sink)
        made.append(node)
    return made


class _Rename(ast.NodeTransformer):
    """Gives locals other names, and arguments what was passed for them."""

    def __init__(self, put: dict[str, ast.expr]) -> None:
        self._put = put

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id not in self._put:
            return node
        new = copy.deepcopy(self._put[node.id])
        if isinstance(new, ast.Name):
            new.ctx = node.ctx
        return new

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        if node.name:
            node.name = self._named(node.name)
        return self.generic_visit(node)

    def visit_alias(self, node: ast.alias) -> ast.AST:
        bound = bound_by(node)
        if bound in self._put:
            node.asname = self._named(bound)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.arg = self._named(node.arg)
        return node

    def _named(self, name: str) -> str:
        new = self._put.get(name)
        return new.id if isinstance(new, ast.Name) else name


def renamed(body: list[ast.stmt], put: dict[str, ast.expr], fresh: Callable[[], str],
            ) -> list[ast.stmt]:
    """A copy of `body` with other names; what comprehensions and lambdas call their own gets fresh
    ones.
    """
    copied = copy.deepcopy(body)
    for node in copied:
        _Scopes(fresh).visit(node)
    return [_Rename(put).visit(node) for node in copied]


class _Scopes(ast.NodeTransformer):
    def __init__(self, fresh: Callable[[], str]) -> None:
        self._fresh = fresh

    def visit(self, node: ast.AST) -> ast.AST:
        if not isinstance(node, Comprehension | ast.Lambda):
            return self.generic_visit(node)
        self.generic_visit(node)
        put: dict[str, ast.expr] = {
            name: ast.Name(self._fresh(), ast.Load()) for name in sorted(locals_of(node))
        }
        change = _Rename(put)
        if isinstance(node, ast.Lambda):
            node.args.args = [change.visit(one) for one in node.args.args]
            node.body = change.visit(node.body)
            return node
        first = node.generators[0].iter  # belongs to the scope outside
        node.generators[0].iter = ast.Constant(None)
        change.generic_visit(node)
        node.generators[0].iter = first
        return node
