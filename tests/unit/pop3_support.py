"""A POP3 server that lives in a list: the Link fake of the POP3 tests, on both runtimes."""
from __future__ import annotations

import errno
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from firmware.pop3.body import Body

DROP = -1  # in a list of replies: the end of the stream
SILENCE = -2  # nothing until somebody gives up waiting, once


class ScriptedLink:
    """A link to a server that answers each command with the next of its replies.

    `replies`: command line or verb -> list of octets, DROP, SILENCE or a list of these; the last
    one is repeated. What is not there is refused. `segment` octets come at a time, 0: all.
    """

    def __init__(self, greeting: Any = b"+OK ready\r\n", replies: Any = None,
                 segment: int = 0) -> None:
        self.timeout_ms = 0
        self.secure = False
        self.sent: list[bytes] = []
        self.closed = False
        self.waits: list[int] = []  # timeout_ms of each wait that was given up
        self.segment = segment
        self.turn = False
        self.replies: dict[bytes, list[Any]] = dict(replies or {})
        self._coming: list[Any] = []
        self._unsent = b""
        self._say(greeting)

    def _say(self, reply: Any) -> None:
        if isinstance(reply, (list, tuple)):
            for part in reply:
                self._say(part)
        else:
            self._coming.append(reply)

    async def write(self, data: bytes) -> None:
        if self.closed:
            raise OSError(errno.EPIPE)
        command = self._unsent + bytes(data)
        if command[-1:] != b"\n":  # a line may come in pieces
            self._unsent = command
            return
        self._unsent = b""
        assert command[-2:] == b"\r\n" and command.count(b"\n") == 1 and command.count(b"\r") == 1
        line = command[:-2]
        self.sent.append(line)
        verb = line.split(b" ")[0]
        answers = self.replies.get(line) or self.replies.get(verb) or [b"-ERR no such command\r\n"]
        self._say(answers.pop(0) if len(answers) > 1 else answers[0])

    def read_now(self, view: memoryview) -> int | None:
        """Every second piece can be had without waiting."""
        self.turn = not self.turn
        if self.turn or not self._coming or self._coming[0] in (b"", SILENCE, DROP):
            return None
        return self._give(view)

    async def readinto(self, view: memoryview) -> int:
        assert len(view) > 0 and not self.closed
        while self._coming and self._coming[0] == b"":
            self._coming.pop(0)
        if not self._coming or self._coming[0] == SILENCE:
            del self._coming[:1]
            self.waits.append(self.timeout_ms)
            raise OSError(errno.ETIMEDOUT)
        if self._coming[0] == DROP:
            return 0
        return self._give(view)

    def _give(self, view: memoryview) -> int:
        octets = self._coming[0]
        count = min(len(view), len(octets), self.segment or len(octets))
        view[:count] = octets[:count]
        self._coming[0] = octets[count:]
        return count

    def close(self) -> None:
        self.closed = True

    def verbs(self) -> list[str]:
        """The verbs sent so far."""
        return [str(line.split(b" ")[0], "ascii") for line in self.sent]


class FakeNetwork:
    """Hands out links; an OSError among them is raised instead."""

    def __init__(self, *links: Any, up: bool = True) -> None:
        self.links = list(links)
        self.up = up
        self.asked: list[tuple[str, int]] = []
        self.secured: list[Any] = []  # (host, roots, commands sent before) of each start of TLS
        self.certificate = b""
        self.failure: Exception | None = None

    def is_up(self) -> bool:
        return self.up

    def resolve(self, host: str, port: int) -> list[Any]:
        self.asked.append((host, port))
        if host == "nowhere":
            raise OSError(-2)
        return [(host, port)]

    async def connect(self, address: Any, timeout_ms: int) -> Any:
        link = self.links.pop(0)
        if isinstance(link, OSError):
            raise link
        return link

    async def start_tls(self, link: Any, host: str, roots: Any, accept: Any) -> None:
        """The server shows `certificate`; `failure` is raised when there is one."""
        found = None if roots is None else list(roots)
        self.secured.append((host, found, list(link.sent)))
        word = "" if self.failure else accept(self.certificate)
        if word or self.failure:
            link.close()
            raise self.failure or ValueError(word, "")
        link.secure = True

    async def ask(self, address: Any, request: bytes, reply: bytearray, timeout_ms: int) -> int:
        raise OSError(errno.ETIMEDOUT)


def listing(*lines: bytes) -> bytes:
    """A multi-line reply of these lines."""
    return b"+OK\r\n" + b"".join(line + b"\r\n" for line in lines) + b".\r\n"


def stuffed(content: bytes) -> bytes:
    """`content` as an honest server sends it behind the status line, terminating line included."""
    if content and content[-2:] != b"\r\n":
        content += b"\r\n"
    lines = content.split(b"\r\n")
    return b"\r\n".join((b"." + line if line[:1] == b"." else line) for line in lines) + b".\r\n"


async def whole(body: Body) -> bytes:
    """All octets of a body."""
    found = bytearray()
    while True:
        piece = await body.next()
        if piece is None:
            return bytes(found)
        assert len(piece) > 0
        found.extend(piece)


async def fault_code(coroutine: Any) -> int:
    """The code of the fault that awaiting raises; 0 when it raises none."""
    from firmware.recording.faults import Fault

    try:
        await coroutine
    except Fault as fault:
        return fault.code
    return 0


class FakeClock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.ms = 2**30 - 5000  # the wrap is near

    def ticks_ms(self) -> int:
        return self.ms & (2**30 - 1)

    def ticks_diff(self, later: int, earlier: int) -> int:
        return ((later - earlier + 2**29) & (2**30 - 1)) - 2**29

    def ticks_add(self, ticks: int, delta: int) -> int:
        return (ticks + delta) & (2**30 - 1)

    def now(self) -> int:
        return 0


def replaced(module: Any, name: str, value: Any) -> Callable[[], None]:
    """Put `value` in place of a module's name; returns what puts the old one back."""
    old = getattr(module, name)
    setattr(module, name, value)
    return lambda: setattr(module, name, old)
