"""Viper functions as plain ones, for builds without native code: what they say of pointers becomes
arithmetic with addresses and looks into memory (`tools/bytecode/pointers.py`), one C call each.

A pointer is held as a number of octets or, where it is set once and never moves, of its own words,
so that `p[i]` needs no shift. A number that shifts itself to the left (`n = n << 8 | …`) keeps 31
bits, which are a small integer everywhere; else it would be an octet longer with each step, and
what it loses is no part of it in viper either, where it has 32. A loop that copies is one call. As
in viper nobody checks bounds.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from tools.packing.nodes import given

_NAMES = ("address_of", "copied", "mem8", "mem16", "mem32")
IMPORT = "from pointers import " + ", ".join(_NAMES)
_SHIFTS = {"ptr8": 0, "ptr16": 1, "ptr32": 2}
_BITS = 31  # of a small integer where words have 32
_NUMBERS = ("int", "uint", "bool")


class Unclear(Exception):
    """Plain code can't do what the function does; `line` is where."""

    def __init__(self, node: ast.stmt | ast.expr, text: str) -> None:
        super().__init__(text)
        self.line = node.lineno


def plain(function: ast.FunctionDef) -> list[str]:
    """The lines of a plain function that does what this one with a `viper` decorator does, as many
    as that has with its decorator. Raises Unclear.
    """
    first, last = function.decorator_list[0].lineno, function.end_lineno or function.lineno
    if len(function.decorator_list) > 1:
        raise Unclear(function, "a viper function has one decorator")
    pointers = _Pointers(function)
    function = pointers.visit_body(function)
    lines = ast.unparse(ast.fix_missing_locations(function)).splitlines()
    room = last - first + 1 - len(lines)
    if room < 0:
        raise Unclear(function, "the plain function is longer")
    return [" " * function.col_offset + line for line in lines] + [""] * room


class _Pointers(ast.NodeTransformer):
    """Writes a function's pointers as numbers."""

    def __init__(self, function: ast.FunctionDef) -> None:
        self._shifts: dict[str, int] = {}  # of a pointer's words, by its name
        self._moving: set[str] = set()  # those that are set more than once
        self._numbers: set[str] = set()  # arguments that are
        for argument in function.args.args:
            kind = _kind(argument)
            if kind in _SHIFTS:
                self._shifts[argument.arg] = _SHIFTS[kind]
            elif kind in _NUMBERS:
                self._numbers.add(argument.arg)
        self._arguments = [name.arg for name in function.args.args]
        for name, value in _settings(function):
            if name.id in self._shifts:
                self._moving.add(name.id)
            shift = _SHIFTS[_called(value)]
            if self._shifts.setdefault(name.id, shift) != shift:
                raise Unclear(name, "%s points at words of two sizes" % name.id)

    def visit_body(self, function: ast.FunctionDef) -> ast.FunctionDef:
        """The function, its pointers cast at first."""
        casts = []
        for name in self._arguments:
            if name in self._shifts:
                address = _call("address_of", ast.Name(name, ast.Load()))
                casts.append((ast.Name(name, ast.Store()), _moved(address, 0, self._held(name))))
        body = [self.visit(one) for one in function.body if not _is_text(one)]
        if casts:  # in one line, that of the decorator
            to, made = zip(*casts, strict=True)
            body.insert(0, ast.Assign([_row(to)], _row(made)))
        function.decorator_list, function.body = [], body
        return function

    def _held(self, name: str) -> int:
        """By how much the number of a pointer is less than its address."""
        return 0 if name in self._moving else self._shifts[name]

    def _shift(self, node: ast.expr) -> int | None:
        """Of the words that an expression points at; None where it is no pointer."""
        if isinstance(node, ast.Name):
            return self._shifts.get(node.id)
        return _SHIFTS.get(_called(node))

    def _address(self, node: ast.expr, shift: int) -> ast.expr:
        """Where a pointer points to, counted in words of that size."""
        if isinstance(node, ast.Name):
            return _moved(node, self._held(node.id), shift)
        assert isinstance(node, ast.Call)
        inner = node.args[0]
        if self._shift(inner) is not None:
            return self._address(inner, shift)
        buffers = set(self._arguments) - self._numbers
        is_buffer = isinstance(inner, ast.Name) and inner.id in buffers
        address = _call("address_of", inner) if is_buffer else self.visit(inner)
        return _moved(address, 0, shift)

    def visit_While(self, node: ast.While) -> ast.AST:
        """`while i < end: p[i] = int(q[start + i]); i += 1`, and the like."""
        match node:
            case ast.While(
                ast.Compare(ast.Name(index), [ast.Lt()], [ast.Name() | ast.Constant() as end]),
                [
                    ast.Assign(
                        [ast.Subscript(to, put)],
                        ast.Call(ast.Name("int"), [ast.Subscript(source, got)]),
                    ),
                    ast.AugAssign(ast.Name(moved), ast.Add(), ast.Constant(1)),
                ],
                [],
            ) if moved == index and _goes_with(put, index) and _goes_with(got, index):
                shift = self._shift(to)
                if shift is not None and shift == self._shift(source):
                    places = [
                        _moved(ast.BinOp(self._address(one, shift), ast.Add(), at), shift, 0)
                        for one, at in ((to, put), (source, got))
                    ]
                    count = ast.BinOp(end, ast.Sub(), ast.Name(index, ast.Load()))
                    octets = _call("copied", *places, _moved(count, shift, 0))
                    target = ast.Name(index, ast.Store())
                    return ast.AugAssign(target, ast.Add(), _moved(octets, 0, shift))
        return self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        """`p[i]`."""
        shift = self._shift(node.value)
        if shift is None:
            return self._others(node)
        place, index = self._address(node.value, shift), self.visit(node.slice)
        if not (isinstance(index, ast.Constant) and index.value == 0):
            place = ast.BinOp(place, ast.Add(), index)
        memory = ast.Name("mem%d" % (8 << shift), ast.Load())
        return ast.Subscript(memory, place, node.ctx)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """`int(p)` and `int(p[i])` need no call."""
        if _called(node) in _SHIFTS:
            raise Unclear(node, "a pointer that is neither set nor used")
        if _called(node) == "int":
            inner = node.args[0]
            if self._shift(inner) is not None:
                return self._address(inner, 0)
            if isinstance(inner, ast.Subscript) and self._shift(inner.value) is not None:
                return self.visit_Subscript(inner)
        return self._others(node)

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """A name where no pointer can be."""
        if node.id in self._shifts or node.id in _NAMES:
            raise Unclear(node, "what is done with %s?" % node.id)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        """Pointers are set to numbers, numbers keep their bits."""
        values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
        targets = node.targets[0]
        names = targets.elts if isinstance(targets, ast.Tuple) else [targets]
        made = [self._set(name, value) for name, value in zip(names, values, strict=True)]
        node.targets = [self._target(one) for one in node.targets]
        node.value = _row(made)
        return node

    def _set(self, target: ast.expr, value: ast.expr) -> ast.expr:
        name = target.id if isinstance(target, ast.Name) else ""
        if name in self._shifts:
            if self._shift(value) is None:
                raise Unclear(value, "%s is a pointer" % name)
            return self._address(value, self._held(name))
        _kept(value, name)
        made: ast.expr = self.visit(value)
        return made

    def _target(self, node: ast.expr) -> ast.expr:
        if isinstance(node, ast.Tuple):
            node.elts = [self._target(one) for one in node.elts]
            return node
        return node if isinstance(node, ast.Name) else self.visit(node)

    def _others(self, node: ast.expr) -> ast.expr:
        made = self.generic_visit(node)
        assert isinstance(made, ast.expr)
        return made


