"""Modules that are loaded when called for."""
from __future__ import annotations

import sys

from firmware import on_demand

NATIVE, PLAIN = "firmware.mail.charset", "firmware.mail.notice"


def test_a_module_is_forgotten_behind_its_call_unless_it_was_there() -> None:
    on_demand.drop(PLAIN)
    assert on_demand.call(PLAIN, "reason_for", "audio/wav")
    assert PLAIN not in sys.modules
    on_demand.load(PLAIN)
    on_demand.call(PLAIN, "reason_for", "audio/wav")
    assert PLAIN in sys.modules
    on_demand.drop(PLAIN)


def test_native_code_stays_where_it_is_never_given_back() -> None:
    on_demand.load(NATIVE)
    on_demand.drop("firmware.mail.charset")
    assert NATIVE not in sys.modules
    on_demand.keep_code()
    try:
        module = on_demand.load(NATIVE)
        on_demand.load(PLAIN)
        on_demand.drop(NATIVE)
        on_demand.drop(PLAIN)
        assert on_demand.load(NATIVE) is module
        assert PLAIN not in sys.modules
    finally:
        on_demand._stay[0] = ""
        on_demand.drop(NATIVE)


class Group:
    """Stands for a group of functions."""

    room = "firmware.fax.tiff"


def in_memory(*names: str) -> list[str]:
    """Ask for groups of these names, which are there; returns those that are held."""
    for name in names:
        sys.modules["firmware." + name] = Group  # type: ignore[assignment]
        assert getattr(on_demand.cold, name) is Group
    return list(on_demand._held)


def test_a_page_that_begins_lets_cold_groups_go_and_keeps_warm_ones() -> None:
    on_demand.forget("")
    assert in_memory("w901", "g901") == ["w901", "g901"]
    on_demand.forget("g")
    assert on_demand._held == ["w901"]
    on_demand.forget("")
    assert on_demand._held == []
    assert not hasattr(sys.modules["firmware"], "g901") and "firmware.g901" not in sys.modules


class Heap:
    """Stands for the collector: so many octets are free."""

    free = 0

    @staticmethod
    def collect() -> None:
        """Collect nothing."""

    @classmethod
    def mem_free(cls) -> int:
        """Free octets."""
        return cls.free


def test_warm_groups_beyond_two_stay_while_enough_is_free() -> None:
    gc = on_demand.gc
    on_demand.forget("")
    on_demand.gc = Heap  # type: ignore[assignment]
    try:
        Heap.free = 50000
        assert in_memory("w901", "w902", "w903") == ["w901", "w902", "w903"]
        Heap.free = 10000
        assert in_memory("w904") == ["w902", "w903", "w904"], "the first one goes"
        assert in_memory("g901") == ["w902", "w903", "w904", "g901"]
    finally:
        on_demand.gc = gc
        on_demand.forget("")


def test_all_warm_groups_stay_in_a_large_heap_until_room_is_wanted() -> None:
    most = on_demand._most[0]
    gc = on_demand.gc
    on_demand.forget("")
    Heap.free = 0
    on_demand.gc = Heap  # type: ignore[assignment]
    try:
        assert in_memory("w901", "w902", "w903") == ["w902", "w903"]
        on_demand.keep_groups()
        assert in_memory("w904", "w905") == ["w902", "w903", "w904", "w905"]
        on_demand.let_go()
        assert len(on_demand._held) == 4
        on_demand.forget("")
        assert on_demand._held == []
    finally:
        on_demand._most[0] = most
        on_demand.gc = gc


class Machine(on_demand.Elsewhere):
    """Its methods are in a group."""

    kept = 1


class Methods:
    """Stands for that group."""

    room = "firmware.fax.tiff"

    @staticmethod
    def a(machine: Machine, start: int, step: int = 2) -> int:
        return machine.kept + start * step


def test_what_a_class_has_not_is_called_in_its_group() -> None:
    on_demand.forget("")
    on_demand._ELSEWHERE = "\ng900 Other.steps.a \ng901 Machine.begin.b Machine.steps.a "
    sys.modules["firmware.g901"] = Methods  # type: ignore[assignment]
    try:
        machine = Machine()
        later = machine.steps
        assert machine.steps(7) == 15 and machine.steps(7, step=1) == 8 == later(7, 1)
        assert machine.kept == 1 and not hasattr(machine, "walk")
        on_demand.forget("g")
        assert on_demand._held == [], "what is kept of a method holds no group"
        sys.modules["firmware.g901"] = Methods  # type: ignore[assignment]
        assert later(0) == 1
    finally:
        on_demand._ELSEWHERE = ""
        on_demand.forget("")


def test_a_text_that_can_not_be_read_hides_nothing() -> None:
    """No module here has a file of texts beside it."""
    assert on_demand.cold[64] == "text 64"
    assert on_demand.cold[66] % ("a", 5) == "text 66 a 5"


def test_a_text_is_told_of_where_memory_for_it_can_not_be_had() -> None:
    def full(_path: str, _mode: str) -> None:
        raise MemoryError

    on_demand.open = full  # type: ignore[attr-defined]
    try:
        assert on_demand.cold[66] % ("a", 5) == "text 66 a 5"
    finally:
        del on_demand.open  # type: ignore[attr-defined]
