"""The desk's end of the socket to a device in its own process: decodes records, answers readings.

Records: 0 or 1 (level), pin | kind, address, length (2 octets, big-endian), data, with kind 2:
SPI to the head, 3: I2C, 4: event, 5: watchdog | 6: read pin, 7: convert pin, 8: network cable,
9: restart, each with one octet more and, but for the last, answered by 2 octets, big-endian.
"""

from __future__ import annotations

import socket
from collections.abc import Callable

from sim.wiring import NotWired, Wiring

_FIRST_DATA = 2
_FIRST_QUESTION = 6
_RESTART = 9
_PIECE = 65536


class LinkServer:
    """Serves one device until its end of the socket closes; run it in a thread of its own."""

    def __init__(self, link: socket.socket, wiring: Wiring) -> None:
        self.restart_wanted = False
        self.error = ""
        self.octets = 0
        self._link = link
        self._wiring = wiring
        self._takers: dict[int, Callable[[int, bytes], None]] = {
            2: lambda _address, data: wiring.spi_write(data),
            3: wiring.i2c_write,
            4: lambda _address, data: wiring.event(data),
            5: lambda _address, data: wiring.watchdog(int(data)),
        }
        self._answers: dict[int, Callable[[int], int]] = {
            6: wiring.pin_read,
            7: wiring.adc_read,
            8: lambda _pin: wiring.link_up(),
        }

    def serve(self) -> None:
        """Serve until the device is gone, asked for a restart (`restart_wanted`), or used what
        isn't there (`error`).
        """
        try:
            self._serve()
        except NotWired as problem:
            self.error = str(problem)
        except OSError as problem:
            self.error = "link to the device: %s" % problem

    def _serve(self) -> None:
        waiting = b""
        while not self.restart_wanted:
            piece = self._link.recv(_PIECE)
            if not piece:
                return
            self.octets += len(piece)
            waiting = self._decode(waiting + piece)

    def _decode(self, records: bytes) -> bytes:
        """Serve all whole records; returns the rest."""
        at = 0
        drive = self._wiring.pin_write
        end = len(records) - 1
        while at < end:
            kind = records[at]
            if kind < _FIRST_DATA:
                drive(records[at + 1], kind)
                at += 2
            elif kind >= _FIRST_QUESTION:
                self._answer(kind, records[at + 1])
                at += 2
            else:
                after = at + 4 + int.from_bytes(records[at + 2 : at + 4], "big")
                if at + 4 > len(records) or after > len(records):
                    break
                self._takers[kind](records[at + 1], records[at + 4 : after])
                at = after
        return records[at:]

    def _answer(self, kind: int, pin: int) -> None:
        if kind == _RESTART:
            self.restart_wanted = True
        else:
            self._link.sendall(self._answers[kind](pin).to_bytes(2, "big"))