def _settings(function: ast.FunctionDef) -> Iterator[tuple[ast.Name, ast.expr]]:
    """Names that are given a pointer, and what they are given."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            for name, value in given(node):
                if isinstance(name, ast.Name) and _called(value) in _SHIFTS:
                    yield name, value


def _kind(argument: ast.arg) -> str:
    note = argument.annotation
    if isinstance(note, ast.Constant):
        return str(note.value)
    return note.id if isinstance(note, ast.Name) else ""


def _called(node: ast.AST) -> str:
    """The name of the function that is called here."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id
    return ""


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _kept(node: ast.expr, name: str) -> None:
    """Where a number shifts itself, `name << n` or `name * 2 ** n`, with no fewer bits of it: the
    upper ones go before.
    """
    if not isinstance(node, ast.BinOp):
        return
    if isinstance(node.op, (ast.BitOr, ast.Add)):
        _kept(node.left, name)
        _kept(node.right, name)
    elif isinstance(node.left, ast.Name) and node.left.id == name:
        by = node.right.value if isinstance(node.right, ast.Constant) else 0
        if isinstance(node.op, ast.Mult) and isinstance(by, int) and not by & by - 1:
            by = by.bit_length() - 1
        elif not isinstance(node.op, ast.LShift):
            return
        if not isinstance(by, int) or not 0 < by < _BITS:
            raise Unclear(node, "%s grows by nobody knows how much" % name)
        sign = 1 << _BITS - by - 1
        low = ast.BinOp(node.left, ast.BitAnd(), ast.Constant(2 * sign - 1))
        flipped = ast.BinOp(low, ast.BitXor(), ast.Constant(sign))
        node.left = ast.BinOp(flipped, ast.Sub(), ast.Constant(sign))


def _goes_with(node: ast.expr, index: str) -> bool:
    """True when it is `index` and something that stays."""
    if isinstance(node, ast.Name):
        return node.id == index
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, (ast.Add, ast.Sub)):
        return False
    one, other = node.left, node.right
    if isinstance(node.op, ast.Add) and not _goes_with(one, index):
        one, other = other, one
    stays = not any(
        isinstance(part, (ast.Call, ast.Subscript)) or getattr(part, "id", "") == index
        for part in ast.walk(other)
    )
    return stays and _goes_with(one, index)


def _row(parts: Sequence[ast.expr]) -> ast.expr:
    return ast.Tuple(list(parts), ast.Load()) if len(parts) > 1 else parts[0]


def _call(name: str, *arguments: ast.expr) -> ast.expr:
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])


def _moved(node: ast.expr, held: int, wanted: int) -> ast.expr:
    """A number of words of 1 << held octets as one of words of 1 << wanted."""
    if held == wanted:
        return node
    operator = ast.LShift() if held > wanted else ast.RShift()
    return ast.BinOp(node, operator, ast.Constant(abs(held - wanted)))
