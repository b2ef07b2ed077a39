"""A device with MicroPython at a serial port, as far as flashing needs it."""

from __future__ import annotations

import ast
import contextlib
import errno
import io
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import serial
from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport

from tools.ports import PortError, open_port

HOLD = "hold"  # while this file is there, main.py does not start the firmware
RESTART_S = 15.0

# by the architecture number in sys.implementation._mpy (py/persistentcode.h)
_ARCHES = (
    "",
    "x86",
    "x64",
    "armv6",
    "armv6m",
    "armv7m",
    "armv7em",
    "armv7emsp",
    "armv7emdp",
    "xtensa",
    "xtensawin",
    "rv32imc",
    "rv64imc",
)
# what we build for each; an Arm core loads the code of the lesser ones, too
_BUILDS = {
    "x64": "x64",
    "armv6m": "armv6m",
    "armv7m": "armv7m",
    "armv7em": "armv7m",
    "armv7emsp": "armv7emsp",
    "armv7emdp": "armv7emsp",
    "xtensawin": "xtensawin",
}
_ARM = ("armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp")

# mpremote tells of files over there by errors like those of files here
_ITS_OWN = {
    errno.ENOSPC: "%s: no space is left on the board; remove files of your own from it",
    errno.EROFS: "%s: the board's file system can't be written: is it mounted by a PC?",
    errno.ENODEV: "%s: the board has no file system; make one, or install its MicroPython anew",
}
_HASH = """
import hashlib
def _sum(name):
    total = hashlib.sha256()
    piece = memoryview(bytearray(512))
    try:
        with open(name, 'rb') as stream:
            while True:
                count = stream.readinto(piece)
                if not count:
                    return ''.join('%02x' % octet for octet in total.digest())
                total.update(piece[:count])
    except OSError:
        return ''
"""
_WALK = """
import os
def _walk(folder):
    try:
        rows = list(os.ilistdir(folder))
    except OSError:
        return
    print(repr(folder + '/'))
    for row in rows:
        name = folder + '/' + row[0]
        if row[1] & 0x4000:
            _walk(name)
        else:
            print(repr(name))
"""
_ROOT = """
import os
for _row in os.ilistdir():
    print(repr(_row[0] + '/' * (_row[1] >> 14 & 1)))
"""
_SIZE = """
import os
def _size(name):
    try:
        return os.stat(name)[6]
    except OSError:
        return 0
"""


class DeviceError(Exception):
    """The device can't do what is asked; the text says why and what helps."""


class Kind(NamedTuple):
    """What the device runs: architecture ('' without native code) and `.mpy` version, sub-
    version.
    """

    arch: str
    version: int
    sub_version: int
    text: str

    def build_arch(self) -> str:
        """The architecture to build for."""
        return _BUILDS.get(self.arch, "bytecode")

    def runs(self, arch: str) -> bool:
        """True when it loads trees of `arch`."""
        if arch in _ARM and self.arch in _ARM:
            return _ARM.index(arch) <= _ARM.index(self.arch)
        return arch in ("bytecode", self.arch)


