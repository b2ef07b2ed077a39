"""Modules that are always in memory together become one: each for itself costs a table of names,
a dictionary, and a place there for everything that it imports from the others.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping, Sequence

from tools.packing.nodes import walk
from tools.packing.program import Functions, Trees, imports_of, origin, reference, strings
from tools.packing.scopes import (
    Comprehension,
    Function,
    bound_by,
    locals_of,
    module_names,
    places,
)


class Joined:
    """Which module went into which, and how its globals are called there."""

    def __init__(self, trees: Trees, rooms: Mapping[str, Sequence[str]]) -> None:
        self.trees = imports_of(trees)
        self.defined = {name: module_names(tree) for name, tree in trees.items()}
        self.room_of = {name: room for room, names in rooms.items() for name in names}
        self.names: dict[str, dict[str, str]] = {}
        self._taken: dict[str, set[str]] = {}

    def final(self, module: str, name: str) -> tuple[str, str]:
        """(module, name) of what was a module's global, imports followed through rooms."""
        if module not in self.room_of:
            return module, name
        for node in self.trees[module].body:
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    if bound_by(alias) == name:
                        home, inner = reference(self.trees, node, alias)
                        if inner and home in self.room_of:
                            return self.final(home, inner)
        return self.room_of[module], self.names[module].get(name, name)


def join(trees: Trees, rooms: Mapping[str, Sequence[str]], named: Collection[str] = (),
         kept: Collection[str] = ()) -> Trees:
    """The program with each of `rooms` as one module, its modules in this order. The room bears
    the name of one of them; `named` are not loaded by their names though these stand in strings;
    they stand for the room then;
    a room's head keeps the names in `kept`. Raises ValueError where that is not the same program.
    """
    joined = Joined(trees, rooms)
    spoken = strings(trees)
    for room, names in rooms.items():
        for name in names:
            if name in spoken and name != room and name not in named:
                raise ValueError("%s is asked for by name and can't be in a room" % name)
        _choose_names(joined, trees, room, names, spoken | set(kept))
    made: Trees = {}
    for name, tree in trees.items():
        if name not in joined.room_of:
            made[name] = _rewritten(joined, name, tree)
    for room, names in rooms.items():
        body: list[ast.stmt] = []
        seen: set[str] = set()
        for name in names:
            for node in _rewritten(joined, name, trees[name]).body:
                text = ast.unparse(node)
                if isinstance(node, ast.Import | ast.ImportFrom):
                    if text in seen:
                        continue
                    seen.add(text)
                body.append(node)
        made[room] = ast.Module(body, [])
    _settle(made)
    for tree in made.values():
        for any_node in walk(tree):
            if isinstance(any_node, ast.Constant) and any_node.value in named:
                any_node.value = joined.room_of.get(str(any_node.value), any_node.value)
    return made


def _choose_names(
    joined: Joined, trees: Trees, room: str, names: Sequence[str], spoken: set[str]
) -> None:
    """Globals of a room's modules keep their names where all of them mean the same by it, and no
    function has a local of that name. What a string may ask of the room keeps its name anyway.
    """
    means: dict[str, set[str]] = {}
    for name in names:
        for said in {place.name for place in places(trees[name])}:
            means.setdefault(said, set()).add(_meaning(joined, name, said))
    local = {
        inner
        for name in names
        for node in walk(trees[name])
        if isinstance(node, Function | Comprehension | ast.Lambda)
        for inner in locals_of(node)
    }
    for name in names:
        joined.names[name] = {
            own: "%s__%s" % (own, name.replace(".", "_"))
            for own in joined.defined[name]
            if (len(means.get(own, ())) > 1 or own in local)
            and not (name == room and own in spoken)
        }


def _meaning(joined: Joined, module: str, name: str) -> str:
    """What a global of a module is: our definition, somebody's module or part of it, a builtin."""
    home, inner = origin(joined.trees, module, name)
    for node in joined.trees[home].body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                if bound_by(alias) == inner:
                    return "%s %s" % (getattr(node, "module", ""), alias.name)
    return "%s.%s" % (home, inner) if inner in joined.defined[home] else "builtin"


