"""Programs for other processors out of Debian's packages, unpacked into a folder of `build/` and
not installed.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
MIRROR = "http://deb.debian.org/debian"
_STATE = "apt"  # below the place: lists and packages, for as long as they are wanted
_LIMIT_S = 300

Suites = Mapping[str, str]  # by architecture
Run = Callable[[Sequence[str], Path], None]


class MissingError(Exception):
    """The packages can't be had; the text says why."""


def fetch(place: Path, choices: Sequence[Suites], packages: Sequence[str], run: Run) -> Suites:
    """Unpack packages (`name:architecture`) into `place`, from the first choice of suites that has
    them all; returns that one. A suite may be out of order while its mirror is brought up to date.
    Raises MissingError with what the last choice lacks.

    :param run: runs a command in a folder and raises MissingError, see `run`
    """
    for choice in choices:
        try:
            _fetch(place, choice, packages, run)
        except MissingError as error:
            why = error
        else:
            return choice
    raise why


def _fetch(place: Path, suites: Suites, packages: Sequence[str], run: Run) -> None:
    state = place / _STATE
    shutil.rmtree(state, ignore_errors=True)  # half of another suite's
    for folder in ("state/lists/partial", "cache/archives/partial"):
        (state / folder).mkdir(parents=True)
    (state / "state" / "status").touch()
    (state / "sources.list").write_text("".join(
        "deb [arch=%s signed-by=%s] %s %s main\n" % (architecture, KEYS, MIRROR, suite)
        for architecture, suite in suites.items()))
    settings = {"Dir::Etc::sourcelist": state / "sources.list", "Dir::Etc::sourceparts": "-",
                "Dir::State": state / "state", "Dir::State::status": state / "state" / "status",
                "Dir::Cache": state / "cache", "APT::Architecture": next(iter(suites)),
                "APT::Architectures": ",".join(suites), "APT::Sandbox::User": "root"}
    apt = ["apt-get", "-qq", *("-o%s=%s" % pair for pair in settings.items())]
    run([*apt, "update"], state)
    run([*apt, "download", *packages], state)
    for package in sorted(state.glob("*.deb")):
        run(["dpkg-deb", "-x", str(package), str(place)], state)
    shutil.rmtree(state)


def run(command: Sequence[str], folder: Path) -> None:
    """Run a command there. Raises MissingError."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True,
                              timeout=_LIMIT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingError("%s: %s" % (command[0], error)) from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["failed"])[-1]
        raise MissingError("%s: %s" % (command[0], last))
