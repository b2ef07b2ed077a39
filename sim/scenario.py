"""Scenarios: what a person or bad luck does to the machine, and when.

For example `paper out after 3 pages; cover open at line 500`. A scenario is steps between
semicolons or line ends; `#` begins a comment. A step is an action and, where it isn't to be done
at once, when: `after N pages` (recorded), `after N s` (seconds from power on), `at line N` or
`at page P line N` (of the sheet under the head; each step is done once).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from sim.mechanism import Mechanism

_WHEN = re.compile(
    r"^(?P<action>.*?)(?: +after +(?P<after>\d+)(?: +(?P<unit>pages?|s|seconds?))?"
    r"| +at(?: +page +(?P<page>\d+))?(?: +line +(?P<line>\d+))?)?$"
)

Action = Callable[[Mechanism], None]

_ACTIONS: dict[str, Action] = {
    "paper out": Mechanism.empty_tray,
    "cover open": Mechanism.open_cover,
    "cover close": Mechanism.close_cover,
    "jam": Mechanism.jam,
    "jam clear": Mechanism.clear_jam,
    "film end": lambda machine: machine.film.wind_to_mark(),
    "film gone": lambda machine: setattr(machine.film, "left", 0),
    "film new": lambda machine: machine.film.renew(),
    "cable out": lambda machine: setattr(machine, "cable", False),
    "cable in": lambda machine: setattr(machine, "cable", True),
}


class ScenarioError(ValueError):
    """A step that isn't understood."""


class Step(NamedTuple):
    """One step; of `pages`, `seconds`, (`page`, `line`) only what was said is not None."""

    text: str
    action: Action
    pages: int | None
    seconds: int | None
    page: int | None
    line: int | None


class Scenario:
    """Watches the machine and does each step when its time has come."""

    def __init__(self, text: str) -> None:
        self._steps = [
            _parse(step) for step in re.split(r"[;\n]", re.sub(r"#.*", "", text)) if step.strip()
        ]

    def attach(self, machine: Mechanism, said: Callable[[str], None]) -> None:
        """Begin: steps without a time are done, the others wait. `said` is told each step as it is
        done.
        """
        self._machine = machine
        self._said = said
        self._do([step for step in self._steps if step[2:] == (None, None, None, None)])
        machine.paper.on_row = self._row

    def add(self, text: str) -> None:
        """One more step; one without a time is done at the next row. Raises ScenarioError."""
        step = _parse(text)
        self._steps.append(step if step[2:] != (None, None, None, None) else step._replace(line=1))

    @property
    def waits_for_time(self) -> bool:
        """True while a step is to come whatever the machine does."""
        return any(step.seconds is not None for step in self._steps)

    def tick(self, seconds: float) -> None:
        """So much time has passed since power on."""
        self._do(
            [step for step in self._steps if step.seconds is not None and step.seconds <= seconds]
        )

    def _row(self, row: int) -> None:
        if self._steps:
            self._do([step for step in self._steps if self._is_due(step, row)])

    def _is_due(self, step: Step, row: int) -> bool:
        page = self._machine.paper.delivered + 1
        if step.pages is not None:
            return page > step.pages
        if step.line is None and step.page is None:
            return False
        return (step.page is None or step.page == page) and row >= (step.line or 1)

    def _do(self, due: list[Step]) -> None:
        for step in due:
            self._steps.remove(step)
            step.action(self._machine)
            self._said(step.text)


def _parse(text: str) -> Step:
    text = " ".join(text.split())
    match = _WHEN.match(text)
    if match is None:
        raise ScenarioError("not understood: %r" % text)
    pages = seconds = None
    if match["after"]:
        if (match["unit"] or "pages").startswith("page"):
            pages = int(match["after"])
        else:
            seconds = int(match["after"])
    page, line = (int(match[name]) if match[name] else None for name in ("page", "line"))
    return Step(text, _action(match["action"], text), pages, seconds, page, line)


def _action(words: str, text: str) -> Action:
    if words in _ACTIONS:
        return _ACTIONS[words]
    load = re.fullmatch(r"paper (\d+)", words)
    if load:
        return lambda machine: machine.load_paper(int(load[1]))
    key = re.fullmatch(r"key (start|stop|function)", words)
    if key:
        return lambda machine: machine.keys.tap(key[1])
    raise ScenarioError(
        "not understood: %r; there are: %s, paper N, key start|stop|function"
        % (text, ", ".join(sorted(_ACTIONS)))
    )
