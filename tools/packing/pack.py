"""The whole program, packed: constants folded, rooms joined, names short, texts in a file.

A room is what is in memory together. It is found by what the modules import; a module that is
asked for by its name stays for itself.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from tools.packing import (
    apart,
    cold,
    cold_list,
    files,
    fold,
    inline,
    inline_find,
    inner,
    names,
    origins,
    rooms,
    texts,
    unsound,
)
from tools.packing.absent import Absent
from tools.packing.foreign import asked_of_others
from tools.packing.merge import Merged
from tools.packing.nodes import walk
from tools.packing.program import Trees, keywords, parsed, reference, strings, text_of
from tools.packing.scopes import Function, module_names, places

# Each is loaded by its first entry; what an entry imports is of the same room unless an earlier
# room has it. The order is that of the boot: the large buffers come first.
ENTRIES = (
    ("firmware.main",),
    ("hal.board", "hal.assembly"),
    ("firmware.receiver", "firmware.supervisor"),
    ("firmware.recording.fax_part",),
)
# Rooms of their own within the receiver's: the first 128 names of a room cost one octet where they
# are used, the others two
PARTS = (
    ("firmware.pop3.", "firmware.pop3.mailbox"),
    ("firmware.mail.", "firmware.mail.message"),
    ("firmware.store.", "firmware.store.ledger"),
    ("firmware.text.", "firmware.text.font"),  # it looks for fonts beside its file
    ("firmware.recording.", "firmware.recording.document"),
)
APART = ("hal.ports", "hal.readiness")  # chosen by what the machine is called, or can do
# Named in strings, but loaded by an import only. What has native code is not among them: it stays
# loaded where such code is never given back, and the rest of its room must not
NAMED = frozenset(
    (
        "firmware.fax.buffers",
        "firmware.fax.ccitt_tables",
    )
)
_BUILTINS = {*dir(builtins), "ptr8", "ptr16", "ptr32", "uint", "__file__", "__name__"}
KEPT = frozenset(("run",))  # what starts the firmware asks for it
# Modules that keep their names: what starts the firmware, people and computers ask for them
PLACED = ("firmware.main", "firmware.service.commands", "hal.readiness_loop", "hal.tls_openssl")
JOINED = ("firmware.pop3.auth.", "hal.ports.")  # names are put together of this and a part


class Packed(NamedTuple):
    """A packed program."""

    texts: dict[str, str]  # by dotted name, to be compiled
    names: dict[str, str]  # what each name has become
    rooms: dict[str, list[str]]  # the modules that each room is made of
    order: list[str]  # what the entries load, in that order
    said: str  # what the file of texts holds
    files: dict[str, str]  # what each module is called
    functions: dict[str, dict[str, list[str]]]  # of what it is called: whom a short name means


def pack(
    sources: Mapping[str, str], foreign: Mapping[str, str], whole: Mapping[str, str] | None = None
) -> Packed:
    """Pack `sources`, by dotted name. The names in `foreign` sources stay as they are. `whole` are
    the sources, and what only the type checker reads, as they were written. Raises ValueError.
    """
    trees = parsed(sources)
    unsound.refuse(trees)
    apart.know(trees, whole or {})
    outside = {name for text in foreign.values() for name in _words(text)
               if names.is_special(name) or name[0] != "_"}
    outside |= asked_of_others(trees)
    fold.fold(trees)
    texts.spread(trees)
    planned = plan(trees)
    cold.mark(trees, cold_list.GROUPS)
    trees = rooms.join(trees, planned, NAMED, KEPT)
    asked = KEPT | outside | names.API | strings(trees)
    apart.tell_apart(trees, cold.MARK, KEPT | set(_got(trees)))
    inline_find.tell_apart(trees, asked)
    classes = list(names.families(trees))
    inline.write_out(trees, asked)
    absent = Absent()
    undivided = set(trees)
    trees = cold.divide(trees, cold_list.WARM, KEPT | outside, absent)
    merged = Merged(trees, KEPT | outside, absent)
    order = load_order(trees, [entry for entries in ENTRIES for entry in entries])
    groups = set(trees) - undivided
    trees, called = files.shorten(trees, files.Known(groups, JOINED, PLACED, order))
    _check(trees)
    said = texts.take_out(trees, called)
    inner.number(trees, outside | keywords(trees))
    functions = {name: [*_functions(tree.body)] for name, tree in trees.items()}
    chosen = names.shorten(trees, KEPT | outside, [*classes, *merged.spaces, absent.classes])
    absent.write(chosen)
    chosen.update({name: chosen[merged[name]] for name in merged})
    origins.forget(trees)
    made = {name: text_of(tree) for name, tree in trees.items()}
    meant = {name: _meant(whole, chosen) for name, whole in functions.items() if whole}
    return Packed(made, chosen, planned, order, said, called, meant)


def _functions(body: Sequence[ast.stmt], owner: str = "") -> Iterator[str]:
    """What a module's functions are called, a class before its methods."""
    for node in body:
        if isinstance(node, Function | ast.ClassDef):
            if isinstance(node, Function):
                yield owner + node.name
            yield from _functions(node.body, owner + node.name + ".")


