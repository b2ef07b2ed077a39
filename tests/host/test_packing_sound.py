"""Programs made to find out what packing gets wrong: packed, they say on MicroPython what they
said as they were written, or are refused.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tools.build import ROOT
from tools.micropython_binary import find
from tools.packing import cold, cold_list, pack, unsound
from tools.packing.program import parsed

# Each is a module with a function `run`, in which $ is a number of its own, and what of it shall
# be in groups. Groups are forgotten by let_go.
CASES: dict[str, tuple[str, tuple[str, ...]]] = {
    "a class in an object's place": ("""
class A$:
    def _f$(self, a=1):
        return self is A$, a
    def g$(self):
        return 4
def run():
    return A$._f$(5), A$().g$(), A$.g$(3)
""", ("A$.g$",)),
    "a global that changes, as an argument": ("""
n$ = 1
def bump$():
    global n$
    n$ += 1
    return n$
def _f$(a):
    bump$()
    bump$()
    return a
def run():
    return _f$(n$), n$
""", ()),
    "a global that changes, beside a call": ("""
n$ = 1
def bump$():
    global n$
    n$ += 10
def _f$():
    bump$()
    bump$()
    return 1
def _g$():
    bump$()
    return 5
def run():
    global n$
    n$ += _f$()
    return n$ + _g$(), n$
""", ()),
    "a local that an inner function changes": ("""
def _f$(a, again):
    again()
    again()
    return a
def run():
    n = 1
    def bump():
        nonlocal n
        n += 1
    return _f$(n, bump), n
""", ()),
    "what is told apart by which object it is": ("""
_END$ = ("end", "of all")
def end$():
    return _END$
def is_end$(x):
    return x is _END$
def run():
    e = end$()
    let_go()
    return is_end$(e)
""", ("end$", "is_end$")),
    "lists in what seems to be constant": ("""
_SEEN$ = ([], {})
_BY$ = {"a": [1]}
def see$(x):
    _SEEN$[0].append(x)
    _BY$["a"].append(x)
    return len(_SEEN$[0]), len(_BY$["a"])
def run():
    see$(1)
    let_go()
    return see$(2)
""", ("see$",)),
    "a coroutine that waits while its group is loaded anew": ("""
_SCALE$ = (3, 4)
class Thing$:
    def __init__(self):
        self.log = []
    async def slow$(self, n):
        try:
            for i in range(3):
                self.log.append((n, i, scaled$(i)))
                await asyncio.sleep(0)
        finally:
            self.log.append(("end", n))
    def steps$(self, n):
        for i in range(n):
            got = yield scaled$(i)
            self.log.append(got)
def scaled$(i):
    return i * _SCALE$[0]
async def never$(t):
    try:
        await asyncio.sleep(100)
    finally:
        t.log.append("cancelled")
async def main$():
    t = Thing$()
    tasks = []
    for n in range(2):
        tasks.append(asyncio.create_task(t.slow$(n)))
        await asyncio.sleep(0)
        let_go()
    await asyncio.gather(*tasks)
    g = t.steps$(3)
    said = [next(g)]
    let_go()
    said += [g.send("x"), list(t.steps$(2))]
    task = asyncio.create_task(never$(t))
    await asyncio.sleep(0)
    let_go()
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return said, t.log
def run():
    return asyncio.run(main$())
""", ("Thing$.slow$", "Thing$.steps$", "never$")),
    "all ways out of a loop": ("""
class Stop$(Exception):
    pass
class T$:
    def __init__(self):
        self.log = []
    def _f$(self, n):
        for i in range(n):
            try:
                if i == 2:
                    raise Stop$(i)
                if i == 4:
                    return "four"
                self.log.append(i)
            except Stop$ as stop:
                self.log.append(("stop", stop.args[0]))
                continue
            finally:
                self.log.append("f")
        else:
            return "else"
        return "end"
    def go$(self, n):
        try:
            x = self._f$(n)
        finally:
            self.log.append("out")
        return x, self.log
def run():
    return [T$().go$(n) for n in range(7)]
""", ()),
    "an attribute that the class has before the object": ("""
class T$:
    size$ = 1
    def __init__(self, n):
        self.early = self.look$()
        self.size$ = n
    def look$(self):
        return self._f$(self.size$)
    def _f$(self, s):
        return s + self.more$(s)
    def more$(self, s):
        return s * 2
def run():
    t = T$(5)
    return t.early, t.look$()
""", ()),
    "arguments in the order in which they stand": ("""
log$ = []
def note$(x):
    log$.append(x)
    return x
class T$:
    def _f$(self, a, b, c=7):
        note$("in")
        return a, b, c
    def h$(self, a, b, c=7):
        note$("group")
        return a + b
    def go$(self):
        x = self._f$(c=note$(1), b=note$(2), a=note$(3))
        return x, 1 < self.h$(b=note$(2), a=note$(9)) < note$(30), log$
def run():
    return T$().go$()
""", ("T$.h$",)),
    "a method that is read and called later": ("""
class T$:
    def __init__(self):
        self.n = 1
    def go$(self, a, b=2):
        return self.n + a + b
def run():
    t = T$()
    f = t.go$
    let_go()
    return f(1), f(a=3, b=1), list(map(t.go$, (1, 2))), getattr(t, "go$")(4)
