"""The shadow modules on both runtimes: what a program does to its pins arrives at the machine, all
of it, in order.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.head import LINE_OCTETS
from sim.paper_path import FEED_PATH_LINES, SHEET_ROWS
from tests.host.desk_support import RUNTIMES, Bench, Sheets

both = pytest.mark.parametrize("runtime", RUNTIMES)

PAGE = """
from machine import Pin, SPI
drive, feed = Pin(7, Pin.OUT), Pin(8, Pin.OUT)
latch, strobe, regist = Pin(11, Pin.OUT, value=1), Pin(12, Pin.OUT), Pin(5, Pin.IN, Pin.PULL_UP)
spi = SPI(0, baudrate=8000000, sck=Pin(9), mosi=Pin(10))
steps = 0
while regist.value():
    drive.value(1)
    drive.value(0)
    steps += 1
print("steps", steps)
line = bytearray(216)
for number in range(%d):
    line[0] = number & 255
    line[215] = number >> 8
    spi.write(line)
    latch.value(0)
    latch.value(1)
    strobe.on()
    strobe.off()
    feed(1)
    feed(0)
count = 0
while not regist.value():
    feed.value(1)
    feed.value(0)
    count += 1
print("out after", count)
"""


@both
def test_a_page_arrives_line_by_line_and_in_order(runtime: str, tmp_path: Path) -> None:
    bench = Bench()
    output = bench.run(runtime, PAGE % 4543, tmp_path)
    assert output.splitlines() == [
        "steps %d" % FEED_PATH_LINES,
        "out after %d" % (SHEET_ROWS - 4543),
    ]
    (rows,) = bench.sheets.done
    wanted = [bytes([n & 255]) + bytes(LINE_OCTETS - 2) + bytes([n >> 8]) for n in range(4543)]
    assert rows == wanted + [None] * (SHEET_ROWS - 4543)
    assert bench.machine.wasted_strobes == 0


@both
def test_a_page_takes_less_time_than_a_machine_needs(runtime: str, tmp_path: Path) -> None:
    bench = Bench()
    bench.run(runtime, PAGE % 4543, tmp_path)
    assert len(bench.sheets.done) == 1
    assert bench.seconds < 60  # a bound against hangs; some 0.3 s is usual


@both
def test_readings_see_all_that_was_driven_before(runtime: str, tmp_path: Path) -> None:
    bench = Bench()
    program = """
from machine import ADC, Pin
led, ois, lamp = Pin(2, Pin.OUT), ADC(Pin(3)), Pin(16, Pin.OUT)
for lit in (0, 1, 0):
    led(lit)
    print(ois.read_u16() > 1000)
lamp.on()
print(lamp.value(), Pin(6).value(), Pin(1)())
"""
    assert bench.run(runtime, program, tmp_path).split() == [
        "False",
        "True",
        "False",
        "1",
        "0",
        "1",
    ]
    assert bench.machine.alarm


@both
def test_the_display_shows_what_is_written(runtime: str, tmp_path: Path) -> None:
    bench = Bench()
    program = """
from machine import I2C, Pin
i2c = I2C(0, scl=Pin(17), sda=Pin(18), freq=400000)
for command in (0x38, 0x0C, 0x01, 0x06):
    i2c.writeto(0x3C, bytes([0x80, command]))
i2c.writeto(0x3C, bytes([0x80, 0x80 + 3, 0x40]) + b"READY")
print(i2c.writeto(0x3C, bytes([0x80, 0x80 + 0x40, 0x40]) + b"0 MAILS"))
"""
    assert bench.run(runtime, program, tmp_path) == "10\n"
    assert bench.machine.display.rows == ("   READY            ", "0 MAILS             ")


@both
def test_events_keep_their_place_among_the_lines(runtime: str, tmp_path: Path) -> None:
    class Order(Sheets):
        def end(self) -> None:
            super().end()
            bench.listener.events.append(b"sheet")

    bench = Bench(Order())
    long = b"x" * 5000
    program = (
        PAGE % 10
        + """
import desk_link
desk_link.event(b"page")
desk_link.event(b"x" * 5000)
"""
    )
    bench.run(runtime, program, tmp_path)
    assert bench.listener.events == [b"sheet", b"page", long]


@both
def test_watchdog_and_restart_reach_the_desk(runtime: str, tmp_path: Path) -> None:
    bench = Bench()
    program = """
import machine
dog = machine.WDT(timeout=8000)
dog.feed()
print(machine.reset_cause())
machine.Pin(16, machine.Pin.OUT).on()
machine.reset()
print("never")
"""
    assert "never" not in bench.run(runtime, program, tmp_path)
    assert bench.restarted
    assert bench.listener.fed == [8000, 8000]
    assert bench.machine.alarm


@both
def test_the_network_is_there_while_the_cable_is_in(runtime: str, tmp_path: Path) -> None:
    program = """
import network
lan = network.LAN()
print(lan.isconnected())
lan.active(True)
print(lan.isconnected())
"""
    bench = Bench()
    assert bench.run(runtime, program, tmp_path).split() == ["False", "True"]
    bench.machine.cable = False
    assert bench.run(runtime, program, tmp_path).split() == ["False", "False"]


@both
def test_flash_is_programmed_only_after_what_was_driven_before(
    runtime: str, tmp_path: Path
) -> None:
    image = tmp_path / "data.img"
    image.write_bytes(b"\xff" * 8192)
    program = """
import flash, os
from machine import Pin
area = flash.open_area("data")
print(area.ioctl(4, 0), area.ioctl(5, 0))
Pin(16, Pin.OUT).on()
area.writeblocks(1, b"done", 100)
buffer = bytearray(6)
area.readblocks(1, buffer, 99)
print(bytes(buffer))
area.ioctl(6, 1)
area.readblocks(1, buffer, 99)
print(bytes(buffer))
"""
    bench = Bench()
    output = bench.run(runtime, program, tmp_path, {"data": str(image)})
    assert output.splitlines() == ["2 4096", repr(b"\xffdone\xff"), repr(b"\xff" * 6)]
    assert bench.machine.alarm


@both
def test_the_calendar_can_be_set(runtime: str, tmp_path: Path) -> None:
    program = """
from machine import RTC
RTC().datetime((2031, 5, 6, 1, 7, 8, 9, 0))
print(RTC().datetime()[:6])
"""
    assert Bench().run(runtime, program, tmp_path) in (
        "(2031, 5, 6, 1, 7, 8)\n",
        "(2031, 5, 6, 1, 7, 9)\n",
    )


def test_a_pin_on_which_nothing_hangs_ends_the_link_and_says_so(tmp_path: Path) -> None:
    bench = Bench()
    bench.run(
        "micropython", "from machine import Pin\nPin(99, Pin.OUT).on()\nPin(5).value()\n", tmp_path
    )
    assert bench.link is not None
    assert bench.link.error == "pin 99 is driven, but is no output of the board"
