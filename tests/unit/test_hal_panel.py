"""The panel writes what has changed, survives a missing display, and reports each key press once.
"""
from __future__ import annotations

import asyncio

from hal.clock import Clock
from hal.level import Input, Output
from hal.panel import Display, Keys, Panel
from tests.unit.hal_fakes import Bench

LAMP = 9


class FakeController:
    """An HD44780-compatible controller behind I2C, as far as the display's protocol goes; refuses
    the rest.
    """

    def __init__(self) -> None:
        self.cells: dict[int, int] = {}
        self.address = 0
        self.on = False
        self.written = 0
        self.missing = False

    def writeto(self, address: int, data: bytes) -> int:
        if self.missing:
            raise OSError(19)
        assert address == 0x3C
        at = 0
        while at < len(data):
            if data[at] == 0x80:
                self._command(data[at + 1])
                at += 2
            else:
                assert data[at] == 0x40, "unknown control octet"
                for octet in data[at + 1 :]:
                    self._put(octet)
                at = len(data)
        return len(data)

    def _command(self, command: int) -> None:
        if command & 0x80:
            self.address = command & 0x7F
        elif command == 0x01:
            self.cells = {}
            self.address = 0
        elif command & 0xF8 == 0x08:
            self.on = bool(command & 4)
        else:
            assert command in (0x38, 0x06), "unknown command %02x" % command

    def _put(self, octet: int) -> None:
        assert self.address & 0x3F < 20, "beyond the row"
        self.cells[self.address] = octet
        self.address += 1
        self.written += 1

    def rows(self) -> tuple:
        return tuple(
            "".join(chr(self.cells.get(start + column, 32)) for column in range(20))
            for start in (0, 64)
        )


def test_both_rows_are_shown_padded_and_cut() -> None:
    controller = FakeController()
    Display(controller).show("RECEIVING", "page 2 of 5 from sales@example.com")
    assert controller.on
    assert controller.rows() == ("RECEIVING           ", "page 2 of 5 from sal")


def test_only_changed_characters_are_written() -> None:
    controller = FakeController()
    display = Display(controller)
    display.show("page 1 of 9", "ready")
    controller.written = 0
    display.show("page 2 of 8", "ready")
    assert controller.written == 2
    assert controller.rows()[0] == "page 2 of 8         "


def test_the_same_text_again_writes_nothing() -> None:
    controller = FakeController()
    display = Display(controller)
    display.show("page 1 of 9", "ready")
    controller.written = 0
    display.show("page 1 of 9", "ready")
    assert controller.written == 0


def test_a_shorter_text_leaves_nothing_of_the_longer_one() -> None:
    controller = FakeController()
    display = Display(controller)
    display.show("12345678901234567890", "abc")
    display.show("1", "")
    assert controller.rows() == ("1" + " " * 19, " " * 20)


def test_what_the_display_can_not_show_becomes_a_question_mark() -> None:
    controller = FakeController()
    Display(controller).show("M\u00fcller\x7f\n", "")
    assert controller.rows()[0] == "M?ller??" + " " * 12


def test_a_missing_display_is_counted_and_written_whole_when_it_is_back() -> None:
    controller = FakeController()
    display = Display(controller)
    display.show("one", "two")
    controller.missing = True
    display.show("three", "two")
    assert display.failures == 1
    controller.missing = False
    controller.cells = {0: 0x58}
    display.show("three", "two")
    assert controller.rows() == ("three" + " " * 15, "two" + " " * 17)


class Hand:
    """Three keys and a clock that is moved by hand."""

    def __init__(self, debounce_ms: int = 20) -> None:
        self.now = (1 << 30) - 30  # over the wrap on the way
        self.bench = Bench()
        clock = Clock(None, lambda: self.now)
        keys = [Input(self.bench.input(number), 0) for number in (0, 1, 2)]
        self.keys = Keys(keys, clock, debounce_ms)

    def set(self, *levels: int) -> None:
        self.bench.levels = dict(enumerate(levels))

    def after(self, elapsed_ms: int) -> str:
        self.now += elapsed_ms
        return self.keys.next()


def test_a_key_counts_once_its_level_has_lasted() -> None:
    hand = Hand()
    hand.set(0, 1, 1)
    assert hand.after(10) == ""
    assert hand.after(19) == ""
    assert hand.after(1) == "start"


def test_a_held_key_is_reported_once() -> None:
    hand = Hand()
    hand.set(1, 0, 1)
    seen = [hand.after(15) for _ in range(20)]
    assert seen.count("stop") == 1 and seen.count("") == 19


def test_a_bouncing_key_is_reported_once() -> None:
    hand = Hand()
    seen = []
    for level in (0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 1, 1, 1, 1):
        hand.set(1, 1, level)
        seen.append(hand.after(8))
    assert [name for name in seen if name] == ["function"]


def test_a_key_pressed_again_is_reported_again() -> None:
    hand = Hand()
    seen = []
    for level in (0, 0, 1, 1, 0, 0):
        hand.set(level, 1, 1)
        hand.after(1)
        seen.append(hand.after(25))
    assert [name for name in seen if name] == ["start", "start"]


def test_two_keys_at_once_come_one_after_the_other() -> None:
    hand = Hand(debounce_ms=0)
    hand.set(0, 1, 0)
    assert [hand.after(1), hand.after(1), hand.after(1)] == ["start", "function", ""]


def test_without_debouncing_a_press_counts_at_once() -> None:
    hand = Hand(debounce_ms=0)
    hand.set(1, 0, 1)
    assert hand.after(0) == "stop"


def test_the_panel_joins_display_keys_and_lamp() -> None:
    hand = Hand(debounce_ms=0)
    controller = FakeController()
    lamps = Bench()
    panel = Panel(Display(controller), hand.keys, Output(lamps.output(LAMP), 1), 5)
    panel.show("a", "b")
    hand.set(1, 1, 0)
    panel.alarm(True)
    panel.alarm(False)
    assert asyncio.run(panel.key()) == "function"
    assert lamps.log == [(LAMP, 1), (LAMP, 0)]

    async def waiting() -> str:
        finger = asyncio.create_task(press())
        name = await panel.key()
        await finger
        return name

    async def press() -> None:
        await asyncio.sleep(0.02)
        hand.set(0, 1, 1)

    assert asyncio.run(waiting()) == "start"
    assert controller.rows()[1][0] == "b"
