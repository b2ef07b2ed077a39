"""A short slice of `make fuzz`, and the fuzzers' own machinery."""
from __future__ import annotations

from pathlib import Path

import pytest

from tools import fuzz


@pytest.mark.parametrize("name", fuzz.FUZZERS)
def test_nothing_is_found_in_a_short_time(name: str) -> None:
    assert fuzz.run(name, 0.6) >= len(fuzz.corpus(name))


def must_not_say_err(octets: bytes) -> None:
    if b"-ERR" in octets:
        raise ValueError(octets)


def test_what_fails_is_made_small_and_kept(
        monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bad = fuzz.Fuzzer(__name__ + ":must_not_say_err", (b"-ERR", b"x" * 100))
    monkeypatch.setitem(fuzz.FUZZERS, "bad", bad)
    monkeypatch.setattr(fuzz.Fuzzer, "load", lambda self: must_not_say_err)
    monkeypatch.setattr(fuzz, "CORPUS", tmp_path)
    with pytest.raises(fuzz.Failure) as failure:
        fuzz.run("bad", 20)
    assert failure.value.octets == b"-ERR"
    kept = fuzz.keep("bad", failure.value.octets)
    assert fuzz.corpus("bad") == [b"-ERR"] and kept.parent == tmp_path / "bad"
    with pytest.raises(fuzz.Failure):  # from now on it is tried first
        fuzz.run("bad", 0)


def test_unknown_fuzzer_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert fuzz.main(["1", "nonsense"]) == 2
    assert "no fuzzer nonsense" in capsys.readouterr().err
