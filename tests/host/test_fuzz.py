"""A short slice of `make fuzz`, and the fuzzers' own machinery."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fuzz import inputs
from tests.fuzz.targets import TARGETS, Target
from tools import fuzz, fuzz_process

INPUTS = {"mail": 3, "ccitt": 20}  # of hypothesis; the slow ones have fewer
CAMPAIGN = {"ccitt": 500}


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_is_found_in_few_inputs(name: str) -> None:
    fuzz.known(name)
    most = INPUTS.get(name, 40)
    assert fuzz.by_hypothesis(name, 3600, 0, most) >= most


@pytest.mark.parametrize("name", [name for name in TARGETS if not TARGETS[name].alone])
def test_nothing_is_found_on_the_device_in_a_thousand_inputs(name: str) -> None:
    count = CAMPAIGN.get(name, 1000)
    assert fuzz_process.campaign(name, "micropython", count, 3600, 1)[0] == count


def test_a_seed_decides_all_inputs() -> None:
    first, again, other = (list(inputs.inputs((b"a", b"bc"), [b"sound"], seed, 200))
                           for seed in (5, 5, 6))
    assert first == again != other and len(set(first)) > 100


async def must_not_say_err(octets: bytes) -> None:
    if b"-ERR" in octets:
        raise ValueError(octets)


def test_what_fails_is_made_small_and_kept(
        monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bad = Target("tests.fuzz.targets:TARGETS", (b"-ERR", b"x" * 100))
    monkeypatch.setitem(TARGETS, "bad", bad)
    monkeypatch.setattr(bad, "load", lambda: must_not_say_err)
    monkeypatch.setattr(fuzz, "CORPUS", tmp_path / "corpus")
    row = fuzz.fuzz("bad", "hypothesis", 3600, 1000, 0)
    assert row["failed"].startswith("corpus/bad/crash-") and fuzz.corpus("bad") == [b"-ERR"]
    with pytest.raises(fuzz_process.Failure):  # from now on it is tried first
        fuzz.known("bad")


def test_an_input_is_made_as_small_as_it_goes() -> None:
    assert fuzz.smaller(b"xx-ERR yyy-ERR z", lambda octets: b"-ERR" in octets) == b"-ERR"


@pytest.mark.parametrize(("words", "expected"), [
    ([["batch", "7"], ["failed", "2d45"]], b"-E"),
    ([["batch", "7"], ["input", "2d"], ["input", "2d4552"]], b"-ER")])  # and then it died
def test_an_input_that_fails_or_kills_in_a_process_is_found(
        monkeypatch: pytest.MonkeyPatch, words: list[list[str]], expected: bytes) -> None:
    class Process:
        def kill(self) -> None:
            """Nothing."""

        communicate = kill

    started: list[tuple[Any, ...]] = []

    def start(*words: object) -> Process:
        started.append(words)
        return Process()

    monkeypatch.setattr(fuzz_process, "_start", start)
    monkeypatch.setattr(fuzz_process, "_lines", lambda _process: iter(words))
    with pytest.raises(fuzz_process.Failure) as failure:
        fuzz_process.campaign("reply", "micropython", 1000, 1, 0)
    assert failure.value.octets == expected
    assert len(started) == 1 or started[1][2:] == (250, 1200, 7, "tell")


def test_one_input_is_tried_on_either_runtime() -> None:
    for way in ("micropython", "cpython"):
        assert not fuzz_process.fails("reply", way, b"\1+OK\r\n.\r\n")
        assert not fuzz_process.fails("reply", way, b"")
        assert not fuzz_process.fails("body", way, b"\1" + b"x" * 3000 + b"\r\n.\r\n")


def test_counts_go_into_a_file(tmp_path: Path) -> None:
    file = tmp_path / "counts.json"
    assert fuzz.main(["3600", "listing", "--inputs", "500", "--way", "cpython",
                      "--json", str(file)]) == 0
    report = json.loads(file.read_text())
    assert (report["inputs"], report["failures"], report["by target"]) == (
        500, 0, {"listing": 500})


def test_unknown_fuzzer_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert fuzz.main(["1", "nonsense"]) == 2
    assert "no fuzzer nonsense" in capsys.readouterr().err
