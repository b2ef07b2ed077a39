"""The search for the smallest heap, and the fetching of another processor's MicroPython."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tools import debian_packages, small_heap, small_heap_rows
from tools.debian_packages import MissingError
from tools.small_heap import Attempt, smallest

CHOICES = ({"i386": "young"}, {"i386": "old"})


def machine(fits: Callable[[int, int], bool]) -> tuple[Callable[[int], Attempt], list[int]]:
    """A desk that records all when `fits` says so of a heap and the how manieth attempt in it."""
    tried: list[int] = []

    def attempt(heap: int) -> Attempt:
        tried.append(heap)
        well = fits(heap, tried.count(heap))
        return Attempt(heap, well, "" if well else "no room", 0, 0.0)

    return attempt, tried


@pytest.mark.parametrize(("needed", "guess"), [
    (needed, guess) for needed in (4, 20, 128, 164, 240) for guess in (8, 20, 128, 240)])
def test_the_smallest_heap_is_found_from_any_guess(needed: int, guess: int) -> None:
    attempt, tried = machine(lambda heap, _count: heap >= needed)
    assert [one.heap for one in smallest(attempt, guess)] == [needed] * 3
    assert len(tried) <= 14 and max(tried) <= small_heap.MOST


def test_a_good_guess_takes_few_attempts() -> None:
    attempt, tried = machine(lambda heap, _count: heap >= 164)
    assert smallest(attempt, 164) and tried == [164, 160, 164, 164]


def test_a_heap_that_does_only_now_and_then_is_not_small_enough() -> None:
    attempt, tried = machine(lambda heap, count: heap >= 24 or (heap == 20 and count != 3))
    assert [one.heap for one in smallest(attempt, 32)] == [24, 24, 24]
    assert tried.count(20) == 3


def test_where_nothing_fits_nothing_is_found() -> None:
    attempt, tried = machine(lambda _heap, _count: False)
    assert smallest(attempt, 32) == [] and max(tried) == small_heap.MOST


def test_rows_start_what_is_to_be_measured_with_the_stand_ins_outside_of_the_heap(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def build_tree(_folder: Path, arch: str, _shadows: object) -> Path:
        tree = tmp_path / arch
        tree.mkdir(exist_ok=True)
        for name in ("desk_link", "flash", "machine", "network", "firmware"):
            (tree / (name + ".mpy")).write_text("%s for %s" % (name, arch))
        (tree / "manifest.json").write_text('{"files": {"firmware.mpy": {}, "machine.mpy": {}}}')
        return tree

    monkeypatch.setattr(small_heap_rows, "build_tree", build_tree)
    made = list(small_heap_rows.rows(tmp_path))
    assert tuple(row.name for row in made) == small_heap_rows.NAMES
    for row, arch, path in zip(made, ("x86", "x86", "bytecode"), (
            "['/desk', '', '.frozen']", "['/rom', '.frozen']", "['/desk', '', '.frozen']"),
            strict=True):
        assert (row.tree, "sys.path[:] = %s\n" % path in row.launch) == (tmp_path / arch, True)
        compile(row.launch, row.name, "exec")
    stand_ins = (tmp_path / "bytecode-desk").read_bytes()
    assert b"machine for bytecode" in stand_ins and b"firmware" not in stand_ins
    assert b"firmware for x86" in (tmp_path / "x86-rom").read_bytes()


def summary(**changed: object) -> dict[str, object]:
    """Of a visit in which all went well."""
    return {"faults": [], "deleted": 10, "unfinished": 0, "pages": 25, **changed}


@pytest.mark.parametrize(("changed", "left", "why"), [
    ({}, 0, ""), ({}, 1, "1 mails are left"), ({"pages": 24}, 0, "24 pages"),
    ({"faults": [{"code": 1, "text": "001 paper"}]}, 0, "001 paper"),
    ({"unfinished": 1}, 1, "1 unfinished")])
def test_a_visit_goes_well_only_when_all_is_recorded_and_deleted(
        changed: dict[str, object], left: int, why: str) -> None:
    assert small_heap._why(summary(**changed), 10, left) == why


def test_files_with_native_code_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "a.mpy").write_bytes(b"M\x06\x00\x1f" + bytes(96))
    (tmp_path / "b.mpy").write_bytes(b"M\x06\x1a\x1f" + bytes(46))
    names = '{"a.mpy": {"size": 100}, "b.mpy": {"size": 50}}'
    (tmp_path / "manifest.json").write_text('{"files": %s}' % names)
    assert small_heap.native_octets(tmp_path) == 50


def runner(missing: Sequence[str]) -> tuple[debian_packages.Run, list[str]]:
    """Runs nothing; suites in `missing` can't be had, a download leaves two packages."""
    done: list[str] = []

    def run(command: Sequence[str], folder: Path) -> None:
        suite = (folder / "sources.list").read_text().split()[-2]
        done.append("%s %s" % (suite, command[-2] if command[0] == "dpkg-deb" else command[-1]))
        if command[-1] == "update" and suite in missing:
            raise MissingError("apt-get: no index of " + suite)
        if "download" in command:
            (folder / "one.deb").touch()
            (folder / "two.deb").touch()

    return run, done


def test_packages_come_from_the_first_suite_that_can_be_had(tmp_path: Path) -> None:
    run, done = runner(["young"])
    assert debian_packages.fetch(tmp_path, CHOICES, ["p:i386"], run) == {"i386": "old"}
    state = tmp_path / "apt"
    assert done == ["young update", "old update", "old p:i386", "old %s" % (state / "one.deb"),
                    "old %s" % (state / "two.deb")]
    assert not state.exists()


def test_packages_that_no_suite_has_are_said_to_be_missing(tmp_path: Path) -> None:
    run, done = runner(["young", "old"])
    with pytest.raises(MissingError, match="no index of old"):
        debian_packages.fetch(tmp_path, CHOICES, ["p:i386"], run)
    assert done == ["young update", "old update"]


def test_where_no_packages_can_be_had_the_tool_says_so(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(small_heap, "PLACE", tmp_path)
    monkeypatch.setattr(small_heap, "MICROPYTHON", tmp_path / "micropython")
    monkeypatch.setattr(debian_packages, "run", runner(["sid", "trixie"])[0])
    assert small_heap.main([]) == 0
    assert capsys.readouterr().out.startswith("skipped: no 32-bit MicroPython here (apt-get")
