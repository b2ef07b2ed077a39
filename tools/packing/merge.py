"""Classes of one module that nobody tells apart become one class.

A class costs a device some 95 octets besides what it does. Objects of a class that is only called,
that inherits nothing and from which nothing does, can't be told from those of another one whose
methods have other names. What makes an object is a method like others then, of a name of its own.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

from tools.packing.absent import BASE, Absent
from tools.packing.asked import probed
from tools.packing.names import API, bases, is_special
from tools.packing.nodes import children, walk
from tools.packing.program import Trees, strings
from tools.packing.scopes import Function, bound_by, places

_MAKES = "__init__"
# Of objects that MicroPython itself calls it asks whether they have these
_ASKED_FOR = frozenset(("ioctl", "mount", "readblocks", "readinto1", "send", "sync", "throw"))
_MOST = 32  # names in a class: so many short ones there are anyway
Class = ast.ClassDef


class Merged:
    """What has become of the classes of a program."""

    def __init__(self, trees: Trees, kept: Collection[str], absent: Absent) -> None:
        self.spaces: list[set[str]] = []  # names in one class, of which no two may become the same
        self._trees = trees
        self._absent = absent
        self._found: dict[str, str] = {}
        self._refused = set(kept) | API | strings(trees) | _said_otherwise(trees)
        self._probed = _ASKED_FOR | probed(trees)
        for room in trees:
            self._room(room)

    def __getitem__(self, name: str) -> str:
        """The class that a class is a part of now."""
        return self._found.get(name, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def _room(self, room: str) -> None:
        tree = self._trees[room]
        at_loading = _said_at_loading(tree)
        once = Counter(place.name for place in places(tree) if place.binds)
        bins: list[list[Class]] = []
        for node in tree.body:
            if not isinstance(node, Class) or node.name in self._refused | at_loading:
                continue
            names = self._names(node)
            plain = all(once[name] < 2 for name in _said_by_body(node))
            if not plain or names & self._probed or not _is_plain(node):
                continue
            for one in bins:
                joined = set().union(*map(self._names, one))
                if not joined & names and len(joined | names) <= _MOST:
                    one.append(node)
                    break
            else:
                bins.append([node])
        for one in bins:
            if len(one) > 1:
                self._join(room, one)

    def _names(self, node: Class) -> set[str]:
        """What a class defines, and what it looks for elsewhere."""
        found = set(self._absent.of(node.name))
        for one in node.body:
            if isinstance(one, Function) and one.name == _MAKES:
                found.add(_made(node))
            elif isinstance(one, Function):
                found.add(one.name)
            elif isinstance(one, ast.Assign):
                found |= {str(getattr(target, "id", "")) for target in one.targets}
        return found

    def _join(self, room: str, nodes: list[Class]) -> None:
        tree, names = self._trees[room], [node.name for node in nodes]
        first, last = "%s__merged" % nodes[0].name, nodes[-1]
        self.spaces.append(set().union(*map(self._names, nodes)))
        making = {node.name: _made(node) for node in nodes if _give_back(node)}
        for name, other in self._trees.items():
            _call(other, name == room, room, making)
            _take_from(other, room, dict.fromkeys(names, first))
        body = [one for node in nodes for one in node.body if not isinstance(one, ast.Pass)]
        found = [base for node in nodes for base in node.bases][:1]
        at = tree.body.index(last)
        whole = ast.ClassDef(first, found, [], body or [ast.Pass()], [])
        tree.body[at] = ast.fix_missing_locations(whole)
        tree.body[:] = [node for node in tree.body if node not in nodes]
        own = dict.fromkeys(names, first)
        for place in places(tree):
            if place.name in own:
                place.put(own[place.name])
        self._found.update(own)
        self._absent.rename(own)


def _made(node: Class) -> str:
    """What the method that makes an object is called."""
    return "made__%s" % node.name


def _is_plain(node: Class) -> bool:
    """True for a class of methods and values, whose objects are like any other ones."""
    for one in node.body:
        if isinstance(one, Function):
            if one.decorator_list or (is_special(one.name) and one.name != _MAKES):
                return False
        elif not isinstance(one, ast.Assign | ast.Pass):
            return False
    return not node.bases or [getattr(base, "id", "") for base in node.bases] == [BASE]


def _said_by_body(node: Class) -> set[str]:
    """Names that the class asks for when it is made."""
    said: set[str] = set()
    for one in node.body:
        parts = [*one.args.defaults, *one.args.kw_defaults] if isinstance(one, Function) else [one]
        said |= {
            inner.id
            for part in parts
            if part is not None
            for inner in walk(part)
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load)
        }
    return said


def _said_otherwise(trees: Trees) -> set[str]:
    """Names of classes that are not only called, or that two modules have."""
    found: set[str] = set()
    named: Counter[str] = Counter()
    for tree in trees.values():
        nodes = list(walk(tree))
        called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
        for node in nodes:
            if isinstance(node, ast.Name) and id(node) not in called:
                found.add(node.id)
            elif isinstance(node, ast.Attribute):
                found.add(node.attr)
            elif isinstance(node, Class):
                named[node.name] += 1
                found |= set(bases(node))
            elif isinstance(node, ast.alias) and bound_by(node) != node.name:
                found |= {node.name, bound_by(node)}
            elif isinstance(node, ast.ImportFrom) and node not in tree.body:
                found |= {alias.name for alias in node.names}
    return found | {name for name, count in named.items() if count > 1}


def _said_at_loading(tree: ast.Module) -> set[str]:
    """Names that are asked for while the module loads, by functions that are called then too."""
    defined = {node.name: node for node in tree.body if isinstance(node, Function | Class)}
    waiting: list[ast.AST] = [
        node for node in tree.body
        if not isinstance(node, Function | Class | ast.Import | ast.ImportFrom)
    ]
    for node in tree.body:
        if isinstance(node, Function):
            waiting += [*node.args.defaults, *node.decorator_list]
    found: set[str] = set()
    for one in waiting:
        said = {part.id for part in walk(one) if isinstance(part, ast.Name)} - found
        found |= said
        waiting += [defined[name] for name in said if name in defined]
    return found


def _give_back(node: Class) -> bool:
    """Give what makes an object a name of its own, and have it return the object."""
    for one in node.body:
        if isinstance(one, Function) and one.name == _MAKES:
            one.name = _made(node)
            itself = one.args.args[0].arg
            for inner in _own(one.body):
                if isinstance(inner, ast.Return):
                    inner.value = ast.Name(itself, ast.Load())
            if not isinstance(one.body[-1], ast.Return):
                one.body.append(ast.Return(ast.Name(itself, ast.Load())))
            return True
    return False


def _own(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    for node in nodes:
        yield node
        if not isinstance(node, Function | ast.Lambda | Class):
            yield from _own(children(node))


def _call(tree: ast.Module, is_home: bool, room: str, making: Mapping[str, str]) -> None:
    """Have calls of the classes call what makes their objects."""
    own = set(making) if is_home else set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == room:
            own |= {alias.name for alias in node.names} & set(making)
    said = {id(place.node) for place in places(tree) if place.name in own}
    for one in walk(tree):
        if isinstance(one, ast.Call) and id(one.func) in said:
            name = str(getattr(one.func, "id", ""))
            one.func = ast.Attribute(ast.Call(one.func, [], []), making[name], ast.Load())


def _take_from(tree: ast.Module, room: str, names: Mapping[str, str]) -> None:
    """Import the one class instead of its parts."""
    bound: set[str] = set()
    for node in list(tree.body):
        if isinstance(node, ast.ImportFrom) and node.module == room:
            parts = [alias for alias in node.names if alias.name in names]
            if not parts:
                continue
            taken = {alias.name for alias in parts}
            for place in places(tree):
                if place.name in taken and isinstance(place.node, ast.Name):
                    place.put(names[place.name])
            node.names = [alias for alias in node.names if alias not in parts]
            new = {names[alias.name] for alias in parts} - bound
            bound |= new
            node.names += [ast.alias(name, None) for name in sorted(new)]
            if not node.names:
                tree.body.remove(node)
