"""The serial service line on the desk: a pseudo-terminal for a person's terminal program."""

from __future__ import annotations

import os
import tty
from pathlib import Path


class LinkTaken(Exception):
    """The wanted name of the console is something else already."""


class Console:
    """The device holds the master end; the other end stays open here, raw, so that it outlives
    whoever uses it.
    """

    def __init__(self, link: Path | None = None) -> None:
        if link is not None and link.exists() and not link.is_symlink():
            raise LinkTaken("%s exists and is not a link" % link)
        self.master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self.master, False)
        self.path = os.ttyname(self._slave)
        self._link = link
        if link is not None:
            link.parent.mkdir(parents=True, exist_ok=True)
            part = link.with_name("%s.%d" % (link.name, os.getpid()))  # another desk may start now
            part.unlink(missing_ok=True)
            part.symlink_to(self.path)
            part.replace(link)

    def close(self) -> None:
        """Close both ends and take the link away."""
        if (
            self._link is not None
            and self._link.is_symlink()
            and os.readlink(self._link) == self.path
        ):
            self._link.unlink()
        os.close(self.master)
        os.close(self._slave)
