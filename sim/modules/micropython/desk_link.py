"""The wire between the device's process and the desk: small records over an inherited socket.

What is driven is posted into one buffer and goes out when the buffer is full or something must be
read; a reading
is one exchange. `sim/link_server.py` is the other end and lists the records.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from micropython import const

if TYPE_CHECKING:
    from typing import Any

_SIZE = const(1024)  # four lines of the head

_buffer = bytearray(_SIZE)
_view = memoryview(_buffer)
_answer = bytearray(2)
_used = 0
_link = open(int(os.getenv("DESK_LINK")), "r+b", buffering=0)


def flush() -> None:
    """Send what was posted."""
    global _used
    if _used:
        _link.write(_view[:_used])
        _used = 0


def pin_write(pin: int, level: int) -> None:
    """Drive a pin."""
    global _used
    if _used > _SIZE - 2:
        flush()
    used = _used
    _buffer[used] = 1 if level else 0
    _buffer[used + 1] = pin
    _used = used + 2


def _post(kind: int, address: int, data: Any) -> None:
    global _used
    length = len(data)
    if _used + length + 4 > _SIZE:
        flush()
    used = _used
    _buffer[used] = kind
    _buffer[used + 1] = address
    _buffer[used + 2] = length >> 8
    _buffer[used + 3] = length & 255
    _used = used + 4
    if length + 4 > _SIZE:
        flush()
        _link.write(data)
    else:
        _buffer[used + 4 : used + 4 + length] = data
        _used += length


def _ask(kind: int, pin: int) -> int:
    global _used
    if _used > _SIZE - 2:
        flush()
    _buffer[_used] = kind
    _buffer[_used + 1] = pin
    _used += 2
    flush()
    if _link.readinto(_answer) != 2:
        raise SystemExit("the desk is gone")
    return _answer[0] << 8 | _answer[1]


def spi_write(data: Any) -> None:
    """Clock octets into the head."""
    _post(2, 0, data)


def i2c_write(address: int, data: Any) -> None:
    """Write to a device on the bus."""
    _post(3, address, data)
    flush()


def event(line: bytes) -> None:
    """Tell people."""
    _post(4, 0, line)
    flush()


def watchdog(timeout_ms: int) -> None:
    """Set or feed the watchdog."""
    _post(5, 0, b"%d" % timeout_ms)
    flush()


def pin_read(pin: int) -> int:
    """The level at a pin."""
    return _ask(6, pin)


def adc_read(pin: int) -> int:
    """A 16-bit conversion result."""
    return _ask(7, pin)


def link_up() -> int:
    """1 while the network cable is in."""
    return _ask(8, 0)


def reset() -> None:
    """Restart; the desk ends this process."""
    while True:
        _ask(9, 0)


def reset_cause() -> int:
    """Why the device was started."""
    return int(os.getenv("DESK_RESET_CAUSE"))


def serial() -> int:
    """Descriptor of the service line."""
    return int(os.getenv("DESK_SERIAL"))


def area(name: str) -> str:
    """Path of a flash area's file."""
    return os.getenv("DESK_AREA_" + name)
