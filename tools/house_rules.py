"""The rules of the house that no linter knows: who may import whom, what runs on both runtimes,
how long things are.

`findings()` gives all of them as `path:line: text`; docs/architecture.md says why each rule is
there.
"""

from __future__ import annotations

import ast
import functools
import re
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tools.packing.nodes import walk

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("firmware", "hal", "sim", "tools", "tests")
ROOMS = {"firmware", "hal", "sim", "tools", "tests"}

# room: what it may import of the house
ALLOWED = {
    "firmware": {"firmware"},
    "hal": {"hal"},
    "sim": {"sim", "hal", "firmware", "tools"},
    "tools": ROOMS,
    "tests": ROOMS,
}
OPENS_THE_BOARD = "firmware/main.py"
TYPES_ONLY = "firmware/devices.py"
BOARD_MODULES = {"machine", "network", "vfs", "rp2", "esp32", "desk_link", "tls"}
# what MicroPython has of the standard library, as far as both runtimes agree on it
COMMON = {
    "array",
    "asyncio",
    "binascii",
    "collections",
    "deflate",
    "errno",
    "gc",
    "hashlib",
    "heapq",
    "io",
    "json",
    "math",
    "micropython",
    "os",
    "random",
    "re",
    "select",
    "socket",
    "ssl",
    "struct",
    "sys",
    "time",
    "uctypes",
}
# runs on MicroPython alone, which has no __future__ here
MICROPYTHON_ONLY = {
    "tests/runtimes/driver.py",
    "tools/bytecode/pointers.py",
    "sim/modules/micropython/typing.py",
    "sim/modules/micropython/__future__.py",
}

FILE_LINES = 600
FILE_LINES_P90 = 350
FUNCTION_LINES = 60
# compiled natively (viper): there a call costs a thousand instructions, as much as half a line of
# a fax
NATIVE_LINES = 120
FUNCTION_LINES_P90 = 30
FUNCTION_LINES_MEDIAN = 8

_TEXTS = (
    (re.compile(r"\b(TODO|FIX" + r"ME|XXX|NotImplemented" + r"Error)\b"), "unfinished work"),
    (re.compile(r"(?<![\w.])/(home|root|work|Users)/\w"), "a path of one machine"),
)


class Module(NamedTuple):
    """One parsed file."""

    name: str  # path from the root, with slashes
    text: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """firmware, hal, sim, tools or tests."""
        return self.name.split("/")[0]

    @property
    def on_device(self) -> bool:
        """True when it runs on a device."""
        return self.room in ("firmware", "hal") and self.name != TYPES_ONLY


def modules(root: Path = ROOT) -> tuple[list[Module], list[str]]:
    """All Python files of the house, and what can't be parsed."""
    house, broken = [], []
    for path in sorted(path for folder in FOLDERS for path in (root / folder).rglob("*.py")):
        name = path.relative_to(root).as_posix()
        text = path.read_text(encoding="utf-8")
        try:
            house.append(Module(name, text, ast.parse(text, name)))
        except SyntaxError as error:
            broken.append("%s:%s: %s" % (name, error.lineno, error.msg))
    return house, broken


def findings(root: Path = ROOT) -> list[str]:
    """Every breach of a rule."""
    house, found = modules(root)
    for module in house:
        for check in (
            _imports,
            _future,
            _both_runtimes,
            _annotations,
            _lengths,
            _unit_tests,
            _names,
        ):
            found.extend("%s:%d: %s" % (module.name, line, text) for line, text in check(module))
    found.extend(_lengths_of_all(house))
    found.extend(_texts(root))
    return found


@functools.lru_cache(4)
def _nodes(tree: ast.Module) -> list[ast.AST]:
    return list(walk(tree))


class _Import(NamedTuple):
    line: int
    name: str
    types_only: bool
    inner: bool


def _imported(module: Module) -> Iterator[_Import]:
    types_only = {
        id(inner)
        for node in _nodes(module.tree)
        if _is_type_check(node)
        for inner in walk(node)
    }
    top = {id(node) for node in module.tree.body}
    for node in _nodes(module.tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            continue
        for name in names:
            yield _Import(node.lineno, name, id(node) in types_only, id(node) not in top)


def _is_type_check(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
    )


def _imports(module: Module) -> Iterator[tuple[int, str]]:
    for item in _imported(module):
        first = item.name.split(".")[0]
        if item.types_only and item.name == "firmware.devices":
            continue
        if module.name == OPENS_THE_BOARD and first == "hal":
            continue
        if first in ROOMS and first not in ALLOWED[module.room]:
            yield item.line, "%s must not import %s" % (module.room, item.name)
        elif item.name == "firmware.devices" and module.on_device:
            yield item.line, "import firmware.devices for the type checker only"
        elif module.on_device and not item.types_only:
            yield from _on_device_import(module, item, first)


def _on_device_import(module: Module, item: _Import, first: str) -> Iterator[tuple[int, str]]:
    if first in ROOMS or first in COMMON or item.name in ("__future__", "typing"):
        return
    if first in BOARD_MODULES or module.name.startswith("hal/ports/"):
        if module.room == "firmware":
            yield item.line, "firmware must not import %s: it gets a board" % item.name
        return
    yield item.line, "%s is not on both runtimes" % item.name


def _future(module: Module) -> Iterator[tuple[int, str]]:
    body = module.tree.body
    if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    if not body or module.name in MICROPYTHON_ONLY:
        return
    first = body[0]
    if not (isinstance(first, ast.ImportFrom) and first.module == "__future__"):
        yield first.lineno, "does not start with 'from __future__ import annotations'"


def _both_runtimes(module: Module) -> Iterator[tuple[int, str]]:
    """What one of the runtimes lacks, or what has no place in a product."""
    if not module.on_device:
        return
    for node in _nodes(module.tree):
        line = getattr(node, "lineno", 1)
        if isinstance(node, ast.ImportFrom) and node.module == "typing":
            if not _in_type_check(module, node) and [alias.name for alias in node.names] != [
                "TYPE_CHECKING"
            ]:
                yield line, "of typing, only TYPE_CHECKING exists at run time"
        elif isinstance(node, ast.Match):
            yield line, "MicroPython has no match"
        elif isinstance(node, ast.Assert):
            yield line, "assert in the product: it is gone at -O1"
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "print"
        ):
            yield line, "print in the product"
        elif isinstance(node, ast.Raise) and not _is_none(node.cause):
            yield (
                line,
                "MicroPython warns of 'raise from' at every turn; only 'from None' is silent",
            )
        elif isinstance(node, ast.Attribute) and node.attr in ("removeprefix", "removesuffix"):
            yield line, "MicroPython has no str.%s" % node.attr


