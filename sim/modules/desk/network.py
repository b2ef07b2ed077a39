"""Shadow of MicroPython's `network` for the desk: the host's own network behind a cable that can
be pulled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import desk_link

if TYPE_CHECKING:
    from typing import Any


class LAN:
    """A wired interface; sockets are the host's."""

    def __init__(self, *_pins: Any, **_settings: Any) -> None:
        self._active = False

    def active(self, on: bool | None = None) -> bool:
        """Switch on or off, or ask."""
        if on is not None:
            self._active = bool(on)
        return self._active

    def isconnected(self) -> bool:
        """True with the interface on and the cable in."""
        return self._active and desk_link.link_up() == 1

    def ifconfig(self, _settings: Any = None) -> tuple[str, str, str, str]:
        """Address, mask, gateway, name server."""
        return ("127.0.0.1", "255.0.0.0", "127.0.0.1", "127.0.0.1")
