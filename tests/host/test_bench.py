"""The table of measurements: medians, spread, ratios, and peers that are not there."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path

import pytest

from tools import bench


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> None:
    source = types.ModuleType("measured")
    source.rows = lambda: [  # type: ignore[attr-defined]
        bench.row("S1", "200 mails", "mpop", [3.0, 1.0, 2.0, 2.0, 2.0], [4.0] * 5, "s"),
        bench.row("S1", "200 mails", "absent", [2.0] * 5, [], "s", "absent is not installed"),
    ]
    monkeypatch.setitem(sys.modules, "measured", source)
    monkeypatch.setattr(bench, "SOURCES", {"S1": "measured", "S4": "no_such_module"})


def test_json_has_the_promised_keys(rows: None, tmp_path: Path) -> None:
    file = tmp_path / "rows.json"
    assert bench.main(["S1", "--json", str(file)]) == 0
    first, second = json.loads(file.read_text())
    assert {"row", "what", "peer", "ours", "theirs", "ratio", "unit"} <= set(first)
    assert (first["ours"], first["theirs"], first["ratio"]) == (2.0, 4.0, 0.5)
    assert (second["theirs"], second["ratio"]) == (None, None)


def test_a_missing_peer_and_a_failed_row_are_shown(
    rows: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench.main([]) == 1
    said = capsys.readouterr().out.splitlines()
    assert "missing" in said[2] and said[2].endswith("absent is not installed")
    assert "ModuleNotFoundError" in said[3]


def test_unknown_row_is_refused(rows: None) -> None:
    with pytest.raises(SystemExit) as ended:
        bench.main(["S9"])
    assert ended.value.code == 2


def test_runs_are_taken_in_turn() -> None:
    order: list[str] = []

    def measure(name: str, value: float) -> float:
        order.append(name)
        return value

    found = bench.in_turn(lambda: measure("a", 1.0), lambda: measure("b", 2.0), count=2)
    assert order == ["a", "b", "a", "b"]
    assert found == [[1.0, 1.0], [2.0, 2.0]]
