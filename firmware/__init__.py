"""The firmware of the mail receiver."""
from __future__ import annotations

VERSION = "0.1.0"