def _is_none(node: ast.expr | None) -> bool:
    return node is None or (isinstance(node, ast.Constant) and node.value is None)


def _in_type_check(module: Module, wanted: ast.AST) -> bool:
    return any(_is_type_check(node) and wanted in walk(node) for node in module.tree.body)


def _functions(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in _nodes(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _decorated(function: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> bool:
    return any(
        isinstance(node, ast.Attribute) and node.attr == name for node in function.decorator_list
    )


def _annotations(module: Module) -> Iterator[tuple[int, str]]:
    if module.name in MICROPYTHON_ONLY:
        return
    for function in _functions(module):
        viper = _decorated(function, "viper")
        arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
        arguments += [extra for extra in (function.args.vararg, function.args.kwarg) if extra]
        bare = [
            one.arg
            for one in arguments
            if one.annotation is None and one.arg not in ("self", "cls")
        ]
        if bare:
            yield function.lineno, "%s: not annotated: %s" % (function.name, ", ".join(bare))
        if function.returns is None and not viper:
            yield function.lineno, "%s: the result is not annotated" % function.name
        if viper and isinstance(function.returns, ast.Constant):
            yield (
                function.lineno,
                "%s: viper takes a name as annotation of the result, or none" % function.name,
            )


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def _lengths(module: Module) -> Iterator[tuple[int, str]]:
    lines = module.text.splitlines()
    if len(lines) > FILE_LINES:
        yield len(lines), "%d lines; a file has at most %d" % (len(lines), FILE_LINES)
    for function in _functions(module):
        limit = NATIVE_LINES if _decorated(function, "viper") else FUNCTION_LINES
        if _length(function) > limit:
            yield (
                function.lineno,
                "%s has %d lines; at most %d" % (function.name, _length(function), limit),
            )


def _lengths_of_all(house: list[Module]) -> Iterator[str]:
    product = [module for module in house if module.room != "tests"]
    functions = [_length(function) for module in product for function in _functions(module)]
    files = [len(module.text.splitlines()) for module in product if module.text]
    for what, lengths, limit in (
        ("file", files, FILE_LINES_P90),
        ("function", functions, FUNCTION_LINES_P90),
    ):
        if len(lengths) > 10 and (reached := statistics.quantiles(lengths, n=10)[-1]) > limit:
            yield "house: one %s in ten is longer than %d lines; the limit is %d" % (
                what,
                reached,
                limit,
            )
    if functions and (middle := statistics.median(functions)) > FUNCTION_LINES_MEDIAN:
        yield "house: the median function has %g lines; the limit is %d" % (
            middle,
            FUNCTION_LINES_MEDIAN,
        )


def _unit_tests(module: Module) -> Iterator[tuple[int, str]]:
    if not module.name.startswith("tests/unit/"):
        return
    for item in _imported(module):
        if item.name.split(".")[0] in ("pytest", "unittest", "hypothesis", "sim", "tools"):
            yield item.line, "a unit test runs on MicroPython, which has no %s" % item.name
    for function in _functions(module):
        if not function.name.startswith("test_"):
            continue
        plain = isinstance(function, ast.FunctionDef) and not function.decorator_list
        if not plain or function.args.args:
            text = "%s: unit tests are plain functions without arguments or decorators"
            yield function.lineno, text % function.name


def _names(module: Module) -> Iterator[tuple[int, str]]:
    if module.name.split("/")[-1] in ("utils.py", "util.py", "helpers.py", "misc.py", "common.py"):
        yield 1, "name the file after its subject"
    for node in _nodes(module.tree):
        if isinstance(node, ast.Name | ast.Attribute):
            name = node.id if isinstance(node, ast.Name) else node.attr
            if name in ("Magic" + "Mock", "AsyncMock"):
                yield node.lineno, "%s accepts anything: write a fake" % name


def _texts(root: Path) -> Iterator[str]:
    """Words that have no place in any file of the project."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=root,
        capture_output=True,
        check=False,
    ).stdout.decode()
    for name in sorted(filter(None, listed.split("\0"))):
        try:
            text = (root / name).read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue  # not text, or deleted a moment ago
        for number, line in enumerate(text.splitlines(), 1):
            for pattern, meaning in _TEXTS:
                match = pattern.search(line)
                if match and name != "tools/house_rules.py":
                    yield "%s:%d: %s: %s" % (name, number, meaning, match.group())
