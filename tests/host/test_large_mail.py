"""A mail larger than the spool's window on the whole device, on MicroPython in a small heap."""

from __future__ import annotations

from tests.unit.tiff_layouts import BEFORE, END, FRONT
from tools import bench_stream
from tools.build import ROOT

LOADS = ROOT / "tools" / "load_probe.py"
PAGES = 10  # 0.5 MB; the window has 0.25
RUNS = 2


def test_pages_come_out_wherever_the_directories_are() -> None:
    sums = set()
    for layout, readings in ((BEFORE, 1), (FRONT, 1), (END, 2)):
        watcher, server = bench_stream.run(bench_stream.mail(layout, PAGES), 0, "over")
        assert len(server.asked_at) == readings, layout
        assert len(watcher.sheets) == PAGES and len(set(watcher.sheets)) == 1, layout
        assert watcher.result["recorded"] == 1 and watcher.result["unfinished"] == 0
        sums.add(watcher.sheets[0])
    assert len(sums) == 1, "the same page in each layout"


def test_once_a_mail_outgrows_the_window_more_pages_need_no_more_heap() -> None:
    """What is live at a peak depends on how the two tasks meet: the least of a few runs counts."""

    def least(pages: int) -> int:
        content = bench_stream.mail(BEFORE, pages)
        return min(
            bench_stream.run(content, 0, "over")[0].result["heap_peak"] for _ in range(RUNS)
        )

    few, many = least(PAGES), least(10 * PAGES)
    assert many - few < 64 * 9 * PAGES, (few, many)  # not two memory blocks for each further page


def test_pages_load_no_code_of_their_own() -> None:
    """What a page needs is in memory from the second one on, and nothing else is loaded for a
    moment: neither by the page nor, every second, by the panel. (While the last one is recorded
    the mail's end comes, and with it what a mail ends with.)
    """
    content = bench_stream.mail(BEFORE, 8)
    watcher, _server = bench_stream.run(content, 0, "over", probe=LOADS)
    loads = watcher.held["loads"]
    assert len(loads) == 8 and loads[0] > 20 and len(set(loads[2:-1])) == 1, loads


def test_recording_begins_while_most_of_the_mail_is_still_to_be_sent() -> None:
    content = bench_stream.mail(BEFORE, PAGES)
    watcher, _server = bench_stream.run(content, 0, "first", held=len(content) // PAGES // 2)
    assert watcher.first_at and not watcher.sheets


def test_paper_that_runs_out_costs_no_page_and_no_second_copy() -> None:
    """The session is dropped after pop.stall_s; when paper is there the mailbox is visited again,
    and the mail goes on with the page that is due.
    """
    for layout in (BEFORE, END):
        content = bench_stream.mail(layout, PAGES)
        watcher, server = bench_stream.run(content, 0, "over", sheets=5)
        assert len(watcher.sheets) == PAGES and len(set(watcher.sheets)) == 1, layout
        assert watcher.pages == list(range(1, PAGES + 1)) and not watcher.duplicates, layout
        assert len(server.asked_at) == (2 if layout == BEFORE else 3), layout
        assert watcher.results[0]["unfinished"] == 1 and watcher.results[-1]["recorded"] == 1
