"""Events for whoever watches the machine: one line each, its kind and a JSON object."""
from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Monitor:
    """Implements `devices.Monitor`. A line is the event's kind, a blank, and its fields as a JSON
    object.

    :param line: takes one line without its newline; when it raises OSError the event is lost and
        counted in `lost`
    """

    def __init__(self, line: Callable[[bytes], None]) -> None:
        self.lost = 0
        self._line = line

    def event(self, kind: str, fields: dict[str, Any]) -> None:
        """Report one event. Never raises."""
        try:
            self._line(("%s %s" % (kind, json.dumps(fields))).encode())
        except (OSError, TypeError, ValueError):  # watching must never hurt what is watched
            self.lost += 1
