"""Stand-in for CPython's __future__: MicroPython never evaluates annotations anyway."""

annotations = None
