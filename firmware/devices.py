"""What the firmware expects of the board that it is handed: one protocol per device.

Seen by the type checker only; nothing here runs on a device. `hal/` holds the implementations;
tests hand in fakes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol


class Clock(Protocol):
    """Monotonic ticks and the calendar."""

    def ticks_ms(self) -> int:
        """Milliseconds that wrap at 2**30; compare with `ticks_diff` only."""
        ...

    def ticks_diff(self, later: int, earlier: int) -> int:
        """`later - earlier` in ms, right within half a period."""
        ...

    def ticks_add(self, ticks: int, delta: int) -> int:
        """`ticks + delta`, wrapped."""
        ...

    def now(self) -> int:
        """Seconds since 1970-01-01 UTC; 0 while the calendar is not set."""
        ...

    def set(self, seconds: int) -> None:
        """Set the calendar, seconds since 1970-01-01 UTC."""
        ...


class Link(Protocol):
    """One TCP (or TLS) connection."""

    timeout_ms: int  # silence allowed in one wait; 0: no limit. Past it: OSError(ETIMEDOUT)
    secure: bool  # by TLS, with a certificate that was accepted

    async def readinto(self, view: memoryview) -> int:
        """Read what has come, at least one octet, at most len(view). 0 is the end of the stream.
        Raises OSError.
        """
        ...

    def read_now(self, view: memoryview) -> int | None:
        """As `readinto`, without waiting; None: nothing has come, or it is the turn of others.
        Never sees the end twice: after 0 or an OSError nothing more may be read.
        """
        ...

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send all of `data`. Raises OSError."""
        ...

    def close(self) -> None:
        """Close at once; harmless when closed already."""
        ...


class Network(Protocol):
    """The network interface."""

    def is_up(self) -> bool:
        """True when the interface has link and address."""
        ...

    def resolve(self, host: str, port: int) -> list[Any]:
        """Socket addresses of `host`, in the order to try. Raises OSError when the name is not
        found. May block.
        """
        ...

    async def connect(self, address: Any, timeout_ms: int) -> Link:
        """Connect to one of `resolve`'s addresses. Raises OSError (refused, ETIMEDOUT)."""
        ...

    async def start_tls(self, link: Any, host: str, roots: Iterable[bytes] | None,
                        accept: Callable[[bytes | memoryview], str]) -> None:
        """Secure a link that this network has made, from the next octet on.

        :param host: what the server's certificate must name
        :param roots: certificates of the authorities to trust, DER, one each; None: neither chain
            nor name is looked at
        :param accept: called with the server's own certificate (DER, valid during the call);
            returns '' or a word for what is wrong with it, and never raises

        Raises ValueError(reason, detail), reason being that word or 'untrusted', 'name',
        'expired', 'early' (not valid yet), 'tls' (anything else); OSError when the line failed.
        The link is closed then.
        """
        ...

    async def ask(self, address: Any, request: bytes, reply: bytearray, timeout_ms: int) -> int:
        """Send one datagram (UDP) and wait for one that comes back; returns its octets in `reply`,
        cut to its length. Raises OSError (ETIMEDOUT).
        """
        ...


class Storage(Protocol):
    """Durable files, small and few.

    A file 'rebuilt' says that all that was stored is gone, because the filesystem could not be
    mounted and was made anew; who has heard of it removes it.
    """

    small: int  # octets: appending to a file that stays within them costs no erase

    def append(self, name: str, record: bytes | bytearray | memoryview) -> None:
        """Append to the file (made when missing); durable on return. Raises OSError."""
        ...

    def replace(self, name: str, parts: Iterable[bytes]) -> None:
        """Replace the whole file by the parts joined: tmp file, sync, rename. Raises OSError."""
        ...

    def read(self, name: str, offset: int, view: bytearray | memoryview) -> int:
        """Read at `offset`; returns octets read, 0 at the end or when the file is missing."""
        ...

    def size(self, name: str) -> int:
        """Octets, or -1 when there is no such file."""
        ...

    def remove(self, name: str) -> None:
        """Remove; harmless when missing."""
        ...

    def names(self) -> list[str]:
        """Names of all files."""
        ...

    def free(self) -> int:
        """Octets free."""
        ...

    def rebuild(self, but: tuple[str, ...]) -> None:
        """Make the filesystem anew, with small files in it as far as they can be read, `but`
        these, and the file 'rebuilt'. Raises OSError, also where that can't be done.
        """
        ...

    def mark(self, number: int) -> None:
        """Keep a number of 16 bits where damage to the files does not reach it, if possible."""
        ...

    def marked(self) -> int:
        """The number that was kept last, -1 when there is none."""
        ...


