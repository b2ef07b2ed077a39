"""The monitor never hurts the machine; the watchdog begins with its first feed."""
from __future__ import annotations

import json

from hal.monitor import Monitor
from hal.watchdog import Watchdog


def test_an_event_is_one_line_of_kind_and_json() -> None:
    lines: list[bytes] = []
    sender = "M\u00fcller\n<m@example.com>"
    Monitor(lines.append).event("page", {"page": 2, "of": 5, "from": sender})
    kind, fields = lines[0].split(b" ", 1)
    assert kind == b"page" and b"\n" not in lines[0]
    assert json.loads(fields.decode()) == {"page": 2, "of": 5, "from": sender}


def test_an_event_that_nobody_takes_is_counted() -> None:
    def refuse(_line: bytes) -> None:
        raise OSError(32)

    monitor = Monitor(refuse)
    monitor.event("boot", {})
    assert monitor.lost == 1


class FakeDog:
    def __init__(self) -> None:
        self.timeouts: list[int] = []
        self.fed = 0

    def start(self, timeout: int) -> FakeDog:
        self.timeouts.append(timeout)
        return self

    def feed(self) -> None:
        self.fed += 1


def test_the_watchdog_starts_with_the_first_feed_and_once() -> None:
    dog = FakeDog()
    watchdog = Watchdog(dog.start, 8000)
    assert dog.timeouts == []
    watchdog.feed()
    watchdog.feed()
    assert (dog.timeouts, dog.fed) == ([8000], 1)


def test_no_time_means_no_watchdog() -> None:
    dog = FakeDog()
    Watchdog(dog.start, 0).feed()
    assert dog.timeouts == []
