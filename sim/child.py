"""Worlds are best lived in a child process: what a dead device leaves behind must never run, not
even when Python tidies up at its end.
"""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable

_LIMIT_S = 100


class ChildFailed(Exception):
    """What happened in the child; the text is its traceback."""


def in_child(action: Callable[[], object]) -> str:
    """Do it in a child process; returns its result as text. Raises ChildFailed."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(read)
        signal.alarm(_LIMIT_S)
        status, text = 1, ""
        try:
            text = str(action())
            status = 0
        except BaseException:  # noqa: BLE001 - raised again in the parent
            text = traceback.format_exc()
        finally:
            os.write(write, text.encode()[-60_000:])
            os._exit(status)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        text = pipe.read().decode()
    _pid, status = os.waitpid(child, 0)
    if status:
        raise ChildFailed(text or "it ended with status %d" % status)
    return text
