"""The desk dies and its device stays: it must not run on without a machine around it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tools.build import ROOT

LIMIT_S = 60


def _children(parent: int) -> list[int]:
    """Processes that a process started."""
    return [int(pid) for pid in Path("/proc/%d/task/%d/children" % (parent, parent))
            .read_text(encoding="ascii").split()]


def _runs(pid: int) -> bool:
    try:
        status = Path("/proc/%d/stat" % pid).read_text(encoding="ascii")
    except OSError:
        return False
    return status.rsplit(")", 1)[1].split()[0] not in ("Z", "X")


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs Linux's /proc")
@pytest.mark.parametrize("sheets", [1, 5])
def test_a_device_whose_desk_was_killed_ends_by_itself(tmp_path: Path, sheets: int) -> None:
    """Killed in the middle of the samples: the device is about to enter a page in its flash."""
    command = [sys.executable, "-m", "sim", "--paper", str(tmp_path / "paper")]
    command += ["--state", str(tmp_path / "state")]
    desk = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    device = 0
    try:
        assert desk.stdout is not None
        for line in desk.stdout:
            if " → " in line:
                sheets -= 1
            if not sheets:
                break
        (device,) = _children(desk.pid)
        os.kill(desk.pid, signal.SIGKILL)
        end = time.monotonic() + LIMIT_S
        while _runs(device):
            assert time.monotonic() < end, "the device runs on"
            time.sleep(0.05)
    finally:
        desk.kill()
        desk.communicate()
        if device and _runs(device):
            os.kill(device, signal.SIGKILL)
