"""What a function held that was written out is let go where the function returned."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Sequence

from tools.packing.inline_body import own_nodes
from tools.packing.nodes import children, given, walk
from tools.packing.scopes import Function

_SMALL_CALLS = frozenset(("bool", "int", "len", "max", "min", "ord"))
_SMALL_OPERATIONS = (
    ast.Sub, ast.BitAnd, ast.BitOr, ast.BitXor, ast.LShift, ast.RShift, ast.FloorDiv, ast.Pow,
)
_LOOPS = ast.For | ast.AsyncFor | ast.While


def let_go(function: Function, statement: ast.stmt, made: list[ast.stmt], names: Collection[str],
           is_held_anyway: Callable[[ast.expr], bool]) -> list[ast.stmt]:
    """`made`, which stands for `statement`, and behind it None for what a coroutine would go on
    holding while it waits: `names` are its locals for this call alone.
    """
    if not isinstance(function, ast.AsyncFunctionDef) or not _waits_again(function, statement):
        return made
    large = sorted(_given(made, is_held_anyway) & set(names))
    if not large or not made:
        return made
    last = made[-1]
    if isinstance(last, ast.Return | ast.Raise):
        return made
    here = {node.id for part in _header(last) for node in walk(part)
            if isinstance(node, ast.Name)}
    block = isinstance(last, ast.If | ast.Try | ast.With | ast.AsyncWith | _LOOPS)
    early = [name for name in large if block and name not in here and not _said([last], name)]
    late = [name for name in large if name not in early]
    return [*made[:-1], *_nothing(early), last, *_nothing(late)]


def _nothing(names: Sequence[str]) -> list[ast.stmt]:
    if not names:
        return []
    targets: list[ast.expr] = [ast.Name(name, ast.Store()) for name in names]
    return [ast.Assign(targets, ast.Constant(None))]


def _said(body: Sequence[ast.AST], name: str) -> bool:
    return any(
        isinstance(node, ast.Name) and node.id == name for one in body for node in walk(one)
    )


def _header(node: ast.stmt) -> list[ast.AST]:
    return [
        child for child in children(node)
        if not isinstance(child, ast.stmt | ast.ExceptHandler)
    ]


def _waits_again(function: Function, statement: ast.stmt) -> bool:
    """True when the coroutine may wait after this statement."""
    return _after(function.body, statement)[1]


def _after(body: Sequence[ast.stmt], statement: ast.stmt) -> tuple[bool, bool]:
    """Whether the statement is in there, and whether something waits there behind it."""
    for at, node in enumerate(body):
        if node is statement:
            return True, _waits(body[at + 1 :])
        parts: list[list[ast.stmt]] = [
            getattr(node, field, None) or [] for field in ("body", "orelse", "finalbody")
        ]
        parts += [handler.body for handler in getattr(node, "handlers", ())]
        for part in parts:
            inside, waits = _after(part, statement)
            if inside:
                again = isinstance(node, _LOOPS) and _waits([node])
                later = isinstance(node, ast.AsyncWith | ast.Try) and _waits([node])
                return True, waits or again or later or _waits(body[at + 1 :])
    return False, False


def _waits(body: Sequence[ast.stmt]) -> bool:
    return any(
        isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith) for node in own_nodes(body)
    )


def _given(made: Sequence[ast.stmt], is_held_anyway: Callable[[ast.expr], bool]) -> set[str]:
    """Names that are given what may be more than a number."""
    found: set[str] = set()
    for node in own_nodes(made):
        if isinstance(node, ast.Assign):
            for target, value in given(node):
                if not _is_small(value) and not is_held_anyway(value):
                    found |= _names(target)
        elif isinstance(node, ast.For) and not _is_range(node.iter):
            found |= _names(node.target)
        elif isinstance(node, ast.AsyncFor | ast.With | ast.AsyncWith | ast.NamedExpr):
            found |= {
                one.id for one in walk(node)
                if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
            }
        elif isinstance(node, ast.ImportFrom | ast.Import):
            found |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.AugAssign) and not _is_number(node):
            found |= _names(node.target)
    return found


def _names(target: ast.expr) -> set[str]:
    """Locals that an assignment to `target` binds."""
    return {
        node.id for node in walk(target)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _is_range(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "range"


def _is_number(node: ast.AugAssign | ast.BinOp) -> bool:
    sides = [node.value] if isinstance(node, ast.AugAssign) else [node.left, node.right]
    if isinstance(node.op, ast.Add):
        return any(isinstance(one, ast.Constant) and isinstance(one.value, int) for one in sides)
    return isinstance(node.op, _SMALL_OPERATIONS)


def _is_small(value: ast.expr) -> bool:
    if isinstance(value, ast.Constant | ast.Compare):
        return True
    if isinstance(value, ast.UnaryOp):
        return True
    if isinstance(value, ast.IfExp):
        return _is_small(value.body) and _is_small(value.orelse)
    if isinstance(value, ast.BoolOp):
        return all(map(_is_small, value.values))
    if isinstance(value, ast.BinOp):
        return _is_number(value)
    return isinstance(value, ast.Call) and getattr(value.func, "id", "") in _SMALL_CALLS
