"""Functions that are written out where they are called: the program does what it did."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from tools.packing import cold, inline, inline_find
from tools.packing.program import parsed, text_of

_KEPT = frozenset(("result",))


def _written_out(text: str, kept: frozenset[str] = _KEPT) -> tuple[str, list[str]]:
    trees = parsed({"m": text})
    inline_find.tell_apart(trees, kept)
    done = inline.write_out(trees, kept)
    return text_of(trees["m"]), done


def _outcome(text: str, *arguments: Any) -> Any:
    """What `result` gives or raises, and what it logged."""
    space: dict[str, Any] = {"log": [], "asyncio": asyncio}
    exec(compile(text, "m", "exec"), space)
    try:
        found = space["result"](*arguments)
        if asyncio.iscoroutine(found):
            found = asyncio.run(found)
    except (ValueError, TypeError, UnboundLocalError, ZeroDivisionError) as error:
        found = type(error)
    return found, space["log"]


EXAMPLE = """
class Meter:
    def __init__(self, start):
        self._start = start
        self._limit = 7
        self.total = 0

    def result(self, number):
        first = self._early(number)
        if self._is_large(number) and self._found([3, 5, number]):
            self.total += self._add(number, by=2)
        while self._left(number) > 0:
            number -= 1
        return first, self._tail(number), self.total, [one for one in range(3) if self._odd(one)]

    def _early(self, number):
        if number < 0:
            return "negative"
        self.total += 1
        if number == 0:
            return "none"
        return "some"

    def _is_large(self, number):
        return number > self._limit

    def _found(self, numbers):
        for number in numbers:
            if number == self._start:
                return True
        log.append(("not found", numbers))
        return False

    def _add(self, number, more=3, by=1):
        self.total += 100
        return number * by + more

    def _left(self, number):
        log.append(number)
        return number - 2

    def _tail(self, number):
        try:
            return 10 // number
        except ZeroDivisionError:
            return -1
        finally:
            log.append("tail")

    def _odd(self, number):
        return number & 1

def result(start, number):
    return Meter(start).result(number)
"""


def test_all_kinds_of_calls_give_way() -> None:
    text, done = _written_out(EXAMPLE)
    assert sorted(done) == ["_add", "_early", "_found", "_is_large", "_left", "_odd", "_tail"]
    assert text.count("def ") == 3
    for start in (3, 9):
        for number in (-1, 0, 1, 2, 8, 9, 20):
            assert _outcome(text, start, number) == _outcome(EXAMPLE, start, number)


STAYS = {
    "large and called twice": (
        "def _f(a): return (a + 1) * (a + 2) * (a + 3) * (a + 4) * (a + 5) * (a + 6)\n"
        "def result(): return _f(1) + _f(2)"
    ),
    "handed on": "def _f(): return 1\ndef result(): return list(map(_f, ()))",
    "a generator": "def _f(): yield 1\ndef result(): return list(_f())",
    "of itself": "def _f(n): return _f(n - 1) if n else 0\ndef result(): return 1",
    "asked for by name": "def _f(): return 1\nx = '_f'\ndef result(): return _f()",
    "decorated": "@staticmethod\ndef _f(): return 1\ndef result(): return _f()",
    "any number of arguments": "def _f(*n): return n\ndef result(): return _f(1)",
    "arguments that don't fit": "def _f(a, b): return a\ndef result(): return _f(1)",
    "not awaited": "async def _f(): return 1\ndef result(): return _f()",
    "when the module is loaded": "def _f(): return 1\nx = _f()\ndef result(): return x",
    "of which class is not known": (
        "class A:\n    def _f(self): return 1\n"
        "class B:\n    def _f(self): return 2\n"
        "def result(): return B()._f()"
    ),
    "overridden": (
        "class A:\n    def go(self): return self._f()\n    def _f(self): return 1\n"
        "class B(A):\n    def _f(self): return 2\n"
        "def result(): return B().go()"
    ),
    "a local of that name": "y = 1\ndef _f(): return y\ndef result(y=2): return y + _f()",
    "left in a loop in a loop": (
        "def _f(n):\n    for a in n:\n        for b in n:\n"
        "            if a * b > 3: return a\n    return 0\n"
        "def result():\n    x = _f([1, 2])\n    return x"
    ),
}


@pytest.mark.parametrize("why", STAYS)
def test_what_only_a_function_can_do_stays_one(why: str) -> None:
    kept = frozenset(("result", "go", "_f")) if "name" in why else frozenset(("result", "go"))
    _text, done = _written_out(STAYS[why], kept)
    assert done == []


def test_small_functions_are_written_out_in_several_places() -> None:
    before = """
class Box:
    def __init__(self):
        self._size = 3
        self._open = False

    def _wide(self, by): return self._size * by

    def _twice(self): return self._wide(2)

    def _let(self, state): self._open = state

    def use(self, number):
        self._let(number > 1)
        for one in range(self._wide(number)):
            if one > self._twice() and self._open:
                self._let(False)
        return self._twice(), self._wide(log.append(1) or number), self._open

