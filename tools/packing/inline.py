"""Functions that are called in one place, and small ones called in a few, are written out there.

Each function costs a device some 50 octets besides what it does, and each call its time; a
coroutine costs an object too. What a function did is done in the same order, and what it held it
holds no longer than the function that called it.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Collection

from tools.packing.inline_body import (
    CannotBeWrittenOut,
    Written,
    assigned,
    delivered,
    dropped,
    ends,
    own_nodes,
    renamed,
)
from tools.packing.inline_find import (
    BUILTINS,
    Home,
    Index,
    Single,
    called,
    free_names,
    is_small,
    may,
)
from tools.packing.inline_held import let_go
from tools.packing.inline_place import Place, lifted, place_of, replace
from tools.packing.nodes import children, walk
from tools.packing.program import Trees
from tools.packing.scopes import Comprehension, Function, locals_of

_FRESH = "t%d_"
_PLACES = 8  # that a small function is written out in


def write_out(trees: Trees, kept: Collection[str]) -> list[str]:
    """Write functions out where they are called; returns their names. What is in `kept` may be
    called by others.
    """
    done = _Writer(trees, kept, 1).run()
    done += _Writer(trees, kept, _PLACES).run()
    index = Index(trees)
    for home in done:
        uses = index.attributes if home.owner else {
            name: uses for (room, name), uses in index.globals.items() if room == home.room
        }
        if home.node.name in uses:
            raise ValueError("%s is called and not there" % home.node.name)
    return [home.node.name for home in done]


class _Writer:
    """One pass: functions with one call, or small ones with up to `most`."""

    def __init__(self, trees: Trees, kept: Collection[str], most: int) -> None:
        self._index = Index(trees)
        self._kept = kept
        self._most = most
        self._done: list[Home] = []
        self._left: dict[int, int] = {}  # calls that each function still has
        self._waiting: dict[int, list[Single]] = {}

    def run(self) -> list[Home]:
        """The functions that are not there any more."""
        for found in called(self._index, self._kept, self._most):
            if all(map(may, found)) and (self._most == 1 or is_small(found)):
                self._left[id(found[0].home.node)] = len(found)
                for single in found:
                    self._waiting.setdefault(id(single.around.node), []).append(single)
        for home in self._index.homes:
            self._into(home.node)
        return self._done

    def _into(self, node: Function) -> None:
        """Write out what this function calls; what they call first."""
        waiting = self._waiting.pop(id(node), ())
        if not waiting:
            return
        before = {one.id for one in walk(node) if isinstance(one, ast.Name)}
        for single in waiting:
            self._into(single.home.node)
            if self._most > 1:
                before = {one.id for one in walk(node) if isinstance(one, ast.Name)}
            try:
                _Call(self._index, single, before, self._kept).write()
            except CannotBeWrittenOut:
                continue
            self._left[id(single.home.node)] -= 1
            if not self._left[id(single.home.node)]:
                self._remove(single.home)

    def _remove(self, home: Home) -> None:
        home.body.remove(home.node)
        if home.owner and not home.body:
            home.body.append(ast.Pass())
        self._done.append(home)


class _Call:
    """One call that gives way to the function's body."""

    def __init__(self, index: Index, single: Single, before: Collection[str],
                 kept: Collection[str]) -> None:
        self._index = index
        self._kept = kept
        self._room = single.around.room
        self._callee = single.home.node
        self._is_method = bool(single.home.owner)
        self._call = single.call
        self._in_init = single.around.node.name == "__init__"
        self._place = self._find(single.around.node)
        self._locals = _bound(single.around.node)
        self._used = self._avoided(single.around.node, before)
        self._new: set[str] = set()

    def _find(self, around: Function) -> Place:
        place = place_of(around, self._call)
        if place is None:
            raise CannotBeWrittenOut("not in the body")
        if isinstance(self._callee, ast.AsyncFunctionDef):
            if not isinstance(place.path[-2], ast.Await) or place.inner:
                raise CannotBeWrittenOut("not awaited where it is called")
            place = place._replace(path=place.path[:-1])
        return place

    def _avoided(self, around: Function, before: Collection[str]) -> set[str]:
        """Names that are alive at the statement: those in it, and all that were there before."""
        if self._place.function is not around:
            return {one.id for one in walk(around) if isinstance(one, ast.Name)} | self._locals
        header = (
            child for child in children(self._place.statement)
            if not isinstance(child, ast.stmt | ast.ExceptHandler)
        )
        said = {
            one.id for child in header for one in walk(child) if isinstance(one, ast.Name)
        }
        return said | set(before)

    def fresh(self) -> str:
        """A name that nothing means that is alive here."""
        number = 0
        while _FRESH % number in self._used:
            number += 1
        self._used.add(_FRESH % number)
        self._new.add(_FRESH % number)
        return _FRESH % number

    def is_settled(self, attribute: str) -> bool:
        """See inline_place.Known."""
        return attribute not in self._index.changed

    def is_stable(self, value: ast.expr) -> bool:
        """See inline_place.Known."""
        if isinstance(value, ast.Constant):
            return True
        if isinstance(value, ast.Name):
            if value.id in self._index.shared:
                return False
            if value.id in self._locals or value.id in self._new:
                return True
            return value.id not in self._index.rebound and (
                value.id in self._index.module_names[self._room] or value.id in BUILTINS
            )
        if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.USub):
            return isinstance(value.operand, ast.Constant)
        return self.is_stable_attribute(value)

    def is_stable_attribute(self, value: ast.expr) -> bool:
        """True for an attribute that an object has as long as it lives."""
        return (
            isinstance(value, ast.Attribute)
            and not self._in_init
            and self._index.is_stored(value.attr)
            and self.is_settled(value.attr)
            and value.attr not in self._kept
            and value.attr not in self._index.defined
            and self.is_stable(value.value)
        )

    def write(self) -> None:
        """Raises CannotBeWrittenOut, and nothing is changed then."""
        if (free_names(self._callee)) & self._locals:
            raise CannotBeWrittenOut("a global is called as a local there")
        before, names = self._bind()
        for name in sorted(locals_of(self._callee) - set(names)):
            names[name] = ast.Name(self.fresh(), ast.Load())
        body = renamed(self._callee.body, names, self.fresh)
        statement, target = self._place.statement, self._place.path[-1]
        direct = getattr(statement, "value", None) is target
        if direct and isinstance(statement, ast.Return):
            self._instead([*before, *body, *([] if ends(body) else [ast.Return(None)])])
            return
        returns = [one for one in own_nodes(body) if isinstance(one, ast.Return)]
        if not returns or (len(returns) == 1 and body[-1] is returns[0]):
            result = (returns[0].value if returns else None) or ast.Constant(None)
            before += body[: len(body) - len(returns)]
            if direct and isinstance(statement, ast.Expr):
                self._instead([*before, *dropped(result)])
            else:
                self._put(Written(before, result))
        elif direct and isinstance(statement, ast.Expr):
            self._instead([*before, *delivered(body, dropped)])
        elif direct and isinstance(statement, ast.Assign) and self._takes(statement, body):
            self._instead([*before, *delivered(body, assigned(statement.targets[0]))])
        else:
            name = self.fresh()
            before += delivered(body, assigned(ast.Name(name, ast.Store())))
            self._put(Written(before, ast.Name(name, ast.Load())))

    def _put(self, written: Written) -> None:
        if written.before:
            self._instead(lifted(self._place, written, self, self.fresh))
        else:
            replace(self._place, written)

    def _instead(self, statements: list[ast.stmt]) -> None:
        block, statement = self._place.block, self._place.statement
        at = next(index for index, one in enumerate(block) if one is statement)
        if at == len(block) - 1 and block is self._place.function.body:
            while statements and _returns_nothing(statements[-1]):
                statements.pop()
        statements = let_go(
            self._place.function, statement, statements, self._new, self.is_stable_attribute
        )
        block[at : at + 1] = statements or [ast.Pass()]

    def _takes(self, node: ast.Assign, body: list[ast.stmt]) -> bool:
        """True when the target may get its value wherever the function returned."""
        if len(node.targets) > 1 or any(
            isinstance(one, ast.Try | ast.With | ast.AsyncWith) for one in own_nodes(body)
        ):
            return False
        target = node.targets[0]
        parts = target.elts if isinstance(target, ast.Tuple) else [target]
        return all(
            isinstance(part, ast.Name)
            or (isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name))
            for part in parts
        )

    def _bind(self) -> tuple[list[ast.stmt], dict[str, ast.expr]]:
        """What gives the arguments their values, and what stands for those that need none."""
        said = Counter(
            node.id for one in self._callee.body for node in walk(one)
            if isinstance(node, ast.Name)
        )
        rebound = _rebound(self._callee)
        before: list[ast.stmt] = []
        put_for: dict[str, ast.expr] = {}
        for name, value in self._passed():
            plain = self.is_stable(value) and name not in rebound
            if plain and (said[name] < 2 or not isinstance(value, ast.Attribute)):
                put_for[name] = value
            elif not said[name]:
                before.append(ast.Expr(value))
            else:
                own = self.fresh()
                put_for[name] = ast.Name(own, ast.Load())
                before.append(ast.Assign([ast.Name(own, ast.Store())], value))
        return before, put_for

    def _passed(self) -> list[tuple[str, ast.expr]]:
        """Argument and value, in the order in which the values are evaluated."""
        call, arguments = self._call, self._callee.args
        names = [one.arg for one in arguments.args]
        values: list[ast.expr] = list(call.args)
        if self._is_method:
            values.insert(0, self._receiver())
        walked = [node for value in (*values, *call.keywords) for node in walk(value)]
        if any(isinstance(node, ast.Starred | ast.NamedExpr) for node in walked):
            raise CannotBeWrittenOut("arguments that can't be told")
        passed = list(zip(names, values, strict=False))
        passed += [(one.arg or "", one.value) for one in call.keywords]
        given = [name for name, _value in passed]
        defaults = dict(zip(reversed(names), reversed(arguments.defaults), strict=False))
        for name in names:
            if name not in given and name in defaults:
                default = defaults[name]
                if isinstance(default, ast.Name | ast.Attribute) or not self.is_stable(default):
                    raise CannotBeWrittenOut("a default that is made")
                passed.append((name, default))
        if sorted(name for name, _value in passed) != sorted(names) or len(values) > len(names):
            raise CannotBeWrittenOut("arguments that don't fit")
        return passed

    def _receiver(self) -> ast.expr:
        func = self._call.func
        assert isinstance(func, ast.Attribute)
        value = func.value
        if isinstance(value, ast.Name) and value.id not in self._locals | self._new:
            raise CannotBeWrittenOut("called on a class or module")
        if isinstance(value, ast.Call) and getattr(value.func, "id", "") == "super":
            raise CannotBeWrittenOut("called on super")
        return value


def _returns_nothing(node: ast.stmt) -> bool:
    return isinstance(node, ast.Return) and (
        node.value is None or (isinstance(node.value, ast.Constant) and node.value.value is None)
    )


def _bound(function: Function) -> set[str]:
    """All names that anything in a function binds."""
    found: set[str] = set()
    for node in walk(function):
        if isinstance(node, Function | ast.Lambda | Comprehension):
            found |= locals_of(node)
    return found


def _rebound(function: Function) -> set[str]:
    """Arguments that get another value."""
    plain = {one.arg for one in function.args.args}
    nodes = own_nodes(function.body)
    found = {
        node.id for node in nodes
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
    }
    found |= {
        node.name or "" for node in own_nodes(function.body)
        if isinstance(node, ast.ExceptHandler)
    }
    return found & plain

