"""Short names on the device change nothing but names."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

from tools.device_source import device_source
from tools.short_names import keywords, plan, shorten

ROOT = Path(__file__).parents[2]

COUNTER = '''
class Counter:
    def __init__(self, start, step=1):
        self._value = start
        self._step = step
        self.page = 0

    def page_of(self, page):
        self.page = page
        return self._at(page) + self.page

    def _at(self, page):
        return self._value + page * self._step

    def page(self, page):
        return page
'''
USER = '''
from counter import Counter

class Double(Counter):
    def _at(self, page):
        return 2 * self._value + page

def used(value, _times=2):
    _local = [value for value in range(value)]
    return Double(3, step=4).page_of(value) + len(_local) * _times
'''


def short(**files: str) -> dict[str, str]:
    names, passed = plan(files), keywords(files)
    return {name: shorten(text, names[name], passed) for name, text in files.items()}


def run(files: dict[str, str]) -> Any:
    space: dict[str, Any] = {}
    exec(files["counter"], space)
    exec(files["user"].replace("from counter import Counter", ""), space)
    return space["used"](5), space["Counter"](1, step=2).page_of(7)


def test_a_program_does_what_it_did() -> None:
    files = {"counter": COUNTER, "user": USER}
    assert run(short(**files)) == run(files)


def test_what_only_one_file_knows_is_numbered_and_what_two_know_is_kept() -> None:
    made = short(counter=COUNTER, user=USER)
    assert "_value" in made["counter"] and "_at" in made["user"], "the derived class needs them"
    assert "_step" not in made["counter"] and "_local" not in made["user"]
    assert "step=4" in made["user"] and ", step=1" in made["counter"], "passed by keyword"
    assert "def page(self, a0)" in made["counter"] and "self.page = a0" in made["counter"]


def test_lines_stay_and_files_share_the_same_few_names() -> None:
    sources = {}
    for path in [*(ROOT / "firmware").rglob("*.py"), *(ROOT / "hal").rglob("*.py")]:
        name = path.relative_to(ROOT).as_posix()
        if name != "firmware/devices.py":
            sources[name] = device_source(path.read_text(), name)
    made = short(**sources)
    for name, text in sources.items():
        before, after = ast.parse(text), ast.parse(made[name])
        assert [node.lineno for node in ast.walk(before) if isinstance(node, ast.stmt)] == [
            node.lineno for node in ast.walk(after) if isinstance(node, ast.stmt)
        ], name
        assert _public(before) == _public(after), name
    assert len(_private(sources)) > 400
    assert len(_private(made)) < 120


def _private(files: dict[str, str]) -> set[str]:
    return {
        node.attr
        for text in files.values()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute) and node.attr[:1] == "_" and node.attr[:2] != "__"
    }


def _public(tree: ast.AST) -> list[str]:
    return [
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr[:1] != "_"
    ]