""", ("T$.go$",)),
    "groups that go while arguments are made": ("""
log$ = []
def note$(x):
    log$.append(x)
    let_go()
    return x
class T$:
    def a$(self, x):
        return x + 1
    def b$(self, x):
        return x * 2
def make$():
    note$("make")
    return T$()
def run():
    return make$().a$(note$(make$().b$(note$(3)))), log$
""", ("T$.a$",)),
    "an object that is made in a group": ("""
class T$:
    made = 0
    def __init__(self, n):
        T$.made += 1
        if n < 0:
            raise ValueError(n)
        self.n = n
        if not n:
            return
        self.n = [T$(n - 1)]
def run():
    try:
        T$(-1)
    except ValueError as error:
        said = error.args
    return said, T$(2).n[0].n[0].n, T$.made
""", ("T$.__init__",)),
    "coroutines that are written out": ("""
log$ = []
async def note$(x):
    log$.append(x)
    await asyncio.sleep(0)
    return x
class T$:
    def __init__(self):
        self.n = 1
    async def _f$(self, a, b):
        if await note$(a):
            return await note$(b)
        for i in range(2):
            if await note$(i):
                return i
        return self.n
    async def go$(self):
        x = self.n + await self._f$(await note$(0), self.bump$())
        y = (await self._g$(3)) or await note$(4)
        self.n += await self._h$()
        return x, y, self.n, log$
    def bump$(self):
        self.n += 10
        return self.n
    async def _g$(self, k):
        try:
            await note$(k)
            raise ValueError
        except ValueError:
            return 0
        finally:
            await note$("fin")
    async def _h$(self):
        self.bump$()
        await note$("h")
        return 1
def run():
    return asyncio.run(T$().go$())
""", ()),
}
BEGIN = "import asyncio\nfrom firmware.on_demand import let_go\n"


def program() -> tuple[dict[str, str], dict[str, list[str]]]:
    """All cases as one program, and its groups."""
    sources = {"firmware": "",
               "firmware.on_demand": (ROOT / "firmware/on_demand.py").read_text("utf-8")}
    groups: dict[str, list[str]] = {}
    lines = []
    for number, (text, functions) in enumerate(CASES.values()):
        module = "case%d" % number
        sources["firmware." + module] = BEGIN + text.replace("$", str(number))
        if functions:
            groups[module] = [
                "firmware.%s:%s" % (module, one.replace("$", str(number))) for one in functions
            ]
        lines.append("from firmware.%s import run as run%d" % (module, number))
    lines += ["", "def run():", *("    print(run%d())" % number for number in range(len(CASES)))]
    sources["firmware.main"] = "\n".join(lines) + "\n"
    return sources, groups


def said(texts: Mapping[str, str], folder: Path) -> list[str]:
    """What a program says on MicroPython, a line a case."""
    for name, text in texts.items():
        path = folder / ("%s.py" % name.replace(".", "/"))
        if any(other.startswith(name + ".") for other in texts):
            path = path.with_suffix("") / "__init__.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    start = "import sys; sys.path[:] = ['', %r, '.frozen']; import firmware.main as m; m.run()"
    shadows = str(ROOT / "sim" / "modules" / "micropython")
    done = subprocess.run([find().absolute(), "-c", start % shadows], cwd=folder, check=False,
                          capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.splitlines()


def test_odd_programs_do_what_they_did(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources, groups = program()
    monkeypatch.setattr(cold_list, "GROUPS", groups)
    monkeypatch.setattr(cold_list, "WARM", ())
    monkeypatch.setattr(pack, "ENTRIES", (("firmware.main",), ("none",), ("none",)))
    done = pack.pack(sources, {}, sources)
    assert len(done.texts) == len(groups) + 2 < len(sources), "one room, and groups"
    wanted = dict(zip(CASES, said(sources, tmp_path / "whole"), strict=True))
    found = dict(zip(CASES, said(done.texts, tmp_path / "packed"), strict=True))
    assert found == wanted


REFUSED = {
    "arguments by names": "def run(names): return dict(**names)",
    "told apart by type": "def run(a, b): return type(a) is type(b)",
    "__class__ is asked for": "def run(a, b): return isinstance(a, b.__class__)",
    "AttributeError is caught": (
        "def run(a):\n    try:\n        return a.b\n    except (KeyError, AttributeError): return"
    ),
    "eval.. is called": "def run(a): return eval(a)",
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_asks_for_names_that_nobody_wrote_is_refused(why: str) -> None:
    with pytest.raises(ValueError, match=why):
        unsound.refuse(parsed({"m": REFUSED[why]}))


def test_what_names_exceptions_and_hands_on_arguments_is_not() -> None:
    unsound.refuse(parsed({"m": (
        "def run(error, **more):\n    return type(error).__name__, run(error, **more)"
    )}))


MOVED = {
    "sets a global": "n = 0\ndef moved():\n    global n\n    n += 1",
    "has a default that is made": "def moved(one, seen=[]):\n    seen.append(one)",
}


@pytest.mark.parametrize("why", MOVED)
def test_a_group_that_would_begin_anew_is_refused(why: str) -> None:
    trees = parsed({"m": "cold = None\n" + MOVED[why]})
    cold.mark(trees, {"x": ["m:moved"]})
    with pytest.raises(ValueError, match=why):
        cold.divide(trees)
