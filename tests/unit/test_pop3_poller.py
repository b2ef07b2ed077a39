"""When the mailbox is visited (POP3 rules 10 and 11)."""
from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from firmware.pop3 import poller
from firmware.pop3.poller import LONGEST_RETRY_S, REFUSALS, Poller
from firmware.recording import faults
from tests.unit.pop3_support import FakeClock, replaced

if TYPE_CHECKING:
    from typing import Any


class Result:
    def __init__(self, code: int = 0, more: bool = False, login_delay_s: int = 0) -> None:
        self.code = code
        self.more = more
        self.login_delay_s = login_delay_s


class Bench:
    """A poller whose time passes as fast as it sleeps."""

    def __init__(self, *results: Result, interval: int = 3, chance: float = 0.5) -> None:
        self.clock = FakeClock()
        self.start = self.clock.ms
        self.results = list(results)
        self.interval = interval
        self.visits: list[tuple[str, int]] = []
        self.sleeps: set[float] = set()
        self.at: dict[int, Any] = {}  # second: what to do then
        self.beats = 0
        self.poller = Poller(self.clock, self.visit, lambda box: self.interval,
                             lambda: chance, self.beat)

    def beat(self) -> None:
        self.beats += 1

    def seconds(self) -> int:
        return (self.clock.ms - self.start) // 1000

    async def visit(self, why: str, box: int) -> Result:
        self.visits.append((why, self.seconds()))
        return self.results.pop(0) if self.results else Result()

    async def sleep(self, seconds: float) -> None:
        self.sleeps.add(seconds)
        self.clock.ms += int(seconds * 1000)
        action = self.at.pop(self.seconds(), None)
        if action is not None:
            action()
        if self.seconds() > self.until:
            raise asyncio.CancelledError

    def run(self, seconds: int) -> list[tuple[str, int]]:
        self.until = seconds

        class Hurried:
            sleep = self.sleep

        undo = replaced(poller, "asyncio", Hurried)
        try:
            asyncio.run(self.poller.run())
        except asyncio.CancelledError:
            pass
        finally:
            undo()
        return self.visits


def test_visits_at_power_on_and_then_by_the_interval() -> None:
    assert Bench().run(400) == [("power-on", 0), ("interval", 180), ("interval", 360)]


def test_sleeps_a_second_at_a_time_and_says_that_it_lives() -> None:
    bench = Bench()
    bench.run(100)
    assert bench.sleeps == {1} and bench.beats >= 100


def test_interval_0_visits_by_hand_only() -> None:
    bench = Bench(interval=0)
    bench.at[50] = bench.poller.poll_now
    assert bench.run(1000) == [("manual", 50)]
    assert bench.poller.seconds_left() == -1


def test_failure_by_hand_with_interval_0_is_not_retried() -> None:
    bench = Bench(Result(faults.NO_SERVER), interval=0)
    bench.at[50] = bench.poller.poll_now
    assert bench.run(5000) == [("manual", 50)]


def test_manual_visit_starts_the_interval_anew() -> None:
    bench = Bench()
    bench.at[100] = bench.poller.poll_now
    assert bench.run(300) == [("power-on", 0), ("manual", 100), ("interval", 280)]


def test_changed_interval_counts_at_once() -> None:
    bench = Bench(interval=60)
    bench.at[100] = lambda: setattr(bench, "interval", 2)
    assert bench.run(200) == [("power-on", 0), ("interval", 120)]


def test_more_mails_are_fetched_at_once() -> None:
    assert Bench(Result(more=True), Result(more=True)).run(10) == [
        ("power-on", 0), ("more", 0), ("more", 0)]


def test_failures_are_retried_ever_later_up_to_a_cap() -> None:
    bench = Bench(*[Result(faults.NO_SERVER) for _ in range(9)])
    times = [second for _why, second in bench.run(6000)]
    gaps = [times[index + 1] - times[index] for index in range(len(times) - 1)]
    assert gaps[:7] == [30, 60, 120, 240, 480, 900, 900]


