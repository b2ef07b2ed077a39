"""Texts that are seldom said are no constants in memory: they lie in a file beside the code, and
are read when they are said (`firmware/on_demand.py`).

A constant of more than ten characters takes an object, its octets and a place in a table, some
fifty octets of a device's heap; a text of the file takes seven where it is said. What is moved is
known by what it says: sentences for people, which tell of something unusual.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Mapping
from zlib import crc32

from tools.packing.nodes import walk
from tools.packing.program import Trees, reference, strings
from tools.packing.scopes import Function, bound_by, module_names, places

FILE = "firmware/texts"
LOADER = "cold"  # of firmware.on_demand: its items are the texts
_TAG = "_TEXTS"  # a constant there
_SMALL = (1 << 30) - 1
_HEAD = 3  # octets before a text
# Never in memory for longer than a moment, or there for what they say
APART = (
    "firmware.fax.refusal",
    "firmware.fax.verdict",
    "firmware.mail.notice",
    "firmware.pop3.auth.",
    "firmware.recording.fault_table",
    "firmware.restarts",
    "firmware.safe_state",
    "firmware.service.",
    "firmware.sntp",
    "firmware.store.certificate",
    "firmware.store.parameter_",
    "hal.signals",
    "hal.wiring",
)
# Said when flash or memory fails, where the file might not be read either
NEEDED = frozenset((
    "flash memory: %s",
    "the flash stays busy",
    "not enough memory",
    "no memory for this while a mail is recorded; try again later",
    "\r\n# no memory for the console while a mail is recorded; try again\r\n",
))
_INTERNED = 10  # octets of a constant that is no object of its own
_LONGEST = 127  # octets of a text: its length takes one of UTF-8
_WORD = re.compile(r"\b[a-z]{2,}\b")
_CONVERSION = re.compile(r"%(%|[-0-9.]*[a-z])?")
_MOST_FILLED = 3  # conversions of a text: its place tells how many
_PLAIN = {"property", "staticmethod", "classmethod"}

Text = str | bytes
Key = tuple[str, str]  # a module and a name there


def spread(trees: Trees) -> None:
    """Put texts that a module gives a name, for itself or others, and names of modules to load,
    where they are said. What must stay in memory anyway, since it is compared with or in a tuple,
    stays where it is.
    """
    asked = strings(trees)
    asked |= {getattr(node, "attr", "") for tree in trees.values() for node in walk(tree)}
    held = {
        (module, name): text
        for module, tree in trees.items()
        for name, text in _held(tree).items()
        if name not in asked and (text in trees or _is_seldom(text))
    }
    uses = [_Uses(trees, module, held) for module in trees]
    stays = {key for one in uses for key in one.stays}
    for one in uses:
        one.spread({key: text for key, text in held.items() if key not in stays})


class _Uses:
    """What a module knows of the texts in `held`."""

    def __init__(self, trees: Trees, module: str, held: Collection[Key]) -> None:
        self._tree = tree = trees[module]
        self._known = {name: (home, name) for home, name in held if home == module}
        self.stays: set[Key] = set()
        imports = [node for node in walk(tree) if isinstance(node, ast.ImportFrom)]
        for node in imports:
            for alias in node.names:
                key = reference(trees, node, alias)
                if key in held and node in tree.body:
                    self._known[bound_by(alias)] = key
                elif key in held:
                    self.stays.add(key)
        self._said: dict[int, Key] = {}
        for place in places(tree):
            if place.name in self._known and not place.binds:
                self._said[id(place.node)] = self._known[place.name]
        moved: set[int] = set()

        def note(node: ast.expr) -> ast.expr:
            moved.add(id(node))
            return node

        _Said(note).visit(tree)
        self.stays |= {key for node, key in self._said.items() if node not in moved}

    def spread(self, texts: Mapping[Key, Text]) -> None:
        """Say these where they are meant, and define and import them no more."""

        def put(node: ast.expr) -> ast.expr:
            key = self._said.get(id(node), ("", ""))
            return ast.Constant(texts[key]) if key in texts else node

        _Said(put).visit(self._tree)
        names = {name for name, key in self._known.items() if key in texts}
        for node in self._tree.body:
            if isinstance(node, ast.ImportFrom):
                node.names = [one for one in node.names if bound_by(one) not in names]
        self._tree.body = [
            node for node in self._tree.body
            if _target(node) not in names
            and (not isinstance(node, ast.ImportFrom) or node.names)
        ]


def take_out(trees: Trees, called: Mapping[str, str] | None = None) -> str:
    """Have the texts that are seldom said read when they are said; what the file holds. `called`
    is what the modules are called now. Raises ValueError where a program can't ask for them.
    """
    old = {new: name for name, new in (called or {}).items()}
    home = next((name for name, tree in trees.items() if LOADER in map(_target, tree.body)), "")
    file = _File()
    for name, tree in trees.items():
        if not home or old.get(name, name).startswith(APART):
            continue
        before = len(file.asked)

        def put(node: ast.expr) -> ast.expr:
            if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
                return (_is_seldom(node.value) and file.place_of(node.value)) or node
            return node

        _Said(put).visit(tree)
        if len(file.asked) == before:
            continue
        if any(_binds_loader(node) for node in walk(tree)) and name != home:
            raise ValueError("%s calls something %s" % (name, LOADER))
        if LOADER not in module_names(tree):
            tree.body.insert(0, ast.ImportFrom(home, [ast.alias(LOADER, None)], 0))
        ast.fix_missing_locations(tree)
    if file.asked:
        _write_tag(trees[home], file.tag)
    return file.content()


class _File:
    """Texts one behind the other: their length in octets, two octets of seven bits that check
    them, then the text. Each begins at a multiple of four; how many values are filled in is added
    to that. The checks begin with a sum of all texts, so those of another build are no good.
    """

    def __init__(self) -> None:
        self.asked: list[Text] = []
        self._places: dict[str, int] = {}
        self._octets = 0

    @property
    def tag(self) -> int:
        """What the checks begin with, a whole number that takes no place in a device's heap."""
        return crc32("\0".join(self._places).encode()) & _SMALL if self._places else 0

    def content(self) -> str:
        """All records."""
        found = ""
        for said in self._places:
            check = crc32(said.encode(), self.tag)
            record = chr(len(said.encode())) + chr(check >> 7 & 127) + chr(check & 127) + said
            found += record + "\0" * (-len(record.encode()) % 4)
        return found

    def place_of(self, text: Text) -> ast.expr | None:
        """The expression that reads a text; None for one that can't be in the file."""
        said = text if isinstance(text, str) else text.decode("ascii")
        filled = _filled(said)
        if filled > _MOST_FILLED:
            return None
        if said not in self._places:
            self._places[said] = self._octets + filled
            self._octets += -(-(_HEAD + len(said.encode())) // 4) * 4
        self.asked.append(text)
        place = ast.Constant(self._places[said])
        read: ast.expr = ast.Subscript(ast.Name(LOADER, ast.Load()), place, ast.Load())
        if isinstance(text, bytes):
            read = ast.Call(ast.Attribute(read, "encode", ast.Load()), [], [])
        return read


def _write_tag(home: ast.Module, tag: int) -> None:
    """Tell the loader what the checks begin with."""
    for node in home.body:
        if _target(node) == _TAG and isinstance(node, ast.Assign):
            node.value = ast.Call(ast.Name("const", ast.Load()), [ast.Constant(tag)], [])
            ast.fix_missing_locations(home)
            return
    raise ValueError("the loader of texts has no %s" % _TAG)


def _filled(text: str) -> int:
    """How many values `%` fills into a text; more than any has where that is not plain."""
    found = [match.group(1) for match in _CONVERSION.finditer(text)]
    return _MOST_FILLED + 1 if None in found else len(found) - found.count("%")


def _is_seldom(text: Text) -> bool:
    if isinstance(text, bytes):
        text = text.decode() if text.isascii() else ""
    if not _INTERNED < len(text.encode()) <= _LONGEST:
        return False
    return " " in text and text not in NEEDED and _WORD.search(text) is not None


class _Said(ast.NodeTransformer):
    """Replaces expressions that are evaluated while functions run, but what they compare with or
    look up, and what native code says.
    """

    def __init__(self, put: Callable[[ast.expr], ast.expr]) -> None:
        self._put = put
        self._inside = False

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._function(node)

    def _function(self, node: Function) -> ast.AST:
        if all(getattr(one, "id", "") in _PLAIN for one in node.decorator_list):
            outside, self._inside = self._inside, True
            node.body = [self.visit(one) for one in node.body]
            self._inside = outside
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        return node

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        node.values = [self.visit(one) for one in node.values]
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return self._put(node) if self._inside else node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return self._put(node) if self._inside else node


def _held(tree: ast.Module) -> dict[str, Text]:
    """Names that are given a text once, and nothing else; put together where it is a sum."""
    found: dict[str, Text] = {}
    for node in tree.body:
        name = _target(node)
        if name.isupper() and isinstance(node, ast.Assign):
            text = _text(node.value, found)
            if text is not None:
                found[name] = text
                node.value = ast.Constant(text)
    bound = [place.name for place in places(tree) if place.binds] if found else []
    return {name: text for name, text in found.items() if bound.count(name) == 1}


def _text(value: ast.expr, known: dict[str, Text]) -> Text | None:
    if isinstance(value, ast.Constant) and isinstance(value.value, str | bytes):
        return value.value
    if isinstance(value, ast.Name):
        return known.get(value.id)
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
        left, right = _text(value.left, known), _text(value.right, known)
        if isinstance(left, str) and isinstance(right, str):
            return left + right
    return None


def _target(node: ast.stmt) -> str:
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        return str(getattr(node.targets[0], "id", ""))
    return ""


def _binds_loader(node: ast.AST) -> bool:
    if isinstance(node, ast.Name):
        return node.id == LOADER and not isinstance(node.ctx, ast.Load)
    return isinstance(node, ast.arg) and node.arg == LOADER