class Device:
    """One open connection, in raw REPL. All names are relative to the root of the device's file
    system.
    """

    def __init__(self, port: str) -> None:
        self.port = port
        self._transport = self._open()
        self._enter()

    def close(self) -> None:
        """Close the port."""
        with contextlib.suppress(OSError, serial.SerialException):
            self._transport.close()

    def kind(self) -> Kind:
        """What it runs."""
        number, text = self._value(
            "(getattr(sys.implementation, '_mpy', 0), sys.version + ' on ' + sys.platform)",
            "import sys",
        )
        index = number >> 10 & 15
        return Kind(
            _ARCHES[index] if index < len(_ARCHES) else "?", number & 255, number >> 8 & 3, text
        )

    def hashes(self, names: Sequence[str]) -> dict[str, str]:
        """SHA-256 of each file in hexadecimal, '' where there is none."""
        self._exec(_HASH)
        found = {}
        for start in range(0, len(names), 16):
            for name in names[start : start + 16]:
                found[name] = str(self._value("_sum(%r)" % name))
        return found

    def names(self, folder: str) -> list[str]:
        """Every file below `folder`, and the folders, itself too, with a slash behind the name."""
        return self._printed(_WALK + "_walk(%r)\n" % folder)

    def root(self) -> list[str]:
        """The files at the root, and the folders with a slash behind the name."""
        return self._printed(_ROOT)

    def read(self, name: str) -> bytes:
        """What a file holds; nothing where it can't be read."""
        if not self.hashes([name])[name]:
            return b""
        with self._said():
            return bytes(self._transport.fs_readfile(name, chunk_size=512))

    def sizes(self, names: Sequence[str]) -> dict[str, int]:
        """Octets of each file, 0 where there is none."""
        self._exec(_SIZE)
        return {name: int(self._value("_size(%r)" % name)) for name in names}

    def free(self) -> int:
        """Octets free."""
        return int(self._value("(lambda s: s[0] * s[3])(os.statvfs('.'))", "import os"))

    def put(self, name: str, content: bytes) -> None:
        """Write one file; its folders are made."""
        folders = name.split("/")[:-1]
        for depth in range(len(folders)):
            folder = "/".join(folders[: depth + 1])
            self._exec("import os\ntry:\n os.mkdir(%r)\nexcept OSError:\n pass\n" % folder)
        with self._said():
            self._transport.fs_writefile(name, content, chunk_size=512)

    def remove(self, name: str) -> None:
        """Remove one file, or an empty folder that is named with a slash; harmless when
        missing.
        """
        call = "rmdir" if name.endswith("/") else "remove"
        self._exec("import os\ntry:\n os.%s(%r)\nexcept OSError:\n pass\n"
                   % (call, name.rstrip("/")))

    def rename(self, old: str, new: str) -> None:
        """Put a file in another one's place. Where the file system can't do it at once (FAT), a
        power cut leaves the old one alone.
        """
        self._exec("import os\nos.rename(%r, %r)\n" % (old, new))

    def hold(self) -> None:
        """Keep the firmware from starting and restart, so that no watchdog of the old program runs
        on.
        """
        self.put(HOLD, b"")
        if not self._value("hasattr(machine, 'reset')", "import machine"):
            return
        with self._said():
            self._transport.exec_raw_no_follow("import machine\nmachine.reset()\n")
        self._reopen()

    def release(self, start: bool) -> None:
        """Let the firmware start with the next restart, and with `start` at once."""
        self.remove(HOLD)
        if start:
            with self._said():
                self._transport.exit_raw_repl()
                self._transport.serial.write(b"\x04")
                self._transport.serial.flush()

    def _open(self) -> SerialTransport:
        try:
            return SerialTransport(self.port, timeout=1)
        except (TransportError, OSError, serial.SerialException) as error:
            try:
                open_port(self.port, 115200).close()  # mpremote does not say why
            except PortError as why:
                raise DeviceError(str(why)) from error
            raise DeviceError("%s can't be opened: %s" % (self.port, error)) from error

    def _enter(self) -> None:
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # mpremote prints what it read
                self._transport.enter_raw_repl(soft_reset=True)
        except (TransportError, OSError, serial.SerialException) as error:
            self.close()
            raise DeviceError(
                "no MicroPython answers at %s: is it the board's own port (not its service line), "
                "and is no other program (a console?) using it?" % self.port
            ) from error

    def _reopen(self) -> None:
        """The port of a USB board goes away with the restart and comes back."""
        self.close()
        until = time.monotonic() + RESTART_S
        while True:
            time.sleep(0.5)
            try:
                self._transport = self._open()
                self._enter()
                return
            except DeviceError:
                if time.monotonic() > until:
                    raise

    def _value(self, expression: str, before: str = "") -> Any:
        return ast.literal_eval(self._exec("%s\nprint(repr(%s))\n" % (before, expression)).strip())

    def _printed(self, text: str) -> list[str]:
        return [str(ast.literal_eval(line)) for line in self._exec(text).splitlines()]

    def _exec(self, text: str) -> str:
        with self._said():
            return bytes(self._transport.exec(text)).decode()

    @contextlib.contextmanager
    def _said(self) -> Iterator[None]:
        """Say what went wrong in the words of this tool."""
        try:
            yield
        except TransportError as error:
            lines = str(error).strip().splitlines()
            raise DeviceError(
                "the device at %s failed: %s" % (self.port, lines[-1] if lines else "no answer")
            ) from error
        except (OSError, serial.SerialException) as error:
            if error.errno in _ITS_OWN:  # mpremote's word for what failed over there
                raise DeviceError(_ITS_OWN[int(error.errno or 0)] % self.port) from error
            raise DeviceError("the device at %s went away: %s" % (self.port, error)) from error