def test_retries_are_spread_by_chance() -> None:
    for chance, second in ((0.0, 23), (0.999, 37)):
        bench = Bench(Result(faults.SERVER_SILENT), chance=chance)
        assert bench.run(60) == [("power-on", 0), ("retry", second)]
    assert LONGEST_RETRY_S * 5 // 4 < 2**29 // 1000


def test_success_ends_the_back_off() -> None:
    bench = Bench(Result(faults.NO_SERVER), Result())
    assert bench.run(250) == [("power-on", 0), ("retry", 30), ("interval", 210)]
    assert bench.poller.turns[0].failures == 0


def test_wrong_password_backs_off_and_stops() -> None:
    bench = Bench(*[Result(faults.LOGIN_REFUSED) for _ in range(20)], interval=1)
    visits = bench.run(90000)
    assert [second for _why, second in visits] == [0, 120, 360, 840, 1800]
    assert len(visits) == REFUSALS and bench.poller.stopped()
    assert bench.poller.seconds_left() == -1


def test_stopped_poller_goes_on_when_told_to() -> None:
    bench = Bench(*[Result(faults.LOGIN_REFUSED) for _ in range(REFUSALS)], interval=1)
    bench.at[5000] = bench.poller.poll_now
    assert bench.run(5070)[REFUSALS:] == [("manual", 5000), ("interval", 5060)]
    bench = Bench(*[Result(faults.LOGIN_REFUSED) for _ in range(REFUSALS)], interval=1)
    bench.at[5000] = bench.poller.forgive
    assert bench.run(5010)[REFUSALS:] == [("interval", 5000)]


def refused(interval: int) -> Bench:
    return Bench(*[Result(faults.LOGIN_REFUSED) for _ in range(REFUSALS)], interval=interval)


def test_another_password_brings_on_a_visit_at_once() -> None:
    for name in ("password", "token"):
        bench = refused(1)
        bench.at[5000] = lambda bench=bench, name=name: bench.poller.changed(0, name)
        assert bench.run(5070)[REFUSALS:] == [("manual", 5000), ("interval", 5060)]


def test_another_host_or_user_brings_on_a_visit_when_no_more_is_changed() -> None:
    bench = refused(1)
    bench.at[5000] = lambda: bench.poller.changed(0, "host")
    bench.at[5008] = lambda: bench.poller.changed(0, "user")
    assert bench.run(5030)[REFUSALS:] == [("retry", 5018)]
    bench = Bench(*[Result(faults.NO_SERVER) for _ in range(12)], interval=1)
    bench.at[5000] = lambda: bench.poller.changed(0, "host")
    times = [second for _why, second in bench.run(5045)]
    assert times[-2:] == [5010, 5040]  # the back-off, too, begins anew


def test_changes_keep_to_the_servers_login_delay_unless_it_is_another_server() -> None:
    for name, expected in (("user", 600), ("host", 110)):
        bench = Bench(*[Result(login_delay_s=600) for _ in range(9)])
        bench.at[100] = lambda bench=bench, name=name: bench.poller.changed(0, name)
        assert bench.run(700)[1][1] == expected


def test_a_mailbox_that_is_visited_by_hand_only_stays_so() -> None:
    bench = Bench(interval=0)
    bench.at[10] = lambda: bench.poller.changed(0, "password")
    assert bench.run(500) == []


def test_paper_brings_on_no_visit_where_the_login_was_refused_too_often() -> None:
    bench = refused(1)
    bench.at[5000] = bench.poller.go_on
    assert len(bench.run(6000)) == REFUSALS
    bench = Bench(interval=60)
    bench.at[100] = bench.poller.go_on
    assert bench.run(200) == [("power-on", 0), ("manual", 100)]


def test_unset_mailbox_is_looked_at_by_the_interval() -> None:
    bench = Bench(Result(faults.NOT_CONFIGURED))
    assert bench.run(200) == [("power-on", 0), ("interval", 180)]


def test_login_delay_of_the_server_bounds_the_interval_and_visits_by_hand() -> None:
    bench = Bench(*[Result(login_delay_s=600, more=True) for _ in range(9)])
    bench.at[100] = bench.poller.poll_now
    assert bench.run(1300) == [("power-on", 0), ("manual", 600), ("more", 1200)]


