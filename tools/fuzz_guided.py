"""Inputs that coverage suggests, by atheris in a process of its own:
`python -m tools.fuzz_guided NAME FOLDER... [OPTION...]`.
"""
from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tools.fuzz_process import Failure

ROOT = Path(__file__).resolve().parents[1]


def guided(name: str, seconds: float, corpus: Path) -> int:
    """So many seconds. Returns how many inputs. Raises Failure."""
    kept = [str(corpus)] if corpus.is_dir() else []
    found, crashes = (ROOT / "build" / "fuzz" / name / part for part in ("found", "crashes"))
    shutil.rmtree(crashes, ignore_errors=True)
    for folder in (found, crashes):
        folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "tools.fuzz_guided", name, str(found), *kept,
         "-max_total_time=%d" % max(seconds, 1), "-artifact_prefix=%s/" % crashes,
         "-print_final_stats=1", "-max_len=4096", "-timeout=20", "-rss_limit_mb=2048"],
        cwd=ROOT, capture_output=True, text=True, check=False)
    match = re.search(r"stat::number_of_executed_units:\s*(\d+)", done.stderr)
    if done.returncode or match is None:
        sys.stderr.write(done.stderr[-4000:])
        raise Failure(next((file.read_bytes() for file in crashes.iterdir()), b""))
    return int(match[1])


def _be_guided(name: str, arguments: list[str]) -> None:
    import atheris  # type: ignore[import-untyped]

    from tools.fuzz import on_path, target

    on_path()
    with atheris.instrument_imports(include=["firmware"]):
        function = target(name)
        from firmware import on_demand

    # what is loaded anew for each input would take its time, and not be watched
    on_demand.drop = lambda start, but=(): None  # type: ignore[assignment]
    atheris.Setup([sys.argv[0], *arguments], function)
    atheris.Fuzz()


if __name__ == "__main__":
    _be_guided(sys.argv[1], sys.argv[2:])
