"""The text that a device gets: a module without what only the type checker and CPython need.

Line numbers stay, so that a traceback from a device points into the source: what goes leaves blank
lines.
"""

from __future__ import annotations

import ast

from tools.plain_viper import IMPORT, Unclear, plain


class SourceError(Exception):
    """The module can't be built; the text says where and why."""


def device_source(text: str, name: str, native: bool = True) -> str:
    """`text` for the compiler; `native=False` turns viper and native functions into plain ones.

    `name` is for messages. Raises SourceError for what can't be taken out.
    """
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise SourceError("%s:%s: %s" % (name, error.lineno, error.msg)) from error
    lines = text.splitlines()
    for node in tree.body:
        if isinstance(node, ast.If) and _is_check(node) and node.orelse:
            _keep_else(lines, node)
        elif _host_only(node):
            _blank(lines, node, name)
    _refuse_inner_checks(tree, name)
    if not native and _plain_functions(tree, lines, name):
        _import_pointers(tree, lines, name)
    return "\n".join(lines) + "\n"


def _host_only(node: ast.stmt) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.module in ("__future__", "typing") and not node.level
    return _is_check(node)


def _is_check(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
    )


def _keep_else(lines: list[str], node: ast.If) -> None:
    """Empty the first branch; the compiler drops the test itself."""
    last = node.body[-1].end_lineno or node.lineno
    lines[node.lineno - 1 : last] = ["if False: pass"] + [""] * (last - node.lineno)


def _refuse_inner_checks(tree: ast.Module, name: str) -> None:
    for node in ast.walk(tree):
        if _is_check(node) and node not in tree.body:
            raise SourceError("%s:%d: 'if TYPE_CHECKING' below module level" % (name, node.lineno))  # type: ignore[attr-defined]


def _blank(lines: list[str], node: ast.stmt | ast.expr, name: str, before: str = "") -> None:
    """Empty the lines of `node`, which must have them for itself (`before` may stand in front of
    it).
    """
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    rest = lines[last].encode()[node.end_col_offset :].decode().strip()
    if lines[first].encode()[: node.col_offset].decode().strip() != before or (
        rest and not rest.startswith("#")
    ):
        raise SourceError("%s:%d: needs lines of its own" % (name, node.lineno))
    lines[first : last + 1] = [""] * (last - first + 1)


def _plain_functions(tree: ast.Module, lines: list[str], name: str) -> bool:
    """Turn native functions into plain ones; True when pointers are needed."""
    found = False
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef):
            continue
        kinds = {_decorator(one): one for one in node.decorator_list}
        if "native" in kinds:
            _blank(lines, kinds["native"], name, "@")
        if "viper" in kinds:
            found = True
            first, last = kinds["viper"].lineno, node.end_lineno or node.lineno
            try:
                lines[first - 1 : last] = plain(node)
            except Unclear as error:
                raise SourceError("%s:%d: %s" % (name, error.line, error)) from error
    return found


def _decorator(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else ""


def _import_pointers(tree: ast.Module, lines: list[str], name: str) -> None:
    """Put the import into a line that is free now: that of the `__future__` import."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            lines[node.lineno - 1] = IMPORT
            return
    raise SourceError(
        "%s: a module with viper functions needs 'from __future__ import annotations'" % name
    )