def test_login_delay_that_is_not_announced_is_learnt() -> None:
    bench = Bench(Result(), Result(faults.LOGIN_TOO_SOON), Result(), Result())
    assert bench.run(1000) == [("power-on", 0), ("interval", 180), ("retry", 540),
                               ("interval", 900)]
    bench = Bench(Result(), Result(faults.LOGIN_TOO_SOON, login_delay_s=900))
    assert bench.run(2000) == [("power-on", 0), ("interval", 180), ("retry", 1080),
                               ("interval", 1980)]
    assert bench.poller.turns[0].refusals == 0


def test_mailbox_in_use_is_tried_again_soon() -> None:
    bench = Bench(*[Result(faults.MAILBOX_IN_USE) for _ in range(9)])
    times = [second for _why, second in bench.run(1200)]
    assert times == [0, 60, 180, 420, 720, 1020]


def test_closed_mailbox_is_tried_again_late() -> None:
    bench = Bench(*[Result(faults.MAILBOX_CLOSED) for _ in range(9)])
    times = [second for _why, second in bench.run(50000)]
    assert times == [0, 900, 2700, 6300, 13500, 27900, 49500]


class Boxes(Bench):
    """Three mailboxes with intervals of their own; there is no fourth."""

    def __init__(self, *intervals: int) -> None:
        super().__init__()
        self.intervals = intervals
        self.who: list[tuple[int, int]] = []
        self.outcomes: dict[int, list[Result]] = {}
        self.poller = Poller(self.clock, self.visit_box, lambda box: self.intervals[box],
                             lambda: 0.5, self.beat, len(intervals))

    async def visit_box(self, why: str, box: int) -> Result:
        self.who.append((box, self.seconds()))
        outcomes = self.outcomes.get(box)
        return outcomes.pop(0) if outcomes else Result()


def test_each_mailbox_has_its_own_interval_and_its_own_failures() -> None:
    boxes = Boxes(1, 2, 0, -1)
    boxes.outcomes[1] = [Result(faults.NO_SERVER)]
    boxes.run(170)
    assert boxes.who == [(0, 0), (1, 0), (1, 30), (0, 60), (0, 120), (1, 150)]


def test_visit_by_hand_is_to_all_mailboxes_that_there_are() -> None:
    boxes = Boxes(60, 0, 0, -1)
    boxes.at[10] = boxes.poller.poll_now
    boxes.run(20)
    assert sorted(boxes.who) == [(0, 0), (0, 10), (1, 10), (2, 10)]


def test_more_mails_of_one_mailbox_do_not_keep_the_others_waiting() -> None:
    boxes = Boxes(60, 60)
    boxes.outcomes[0] = [Result(more=True), Result(more=True)]
    boxes.run(5)
    assert [box for box, _second in boxes.who] == [0, 1, 0, 0]


def test_after_days_without_a_visit_the_start_key_still_makes_one() -> None:
    """The ticks go half round in six days."""
    bench = Bench(interval=0)
    day_s = 86400

    def sleep_on() -> None:
        bench.clock.ms += 2 * day_s * 1000

    bench.at = {5: bench.poller.poll_now}
    second = 10
    for _ in range(4):
        bench.at[second] = sleep_on
        second += 2 * day_s + 1
    bench.at[second] = bench.poller.poll_now
    assert bench.run(second + 20) == [("manual", 5), ("manual", second)]


def test_a_short_interval_after_weeks_by_hand_counts_from_now() -> None:
    bench = Bench(interval=0)
    half = 200000

    def sleep_on() -> None:
        bench.clock.ms += half * 1000

    def change() -> None:
        bench.interval = 3
        bench.poller.changed(0, "user")

    bench.at = {5: bench.poller.poll_now, 10: sleep_on, half + 11: sleep_on,
                2 * half + 12: sleep_on, 3 * half + 13: change}
    visits = bench.run(3 * half + 60)
    assert len(visits) == 2 and visits[1][1] <= 3 * half + 13 + poller.SOON_S
