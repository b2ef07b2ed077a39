"""Give the assertions of a test module messages: MicroPython's own `assert` says nothing but its
line.

The text changes within the assertions' own lines only, so line numbers in tracebacks stay right.
"""

from __future__ import annotations

import ast

_OPERATORS = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}
_SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def explained(text: str) -> str:
    """`text` with every message-less `assert` given one that shows the values compared."""
    lines = text.encode().splitlines(keepends=True)
    asserts = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Assert) and node.msg is None
    ]
    for node in sorted(asserts, key=lambda node: (node.lineno, node.col_offset), reverse=True):
        _replace(lines, node, _statement(text, node.test))
    return b"".join(lines).decode()


def _statement(text: str, test: ast.expr) -> str:
    said = " ".join((ast.get_source_segment(text, test) or "").split())
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        left, right = test.left, test.comparators[0]
        shown = [
            part
            for part in ("left", "right")
            if not isinstance({"left": left, "right": right}[part], ast.Constant)
        ]
        return "_left = (%s); _right = (%s); assert _left %s _right, _explain(%r, (%s))" % (
            ast.get_source_segment(text, left),
            ast.get_source_segment(text, right),
            _OPERATORS[type(test.ops[0])],
            said,
            "".join("(%r, _%s), " % (part, part) for part in shown),
        )
    return "assert (%s), _explain(%r, (%s))" % (
        ast.get_source_segment(text, test),
        said,
        "".join("(%r, %s), " % (name, name) for name in _names(test)),
    )


def _names(test: ast.expr) -> list[str]:
    """Variables read in the expression itself; those of inner scopes and called functions would
    tell nothing.
    """
    found: list[str] = []
    waiting: list[ast.AST] = [test]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name) and node.id not in found:
            found.append(node.id)
        if not isinstance(node, _SCOPES):
            called = (
                node.func
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
                else None
            )
            waiting.extend(child for child in ast.iter_child_nodes(node) if child is not called)
    return sorted(found)


def _replace(lines: list[bytes], node: ast.stmt, statement: str) -> None:
    """Put `statement` in the node's place; what it has fewer of line ends follows it as blank
    lines.
    """
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    head = lines[first][: node.col_offset]
    tail = lines[last][node.end_col_offset :]
    text = statement.encode()
    missing = last - first - text.count(b"\n")
    if missing:
        # a backslash continuation or parentheses around the whole test: keep the count of lines
        # inside brackets
        text = text.replace(b"(", b"(" + b"\n" * missing, 1)
    lines[first : last + 1] = [head + text + tail] + [b""] * (last - first)