def result(number): return Box().use(number)
"""
    text, done = _written_out(before, frozenset(("result", "use")))
    assert sorted(done) == ["_let", "_twice", "_wide"]
    assert all(_outcome(text, number) == _outcome(before, number) for number in range(5))


def test_functions_of_another_group_stay_apart() -> None:
    text = "def _f(): return 1\ndef _g(): return 2\ndef result(): return _f()\n" + (
        "def often(): return _g()\n"
    )
    trees = parsed({"m": text})
    assert cold.mark(trees, {"a": ["m:_g", "m:often"], "b": ["m:result"]}) == []
    assert inline.write_out(trees, {"result", "often"}) == ["_g"]


def test_a_coroutine_lets_go_what_it_held_for_a_call() -> None:
    text, done = _written_out("""
async def result(things):
    while things:
        _look(things)
        await asyncio.sleep(0)
    return "x"

def _look(things):
    thing = things.pop()
    count = len(thing)
    log.append((thing, count))
""")
    assert done == ["_look"]
    assert text.count("= None") == 1
    assert _outcome(text, ["abc", "d"]) == ("x", [("d", 1), ("abc", 3)])


class _Maker:
    """Makes programs of methods that call each other, each in one place."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._calls: list[str] = []
        self._depth = 0

    def program(self) -> str:
        count = self._chance.randint(2, 5)
        waits = self._chance.random() < 0.5
        methods = []
        for number in range(count):
            name = "result" if not number else "_m%d" % number
            by = self._chance.choice(("", "", "b="))
            call = "self._m%d(%s, %s%s)" % (number + 1, self._value(), by, self._value())
            self._calls = [] if number + 1 == count else ["(await %s)" % call if waits else call]
            body = self._block(2, False)
            if self._calls:
                body += ["x = " + self._calls.pop()]
            if self._chance.random() < 0.7:
                body.append("return " + self._value())
            head = "%sdef %s(self, a, b=4):" % ("async " * waits, name)
            methods += ["    " + head, *("        " + line for line in ["x = y = 1", *body])]
        start = "def result(a, b):\n    return Thing().result(a, b)\n"
        init = ["    def __init__(self):", "        self.c = 2", "        self.d = [5]"]
        note = ["    def note(self, a):", "        log.append(a)", "        return a"]
        return "\n".join(["class Thing:", *init, *note, *methods, start])

    def _value(self) -> str:
        self._depth += 1
        simple = ["a", "b", "x", "y", "self.c", "len(self.d)", str(self._chance.randint(-2, 9))]
        made: Any = self._chance.choice(simple)
        if self._depth < 3:
            made = self._chance.choice([
                made, made,
                lambda: "self.note(%s)" % self._value(),
                lambda: "(%s + %s)" % (self._value(), self._value()),
                lambda: "(%s %% 7 if %s > %s else %s)" % tuple(self._value() for _ in range(4)),
                lambda: "(%s and %s)" % (self._value(), self._value()),
                lambda: "(%s or %s)" % (self._value(), self._value()),
                lambda: "sum(i * %s for i in range(3))" % self._chance.choice("abxy"),
                lambda: "max(%s, %s)" % (self._value(), self._value()),
                lambda: "-%s" % self._value(),
            ])
            if callable(made):
                made = made()
        self._depth -= 1
        if self._calls and self._chance.random() < 0.1:
            return "(%s + self.note(%s or 0))" % (made, self._calls.pop())
        return str(made)

    def _block(self, deep: int, in_loop: bool) -> list[str]:
        lines: list[str] = []
        for _ in range(self._chance.choice((1, 1, 2, 3))):
            lines += self._statement(deep, in_loop)
        return lines

    def _statement(self, deep: int, in_loop: bool) -> list[str]:
        if self._calls and self._chance.random() < 0.2:
            call = self._calls.pop()
            return [self._chance.choice([
                "x = %s", "%s", "return %s", "x, y = %s, a", "self.c += %s or 0", "y += %s or 0",
            ]) % call]
        kind = self._chance.randrange(14 if deep else 5)
        inner = ["    " + line for line in self._block(deep - 1, in_loop)] if kind > 4 else []
        if kind in (7, 8, 11, 13):
            other = ["    " + line for line in self._block(deep - 1, in_loop)]
        if kind == 0:
            return ["%s = %s" % (self._chance.choice("abxy"), self._value())]
        if kind == 1:
            return ["self.note(%s)" % self._value()]
        if kind == 2:
            return ["self.c += %s" % self._value()]
        if kind == 3 and in_loop:
            return ["if %s: %s" % (self._value(), self._chance.choice(("break", "continue")))]
        if kind in (3, 4):
            made = self._chance.choice(("return %s", "return", "raise ValueError(%s)", "x = %s"))
            value = self._value()
            return ["if %s:" % self._value(), "    " + (made % value if "%" in made else made)]
        if kind in (5, 6):
            return ["if %s:" % self._value(), *inner]
        if kind in (7, 8):
            return ["if %s:" % self._value(), *inner, "else:", *other]
        if kind in (9, 10):
            loop = ["    " + line for line in self._statement(deep - 1, True)]
            return ["for y in range(%s & 3):" % self._value(), *inner, *loop]
        if kind == 11:
            return ["try:", *inner, "except ValueError:", *other]
        if kind == 12:
            return ["try:", *inner, "finally:", "    self.note(0)"]
        return ["try:", *inner, "except ValueError:", "    return 7", "else:", *other]


def test_programs_do_what_they_did() -> None:
    written = 0
    for seed in range(80):
        text = _Maker(seed).program()
        made, done = _written_out(text)
        written += len(done)
        for a, b in ((0, 0), (1, 5), (3, -1)):
            assert _outcome(made, a, b) == _outcome(text, a, b), text + made
    assert written > 40
