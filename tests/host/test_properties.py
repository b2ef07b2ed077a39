"""Property tests have the same examples in each run, and others where `make fuzz` wants them."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools import fuzz, fuzz_properties

PROPERTY = """from hypothesis import given
from hypothesis import strategies as st

@given(st.integers(0, 10**9))
def test_small(number):
    with open(%r, "a") as stream:
        stream.write("%%d " %% number)
    assert number < %d
"""


def examples() -> list[tuple[str, int]]:
    """What hypothesis comes up with."""
    found = []

    @settings(max_examples=200)
    @given(st.text(max_size=20), st.integers())
    def collect(text: str, number: int) -> None:
        found.append((text, number))

    collect()
    return found


def test_examples_are_the_same_whatever_this_process_had_loaded(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not settings.default.derandomize:
        pytest.skip("other examples are wanted")
    first = examples()
    (tmp_path / "with_constants.py").write_text(
        "A = [%s]" % ", ".join("%d, 'constant %d'" % (n * 7919, n) for n in range(500)))
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("with_constants")
    assert len(first) >= 200 and examples() == first


def _tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, bound: int,
           ) -> tuple[str, dict]:
    """The examples of one round of `make fuzz`, and its row."""
    file, log = tmp_path / "test_it.py", tmp_path / "log"
    log.unlink(missing_ok=True)
    file.write_text(PROPERTY % (str(log), bound))
    monkeypatch.setattr(fuzz_properties, "files", lambda name: [file])
    row = fuzz.fuzz("properties", "pytest", 0, 1, seed)
    return log.read_text(), row


def test_fuzzing_tries_other_examples_by_each_seed_and_tells_the_one_that_fails(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, row = _tried(tmp_path, monkeypatch, 5, 10**9 + 1)
    assert (row["inputs"], row["failed"]) == (100, "") and len(first.split()) >= 100
    other, row = _tried(tmp_path, monkeypatch, 6, 1000)
    assert first.split()[:5] != other.split()[:5]
    assert "--hypothesis-seed=6 " in row["failed"] and "test_it.py::test_small" in row["failed"]


def test_all_property_tests_are_among_them() -> None:
    names = {file.name for file in fuzz_properties.files("properties")}
    assert {"test_text_wrap.py", "test_mail_fuzz.py", "test_libtiff_oracle.py"} <= names
    assert [file.is_file() for file in fuzz_properties.files("servers")] == [True]
