"""Stand-in for CPython's typing: annotations are never evaluated on MicroPython."""

TYPE_CHECKING = False
