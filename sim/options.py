"""The desk's command line."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sim import mails, shadows
from sim.scenario import Scenario, ScenarioError

RUNTIMES = ("micropython", "cpython")
_SECURITY = {"pop3": "plain", "pop3s": "tls", "pop3+stls": "stls"}
_PORTS = {"plain": 110, "tls": 995, "stls": 110}
_URL = "pop3s://user@host:port"
_SMALLEST_HEAP = 64 * 1024
_UNITS = {"": 1, "k": 1024, "m": 1024 * 1024}

_DESCRIPTION = """\
The mail receiver on a desk: its firmware, unchanged, in a simulated machine. It polls a
POP3 mailbox and records every fax and text that it finds; the sheets are pictures in a
directory. Without --server, --mail or --record the mailbox is an embedded one with
sample mails."""

_EPILOGUE = """\
exit status: 0 every mail ended on paper, as itself or as a notice sheet; 1 some mail is
unfinished; 2 wrong usage; 3 server not reached or login refused.

a scenario (--fault) is steps between semicolons: paper out, paper N, cover open, cover close,
jam, jam clear, film end, film gone, film new, cable out, cable in, key start|stop|function; each
at once, or 'after N pages', 'after N s', 'at line N', 'at page P line N'. For example:
    --fault 'paper out after 3 pages; paper 50 after 20 s'"""


@dataclass
class Options:
    """What the command line asked for. `parameters` are function parameters to set before the
    device starts.
    """

    once: bool = False
    json: bool = False
    server: Server | None = None
    password: str | None = None
    authorities: list[bytes] | None = None  # certificates to trust, DER
    pin: str | None = None
    mail: list[Path] = field(default_factory=list)
    record: Path | None = None
    paper: Path = Path("paper")
    state: Path | None = None
    runtime: str = "micropython"
    heap: str = "384k"
    parameters: list[tuple[str, str]] = field(default_factory=list)
    console: Path | None = None
    sheets: int = 250
    scenario: Scenario = field(default_factory=lambda: Scenario(""))


@dataclass
class Server:
    """A mailbox on a POP3 server."""

    host: str
    port: int
    user: str
    security: str = "plain"


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Parse; wrong usage is told on stderr and ends with SystemExit(2)."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.password_file and not given.server:
        parser.error("--password-file belongs to --server")
    if (given.ca or given.pin) and not (given.server and given.server.security != "plain"):
        parser.error("--ca and --pin belong to --server pop3s:// or pop3+stls://")
    if given.console is not None and given.console.exists() and not given.console.is_symlink():
        parser.error("argument --console: %s exists and is not a link" % given.console)
    return Options(
        once=given.once or given.record is not None,
        json=given.json,
        server=given.server,
        password=_password(parser, given.password_file),
        authorities=given.ca,
        pin=given.pin,
        mail=given.mail or [],
        record=given.record,
        paper=given.paper,
        state=given.state,
        runtime=given.runtime,
        heap=given.heap,
        parameters=[("pop.trace", "on")] * given.trace + (given.set or []),
        console=given.console,
        sheets=given.sheets,
        scenario=given.fault or Scenario(""),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sim",
        description=_DESCRIPTION,
        epilog=_EPILOGUE,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    mailbox = parser.add_argument_group("mailbox")
    which = mailbox.add_mutually_exclusive_group()
    which.add_argument(
        "--server",
        type=_server,
        metavar="URL",
        help="a real mailbox: pop3s://user@host:port, pop3+stls://... or, without encryption, "
        "pop3://...",
    )
    which.add_argument(
        "--mail",
        type=_mail,
        nargs="+",
        action="extend",
        metavar="FILE",
        help="these .eml or .tif files lie in the embedded mailbox instead of the samples",
    )
    which.add_argument(
        "--record",
        type=_mail,
        metavar="FILE",
        help="record one .eml or .tif without any mailbox of yours, and exit",
    )
    mailbox.add_argument(
        "--password-file",
        type=Path,
        metavar="FILE",
        help="its first line is the server's password",
    )
    mailbox.add_argument(
        "--ca",
        type=_authorities,
        metavar="FILE",
        help="certificates of the authorities to trust, PEM or DER",
    )
    mailbox.add_argument(
        "--pin",
        type=_pin,
        metavar="HEX",
        help="SHA-256 of the one certificate to accept from the server",
    )
    _machine_arguments(parser.add_argument_group("machine"))
    _run_arguments(parser.add_argument_group("run"))
    return parser


def _machine_arguments(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--runtime", choices=RUNTIMES, default="micropython", help="default: %(default)s"
    )
    group.add_argument(
        "--heap",
        type=_heap,
        default="384k",
        metavar="SIZE",
        help="MicroPython's heap (default: %(default)s; 64-bit objects are larger than a board's)",
    )
    group.add_argument(
        "--state",
        type=_directory,
        metavar="DIR",
        help="the device's flash, kept between runs (default: new each time)",
    )
    group.add_argument(
        "--set",
        type=_parameter,
        action="append",
        metavar="NAME=VALUE",
        help="set a function parameter; repeatable",
    )
    group.add_argument(
        "--sheets",
        type=_count,
        default=250,
        metavar="N",
        help="sheets in the feeder (default: %(default)s), A4 or what record.paper says at start",
    )
    group.add_argument(
        "--fault",
        type=_scenario,
        metavar="SCENARIO",
        help="what happens to the machine, as below, or a file with that text",
    )
    group.add_argument(
        "--console",
        type=Path,
        metavar="PATH",
        help="link PATH to the serial console (default: build/console)",
    )


def _run_arguments(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--once", action="store_true", help="one visit: record all that is there, then exit"
    )
    group.add_argument(
        "--paper",
        type=_directory,
        default=Path("paper"),
        metavar="DIR",
        help="where the sheets go: 0001.png and up, and paper.pdf (default: %(default)s)",
    )
    group.add_argument(
        "--trace",
        action="store_true",
        help="show what device and server say to each other, secrets masked",
    )
    group.add_argument(
        "--json", action="store_true", help="the last line is one JSON object that sums up"
    )


def _server(text: str) -> Server:
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("%r: %s" % (_without_password(text), error)) from None
    security = _SECURITY.get(parts.scheme)
    if security is None or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise argparse.ArgumentTypeError(
            "%r is not of the form %s (or pop3+stls://, pop3://)" % (_without_password(text), _URL)
        )
    if parts.password is not None:
        raise argparse.ArgumentTypeError(
            "a password in the URL can be seen by others; use --password-file"
        )
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise argparse.ArgumentTypeError("the port is not a number from 1 to 65535")
    if not parts.hostname or not parts.username:
        raise argparse.ArgumentTypeError("user or host is missing: " + _URL)
    if port is None:
        port = _PORTS[security]
    return Server(parts.hostname, port, unquote(parts.username), security)


def _authorities(text: str) -> list[bytes]:
    shadows.install()
    from firmware.store.certificate_file import decode

    try:
        found = decode(Path(text).read_bytes())
    except OSError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    except ValueError as error:
        raise argparse.ArgumentTypeError("%s: %s" % (text, error)) from None
    if not found:
        raise argparse.ArgumentTypeError("%s: there is no certificate in it" % text)
    return found


def _pin(text: str) -> str:
    if re.fullmatch("[0-9a-f]{64}", text.replace(":", "").lower()) is None:
        raise argparse.ArgumentTypeError("%r is not a SHA-256 of 64 hex digits" % text)
    return text


def _without_password(text: str) -> str:
    return re.sub(r":[^:@/]*@", ":...@", text)


def _mail(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() not in mails.SUFFIXES:
        raise argparse.ArgumentTypeError("%s: give .eml or .tif files" % text)
    if not path.is_file():
        raise argparse.ArgumentTypeError("%s: there is no such file" % text)
    return path


def _heap(text: str) -> str:
    match = re.fullmatch(r"(\d+)([kKmM]?)", text)
    if match is None:
        raise argparse.ArgumentTypeError("%r is not a size such as 384k" % text)
    if int(match[1]) * _UNITS[match[2].lower()] < _SMALLEST_HEAP:
        raise argparse.ArgumentTypeError(
            "%s is too small; no firmware starts with less than 64k" % text
        )
    return text.lower()


def _directory(text: str) -> Path:
    path = Path(text)
    if path.exists() and not path.is_dir():
        raise argparse.ArgumentTypeError("%s is not a directory" % text)
    return path


def _parameter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError("%r is not of the form name=value" % text)
    return name, value


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError("%r is not a number of sheets" % text)
    return int(text)


def _scenario(text: str) -> Scenario:
    path = Path(text)
    try:
        return Scenario(
            path.read_text(encoding="utf-8") if "\n" not in text and path.is_file() else text
        )
    except (ScenarioError, OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _password(parser: argparse.ArgumentParser, path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError) as error:
        parser.error("--password-file: %s" % error)
    if not lines or not lines[0]:
        parser.error("--password-file: the first line of %s is empty" % path)
    return lines[0]
