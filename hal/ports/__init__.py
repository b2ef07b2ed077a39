"""Ports: pin numbers, buses, network interface and flash of one real board each, and of the desk.
"""
from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

_PORTS = {"rp2": "rp2_w5500", "esp32": "esp32_lan"}  # sys.platform → module; a computer is a desk


def this_port() -> Any:
    """The port module of the machine that this runs on."""
    return __import__("hal.ports." + _PORTS.get(sys.platform, "desk"), None, None, ("NAME",))
