"""Give a device certificates of authorities to trust, over its service console.

    python -m tools.certificate FILE [PORT] [--baud 115200]

FILE is PEM or DER and may hold several. Each line waits for the device's answer; the device checks
what it got and shows names and fingerprints. Nothing is stored unless all of it came through.
"""

from __future__ import annotations

import argparse
import base64
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import serial

from sim import shadows
from tools.console import ConsoleError, choose
from tools.ports import PortError, open_port

LINE = 120  # characters of base64 in one command
PATIENCE_S = 10.0


def commands(data: bytes) -> Iterator[str]:
    """The console's commands that store the certificates of a file. Raises ValueError."""
    shadows.install()
    from firmware.store.certificate_file import decode

    found = decode(data)
    if not found:
        raise ValueError("there is no certificate in it")
    for der in found:
        text = base64.b64encode(der).decode()
        yield "cert text -----BEGIN CERTIFICATE-----"
        for at in range(0, len(text), LINE):
            yield "cert text " + text[at : at + LINE]
        yield "cert text -----END CERTIFICATE-----"
    yield "cert add"


def tell(line: serial.Serial, command: str) -> list[str]:
    """Type a command; returns what came back, the answer last. Raises ConsoleError for silence."""
    line.write(command.encode() + b"\r")
    heard = b""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        heard += line.read(4096)
        lines: list[str] = heard.decode("utf-8", "replace").replace("\r", "").split("\n")
        for number, text in enumerate(lines[:-1]):
            if text == "OK" or text.startswith(("OK ", "ERROR ")):
                return lines[1 : number + 1]
        time.sleep(0.01)
    raise ConsoleError("the device does not answer")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.certificate",
        description="Give a device certificates of authorities, over its service console.",
    )
    parser.add_argument("file", type=Path, help="certificates, PEM or DER")
    parser.add_argument("port", nargs="?", default="", help="serial port (default: the desk's)")
    parser.add_argument("--baud", type=int, default=115200, help="default: 115200")
    options = parser.parse_args(arguments)
    try:
        lines = list(commands(options.file.read_bytes()))
        with open_port(choose(options.port), options.baud) as line:
            answer: list[str] = []
            for command in lines:
                answer = tell(line, command)
                if not answer[-1].startswith("OK"):
                    raise ConsoleError(answer[-1])
    except (ConsoleError, PortError, OSError, ValueError) as error:
        print("certificate: %s" % error, file=sys.stderr)
        return 1
    print("\n".join(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
