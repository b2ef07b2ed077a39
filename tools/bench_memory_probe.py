"""M2's device side, inside MicroPython: the firmware, with a collection before steps of its tasks;
tells how many octets of the heap were live at most.

    micropython -c "...; import bench_memory_probe"     (see bench_memory.py)

Whatever is in memory then counts, code that is loaded for a moment too: before each of the first
300 steps behind whatever the firmware says (a mail begins, a page is done: there most is going
on); before each 16th of those that follow, some 1500 a page, of which one is like the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools import device_probe
else:
    import device_probe


_EACH = 300
_SELDOM = 16


class _Seen:
    """The most so far, how many steps there were since the last event, and its kind."""

    most = steps = 0
    said = b"boot"


def _hear(line: bytes) -> None:
    _Seen.said = line[: line.find(b" ")]
    _Seen.steps = 0


def _look() -> None:
    _Seen.steps += 1
    if _Seen.steps > _EACH and _Seen.steps % _SELDOM:
        return
    octets = device_probe.live()
    if octets > _Seen.most:
        _Seen.most = octets
        members = {"octets": octets, "step": _Seen.steps, "after": _Seen.said.decode()}
        device_probe.tell(b"most", members)


device_probe.run(_look, _hear)
