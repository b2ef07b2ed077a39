"""Forked processes that tell what they find, a JSON object a line, through one pipe."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Callable, Iterator
from typing import Any


def told(what: str, workers: int, work: Callable[[tuple[int, int], int], None]) -> Iterator[Any]:
    """Each object that the workers write. Raises RuntimeError naming `what` when one has failed.

    :param work: is called in each worker with (which, of how many) and the pipe's descriptor
    """
    read, write = os.pipe()
    pids = []
    for number in range(workers):
        pid = os.fork()
        if not pid:
            os.close(read)
            _work(work, (number, workers), write)
        pids.append(pid)
    os.close(write)
    with os.fdopen(read, "rb") as lines:
        for line in lines:
            yield json.loads(line)
    for pid in pids:
        _pid, status = os.waitpid(pid, 0)
        if status:
            raise RuntimeError("%s ended with status %d" % (what, status))


def _work(work: Callable[[tuple[int, int], int], None], share: tuple[int, int], out: int) -> None:
    """A worker process; ends it."""
    try:
        work(share, out)
    except BaseException:  # noqa: BLE001 - shown; nothing of this process may run on
        traceback.print_exc()
        os._exit(1)
    os._exit(0)
