"""The commands of the console: how a line becomes a command, its file, and its answer.

One file a command in `commands/`, found by listing that directory. Its members: `USAGE` (how it is
typed), `SUMMARY` (one line), perhaps `DETAILS` (a paragraph), and `async def run(context,
arguments, out) -> str`, which writes lines to `out` and returns what the closing `OK` line says.
It raises CommandError, ValueError (a wrong argument, in plain words) or Fault. Files whose name
begins with '_' are shared between commands. The shell loads this module and the command for each
line, and drops them afterwards.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from micropython import const

from firmware import on_demand
from firmware.recording.fault_table import TABLE
from firmware.recording.faults import Fault

if TYPE_CHECKING:
    from typing import Any, Protocol

    from firmware.devices import Board
    from firmware.recording.faults import FaultList
    from firmware.service.output import Output
    from firmware.store.ledger import Ledger
    from firmware.store.parameters import Parameters

    class Context(Protocol):
        """What a command may use; the receiver."""

        board: Board
        parameters: Parameters
        ledger: Ledger
        faults: FaultList
        version: str

        def status(self) -> dict[str, Any]:
            """What goes on: names and printable values; 'mail' is empty while none comes in."""
            ...

        def same_mail(self, wanted: bool) -> bool:
            """Answer whether mails that seem to be on paper are printed again."""
            ...

        def mailbox_changed(self, box: int, name: str) -> None:
            """Another host, password or the like was set for mailbox `box`, from 0."""
            ...

        def poll_now(self) -> None:
            """Visit the mailbox as soon as possible."""
            ...


# the codes of ERROR lines; below 900 they are the fault codes of recording/faults.py
UNKNOWN = const(901)  # no such command
USAGE = const(902)  # not typed as it must be
VALUE = const(903)  # a value that is not allowed
NOT_NOW = const(904)  # refused in the state that the machine is in
INTERNAL = const(999)  # a program fault

PACKAGE = "firmware.service.commands"


class CommandError(Exception):
    """A command's refusal: one of the codes above, and its text (for USAGE the shell adds how it
    is typed).
    """

    def __init__(self, code: int, text: str = "") -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text


def names() -> list[str]:
    """Names of all commands, in alphabetical order."""
    package = on_demand.load(PACKAGE)
    path = package.__path__
    found = set()
    for file in os.listdir(path if isinstance(path, str) else path[0]):
        name, _dot, extension = file.partition(".")
        if extension in ("py", "mpy") and not name.startswith("_"):
            found.add(name)
    return sorted(found)


def load(name: str) -> Any:
    """The command's module. Raises CommandError with a hint when there is none of that name."""
    known = names()
    if name not in known:
        near = [other for other in known if other[:1] == name[:1]]
        hint = "did you mean '%s'?" % "' or '".join(near[:3]) if near else "'help' lists all"
        raise CommandError(UNKNOWN, "unknown command '%s'; %s" % (name[:20], hint))
    return on_demand.load(PACKAGE + "." + name)


async def answer(line: str, context: Context, out: Output) -> tuple[str, str]:
    """Run the line's command: ("OK" or "ERROR code", the text behind it); ("", "") for an empty
    line. Never raises but when cancelled.
    """
    module = None
    try:
        words = split(line)
        if not words:
            return "", ""
        module = load(words[0])
        return "OK", await module.run(context, words[1:], out) or ""
    except CommandError as error:
        usage = "usage: " + module.USAGE if module is not None and error.code == USAGE else ""
        return _error(error.code), error.text or usage
    except Fault as fault:
        detail = ": " + fault.detail if fault.detail else ""
        return _error(fault.code), TABLE[fault.code][1] + detail
    except ValueError as error:
        return _error(VALUE), str(error)
    except Exception as error:  # noqa: BLE001 - one broken command must not end the console
        return _error(INTERNAL), "%s %s" % (type(error).__name__, error)


def split(line: str) -> list[str]:
    """The words of a line. One that begins with a quotation mark goes on to the next; a backslash
    in it takes what follows as it is. Raises CommandError when it is not closed.
    """
    words: list[str] = []
    rest = line.lstrip()
    while rest:
        if rest[0] == '"':
            word, rest = _quoted(rest)
        else:
            word, _blank, rest = rest.partition(" ")
        words.append(word)
        rest = rest.lstrip()
    return words


def _quoted(text: str) -> tuple[str, str]:
    word = ""
    at = 1
    while at < len(text):
        if text[at] == '"':
            return word, text[at + 1 :]
        if text[at] == "\\":
            at += 1
        word += text[at : at + 1]
        at += 1
    raise CommandError(VALUE, "a quotation mark is not closed")


def _error(code: int) -> str:
    return "ERROR %03d" % code
