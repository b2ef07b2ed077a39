"""A terminal for the service console of a board, or of the desk that runs now.

    python -m tools.console [PORT] [--baud 115200]

Every key goes to the device as it is, Ctrl-C included; Ctrl-] leaves. When input comes from a pipe
its lines are sent and what comes back is printed until the device is silent.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import select
import sys
import termios
import time
import tty
from collections.abc import Iterator, Sequence
from pathlib import Path

import serial

from tools.ports import PortError, boards, open_port

DESK = Path(__file__).resolve().parents[1] / "build" / "console"
LEAVE = b"\x1d"  # Ctrl-]
SILENCE_S = 1.0


class ConsoleError(Exception):
    """There is no console, or it was lost; the text says what helps."""


def choose(port: str) -> str:
    """The port to open: the one given, else the desk's. Raises ConsoleError when there is none."""
    if port:
        return port
    if DESK.exists():
        return str(DESK)
    raise ConsoleError(
        "no desk runs here (make run starts one) and no PORT is given; boards seen: %s" % boards()
    )


def talk(line: serial.Serial, keyboard: int, screen: int) -> None:
    """Pass octets both ways until Ctrl-] comes, or the keyboard ends and the device is silent.

    Raises ConsoleError when the device goes away, or said nothing to what came from a pipe.
    """
    typing, said = True, os.isatty(keyboard)
    heard = time.monotonic()
    while typing or time.monotonic() - heard < SILENCE_S:
        sources = [line.fileno()] + ([keyboard] if typing else [])
        ready = select.select(sources, [], [], 0.1)[0]
        if line.fileno() in ready:
            _show(line, screen)
            said = True
            heard = time.monotonic()
        if keyboard in ready:
            keys = os.read(keyboard, 1024)
            before, leave, _after = keys.partition(LEAVE)
            _send(line, before)
            if leave:
                return
            typing = bool(keys)
            heard = time.monotonic()
    if not said:
        raise ConsoleError(
            "%s does not answer: is it the service line, at that speed, and does the firmware run?"
            % line.port
        )


def _send(line: serial.Serial, keys: bytes) -> None:
    try:
        line.write(keys)
    except (OSError, serial.SerialException) as error:
        raise ConsoleError("the device went away: %s" % error) from error


def _show(line: serial.Serial, screen: int) -> None:
    """Print what has come."""
    try:
        octets = os.read(line.fileno(), 4096)
    except OSError as error:
        raise ConsoleError("the device went away: %s" % error) from error
    if not octets:
        raise ConsoleError("the device went away")
    while octets:
        octets = octets[os.write(screen, octets) :]


@contextlib.contextmanager
def raw_keys(keyboard: int) -> Iterator[None]:
    """Keys come one at a time and unchanged; the terminal is put right again in the end."""
    if not os.isatty(keyboard):
        yield
        return
    before = termios.tcgetattr(keyboard)
    tty.setraw(keyboard)
    try:
        yield
    finally:
        termios.tcsetattr(keyboard, termios.TCSADRAIN, before)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="make console", description="Service console of a board or of the running desk."
    )
    parser.add_argument("port", nargs="?", default="", help="serial port (default: the desk's)")
    parser.add_argument("--baud", type=int, default=115200, help="default: 115200")
    options = parser.parse_args(arguments)
    try:
        port = choose(options.port)
        with open_port(port, options.baud) as line:
            print("console of %s; Ctrl-] leaves" % port, file=sys.stderr)
            with raw_keys(sys.stdin.fileno()):
                talk(line, sys.stdin.fileno(), sys.stdout.fileno())
    except KeyboardInterrupt:  # typed to a pipe, not to the device
        return 1
    except (ConsoleError, PortError) as error:
        print("\nconsole: %s" % error, file=sys.stderr)
        return 1
    print(file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
