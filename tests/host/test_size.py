"""The report of the memory: what it counts, and what it says where it can't measure."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tools import size
from tools.packing.pack import load_order
from tools.packing.program import parsed


def test_each_module_is_loaded_behind_those_that_it_needs() -> None:
    trees = parsed({
        "a": "from b import one\nfrom c import d\nimport time\n",
        "b": "try:\n    from e import two\nexcept ImportError:\n    pass\n",
        "c": "",
        "c.d": "def later():\n    from f import three\n",
        "e": "",
        "f": "",
    })
    assert load_order(trees, ["a"]) == ["e", "b", "c.d", "a"]
    assert load_order(trees, ["f", "a", "f"]) == ["f", "e", "b", "c.d", "a"]


def test_without_node_the_report_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    monkeypatch.setattr(size, "heap_peak", lambda: 1)
    report = size.Report()
    lines = list(report.lines())
    assert "32-bit figures not measured: node is not installed" in lines
    assert report.figures()["code_wasm"] is None
    assert report.figures()["code_mpy"] > 50_000


@pytest.mark.skipif(
    not isinstance(size.package(), Path) if (size.WASM / "node_modules").exists() else True,
    reason="the WebAssembly build was not fetched: run make size",
)
def test_footprints_add_up_to_what_32_bits_take() -> None:
    folder = size.package()
    assert isinstance(folder, Path)
    found = size.footprints(folder)
    assert 35_000 < found["buffers"] < size.BUFFERS_BUDGET
    assert found["firmware.recording.fax_part"] > 4000