def _meant(functions: Sequence[str], chosen: Mapping[str, str]) -> dict[str, list[str]]:
    """The functions that a traceback means by each name."""
    found: dict[str, list[str]] = {}
    for whole in functions:
        name = whole.rpartition(".")[2]
        found.setdefault(chosen.get(name, name), []).append(whole)
    return found


def _check(trees: Trees) -> None:
    """A name that nobody defines would be found out only when its line is run."""
    for name, tree in trees.items():
        known = module_names(tree) | _BUILTINS
        for place in places(tree):
            if not place.binds and place.name not in known:
                raise ValueError("%s: nothing defines %s" % (name, place.name))


def _words(text: str) -> Iterator[str]:
    """What code that is not packed offers, or asks others for."""
    tree = ast.parse(text)
    yield from module_names(tree)
    for node in walk(tree):
        if isinstance(node, ast.ClassDef):
            yield from module_names(ast.Module(node.body, []))
        if isinstance(node, ast.alias):
            yield node.name
        for field in ("attr", "name") if not isinstance(node, ast.ExceptHandler) else ():
            if isinstance(getattr(node, field, None), str):
                yield getattr(node, field)
        if isinstance(node, ast.keyword) and node.arg:
            yield node.arg


def _got(trees: Trees) -> Iterator[str]:
    """Names of attributes that are asked for by a string."""
    for tree in trees.values():
        for node in walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "").endswith("attr"):
                yield from (one.value for one in node.args
                            if isinstance(one, ast.Constant) and isinstance(one.value, str))


def load_order(trees: Trees, entries: Sequence[str]) -> list[str]:
    """Every module that loading `entries` loads, each behind those that it needs."""
    order: list[str] = []
    seen: set[str] = set()

    def visit(name: str) -> None:
        if name in seen or name not in trees:
            return
        seen.add(name)
        for needed in _imports(trees, trees[name].body):
            visit(needed)
        order.append(name)

    for entry in entries:
        visit(entry)
    return order


def _imports(trees: Trees, body: Sequence[ast.stmt]) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield reference(trees, node, alias)[0]
        elif isinstance(node, ast.Try | ast.If):
            yield from _imports(trees, [*node.body, *node.orelse])


def plan(trees: Trees) -> dict[str, list[str]]:
    """The rooms: their modules in the order of loading."""
    spoken = {word for text in strings(trees) for word in text.split()} - NAMED
    heads = {entries[0] for entries in ENTRIES} | {head for _start, head in PARTS}
    found: dict[str, list[str]] = {}
    done: set[str] = set()
    for entries in ENTRIES:
        every = load_order(trees, entries)
        for name in every:
            head = _head(name, entries[0])
            alone = (name in spoken and name not in heads) or name.startswith(APART)
            if name not in done and not alone:
                found.setdefault(head, []).append(name)
                done.add(name)
    return {head: modules for head, modules in found.items() if head in modules}


def _head(name: str, entry: str) -> str:
    if entry == ENTRIES[2][0]:
        for start, head in PARTS:
            if name.startswith(start):
                return head
    return entry