class SpoolArea(Protocol):
    """A raw block area; its contents need not survive a restart."""

    block_size: int  # octets of one erase block
    block_count: int

    def erase(self, block: int) -> None:
        """Erase one block."""
        ...

    def program(self, offset: int, data: bytearray | memoryview) -> None:
        """Program octets into erased space; never crosses a block."""
        ...

    def read(self, offset: int, view: bytearray | memoryview) -> None:
        """Fill `view` from `offset`; never crosses the end of the area."""
        ...


class Asf(Protocol):
    """Automatic sheet feeder and the paper path up to the exit."""

    def paper_present(self) -> bool:
        """True when at least one sheet lies in the feeder."""
        ...

    def sheet_at_head(self) -> bool:
        """True while a sheet is under the recording head."""
        ...

    async def feed(self) -> bool:
        """Bring a sheet's top edge to the head. False: none came (empty or jammed)."""
        ...

    async def eject(self) -> bool:
        """Move the sheet out. False: it is still under the head (jam)."""
        ...


class Film(Protocol):
    """Ink film and its mark sensor (EE-SY113, manual pp. 266-267)."""

    def configure(self, dark: int, bright: int, mark_is_bright: bool) -> None:
        """Give the unit's calibration: 16-bit readings of film and mark, and which of them is the
        mark.
        """
        ...

    async def read_raw(self) -> int:
        """One reading with the LED lit, 0..65535."""
        ...

    async def sample(self) -> bool:
        """True while the end mark is under the sensor (with hysteresis)."""
        ...


class Head(Protocol):
    """The recording head with its line feed."""

    width_dots: int
    line_octets: int
    lines_per_mm_x100: int
    recordable_lines: int

    async def record(self, lines: memoryview, count: int) -> None:
        """Record `count` lines of `line_octets` octets, MSB leftmost, 1 = black, feeding one line
        after each.
        """
        ...

    async def feed_lines(self, count: int) -> None:
        """Feed without recording."""
        ...


class Covers(Protocol):
    """The covers of the recording unit."""

    def open(self) -> bool:
        """True when a cover is open."""
        ...


class Panel(Protocol):
    """Display of 2 x 20 characters, keys, alarm."""

    def show(self, upper: str, lower: str) -> None:
        """Show two rows, each cut or padded to 20 characters."""
        ...

    async def key(self, limit_s: float = 0) -> str:
        """Wait for a key to be pressed: 'start', 'stop' or 'function'; '' when none was within
        `limit_s`, 0 waits for ever.
        """
        ...

    def alarm(self, on: bool) -> None:
        """Alarm lamp."""
        ...


class Serial(Protocol):
    """The service line. `alive` is called whenever its user had a turn, once a minute at least."""

    alive: Callable[[], None]

    async def readinto(self, view: memoryview) -> int:
        """Wait for and read at least one octet."""
        ...

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Write without waiting; returns octets taken, the rest is the caller's to try again or
        drop.
        """
        ...


class Monitor(Protocol):
    """One line per event in machine form, for whoever watches the machine (a log collector, the
    desk).
    """

    def event(self, kind: str, fields: dict[str, Any]) -> None:
        """Report one event. Never blocks for long, never raises."""
        ...


class Watchdog(Protocol):
    """Restarts the machine when it is not fed."""

    def feed(self) -> None:
        """Say that all is well."""
        ...


class Signals(Protocol):
    """The signal table with live levels, for the service console."""

    def rows(self) -> Iterable[dict[str, Any]]:
        """Rows: name, board, connector, pin, direction, levels, function, page, source, raw (level
        or None), state.
        """
        ...


class Board(Protocol):
    """All devices of one machine."""

    @property
    def name(self) -> str: ...
    @property
    def code_stays(self) -> bool:
        """True when native code that was loaded is never given back."""
        ...

    @property
    def started(self) -> str:
        """Why it runs: 'power', 'watchdog' or 'reset'."""
        ...

    @property
    def clock(self) -> Clock: ...
    @property
    def network(self) -> Network: ...
    @property
    def storage(self) -> Storage: ...
    @property
    def spool_area(self) -> SpoolArea: ...
    @property
    def asf(self) -> Asf: ...
    @property
    def film(self) -> Film: ...
    @property
    def head(self) -> Head: ...
    @property
    def covers(self) -> Covers: ...
    @property
    def panel(self) -> Panel: ...
    @property
    def serial(self) -> Serial: ...
    @property
    def monitor(self) -> Monitor: ...
    @property
    def watchdog(self) -> Watchdog: ...
    @property
    def signals(self) -> Signals: ...

    def reset(self) -> None:
        """Restart the machine."""
        ...
