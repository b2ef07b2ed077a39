"""param: the function parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.service.commands._parameters import HELP
from firmware.service.commands._table import row
from firmware.service.registry import USAGE as WRONG_USAGE
from firmware.service.registry import VALUE, CommandError
from firmware.store.parameter_file import allowed, names

if TYPE_CHECKING:
    from firmware.service.output import Output
    from firmware.service.registry import Context
    from firmware.store.parameters import Parameters

USAGE = "param list [start] | get NAME | set NAME VALUE | append NAME MORE | reset NAME"
SUMMARY = "show and set the function parameters"
DETAILS = (
    "A value with blanks, or an empty one, is put into quotation marks. One that is longer than "
    "a line is set and appended to, line by line. '*' marks values that were set. Secrets are "
    "never shown, and not kept in the lines that the up key brings back. Mailboxes 2 to 4 have "
    "the parameters of the first: 'param list pop2'. With another password a mailbox is visited "
    "at once, with another host, user and the like ten seconds later."
)

_WIDTHS = (1, 16, 20, 0)
# what may have kept a mailbox from being visited
_ACCESS = ("host", "port", "user", "password", "token", "login", "security", "allow_plain", "pin")


async def run(context: Context, arguments: list[str], out: Output) -> str:
    """Dispatch on the first argument."""
    parameters = context.parameters
    verb = arguments[0] if arguments else "list"
    rest = arguments[1:]
    if verb == "list" and len(rest) <= 1:
        return await _list(parameters, rest[0] if rest else "", out)
    if verb == "get" and len(rest) == 1:
        return await _get(parameters, rest[0], out)
    if verb == "reset" and len(rest) == 1:
        parameters.reset(rest[0])
        return _changed(context, rest[0])
    if verb == "set" and len(rest) == 2:
        parameters.set(rest[0], rest[1])
        return _changed(context, rest[0])
    if verb == "append" and len(rest) == 2:
        parameters.set(rest[0], _value(parameters, rest[0]) + rest[1])
        return _changed(context, rest[0])
    if verb in ("set", "append") and len(rest) > 2:
        raise CommandError(VALUE, "put a value with blanks into quotation marks")
    raise CommandError(WRONG_USAGE)


async def _list(parameters: Parameters, start: str, out: Output) -> str:
    count = 0
    for name in names(start):
        mark = "*" if parameters.is_set(name) else ""
        text = parameters.text(name)
        shown = text if len(text) <= _WIDTHS[2] else text[: _WIDTHS[2] - 2] + ".."
        await row(out, _WIDTHS, (mark, name, shown, _help(name)))
        count += 1
    if not count:
        raise CommandError(VALUE, "no parameter begins with '%s'" % start[:20])
    return "%d parameters" % count


async def _get(parameters: Parameters, name: str, out: Output) -> str:
    shown = _shown(parameters, name)
    await out.line("# %s; %s" % (_help(name), allowed(name)))
    if not parameters.is_set(name):
        await out.line("# this is the default")
    return shown


def _value(parameters: Parameters, name: str) -> str:
    """What can be appended to. Raises ValueError."""
    parameters.text(name)  # knows the name, or says so
    value = parameters.get(name)
    if not isinstance(value, str):
        raise ValueError("nothing can be appended to %s" % name)
    return value


def _help(name: str) -> str:
    """What it is for; parameters of mailboxes 2 to 4 are as those of the first."""
    return HELP[name if name in HELP else "pop" + name[4:]]


def _changed(context: Context, name: str) -> str:
    """A mailbox that could not be visited is visited soon when that may be mended."""
    mailbox, _dot, what = name.partition(".")
    if mailbox.startswith("pop") and what in _ACCESS:
        context.mailbox_changed(int(mailbox[3:] or 1) - 1, what)
    return _shown(context.parameters, name)


def _shown(parameters: Parameters, name: str) -> str:
    return "%s = %s" % (name, parameters.text(name) or '""')
