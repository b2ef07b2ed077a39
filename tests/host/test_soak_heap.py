"""The heap of the device over days: that it can be looked at, and what once made it grow."""

from __future__ import annotations

import json
import subprocess

from firmware import on_demand
from sim.device import build
from tools import micropython_binary, soak_heap
from tools.build import ROOT, build_tree, packing

# loads modules with native code again and again, and says what that leaves of heap in use
_LOADS = """
import gc, sys
sys.path[:] = [%r, ".frozen"]
from firmware import on_demand
if %d:
    on_demand.keep_code()
NAMES = ("firmware.fax.packed", "firmware.fax.plotter", "firmware.mail.charset")
def turns(count):
    for _ in range(count):
        for name in NAMES:
            on_demand.load(name)
            on_demand.drop(name)
    gc.collect()
    gc.collect()
    return gc.mem_alloc()
first = turns(10)
print(turns(50) - first)
"""


def left_behind(keeps: bool) -> int:
    """Octets that 50 loadings leave."""
    tree = build_tree(ROOT / "build" / "modules", "x64", packed=False)
    command = [str(micropython_binary.find()), "-c", _LOADS % (str(tree), keeps)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_code_that_is_wanted_again_and_again_leaves_nothing_behind() -> None:
    assert abs(left_behind(True)) < 256
    assert left_behind(False) > 50 * 32  # else keeping it would be needless


def test_modules_on_demand_that_have_native_code_are_known() -> None:
    """In the packed program too, where modules share rooms."""
    what = json.loads(packing(build(ROOT / "build")).read_text())
    loaded = set(what["order"])
    rooms = {module: room for room, modules in what["rooms"].items() for module in modules}
    dropped = [room for room in loaded if room == "firmware.recording.fax_part"]
    for file in (ROOT / "firmware").rglob("*.py"):
        if "\n@micropython.viper" not in file.read_text():
            continue
        name = ".".join(file.relative_to(ROOT).with_suffix("").parts)
        room = rooms.get(name, name)
        if room not in loaded or room in dropped:
            assert room in on_demand._NATIVE.split(), "%s in %s" % (name, room)


def test_a_day_tells_its_sheets_and_the_octets_that_are_live_in_the_evening() -> None:
    (day,) = soak_heap.days(1, ("one page",), 1)
    assert day.sheets == 1
    assert 100_000 < day.octets < 384 * 1024