def _rewritten(joined: Joined, name: str, tree: ast.Module) -> ast.Module:
    room = joined.room_of.get(name, "")
    own = joined.names.get(name, {})
    renamed: dict[str, str] = {}
    modules: dict[str, str] = {}  # globals that are modules of this very room
    elsewhere: dict[str, str] = {}  # globals that are modules in another room
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                home, inner = reference(joined.trees, node, alias)
                if home in joined.room_of and not inner:
                    where = modules if joined.room_of[home] == room else elsewhere
                    where[bound_by(alias)] = home
                elif home in joined.room_of and joined.final(home, inner)[0] == room:
                    renamed[bound_by(alias)] = joined.final(home, inner)[1]
    _Inner(joined, room).visit(tree)
    _attributes(joined, tree, modules, elsewhere)
    for place in places(tree):
        if isinstance(place.node, ast.alias):
            continue
        if place.name in renamed:
            place.put(renamed[place.name])
        elif place.name in own:
            place.put(own[place.name])
    tree.body = _imports(joined, tree.body, room, own)
    for one in walk(tree):
        if isinstance(one, Function | ast.If | ast.Try | ast.With | ast.AsyncWith):
            one.body = _imports(joined, one.body, room, {}) or [ast.Pass()]
            if isinstance(one, ast.If | ast.Try):
                one.orelse = _imports(joined, one.orelse, room, {})
    return tree


def _attributes(joined: Joined, tree: ast.Module, modules: Mapping[str, str],
                elsewhere: Mapping[str, str]) -> None:
    """`module.name` becomes the name alone where the module is of the same room, and gets the
    room's name for it where it is of another.
    """
    if not modules and not elsewhere:
        return
    own = {id(place.node): place for place in places(tree)}
    replaced: set[int] = set()

    class Change(ast.NodeTransformer):
        def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
            self.generic_visit(node)
            base = node.value
            if isinstance(base, ast.Name) and id(base) in own:
                if base.id in modules:
                    replaced.add(id(base))
                    final = joined.final(modules[base.id], node.attr)[1]
                    return ast.copy_location(_fixed(final, node.ctx), node)
                if base.id in elsewhere:
                    replaced.add(id(base))
                    node.attr = joined.final(elsewhere[base.id], node.attr)[1]
            return node

    Change().visit(tree)
    for key, place in own.items():
        known = place.name in modules or place.name in elsewhere
        if known and not place.binds and key not in replaced:
            raise ValueError("module %s is used as a value" % place.name)


def _fixed(name: str, context: ast.expr_context) -> ast.Attribute:
    """A global's final name; not to be changed again, so not a Name yet."""
    return ast.Attribute(ast.Constant(None), name, context)


class _Inner(Functions):
    """Imports within functions: what is of the same room needs none."""

    def __init__(self, joined: Joined, room: str) -> None:
        self._joined = joined
        self._room = room

    def _function(self, node: Function) -> ast.AST:
        self.generic_visit(node)
        local: dict[str, str] = {}
        for one in walk(node):
            if isinstance(one, ast.ImportFrom):
                for alias in one.names:
                    home, inner = reference(self._joined.trees, one, alias)
                    if home not in self._joined.room_of:
                        continue
                    if not inner:
                        raise ValueError("%s: a module of a room in a function" % home)
                    room, final = self._joined.final(home, inner)
                    if room == self._room:
                        local[bound_by(alias)] = final
        if local:
            _Local(local).visit(node)
        return node


class _Local(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id in self._names:
            return ast.copy_location(_fixed(self._names[node.id], node.ctx), node)
        return node


def _imports(joined: Joined, body: list[ast.stmt], room: str,
             own: Mapping[str, str]) -> list[ast.stmt]:
    made: list[ast.stmt] = []
    for node in body:
        if isinstance(node, ast.ImportFrom):
            made += _import(joined, node, room, own)
        else:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if bound_by(alias) in own:
                        alias.asname = own[bound_by(alias)]
            made.append(node)
    return made


def _import(joined: Joined, node: ast.ImportFrom, room: str,
            own: Mapping[str, str]) -> list[ast.stmt]:
    made: list[ast.stmt] = []
    rest = []
    for alias in node.names:
        bound = bound_by(alias)
        here = own.get(bound, bound)
        home, inner = reference(joined.trees, node, alias)
        if home not in joined.room_of:
            rest.append(ast.alias(alias.name, here if here != alias.name else None))
            continue
        if not inner:
            other = joined.room_of[home]
            if other != room:
                package, _dot, short = other.rpartition(".")
                made.append(_from(package, short, here))
            continue
        other, final = joined.final(home, inner)
        if other != room:
            made.append(_from(other, final, here))
    if rest:
        made.insert(0, ast.copy_location(ast.ImportFrom(node.module, rest, 0), node))
    return made


def _from(module: str, name: str, bound: str) -> ast.ImportFrom:
    return ast.ImportFrom(module, [ast.alias(name, bound if bound != name else None)], 0)


class _Plain(ast.NodeTransformer):
    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.value, ast.Constant) and node.value.value is None:
            return ast.copy_location(ast.Name(node.attr, node.ctx), node)
        return node


def _settle(trees: Trees) -> None:
    """Names that were final become names like others."""
    for tree in trees.values():
        _Plain().visit(tree)
        ast.fix_missing_locations(tree)


