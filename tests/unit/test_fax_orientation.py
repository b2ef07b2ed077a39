"""The field Orientation: pages that are turned, turned over and mirrored back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware.recording import job as outcomes
from tests.unit.recording_support import KEY
from tests.unit.test_fax_paper import BAND, bars, desk_with, long_page, mail, page

if TYPE_CHECKING:
    from tests.unit.recording_support import Desk

# where row 0 and column 0 belong: the edge along which row 0 lies, and where on it column 0 is
EDGES = {
    1: ("top", "left"), 2: ("top", "right"), 3: ("bottom", "right"), 4: ("bottom", "left"),
    5: ("left", "top"), 6: ("right", "top"), 7: ("right", "bottom"), 8: ("left", "bottom"),
}  # fmt: skip


def marked(width: int, length: int) -> "list[str]":
    """A page with a bar along its first rows, from column 0 to the middle; a dot at its end."""
    rows = ["0" * width] * length
    for row in range(length // 20):
        rows[row] = "1" * (width // 2) + "0" * (width - width // 2)
    rows[-1] = "0" * (width - 4) + "1111"
    return rows


def edge_of(sheet: "list[bytes]") -> "tuple[str, str]":
    """Along which edge of the image on the sheet the bar lies, and in which half of it."""
    body = sheet[BAND:]
    top = bottom = 0
    columns = [0] * 216
    number = 0
    while number < len(body):
        line, first = body[number], number
        while number < len(body) and body[number] is line:
            number += 1
        if not any(line):
            continue
        counts = [bin(octet).count("1") * (number - first) for octet in line]
        for at, count in enumerate(counts):
            columns[at] += count
        if first < len(body) // 2:
            top += sum(counts)
        else:
            bottom += sum(counts)
    used = [number for number, count in enumerate(columns) if count]
    middle = (used[0] + used[-1] + 1) // 2
    left, right = sum(columns[:middle]), sum(columns[middle:])
    across, down = abs(left - right), abs(top - bottom)
    sides = ("left" if left > right else "right", "top" if top > bottom else "bottom")
    lies_across = max(columns) // 8 < len(body) // 3
    assert across and down
    return (sides[1], sides[0]) if lies_across else sides


def orientation_of(width: int, length: int, orientation: int, dpi: int = 100) -> Desk:
    desk = desk_with()
    file = page(width, marked(width, length), dpi, dpi, (274, 3, [orientation]))
    job = desk.record(mail(file))
    assert job.outcome == outcomes.ON_PAPER, job.reason
    return desk


def test_every_orientation_is_obeyed() -> None:
    for orientation, edges in EDGES.items():
        desk = orientation_of(160, 160, orientation)
        assert edge_of(desk.machine.sheets[0]) == edges, orientation
        assert not desk.reporter.notes
    assert edge_of(orientation_of(160, 1143, 3).machine.sheets[0]) == EDGES[3], "A4, reduced"
    for odd in (0, 9, 65535):
        assert edge_of(orientation_of(160, 160, odd).machine.sheets[0]) == EDGES[1]


def test_a_landscape_page_comes_out_as_large_as_the_sheet_allows_and_never_mirrored() -> None:
    for orientation in (2, 3, 5, 8):
        desk = orientation_of(250, 150, orientation, 25)  # 254 mm x 152 mm
        wanted = EDGES[orientation if orientation > 4 else 5 if orientation in (2, 4) else 6]
        assert edge_of(desk.machine.sheets[0]) == wanted, orientation
        desk = orientation_of(150, 250, orientation, 25)
        if orientation > 4:  # landscape as it is meant: upright it is larger
            wanted = EDGES[1 if orientation in (6, 8) else 2]
        else:
            wanted = EDGES[orientation]
        assert edge_of(desk.machine.sheets[0]) == wanted, orientation


def test_a_page_upside_down_that_the_window_does_not_hold_stays_so_but_is_never_mirrored() -> None:
    for orientation, way in ((3, 1), (4, 2), (2, 2)):
        desk = desk_with(2)
        desk.record(mail(page(160, marked(160, 160), 100, 98, (274, 3, [orientation]))))
        assert edge_of(desk.machine.sheets[0]) == EDGES[way]
        assert ("not turned" in " ".join(desk.reporter.notes)) == (orientation != 2)


def test_a_long_page_upside_down_is_split_as_it_is() -> None:
    desk = desk_with()
    desk.record(long_page(2000, (274, 3, [3])))
    assert len(desk.machine.sheets) == 2
    assert bars(desk.machine.sheets[0]) == [(200 * number, number) for number in range(23)]


def test_a_turned_page_that_is_on_paper_is_counted_in_one_pass_and_shows_life() -> None:
    beats = [0]
    counts = []
    for done in (0, 1):
        desk = desk_with()

        def beat() -> None:
            beats[0] += 1

        desk.recorder.beat = beat
        desk.ledger.begin(KEY, "", "")
        if done:
            desk.ledger.complete(KEY, done)
        beats[0] = 0
        file = page(250, marked(250, 150), 25, 25)
        assert desk.record(mail(file)).outcome == outcomes.ON_PAPER
        assert len(desk.machine.sheets) == 1 - done
        counts.append(beats[0])
    assert counts[0] > 200 and 0 < counts[1] <= 8 + 8, counts
