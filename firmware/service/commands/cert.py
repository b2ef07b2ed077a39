"""cert: the certificates of authorities that servers are checked by."""

from __future__ import annotations

from binascii import hexlify
from typing import TYPE_CHECKING

from micropython import const

from firmware import on_demand
from firmware.recording.faults import STORAGE, Fault
from firmware.recording.page import time_text
from firmware.service.registry import NOT_NOW, VALUE, CommandError
from firmware.service.registry import USAGE as WRONG_USAGE

if TYPE_CHECKING:
    from typing import Any

    from firmware.devices import Storage
    from firmware.service.output import Output
    from firmware.service.registry import Context

USAGE = "cert list | text LINE | add | remove N | remove all"
SUMMARY = "the authorities that mail servers are checked by"
DETAILS = (
    "A certificate (PEM) is typed line by line with 'cert text', its BEGIN and END lines too when "
    "there are several; 'cert add' then stores it. From a PC, tools.certificate types it. Compare "
    "the SHA-256 with what its owner says."
)

_TYPED = "roots.typed"  # lines of base64 until they are added
_MOST_TYPED = const(24000)  # octets


async def run(context: Context, arguments: list[str], out: Output) -> str:
    """Dispatch on the first argument."""
    storage = context.board.storage
    verb = arguments[0] if arguments else "list"
    rest = arguments[1:]
    try:
        if verb == "list" and not rest:
            return await _list(storage, out)
        if verb == "text" and rest:
            return _text(storage, " ".join(rest))
        if verb == "add" and not rest:
            _in_file("add", storage, _typed(storage))
            return "added; " + await _list(storage, out)
        if verb == "remove" and len(rest) == 1:
            return "%d certificates" % _in_file("remove", storage, rest[0])
    except OSError as error:
        raise Fault(STORAGE, "certificates: %s" % error) from None
    raise CommandError(WRONG_USAGE)


async def _list(storage: Storage, out: Output) -> str:
    rows = _in_file("rows", storage)
    for number, (name, begins, ends, digest) in enumerate(rows):
        days = time_text(begins)[:10], time_text(ends)[:10]
        await out.line("%d %s, valid %s to %s" % (number + 1, name[:36], days[0], days[1]))
        await out.line("  SHA-256 " + str(hexlify(digest), "ascii"))
    return "%d certificates" % len(rows)


def _in_file(function: str, *arguments: Any) -> Any:
    try:
        return on_demand.call("firmware.store.certificate_file", function, *arguments)
    except ValueError as error:
        raise CommandError(VALUE, str(error)) from None
    finally:
        on_demand.drop("firmware.store.certificate")


def _text(storage: Storage, line: str) -> str:
    size = max(storage.size(_TYPED), 0)
    if size + len(line) >= _MOST_TYPED:
        storage.remove(_TYPED)
        raise CommandError(VALUE, "too long for certificates; begin anew")
    storage.append(_TYPED, line.encode() + b"\n")
    return "%d characters so far" % (size + len(line))


def _typed(storage: Storage) -> bytearray:
    data = bytearray(max(storage.size(_TYPED), 0))
    if not data:
        raise CommandError(NOT_NOW, "nothing was typed; see 'help cert'")
    storage.read(_TYPED, 0, data)
    storage.remove(_TYPED)
    return data
