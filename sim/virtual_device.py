"""What the device's own modules see in a virtual world instead of the host: time, sockets, flash,
the service line. Everything else is the desk's.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from sim import shadows

if TYPE_CHECKING:
    from array import array

    from firmware.text.font import Font
    from sim.world import World

_LINE_NUMBER = 3
_KEPT_TEXT = 20_000
_LINE_OCTETS = 216
_OF_ONE_MACHINE = ("hal.assembly", "hal.wiring", "hal.signals")
_MANY = 500
_REVERSED = [int(format(octet, "08b")[::-1], 2) for octet in range(256)]
_tables: dict[tuple[int, int], bytes] = {}
_fax_tables: list[array[int]] = []
_painted: dict[tuple[Any, ...], tuple[bytes, int]] = {}
_own: dict[str, Any] = {}  # functions in whose place there are others


class ServiceLine:
    """A serial line: what a person types, and what the device answered."""

    def __init__(self, readable: Callable[[int], None]) -> None:
        self.answered = bytearray()
        self._typed = bytearray()
        self._readable = readable

    def type(self, text: str) -> None:
        """Type something."""
        self._typed += text.encode()
        self._readable(_LINE_NUMBER)

    def readinto(self, view: Any) -> int | None:
        """What was typed; None when nothing was."""
        if not self._typed:
            return None
        count = min(len(view), len(self._typed))
        view[:count] = self._typed[:count]
        del self._typed[:count]
        return count

    def write(self, data: Any) -> int:
        """Take an answer."""
        self.answered += bytes(data)
        del self.answered[:-_KEPT_TEXT]
        return len(data)

    def fileno(self) -> int:
        """A descriptor of the virtual loop."""
        return _LINE_NUMBER


class Calendar:
    """The device's calendar, not set after power-on: `now()` is 0 until somebody sets it."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._ahead: float | None = None

    def datetime(self, when: Any = None) -> Any:
        """As machine.RTC."""
        if when is not None:
            year, month, day, _weekday, hour, minute, second, _sub = when
            from hal.clock import days_since_1970

            in_day = hour * 3600 + minute * 60 + second
            self._ahead = days_since_1970(year, month, day) * 86400 + in_day - self._seconds()
            return None
        then = 946684800.0 if self._ahead is None else self._ahead + self._seconds()
        now = time.gmtime(then)
        return now[0], now[1], now[2], now[6], now[3], now[4], now[5], 0

    @property
    def is_set(self) -> bool:
        """False after power-on and `stop`."""
        return self._ahead is not None

    def jump(self, seconds: float) -> None:
        """Somebody sets it forward, or back."""
        if self._ahead is not None:
            self._ahead += seconds

    def stop(self) -> None:
        """Its battery was empty: it is not set any more."""
        self._ahead = None


@contextmanager
def installed(world: World) -> Iterator[None]:
    """Let the device's modules find the world's things."""
    shadows.install()
    import desk_link
    import flash
    import machine

    import firmware.fax.buffers
    import firmware.on_demand
    import firmware.receiver
    import firmware.text.canvas
    import firmware.text.font
    import hal.board
    import hal.clock
    import hal.head
    import hal.live_signals
    import hal.network
    import hal.storage
    import sim.pop3_server

    _own.setdefault("paint", firmware.text.font.Font.paint)
    _own.setdefault("fill_tables", firmware.fax.buffers._fill_tables)
    places: list[tuple[Any, str, Any]] = [
        (machine, "UART", lambda *_settings, **_more: world.line),
        (machine, "RTC", lambda: world.calendar),
        (flash, "open_area", world.flash),
        (hal.network, "socket", world.network),
        # a collection of all that the host holds takes a second, and tells nothing of the device
        (gc, "collect", lambda *_generation: 0),
        (firmware.receiver, "Receiver", world.built(firmware.receiver.Receiver)),
        (hal.clock, "_time", SimpleNamespace(sleep_us=lambda _us: None)),
        (hal.head, "_copy_line", _copy_line),
        (firmware.text.canvas, "_fill", _fill),
        (firmware.text.font.Font, "paint", _paint),
        (firmware.fax.buffers, "_fill_tables", _fill_tables),
        (firmware.fax.buffers, "_reversed", _REVERSED.__getitem__),
        # modules that were loaded once stay: loading them takes longer than a page
        (firmware.on_demand, "drop", lambda _start, _but=(): None),
        (hal.board, "forget", lambda *_names: None),
        (hal.storage, "forget", lambda *_names: None),
        (sim.pop3_server, "time", SimpleNamespace(time_ns=lambda: 10**18)),
    ]
    # another machine may have loaded them, and others come after this one
    hal.live_signals.forget(*_OF_ONE_MACHINE)
    before = [(module, name, getattr(module, name)) for module, name, _new in places]
    for module, name, new in places:
        setattr(module, name, new)
    try:
        yield
    finally:
        for module, name, old in before:
            setattr(module, name, old)
        hal.live_signals.forget(*_OF_ONE_MACHINE)
        desk_link.unbind(world.refuse)


def _copy_line(target: bytearray, source: memoryview, start: int) -> int:
    """As in hal/head.py, where it is viper; here a slice is thirty times faster."""
    target[:] = source[start : start + len(target)]
    return len(target)


def _fill(band: bytearray, at: int, octets: int, lines: int, keep: int, flip: int) -> int:
    """As in firmware/text/canvas.py, where it is viper."""
    table = _tables.setdefault((keep, flip), bytes((octet & keep) ^ flip for octet in range(256)))
    for start in range(at, at + lines * _LINE_OCTETS, _LINE_OCTETS):
        band[start : start + octets] = bytes(band[start : start + octets]).translate(table)
    return 0


def _fill_tables(tables: array[int]) -> None:
    """As in firmware/fax/buffers.py, which takes as long as half a page at every boot."""
    if not _fax_tables:
        _own["fill_tables"](tables)
        _fax_tables.append(tables[:])
    tables[:] = _fax_tables[0]


def _paint(
    font: Font,
    band: bytearray,
    first: int,
    lines: int,
    cells: array[int],
    count: int,
    *rest: Any,
) -> int:
    """As in firmware/text/font.py; a line that was painted before into the same band is not
    painted again.
    """
    octets = lines * _LINE_OCTETS
    what = (bytes(band[:octets]), bytes(cells[:count]), font.width, font.height, first, *rest)
    if what not in _painted:
        if len(_painted) > _MANY:
            _painted.clear()
        end: int = _own["paint"](font, band, first, lines, cells, count, *rest)
        _painted[what] = bytes(band[:octets]), end
    band[:octets], end = _painted[what]
    return end


def connect(world: World, cause: int) -> None:
    """Bind the pins for one life of the device."""
    import desk_link

    desk_link.bind(world.wiring, world.reset, -1, {}, cause)


def disconnect(world: World) -> None:
    """Cut the pins off."""
    sys.modules["desk_link"].unbind(world.refuse)
