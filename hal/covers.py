"""The covers of the recording unit."""
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hal.level import Input


class Covers:
    """Implements `devices.Covers` over the input COVER, on while a cover is open (assumed)."""

    def __init__(self, cover: Input) -> None:
        self._cover = cover

    def open(self) -> bool:
        """True when a cover is open."""
        return self._cover.is_on()
